"""What a choice is held against: companies by market value, or weights of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from marketsim.allocation.names import array_of, numbers
from marketsim.errors import InputError
from marketsim.renames import Tickers
from marketsim.returns import CASH, ReturnScenarios
from marketsim.valuation import Valuation

__all__ = ["even_weights", "market_weights", "stated_weights"]

WHOLE: Final = 1e-3
"""By how much the weights of a benchmark may miss 1; they are scaled to it."""


def market_weights(returns: ReturnScenarios) -> pd.Series:
    """Return weights by market value, those of even weights where none is known; no cash."""
    held = list(returns.tickers)
    world = returns.world
    if isinstance(world, Valuation) and world.economics["market_cap"].notna().any():
        caps = world.economics["market_cap"].reindex(held).fillna(0.0)
        return (caps / caps.sum()).rename("benchmark")
    return even_weights(returns).rename("benchmark")


def stated_weights(given: Mapping[str, float] | pd.Series, tickers: Sequence[str]) -> pd.Series:
    """Return the weights of a benchmark of one's own, [ticker].

    Raises
    ------
    InputError
        For a name that is not among ``tickers``, a weight below 0, or a sum other than 1.
    """
    pairs = numbers(given, "benchmark")
    weights = array_of(pairs, Tickers(tickers), "benchmark")
    if below := [name for name, weight in pairs if weight < 0.0]:
        raise InputError(f"benchmark[{below[0]!r}] is below 0; give shares from 0 up")
    total = float(weights.sum())
    if abs(total - 1.0) > WHOLE:
        hint = ": write shares, not per cent" if abs(total - 100.0) < 1.0 else ""
        raise InputError(f"the weights of the benchmark sum to {total:.6g}, not to 1{hint}")
    return pd.Series(weights / total, pd.Index(tickers), name="benchmark")


def even_weights(returns: ReturnScenarios) -> pd.Series:
    """Return equal weights of all companies."""
    held = [name for name in returns.tickers if name != CASH]
    return pd.Series(1.0 / len(held), pd.Index(held)).reindex(list(returns.tickers)).fillna(0.0)
