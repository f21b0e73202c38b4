"""The last four quarters that companies reported, from which growth is counted."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.calibration import Posterior

__all__ = ["growth_since", "last_year", "years_since"]

FloatArray = NDArray[np.float64]

YEAR: Final = 4
"""Quarters in one."""

TOTAL: Final = ".total"
"""How the series of a company's revenue ends."""

SPAN: Final = pd.Timedelta(days=300)
"""Between the ends of the first and the last of four quarters in a row, at the most."""


def last_year(table: pd.DataFrame, posterior: Posterior) -> pd.DataFrame:
    """Return economics with the revenue that companies last reported of a year.

    ``last_year``, USD bn, and ``last_year_end``: of the last four quarters known on the date; of a
    company that does not report by quarter, or not four in a row, of the last fiscal year.

    Parameters
    ----------
    table
        From `economics`, by ticker.
    posterior
        Its series are what was reported, each in its current definition.
    """
    said = posterior.fit_paths
    mine = said["series"].isin([f"{ticker}{TOTAL}" for ticker in table.index])
    rows = said[mine].dropna(subset="reported").sort_values(["series", "quarter_end"])
    four = rows.groupby("series").tail(YEAR).groupby("series")
    found = four.agg(
        revenue=("reported", "sum"),
        first=("quarter_end", "min"),
        end=("quarter_end", "max"),
        count=("reported", "size"),
    )
    whole = (found["count"] == YEAR) & (found["end"] - found["first"] <= SPAN)
    known = found[whole].rename(index=lambda name: name.removesuffix(TOTAL)).reindex(table.index)
    return table.assign(
        last_year=known["revenue"].fillna(table["revenue"]),
        last_year_end=known["end"].fillna(table["fiscal_year_end"]),
    )


def years_since(table: pd.DataFrame, end: pd.Timestamp) -> FloatArray:
    """Return the years from the last reported to the one that ends at ``end``, [company]."""
    return np.asarray((end - table["last_year_end"]).dt.days / 365.25, dtype=float)


def growth_since(table: pd.DataFrame, revenue: FloatArray, end: pd.Timestamp) -> FloatArray:
    """Return growth from the last year reported, per year in logs, [company].

    Fleets are let beside what lines hold from the decision date on, so that nothing of it is in
    what was reported.

    Parameters
    ----------
    table
        From :func:`last_year`.
    revenue
        With what fleets earn beside it, of the year to ``end``, USD bn, [company].
    end
        Of the last year simulated.
    """
    last = table["last_year"].to_numpy(dtype=float)
    return np.asarray(np.log(revenue / last) / years_since(table, end))
