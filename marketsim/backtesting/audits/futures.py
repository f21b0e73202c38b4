"""Other futures: the same market up to a date, and another one after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from marketsim.backtesting.market import Market

__all__ = ["FUTURES", "SPLIT", "altered"]


def _noise(later: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    return later * np.exp(draw.normal(0.0, 0.5, later.shape))


def _shuffle(later: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    mixed = later.iloc[draw.permutation(len(later))].set_axis(later.index)
    return mixed.iloc[:, draw.permutation(later.shape[1])].set_axis(later.columns, axis=1)


def _missing(later: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    return later * np.nan


CHANGES: Final[Mapping[str, Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]]] = {
    "noisy": _noise,
    "shuffled": _shuffle,
    "missing": _missing,
}
"""What becomes of closes, and of values of facts, after a date."""

REMOVED: Final = "removed"
SPLIT: Final = "a split of every share"

FUTURES: Final = (*CHANGES, REMOVED, SPLIT)
"""What may have come later. Closes hold splits that come after them: whoever takes their levels for
prices of the day sees them."""


def altered(market: Market, row: int, future: str, seed: int) -> Market:
    """Return the same market with another future: closes, facts and statements after a row.

    Parameters
    ----------
    market : Market
    row : int
        What was known on it stays.
    future : str
        One of `FUTURES`.
    seed : int
    """
    draw, date = np.random.default_rng(seed), market.rows[row]
    if future == SPLIT:
        return _split(market, date, draw)
    table = market.facts.table
    late = (table["published"] > date).to_numpy(bool)
    if future == REMOVED:
        return replace(
            market,
            closes=market.closes.loc[:date].copy(),
            rows=market.rows[: row + 1],
            facts=market.facts.with_facts(table[~late].reset_index(drop=True)),
        )
    become = CHANGES[future]
    closes = market.closes.copy()
    after = closes.index > date
    closes.loc[after] = become(closes.loc[after], draw).to_numpy(float)
    values = pd.DataFrame({"value": table["value"]})
    if late.any():
        values.loc[late] = become(values.loc[late], draw).to_numpy(float)
    facts = market.facts.with_facts(table.assign(value=values["value"]))
    return replace(market, closes=closes, facts=facts)


def _split(market: Market, date: pd.Timestamp, draw: np.random.Generator) -> Market:
    """Return the same market in which every share is split on the day after a date.

    By powers of two, so that no return changes by a bit.
    """
    ratios = 2.0 ** draw.integers(1, 6, market.closes.shape[1])
    day = date + pd.Timedelta(days=1)
    rows = pd.DataFrame({"entity": list(market.closes.columns), "date": day, "value": ratios})
    splits = pd.concat([market.splits, rows.astype({"date": "datetime64[us]"})], ignore_index=True)
    return replace(market, closes=market.closes.div(ratios, axis=1), splits=splits)
