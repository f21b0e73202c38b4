"""Statements of one world as a table, for those who want to argue with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from .statement import Statement

__all__ = ["tidy"]


def tidy(said: Statement, tickers: Sequence[str], quarter_ends: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a statement as rows: ticker, year (its last day), item, USD bn."""
    items = [f.name for f in fields(said)]
    values = np.stack([np.asarray(getattr(said, name)) for name in items], axis=-1)
    rows = pd.MultiIndex.from_product(
        [tickers, quarter_ends[3::4], items], names=["ticker", "year", "item"]
    )
    return pd.Series(values.swapaxes(0, 1).ravel(), rows, name="usd_bn").reset_index()
