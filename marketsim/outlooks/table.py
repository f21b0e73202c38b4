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
    end_of = {end.year: i + 1 for i, end in enumerate(quarter_ends) if end.month == 12}
    years = range(now, max(end_of) + 1)
    parts = []
    for place, row in enumerate(CATALOGUE):
        bounds = pooled(b for source in row.published for b in source.bounds(knowledge, years))
        for year in (year for year in years if row.needs <= end_of[year]):
            bound = bounds.get(year, Bound(year, OPEN, OPEN, ""))
            figures = [row.year(path[:, : end_of[year]]) for path in kept[row.name]]
            part = _compared(row, bound, np.array(figures))
            parts.append(part.assign(regime=regimes, place=place))
    table = pd.concat(parts, ignore_index=True)
    order = table.assign(regime=table["regime"].map(regimes.index))
    order = order.sort_values(["regime", "year", "place"], kind="stable")
    return table.loc[order.index, list(COLUMNS)].reset_index(drop=True)


def _compared(row: Row, bound: Bound, figures: Floats) -> pd.DataFrame:
    """Return the rows of one quantity and year, of its figures [regime, draw]."""
    low, middle, high = np.percentile(figures, [10.0, 50.0, 90.0], axis=1)
    return pd.DataFrame(
        {
            "year": bound.year,
            "quantity": row.name,
            "unit": row.unit,
            "median": middle,
            "p10": low,
            "p90": high,
            "published_low": bound.low,
            "published_high": bound.high,
            "source": bound.source,
            "outside": [outside(*ends, bound) for ends in zip(low, middle, high, strict=True)],
        }
    )


def outside(low: float, middle: float, high: float, bound: Bound) -> str:
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
