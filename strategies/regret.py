"""The least regret: whichever regime comes, as little as can be is forgone by not having known it.

Savage (1951): in each regime there is a best portfolio; this one stays closest to all of them at
once. It needs no probabilities of bull, base and bear, and does not live for the worst alone.

The worlds are those of paradox_cvar, with the same hindsight.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

CAP = 0.15


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights of least regret over the regimes."""
    returns = history.returns()
    cap = ms.backtesting.least_cap(CAP, len(returns.tickers))
    return ms.allocate(returns, ms.terms.Regret(), max_weight=cap).weights
