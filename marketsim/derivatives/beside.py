"""Worlds beside others: what the world does by year, and what companies sell."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.ensemble import YEAR
from marketsim.simulation import WORLD, Outcomes
from marketsim.valuation import Valuation

__all__ = ["MACRO", "Pair", "change_of", "macro_of", "revenue_of"]

FloatArray = NDArray[np.float64]

MACRO: Final = {
    "capital_spending": "sum",
    "compute": "last",
    "load": "last",
    "rent": "mean",
    "inference_share": "mean",
}
"""What is told of the world, and what of a year's quarters."""

UNITS: Final = {"USD bn per quarter": "USD bn"}
"""Of sums over a year, in place of a quarter's."""


class Pair(NamedTuple):
    """A world, row ``here`` of ``worlds``, and one that it stands ``beside``, called ``name``."""

    worlds: Outcomes
    here: int
    beside: tuple[Outcomes, int]
    name: str

    @classmethod
    def calibrated(cls, valuation: Valuation, worlds: Outcomes, row: int) -> Pair:
        """Return one beside the calibrated world."""
        return cls(worlds, row, (valuation.paths.calibrated, 0), "calibrated")

    @property
    def both(self) -> tuple[tuple[Outcomes, int], tuple[Outcomes, int]]:
        """What it stands beside, then itself."""
        return self.beside, (self.worlds, self.here)


def macro_of(valuation: Valuation, pair: Pair) -> pd.DataFrame:
    """Return the world by year beside another, [quantity, year]: unit, both, change."""
    parts: dict[str, pd.DataFrame] = {}
    for name, how in MACRO.items():
        was, here = (_yearly(one.quantities[name][at], how) for one, at in pair.both)
        by_year = _beside(valuation, pair.name, was, here)
        unit = UNITS.get(WORLD[name], WORLD[name]) if how == "sum" else WORLD[name]
        by_year.insert(0, "unit", unit)
        parts[name] = by_year
    table: pd.DataFrame = pd.concat(parts, names=["quantity"])
    return table


def revenue_of(valuation: Valuation, pair: Pair) -> pd.DataFrame:
    """Return revenue by company and year beside another world's, USD bn, [ticker, year]."""
    tickers, columns = list(valuation.economics.index), valuation.columns
    was, here = (_yearly(one.revenue[at].astype(float), "sum")[:, columns] for one, at in pair.both)
    parts = {t: _beside(valuation, pair.name, was[:, i], here[:, i]) for i, t in enumerate(tickers)}
    table: pd.DataFrame = pd.concat(parts, names=["ticker"])
    return table


def change_of(table: pd.DataFrame, name: str, year: int = 0) -> float:
    """Return the change of one row of such a table in one of its years, a fraction."""
    return float(table.xs(name)["change"].to_numpy()[year])


def _beside(valuation: Valuation, name: str, was: FloatArray, here: FloatArray) -> pd.DataFrame:
    ends = pd.Index(valuation.paths.quarter_ends[YEAR - 1 :: YEAR], name="year_to")
    table = pd.DataFrame({name: was, "here": here}, index=ends)
    table["change"] = here / was - 1.0
    return table


def _yearly(path: NDArray[Any], how: str) -> FloatArray:
    """Return a path [quarter, ...] by whole years, [year, ...]."""
    years = len(path) // YEAR
    split = path[: years * YEAR].astype(float).reshape(years, YEAR, *path.shape[1:])
    if how == "last":
        return np.asarray(split[:, -1])
    return np.asarray(split.sum(axis=1) if how == "sum" else split.mean(axis=1))
