"""The figure of docs/deepseek_day.md; docs/deepseek_day.py draws it of what it found."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from marketsim.reporting.palette import DOWN, INK, SERIES, UP
from marketsim.reporting.panels import HEIGHT, WIDTH, Panel
from marketsim.reporting.sheet import sheet
from marketsim.reporting.svg import Scale, axes, days, drawing, line, spread, tag

LEFT, RIGHT, TOP, BOTTOM = 44.0, 62.0, 8.0, 168.0

Look = tuple[str, str, str | None]
"""Label, colour and dashes."""

WORLDS: dict[str, Look] = {
    "plain": ("no shock", UP, None),
    "shock": ("shock", DOWN, None),
    "at 1.0": ("at 1.0", DOWN, "1.5 3"),
    "at 0.7": ("at 0.7", DOWN, "6 3"),
}
CHANGES: dict[str, Look] = {
    "five years": ("5 years", UP, None),
    "year 5": ("year 5", SERIES[3], "6 3"),
    "year 1": ("year 1", DOWN, "1.5 3"),
}


def figure(
    reported: pd.Series, friday: str, paths: pd.DataFrame, curves: pd.DataFrame, day: float
) -> str:
    """Both panels, drawn with what the reports draw with.

    Parameters
    ----------
    reported, paths
        NVIDIA's revenue, USD bn a quarter: as reported, and ahead by world.
    curves
        What the shock changes, by constant elasticity of demand in ascending order.
    day
        Return of the stock that day.
    """
    panels = [revenue_panel(reported, friday, paths), elasticity_panel(curves, day)]
    return sheet(panels, "The DeepSeek day: NVIDIA with and without the shock", columns=2)


def revenue_panel(reported: pd.Series, friday: str, paths: pd.DataFrame) -> Panel:
    """Revenue reported, and ahead in four worlds."""
    before, since = reported[:friday], reported[friday:]
    ends = pd.DatetimeIndex(paths.index)
    first, last = (float(x) for x in days([before.index[0], ends[-1]]))
    x = Scale(first, last, LEFT, WIDTH - RIGHT)
    highest = max(reported.max(), float(paths.to_numpy().max()))
    y = Scale(0.0, 1.04 * highest, BOTTOM, TOP)
    drawn = [
        path(x.array(days(ends)), y.array(paths[name].to_numpy()), look)
        for name, look in WORLDS.items()
    ]
    labels = named(WORLDS, x.end, [y(paths[name].iloc[-1]) for name in WORLDS])
    past = line(
        x.array(days(before.index)), y.array(before.to_numpy()), stroke=INK, class_="history"
    )
    dots = [
        tag("circle", cx=x(day), cy=y(value), r=3.2, class_="dot")
        for day, value in zip(days(since.index), since, strict=True)
    ]
    frame = axes(x, y, [(v, f"{v:g}") for v in y.ticks()])
    title = "NVIDIA's revenue by quarter, USD bn"
    shown = drawing(WIDTH, HEIGHT, title, frame, past, *drawn, *dots, *labels)
    return Panel("NVIDIA's revenue", "USD bn a quarter; dots: reported after the day", shown)


def elasticity_panel(curves: pd.DataFrame, day: float) -> Panel:
    """The effect on NVIDIA against a constant elasticity of demand."""
    elasticity = curves.index.to_numpy(dtype=float)
    shown = {name: curves[name].to_numpy(dtype=float) for name in CHANGES}
    x = Scale(float(elasticity[0]), float(elasticity[-1]), LEFT, WIDTH - RIGHT)
    every = np.array(list(shown.values()))
    y = Scale(min(float(every.min()), day) - 0.03, float(every.max()) + 0.03, BOTTOM, TOP)
    grid = [
        tag("path", d=f"M{LEFT} {y(v):.1f}H{x.end}", class_="grid")
        + tag("text", signed(v), x=LEFT - 5, y=y(v) + 3.5, class_="left")
        for v in y.ticks()
    ]
    marks = [
        tag("path", d=f"M{x(v):.1f} {BOTTOM}v4", class_="tick")
        + tag("text", f"{v:g}", x=x(v), y=BOTTOM + 15, class_="mid")
        for v in x.ticks(5)
    ]
    drawn = [
        path(x.array(elasticity), y.array(shown[name]), look) for name, look in CHANGES.items()
    ]
    level = tag("path", d=f"M{LEFT} {y(day):.1f}H{x.end}", stroke=INK, fill="none")
    looks = CHANGES | {"day": ("the day", INK, None)}
    labels = named(looks, x.end, [*(y(curve[-1]) for curve in shown.values()), y(day)])
    title = "Effect of the shock on NVIDIA by elasticity of demand"
    body = drawing(WIDTH, HEIGHT, title, *grid, *marks, level, *drawn, *labels)
    return Panel(
        "What the shock does to NVIDIA",
        "revenue and the stock that day, by constant elasticity",
        body,
    )


def path(x: np.ndarray, y: np.ndarray, look: Look) -> str:
    """A line in its look."""
    _, colour, dashes = look
    return line(x, y, stroke=colour, stroke_dasharray=dashes, class_="median")


def named(looks: Mapping[str, Look], right: float, heights: list[float]) -> list[str]:
    """Names of lines where they end, kept apart."""
    places = spread([height + 3.5 for height in heights], 12.0, TOP + 4, BOTTOM)
    return [
        tag("text", label, x=right + 5, y=place, fill=colour, class_="end")
        for (label, colour, _), place in zip(looks.values(), places, strict=True)
    ]


def signed(value: float) -> str:
    """A percentage, with its sign below zero."""
    return f"{100 * value:.0f} %".replace("-", "\N{MINUS SIGN}")
