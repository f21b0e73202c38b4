"""Who pays for what he builds: the part of capital spending that cash flow leaves to borrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge.table import Facts

__all__ = ["borrowed"]

YEAR: Final = 4
"""Quarters in one."""

OPERATING, FREE = "quarterly_operating_cash_flow", "quarterly_free_cash_flow"


def borrowed(facts: Facts, companies: Sequence[str]) -> np.ndarray:
    """Return the share of capital spending that operating cash flow did not pay, [company].

    Of the last four quarters in a row of which both cash flows were published; nothing where there
    are none. Capital spending is operating less free cash flow.
    """
    flows = [_by_entity(facts, quantity) for quantity in (OPERATING, FREE)]
    return np.array([_of_company(*(flow.get(ticker) for flow in flows)) for ticker in companies])


def _by_entity(facts: Facts, quantity: str) -> dict[str, pd.Series]:
    rows = facts.select(quantity).sort_values("date")
    return {str(entity): of.set_index("date")["value"] for entity, of in rows.groupby("entity")}


def _of_company(operating: pd.Series | None, free: pd.Series | None) -> float:
    if operating is None or free is None:
        return 0.0
    year = pd.concat([operating, free], axis=1, join="inner").iloc[-YEAR:]
    if len(year) < YEAR or year.index[-1] - year.index[0] > pd.Timedelta(days=300):
        return 0.0
    earned, left = year.sum()
    spent = earned - left
    return float(np.clip(-left / spent, 0.0, 1.0)) if spent > 0.0 else 0.0
