"""The figure of an efficient frontier: reward against risk, and the weights along it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from markupsafe import Markup

from ..allocation import Frontier
from ..allocation.families import portfolio_of
from .formats import percent
from .palette import INK, OTHER, SERIES, UP
from .panels import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Panel
from .sheet import sheet
from .svg import Floats, Scale, area, drawing, line, spread, tag

__all__ = ["frontier_figure", "frontier_panels"]

RIGHT = 62.0
NAMED = len(SERIES) - 1  # names with a colour of their own; the rest share the last
OTHERS = "others"
MARGIN = 0.06  # of the span of an axis, beyond what is shown
NEAR = 1.5  # how many spans of the frontier's risk a single name may lie beyond it


def frontier_figure(frontier: Frontier) -> str:
    """Return an SVG document of a frontier, beside single names, and of its weights.

    Parameters
    ----------
    frontier : Frontier
        As `marketsim.frontier` finds it, of two points or more.
    """
    reward, risk = frontier.names
    return sheet(
        frontier_panels(frontier), f"Efficient frontier: {reward} against {risk}", columns=2
    )


def frontier_panels(
    frontier: Frontier, portfolios: Mapping[str, pd.Series[float]] | None = None
) -> list[Panel]:
    """Return the figure of a frontier in its panels: reward by risk, and weights along it.

    Parameters
    ----------
    frontier : Frontier
        As `marketsim.frontier` finds it, of two points or more.
    portfolios : mapping of name to weights by ticker, optional
        That are marked beside it, by their names.
    """
    return [_curve(frontier, portfolios or {}), _weights(frontier)]


def _curve(frontier: Frontier, portfolios: Mapping[str, pd.Series[float]]) -> Panel:
    reward, risk = frontier.names
    points = frontier.table[[risk, reward]].to_numpy(dtype=float)
    singles = _singles(frontier, points)
    marked = [(name, _place(frontier, w)) for name, w in portfolios.items()]
    every = np.vstack([points, *(at for _, at in [*singles, *marked])])
    x, y = _scale(every[:, 0], LEFT, WIDTH - RIGHT), _scale(every[:, 1], BOTTOM, TOP)
    curve = line(x.array(points[:, 0]), y.array(points[:, 1]), stroke=UP, class_="median")
    dots = [tag("circle", cx=x(a), cy=y(b), r=2.2, fill=UP) for a, b in points.tolist()]
    shown = drawing(
        WIDTH,
        HEIGHT,
        f"{reward} against {risk} along the frontier, and of single names",
        _axes(x, y),
        *_named(singles, _grouped(frontier.weights).columns.tolist(), x, y),
        curve,
        *dots,
        *_marked(marked, x, y),
    )
    return Panel(f"{reward} by {risk}", "line: the frontier; grey: single names", shown)


def _place(frontier: Frontier, weights: pd.Series[float]) -> Floats:
    """Risk and reward of a portfolio."""
    held = weights.reindex(list(frontier.returns.tickers)).fillna(0.0)
    at = portfolio_of(frontier.returns, np.asarray(held, dtype=np.float64))
    return np.array([frontier.risk.value(at), frontier.reward.value(at)])


def _marked(portfolios: list[tuple[str, Floats]], x: Scale, y: Scale) -> list[Markup]:
    """A larger dot for each portfolio, and its name to the right, or the left where that ends."""
    spots = [(name, x(float(at[0])), y(float(at[1]))) for name, at in portfolios]
    places = spread([down + 3.5 for _, _, down in spots], 11.5, TOP + 4, BOTTOM - 3)
    middle = 0.5 * (LEFT + WIDTH - RIGHT)
    texts = [
        tag("text", name, x=across + (7 if across < middle else -7), y=place, class_=side)
        for (name, across, _), place in zip(spots, places, strict=True)
        for side in ["end" if across < middle else "end left"]
    ]
    dots = [tag("circle", cx=across, cy=down, r=4.5, fill=INK) for _, across, down in spots]
    return dots + texts


def _singles(frontier: Frontier, points: Floats) -> list[tuple[str, Floats]]:
    """Risk and reward of each name alone, where it lies near enough to be shown."""
    returns = frontier.returns
    span = float(np.ptp(points[:, 0])) or 1.0
    found = []
    for name, one in zip(returns.tickers, np.eye(len(returns.tickers)), strict=True):
        place = _place(frontier, pd.Series(one, list(returns.tickers)))
        if np.isfinite(place).all() and place[0] <= points[:, 0].max() + NEAR * span:
            found.append((name, place))
    return found


def _named(singles: list[tuple[str, Floats]], held: list[str], x: Scale, y: Scale) -> list[Markup]:
    """A dot for each name, and what those are called that have a colour in the other panel."""
    dots = [tag("circle", cx=x(a), cy=y(b), r=2.2, fill=OTHER) for _, (a, b) in singles]
    told = [(name, at) for name, at in singles if name in held]
    places = spread([y(float(at[1])) + 3.5 for _, at in told], 10.0, TOP + 4, BOTTOM)
    texts = [
        tag("text", name, x=x(float(at[0])) + 4, y=place)
        for (name, at), place in zip(told, places, strict=True)
    ]
    return dots + texts


def _weights(frontier: Frontier) -> Panel:
    """Weights stacked along the reward, shorts below 0."""
    reward, _ = frontier.names
    table, levels = _grouped(frontier.weights), frontier.table[reward].to_numpy(dtype=float)
    long, short = table.clip(lower=0.0), table.clip(upper=0.0)
    tops, ends = long.sum(axis=1).max(), short.sum(axis=1).min()
    x = _scale(levels, LEFT, WIDTH - RIGHT, 0.0)
    y = Scale(float(ends), float(max(tops, ends + 1e-9)), BOTTOM, TOP)
    layers, heights = [], []
    for place, name in enumerate(table):
        last = 0.0
        for side in (long, short):
            upper = side.iloc[:, : place + 1].sum(axis=1).to_numpy(dtype=float)
            lower = upper - side[name].to_numpy(dtype=float)
            layers.append(
                area(x.array(levels), y.array(lower), y.array(upper), fill=_colour(place))
            )
            last = last or (0.5 * float(lower[-1] + upper[-1]) if lower[-1] != upper[-1] else 0.0)
        heights.append(y(last))
    shown = drawing(
        WIDTH,
        HEIGHT,
        f"Weights along the frontier, by {reward}",
        *layers,
        _axes(x, y),
        *_labels(table, heights),
    )
    return Panel("Weights along the frontier", f"share of the portfolio, by {reward}", shown)


def _grouped(weights: pd.DataFrame) -> pd.DataFrame:
    """The names that are held, the largest first; what has no colour of its own together."""
    sizes = weights.abs().max().sort_values(ascending=False, kind="stable")
    held = sizes.index[sizes > 1e-6]
    some, rest = held[:NAMED], held[NAMED:]
    table = weights[list(some)]
    return table.assign(**{OTHERS: weights[list(rest)].sum(axis=1)}) if len(rest) else table


def _labels(table: pd.DataFrame, heights: list[float]) -> list[Markup]:
    """Names at the right, in their colours, moved apart where they would overlap."""
    places = spread([height + 3.5 for height in heights], 11.5, TOP + 4, BOTTOM + 3.5)
    return [
        tag("text", name, x=WIDTH - RIGHT + 5, y=at, fill=_colour(place), class_="end")
        for place, (name, at) in enumerate(zip(table, places, strict=True))
    ]


def _colour(place: int) -> str:
    return SERIES[min(place, NAMED)]


def _scale(values: Floats, start: float, end: float, margin: float = MARGIN) -> Scale:
    """An axis of all values; around a single one where they are the same."""
    low, high = float(values.min()), float(values.max())
    room = margin * (high - low) if high > low else 0.5 * abs(high) or 1.0
    return Scale(low - room, high + room, start, end)


def _written(marks: list[float]) -> list[str]:
    """Percent, with a decimal where the marks need one; plain numbers where that is too coarse."""
    scaled = 100.0 * np.array(marks)
    for digits in (0, 1):
        if np.allclose(scaled, np.round(scaled, digits), atol=1e-6):
            return [percent(mark, digits) for mark in marks]
    return [f"{mark:.6g}".replace("-", "\N{MINUS SIGN}") for mark in marks]


def _axes(x: Scale, y: Scale) -> Markup:
    """Horizontal grid, zero in ink, and ticks below."""
    up, across = y.ticks(), x.ticks(5)
    rows = [
        tag("path", d=f"M{x.start:g} {y(v):.1f}H{x.end:g}", class_="grid" if v else "tick")
        + tag("text", label, x=x.start - 5, y=y(v) + 3.5, class_="left")
        for v, label in zip(up, _written(up), strict=True)
    ]
    marks = [
        tag("path", d=f"M{x(v):.1f} {y.start:g}v4", class_="tick")
        + tag("text", label, x=x(v), y=y.start + 15, class_="mid")
        for v, label in zip(across, _written(across), strict=True)
    ]
    return Markup("").join([*rows, *marks])
