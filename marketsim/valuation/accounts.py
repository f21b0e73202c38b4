"""Statements of one world as a table, for those who want to argue with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

import numpy as np
import pandas as pd

from .statement import Statement

__all__ = ["NAMES", "tidy"]

NAMES: Final = {"net_debt": "net_debt_before_payouts"}
"""Items whose name in the table says more: nothing is paid out to shareholders, so that all cash
beyond debts stays. Value counts what is free, and no interest on what was kept of it."""


def tidy(said: Statement, tickers: Sequence[str], quarter_ends: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a statement as rows: ticker, year (its last day), item, USD bn."""
    names = [f.name for f in fields(said)]
    values = np.stack([np.asarray(getattr(said, name)) for name in names], axis=-1)
    items = [NAMES.get(name, name) for name in names]
    rows = pd.MultiIndex.from_product(
        [tickers, quarter_ends[3::4], items], names=["ticker", "year", "item"]
    )
    return pd.Series(values.swapaxes(0, 1).ravel(), rows, name="usd_bn").reset_index()
