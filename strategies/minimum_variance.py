"""Least variance by the weekly returns of the last two years, shrunk, long-only and capped.

No opinion of what will rise, only of what moves together: where prices of AI companies move as one,
it holds what does not. Shrinking is that of `marketsim.backtesting.shrunk`.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

CAP = 0.15


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights of least variance; equal weights while there is not a year of history."""
    returns = ms.backtesting.weekly_returns(history)
    if returns is None:
        return ms.backtesting.equally(history.tickers)
    cap = ms.backtesting.least_cap(CAP, returns.shape[1])
    return ms.allocate(ms.backtesting.shrunk(returns), ms.Variance(), max_weight=cap).weights
