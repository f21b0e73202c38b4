"""The figures of a backtest over time: lines with a band, areas, and bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from markupsafe import Markup

from .formats import percent, trimmed
from .palette import SERIES
from .svg import Floats, Scale, area, axes, days, drawing, line, tag

__all__ = ["Curve", "bars", "curves", "evenly", "stacked", "thinned", "top_weights"]

WIDTH, LEFT, RIGHT, TOP = 1060.0, 52.0, 14.0, 8.0
MOST_POINTS = 800  # of a line: more than a screen can tell apart
MOST_DATES = 260  # of an area


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


def thinned(values: pd.Series[float], most: int = MOST_POINTS) -> pd.Series[float]:
    """The ends, and the lowest and highest of stretches between: no peak is lost."""
    if len(values) <= most:
        return values
    numbers = values.to_numpy(float)
    stretches = np.array_split(np.arange(len(values)), most // 2 - 1)
    ends = [find(numbers[rows]) + rows[0] for rows in stretches for find in (np.argmin, np.argmax)]
    return values.iloc[np.unique([0, *ends, len(values) - 1])]


def evenly(table: pd.DataFrame, most: int = MOST_DATES) -> pd.DataFrame:
    """Rows evenly taken, the first and the last among them, so that a page stays small."""
    return table.iloc[np.unique(np.linspace(0, len(table) - 1, most).round().astype(int))]


def curves(
    lines: Sequence[Curve],
    label: str,
    height: float = 300.0,
    unit: str = "",
    band: pd.DataFrame | None = None,
) -> Markup:
    """Lines over time on one scale, in powers of ten where they span a factor above eight.

    Parameters
    ----------
    lines : sequence of Curve
        From below.
    label : str
        What a screen reader calls the figure.
    height : float
        In pixels, at full width.
    unit : {"", "fraction", "ratio"}
        Of "fraction" and "ratio" the scale is straight and has a zero; a fraction is in per cent.
    band : DataFrame [date, low and high], optional
        Drawn below the last line, in its colour.
    """
    ends = [] if band is None else [band["low"], band["high"]]
    shown = [curve.values for curve in lines] + ends
    values = np.concatenate([one.to_numpy(np.float64) for one in shown])
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    dates = np.concatenate([days(one.index) for one in shown])
    x, y = _scales(dates, min(low, 0.0) if unit else low, max(high, 0.0) if unit else high, height)
    if unit == "" and 0 < low < high / 8:
        y = replace(y, low=0.95 * low, high=1.05 * high, log=True)
    digits = 0 if high - low > 0.04 else 1
    labels = [(v, percent(v, digits) if unit == "fraction" else trimmed(v)) for v in y.ticks(5)]
    below = [] if band is None else [_band(band, lines[-1].colour, x, y)]
    drawn = [_line(curve, x, y) for curve in lines]
    return drawing(WIDTH, height, label, axes(x, y, labels, count=14), *below, *drawn)


def _line(curve: Curve, x: Scale, y: Scale) -> Markup:
    values = thinned(curve.values)
    return line(
        x.array(days(values.index)),
        y.array(np.asarray(values, dtype=np.float64)),
        stroke=curve.colour,
        stroke_dasharray=curve.dash,
        class_="curve",
    )


def _band(band: pd.DataFrame, colour: str, x: Scale, y: Scale) -> Markup:
    shown = evenly(band)
    low, high = (y.array(shown[end].to_numpy(np.float64)) for end in ("low", "high"))
    return area(x.array(days(shown.index)), low, high, fill=colour, class_="inner")


def top_weights(weights: pd.DataFrame, count: int = 9) -> pd.DataFrame:
    """The holdings largest on average, and all the rest as `Others`."""
    means = weights.mean().sort_index().sort_values(ascending=False, kind="stable")
    means = means[means > 0]
    top = weights[means.index[:count]].fillna(0.0)
    rest = weights[means.index[count:]].fillna(0.0).sum(axis=1)
    return top.assign(Others=rest) if len(means) > count else top


def stacked(
    weights: pd.DataFrame, label: str, colours: Sequence[str] = SERIES, height: float = 260.0
) -> Markup:
    """Weights over time, one on the other, in the order of the columns from below."""
    x, y = _scales(days(weights.index), 0.0, max(1.0, float(weights.sum(axis=1).max())), height)
    xs = x.array(days(weights.index))
    tops = np.cumsum(weights.to_numpy(float), axis=1)
    floors = np.hstack([np.zeros((len(weights), 1)), tops[:, :-1]])
    pixels = y.array(np.stack([floors, tops]).astype(np.float64))
    layers = [
        area(xs, pixels[0, :, j], pixels[1, :, j], fill=colour, class_="stack")
        for j, colour in zip(range(weights.shape[1]), colours, strict=False)
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
