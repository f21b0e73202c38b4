"""The picture of the paradox: the answer to a doubling of efficiency against elasticity."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from .contents import RunContents
from .formats import percent, readable, sentence
from .palette import SERIES
from .panels import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, Panel
from .svg import Floats, Scale, area, drawing, line, swatch, tag, ticks
from .tables import Column, Table

__all__ = ["DENSITY", "paradox_legend", "paradox_panels", "paradox_sentence", "paradox_table"]

RIGHT = 14.0
DENSITY = "#777777"
SHADE = 0.3
"""Height of the density of elasticities, over that of the panel."""
DASHES = {"calibrated": None, "slack": "5 4"}
"""Of the limits that are drawn: without saturation changes are many times as large."""
TITLES = {"accelerators": "Revenue of accelerators"}
"""Of quantities whose name alone does not say what is counted."""
WORDS = {
    "calibrated": "as calibrated",
    "slack": "nothing short",
    "unsaturated": "nothing short, no demand saturated",
}


def paradox_panels(rows: pd.DataFrame, elasticity: Floats) -> list[Panel]:
    """A panel for each quantity: its change against elasticity, by year and limits.

    Parameters
    ----------
    rows
        As in :class:`marketsim.paradoxes.Paradox`, its table.
    elasticity
        Of draws, whose density stands at the foot.
    """
    rows = _drawn(rows)
    names = list(dict.fromkeys(rows["quantity"])) if len(rows) else []
    return [
        Panel(
            TITLES.get(name, sentence(readable(name))),
            "change after a doubling of efficiency",
            _panel(rows[rows["quantity"] == name], elasticity, name),
        )
        for name in names
    ]


def paradox_legend(rows: pd.DataFrame) -> list[tuple[Markup, str]]:
    """A stroke and words for each line, in the order they are drawn."""
    rows = _drawn(rows)
    return [
        (swatch(_colour(rows, year), DASHES.get(limits)), f"year {year}, {WORDS[limits]}")
        for limits in (dict.fromkeys(rows["limits"]) if len(rows) else [])
        for year in _years(rows)
    ]


def paradox_table(contents: RunContents) -> Table:
    """The last year's change of each quantity, from the lowest elasticity to the highest."""
    rows = contents.paradox
    if not len(rows):
        return Table([], [])
    last = rows[rows["year"] == rows["year"].max()]
    names = list(dict.fromkeys(last["quantity"]))
    columns = [Column("", "text"), *(Column(sentence(readable(n))) for n in names), Column("Held")]
    return Table(
        columns,
        [
            [
                sentence(WORDS[limits]),
                *(_ends(own[own["quantity"] == name]) for name in names),
                percent(own["held"].min(), 0),
            ]
            for limits, own in last.groupby("limits", sort=False)
        ],
    )


def _ends(rows: pd.DataFrame) -> str:
    """The change at the lowest elasticity, and that at the highest."""
    change = np.expm1(rows.sort_values("elasticity")["median"].to_numpy(float))
    return f"{percent(change[0], 0, sign=True)} to {percent(change[-1], 0, sign=True)}"


def _drawn(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["limits"].isin(DASHES)] if len(rows) else rows


def paradox_sentence(contents: RunContents) -> str:
    """Where calibration puts the elasticity."""
    if not len(contents.elasticity):
        return ""
    low, high = np.percentile(contents.elasticity, [10.0, 90.0])
    return (
        f"Calibration puts it at {contents.elasticity[0]:.2f}, the mean over uses by what is spent "
        f"on each, and four times in five between {low:.2f} and {high:.2f}."
    )


def _years(rows: pd.DataFrame) -> list[int]:
    return sorted(rows["year"].unique())


def _colour(rows: pd.DataFrame, year: int) -> str:
    return SERIES[2 * _years(rows).index(year) % len(SERIES)]


def _panel(rows: pd.DataFrame, elasticity: Floats, name: str) -> Markup:
    change = np.expm1(rows["median"].to_numpy(float))
    known = change[np.isfinite(change)]
    low, high = min(0.0, *known), max(0.0, *known)
    room = 0.06 * max(high - low, 1e-3)
    x = Scale(rows["elasticity"].min(), rows["elasticity"].max(), LEFT, WIDTH - RIGHT)
    y = Scale(low - room, high + room, BOTTOM, TOP)
    lines = [
        line(
            x.array(own["elasticity"].to_numpy(float)),
            y.array(np.expm1(own["median"].to_numpy(float))),
            stroke=_colour(rows, year),
            stroke_dasharray=DASHES.get(limits),
            class_="median",
        )
        for limits in dict.fromkeys(rows["limits"])
        for year in _years(rows)
        for own in [rows[(rows["limits"] == limits) & (rows["year"] == year)]]
    ]
    told = f"Change of {readable(name)} after a doubling of efficiency, by elasticity of demand"
    return drawing(WIDTH, HEIGHT, told, _density(x, elasticity), _axes(x, y), *lines)


def _axes(x: Scale, y: Scale) -> Markup:
    """Horizontal grid, zero in ink; elasticities below, one marked by a line."""
    rows = [
        tag(
            "path", d=f"M{LEFT:g} {y(v):.1f}H{WIDTH - RIGHT:g}", class_="tick" if v == 0 else "grid"
        )
        + tag("text", percent(v, 0), x=LEFT - 5, y=y(v) + 3.5, class_="left")
        for v in y.ticks()
    ]
    marks = [
        tag("path", d=f"M{x(v):.1f} {BOTTOM:g}v4", class_="tick")
        + tag("text", f"{v:g}", x=x(v), y=BOTTOM + 15, class_="mid")
        for v in ticks(x.low, x.high, 6)
    ]
    one = tag("path", d=f"M{x(1.0):.1f} {TOP:g}V{BOTTOM:g}", class_="grid")
    return Markup("").join([*rows, *marks, one if x.low < 1.0 < x.high else ""])


def _density(x: Scale, elasticity: Floats) -> Markup:
    """Where calibration puts the elasticity: a Gaussian kernel, its width by Silverman's rule."""
    if len(elasticity) < 2 or not np.ptp(elasticity) > 0.0:
        return Markup("")
    width = 1.06 * float(np.std(elasticity)) * len(elasticity) ** -0.2
    at = np.linspace(x.low, x.high, 61)
    height = np.exp(-0.5 * ((at[:, None] - elasticity) / width) ** 2).mean(axis=1)
    tops = BOTTOM - SHADE * (BOTTOM - TOP) * height / height.max()
    return area(x.array(at), np.full(at.size, BOTTOM), tops, fill=DENSITY, class_="inner")
