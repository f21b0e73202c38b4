"""The figures of a backtest: wealth, drawdown, weights, turnover and costs over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from markupsafe import Markup

from .formats import percent
from .palette import SERIES
from .svg import Floats, Scale, area, axes, days, drawing, line, tag

__all__ = ["Curve", "bars", "curves", "stacked", "top_weights"]

WIDTH, LEFT, RIGHT, TOP = 1060.0, 52.0, 14.0, 8.0


@dataclass(frozen=True)
class Curve:
    """A line over time and how it is drawn."""

    name: str
    values: pd.Series[float]
    colour: str
    dash: str | None = None


def _scales(dates: Floats, low: float, high: float, height: float) -> tuple[Scale, Scale]:
    last = max(float(dates.max()), float(dates.min()) + 1)
    high = high if high > low else low + 1.0
    return (
        Scale(float(dates.min()), last, LEFT, WIDTH - RIGHT),
        Scale(low, high, height - 22, TOP),
    )


def curves(lines: Sequence[Curve], label: str, height: float = 300.0, unit: str = "") -> Markup:
    """Lines over time on one scale, in powers of ten where they span a factor above eight.

    A `unit` of "fraction" labels the axis in per cent.
    """
    values = np.concatenate([curve.values.to_numpy(np.float64) for curve in lines])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    dates = np.concatenate([days(curve.values.index) for curve in lines])
    x, y = _scales(dates, low if unit == "" else min(low, 0.0), high, height)
    if unit == "" and 0 < low < high / 8:
        y = replace(y, low=0.95 * low, high=1.05 * high, log=True)
    digits = 0 if high - low > 0.04 else 1
    labels = [(v, percent(v, digits) if unit else f"{v:g}") for v in y.ticks(5)]
    drawn = [
        line(
            x.array(days(curve.values.index)),
            y.array(np.asarray(curve.values, dtype=np.float64)),
            stroke=curve.colour,
            stroke_dasharray=curve.dash,
            class_="curve",
        )
        for curve in lines
    ]
    return drawing(WIDTH, height, label, axes(x, y, labels, count=14), *drawn)


def top_weights(weights: pd.DataFrame, count: int = 9) -> pd.DataFrame:
    """The holdings largest on average, and all the rest as `Others`."""
    means = weights.mean().sort_index().sort_values(ascending=False, kind="stable")
    means = means[means > 0]
    top = weights[means.index[:count]].fillna(0.0)
    rest = weights[means.index[count:]].fillna(0.0).sum(axis=1)
    return top.assign(Others=rest) if len(means) > count else top


def stacked(weights: pd.DataFrame, label: str, height: float = 260.0) -> Markup:
    """Weights over time, one on the other, in the order of the columns from below."""
    x, y = _scales(days(weights.index), 0.0, max(1.0, float(weights.sum(axis=1).max())), height)
    xs = x.array(days(weights.index))
    tops = np.cumsum(weights.to_numpy(float), axis=1)
    floors = np.hstack([np.zeros((len(weights), 1)), tops[:, :-1]])
    pixels = y.array(np.stack([floors, tops]).astype(np.float64))
    layers = [
        area(xs, pixels[0, :, j], pixels[1, :, j], fill=colour, class_="stack")
        for j, colour in zip(range(weights.shape[1]), SERIES, strict=False)
    ]
    labels = [(v, percent(v, 0)) for v in y.ticks()]
    return drawing(WIDTH, height, label, axes(x, y, labels, count=14), *layers)


def bars(values: pd.Series[float], colour: str, label: str, height: float = 150.0) -> Markup:
    """One bar a date, as a fraction of the portfolio's value."""
    x, y = _scales(days(values.index), 0.0, float(np.nanmax([*values, 1e-6])) * 1.04, height)
    width = min(8.0, max(1.0, 0.7 * (x.end - x.start) / max(len(values), 1)))
    room = width * (x.high - x.low) / (x.end - x.start)
    x = replace(x, low=x.low - room, high=x.high + room)
    drawn = [
        tag(
            "rect",
            x=place - width / 2,
            y=y(value),
            width=width,
            height=y.start - y(value),
            fill=colour,
        )
        for place, value in zip(x.array(days(values.index)), values, strict=True)
        if np.isfinite(value) and value > 0
    ]
    digits = 0 if y.high > 0.04 else 2
    labels = [(v, percent(v, digits)) for v in y.ticks(3)]
    return drawing(WIDTH, height, label, axes(x, y, labels, count=14), *drawn)
