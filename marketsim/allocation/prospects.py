"""What a portfolio may come to, in the figures that are asked for first: chances and quantiles."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..returns import CASH, ReturnScenarios
from .measures import mean, value_at_risk, variance

__all__ = ["PROSPECTS", "prospects"]

FloatArray = NDArray[np.float64]

PROSPECTS = (
    "mean",
    "median",
    "p05",
    "p95",
    "chance_of_loss",
    "chance_below_cash",
    "chance_above_benchmark",
    "excess_over_volatility",
)

SAME = 1e-12
"""Returns that differ by no more are the same."""


def prospects(
    returns: ReturnScenarios,
    weights: FloatArray,
    benchmark: FloatArray | None = None,
    cash: float | None = None,
) -> pd.Series[float]:
    """Return chances and quantiles of a portfolio; see `Allocation.prospects`.

    Parameters
    ----------
    returns
        With the odds that all of it is at.
    weights, benchmark
        [ticker]
    cash
        What cash returns over the horizon; by default as the scenarios have it, unknown where they
        have none.
    """
    odds, earned = returns.probabilities, returns.returns @ weights
    if cash is None:
        cash = (
            mean(returns.returns[:, returns.tickers.index(CASH)], odds) if _has(returns) else None
        )
    rate = np.nan if cash is None else cash
    volatility = variance(earned, odds) ** 0.5
    found = [
        mean(earned, odds),
        *(-value_at_risk(earned, odds, 1.0 - share) for share in (0.5, 0.05, 0.95)),
        float(odds[earned < -SAME].sum()),
        np.nan if np.isnan(rate) else float(odds[earned < rate - SAME].sum()),
        _ahead(earned, odds, None if benchmark is None else returns.returns @ benchmark),
        (mean(earned, odds) - rate) / volatility if volatility > SAME else np.nan,
    ]
    return pd.Series(found, index=list(PROSPECTS), name="prospects")


def _has(returns: ReturnScenarios) -> bool:
    return CASH in returns.tickers


def _ahead(earned: FloatArray, odds: FloatArray, other: FloatArray | None) -> float:
    """Return how often more is earned; not known without another, or beside itself."""
    if other is None or np.allclose(earned, other, rtol=0.0, atol=SAME):
        return float("nan")
    return float(odds[earned > other + SAME].sum())
