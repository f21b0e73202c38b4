"""One figure that a company reported, as a source has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pandas as pd

__all__ = ["CAPEX", "REVENUE", "SHARES", "SPLIT", "Report", "millions"]

REVENUE: Final = "quarterly_revenue"
CAPEX: Final = "quarterly_capex"
SHARES: Final = "annual_diluted_shares"
SPLIT: Final = "stock_split"


@dataclass(frozen=True)
class Report:
    """A figure of one company and period.

    Attributes
    ----------
    quantity : str
        Revenue or capital spending of a fiscal quarter, diluted shares of a fiscal year, a split.
    ticker : str
    date : Timestamp
        End of the period, or first session after a split.
    published : Timestamp
        First day on which it can have been known in this form.
    value : float
    unit : str
        As facts have it: "USD m", "EUR m", "m shares", "new shares per old".
    source, note : str
    derived : bool
        Whether it is a difference of two figures.
    first : bool
        Whether it is as first published; else it may have been restated since.
    """

    quantity: str
    ticker: str
    date: pd.Timestamp
    published: pd.Timestamp
    value: float
    unit: str
    source: str
    note: str = ""
    derived: bool = False
    first: bool = True


def millions(value: float) -> float:
    """Millions of a figure in units, without the digits that a binary fraction adds."""
    return float(f"{value / 1e6:.12g}")
