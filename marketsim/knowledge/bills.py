"""What cash earns: yields of the three-month bill as they were known, compounded continuously."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge.knowledge import Knowledge

__all__ = ["BILL", "bill_yield", "bill_yields"]

BILL: Final = "interest_rate", "US 3-month bill"
"""Quantity and entity of the rows."""

DAYS: Final = 91
"""Of a bill's life: it costs 1 - discount x 91 / 360 of what it pays."""


def bill_yield(discount: float) -> float:
    """Return what a bill at a ``discount`` yields per year, compounded continuously."""
    return float(-np.log1p(-discount * DAYS / 360.0) * 365.0 / DAYS)


def bill_yields(knowledge: Knowledge) -> pd.Series:
    """Return yields per year by the day on which they were first published, sorted.

    A figure of an earlier day than one that was known already changes nothing.
    """
    table = knowledge.table
    ours = (table["quantity"] == BILL[0]) & (table["entity"] == BILL[1])
    rows = table[ours].sort_values(["published", "date"], kind="stable")
    rows = rows[rows["date"] >= rows["date"].cummax()]
    newest = rows.drop_duplicates("published", keep="last")
    index = pd.DatetimeIndex(newest["published"], name="published")
    return pd.Series([bill_yield(v / 100.0) for v in newest["value"]], index, dtype=float)
