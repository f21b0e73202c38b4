"""Statements of one world as a table, for those who want to argue with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from marketsim.model.tree import leaf
from marketsim.simulation import Outcomes

from .returns import HELD, SPENT, sales_of
from .statement import Sales, Statement

__all__ = ["sold_in", "tidy"]


def sold_in(
    worlds: Outcomes, row: int, columns: np.ndarray, expected: Mapping[str, np.ndarray]
) -> Sales:
    """Return what one of the worlds sells and spends by year, for the companies at ``columns``."""
    held = {name: leaf(getattr(worlds, name)[row][..., columns].astype(float)) for name in HELD}
    world = {name: leaf(worlds.quantities[name][row].astype(np.float64)) for name in SPENT}
    return sales_of(held, world | {n: leaf(np.asarray(x)) for n, x in expected.items()})


def tidy(said: Statement, tickers: Sequence[str], quarter_ends: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a statement as rows: ticker, year (its last day), item, USD bn."""
    items = [f.name for f in fields(said)]
    values = np.stack([np.asarray(getattr(said, name)) for name in items], axis=-1)
    rows = pd.MultiIndex.from_product(
        [tickers, quarter_ends[3::4], items], names=["ticker", "year", "item"]
    )
    return pd.Series(values.swapaxes(0, 1).ravel(), rows, name="usd_bn").reset_index()
