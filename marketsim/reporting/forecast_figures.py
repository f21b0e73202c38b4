"""Forecasts against what came: history in ink, a fan from the origin, dots for what followed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from .formats import day, quantity, unit_name
from .palette import INK, UP
from .panels import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Panel
from .svg import Floats, Scale, area, axes, days, drawing, line, tag

__all__ = ["outcome_panel"]

RIGHT = 14.0


def outcome_panel(
    history: pd.Series[float], fan: pd.DataFrame, came: pd.Series[float], title: str, unit: str
) -> Panel:
    """Return a panel of one series' forecast and what was reported afterwards.

    Parameters
    ----------
    history : Series
        Reported by the origin, by quarter end.
    fan : DataFrame
        p05, p10, p50, p90 and p95 by quarter end.
    came : Series
        Reported after the origin, by quarter end; may be empty.
    title, unit : str
        Heading of the panel, unit of its values.
    """
    opened = pd.concat([pd.DataFrame(history.iloc[-1], history.index[-1:], fan.columns), fan])
    values = np.concatenate([history, fan.to_numpy(float).ravel(), came])
    x = _scale(days([*history.index, *fan.index]))
    y = Scale(0.0, 1.04 * float(values.max()), BOTTOM, TOP)
    xs = x.array(days(opened.index))
    bands = {name: y.array(opened[name].to_numpy(float)) for name in opened.columns}
    figure = drawing(
        WIDTH,
        HEIGHT,
        f"{title}, {unit}: reported, forecast and what came",
        axes(x, y, [(v, f"{v:,.10g}") for v in y.ticks()]),
        area(xs, bands["p05"], bands["p95"], fill=UP, class_="outer"),
        area(xs, bands["p10"], bands["p90"], fill=UP, class_="inner"),
        line(xs, bands["p50"], stroke=UP, class_="median"),
        line(
            x.array(days(history.index)),
            y.array(np.asarray(history, dtype=np.float64)),
            stroke=INK,
            class_="history",
        ),
        *_dots(came, unit, x, y),
    )
    return Panel(title, unit_name(unit), figure)


def _scale(dates: Floats) -> Scale:
    return Scale(float(dates.min()), float(dates.max()), LEFT, WIDTH - RIGHT)


def _dots(came: pd.Series[float], unit: str, x: Scale, y: Scale) -> list[Markup]:
    return [
        tag(
            "circle",
            tag("title", f"{day(end)}: {quantity(value, unit)} reported"),
            cx=float(place),
            cy=y(float(value)),
            r=3,
            class_="dot",
        )
        for place, (end, value) in zip(x.array(days(came.index)), came.items(), strict=True)
    ]
