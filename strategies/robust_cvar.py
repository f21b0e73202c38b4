"""Expected return less tail loss, for the least favourable distribution near the model's.

The two thousand worlds are a sample of a model that is wrong somewhere: the tail is the worst of
all distributions within a Wasserstein ball round them (Mohajerin Esfahani and Kuhn 2018), which
spreads the weights, and a fifth of the probability may move from good regimes to bad ones.

The worlds are those of paradox_cvar, with the same hindsight.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

CAP = 0.15
DOUBT = 0.2  # probability that may move between regimes
RADIUS = 0.02  # of returns of a year


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights that are best where the worlds are the least favourable of those near."""
    returns = history.returns()
    cap = ms.backtesting.least_cap(CAP, len(returns.tickers))
    aim = ms.terms.AmbiguousReturn(DOUBT) - ms.CVaR(0.95, radius=RADIUS)
    return ms.allocate(returns, aim, max_weight=cap).weights
