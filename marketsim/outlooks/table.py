"""Worlds and bounds as tables: figures of years, and which lie outside what was published."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.knowledge import Knowledge
from marketsim.model.units import LIMITS

from .catalogue import CATALOGUE
from .published import OPEN, Bound, pooled
from .row import Row

__all__ = ["COLUMNS", "binding_of", "table_of"]

COLUMNS: Final = (
    "regime",
    "year",
    "quantity",
    "unit",
    "median",
    "p10",
    "p90",
    "published_low",
    "published_high",
    "source",
    "outside",
)
ROUNDING: Final = 0.005
"""Share of a published figure that its rounding leaves open."""

Floats = NDArray[np.float64]


def table_of(
    kept: dict[str, Floats],
    regimes: tuple[str, ...],
    quarter_ends: pd.DatetimeIndex,
    now: int,
    knowledge: Knowledge,
) -> pd.DataFrame:
    """Return the rows of every regime, year and quantity, in this order."""
    place = {end.year: i + 1 for i, end in enumerate(quarter_ends) if end.month == 12}
    years = range(now, max(place) + 1)
    rows = []
    for j, row in enumerate(CATALOGUE):
        known = pooled(b for source in row.published for b in source.bounds(knowledge, years))
        for year in years:
            bound = known.get(year, Bound(year, OPEN, OPEN, ""))
            if row.needs <= place[year]:
                figures = (row.year(path[:, : place[year]]) for path in kept[row.name])
                rows += [
                    (i, j, *_row(row, bound, of_regime)) for i, of_regime in enumerate(figures)
                ]
    rows.sort(key=lambda cells: (cells[0], cells[2], cells[1]))
    table = pd.DataFrame(rows, columns=["regime", "place", *COLUMNS[1:]]).drop(columns="place")
    return table.assign(regime=[regimes[i] for i in table["regime"]])


def _row(row: Row, bound: Bound, figures: Floats) -> tuple[object, ...]:
    low, middle, high = np.percentile(figures, [10.0, 50.0, 90.0])
    place = _outside(low, middle, high, bound)
    return (
        bound.year,
        row.name,
        row.unit,
        middle,
        low,
        high,
        bound.low,
        bound.high,
        bound.source,
        place,
    )


def _outside(low: float, middle: float, high: float, bound: Bound) -> str:
    """Return where a median lies of what was published; comparing with NaN is false.

    A lone figure is no range: it is missed only by the whole of nine draws in ten.
    """
    lone = bound.low == bound.high
    if (low if lone else middle) > bound.high * (1.0 + ROUNDING):
        return "above"
    return "below" if (high if lone else middle) < bound.low * (1.0 - ROUNDING) else ""


def binding_of(
    shares: Floats, regimes: tuple[str, ...], quarter_ends: pd.DatetimeIndex
) -> pd.DataFrame:
    """Return shares [regime, quarter, limit] as rows."""
    parts = [
        pd.DataFrame(of_regime, columns=list(LIMITS)).assign(regime=name, quarter_end=quarter_ends)
        for name, of_regime in zip(regimes, shares, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)[["regime", "quarter_end", *LIMITS]]
