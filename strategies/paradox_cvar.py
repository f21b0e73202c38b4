"""The efficiency paradox as a portfolio: expected return less the mean of the worst twentieth.

On every date the model is calibrated to the facts published by then, worlds are drawn from
its scenarios, and each company is re-valued in each of them against its price. Facts and
prices are those of the date; the model, its priors and its scenarios were written in 2025, and
a backtest of earlier years flatters them.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

DRAWS = 2000
CAP = 0.15


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights that maximise expected return less CVaR at 95 % over the next year."""
    returns = history.returns(draws=DRAWS)
    cap = ms.backtesting.least_cap(CAP, len(returns.tickers))
    return ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=cap).weights
