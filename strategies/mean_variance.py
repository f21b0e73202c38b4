"""Markowitz (1952) by the last two years: expected return less half a risk aversion of variance.

Means are drawn nine tenths of the way to their common mean, since two years tell next to nothing of
what sets one apart (Jorion 1986); the covariance is shrunk as that of minimum_variance.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

CAP = 0.15
OWN = 0.1  # of a company's mean beyond the common one that is believed
RISK_AVERSION = 3.0


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights of the best trade of mean for variance; equal weights without a year of history."""
    returns = ms.backtesting.weekly_returns(history)
    if returns is None:
        return ms.backtesting.equally(history.tickers)
    means = returns.mean()
    means = means.mean() + OWN * (means - means.mean())
    cap = ms.backtesting.least_cap(CAP, returns.shape[1])
    aim = ms.ExpectedReturn() - 0.5 * RISK_AVERSION * ms.Variance()
    return ms.allocate(ms.backtesting.shrunk(returns, means), aim, max_weight=cap).weights
