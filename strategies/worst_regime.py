"""Bull, base and bear all weigh the same: the portfolio whose worst regime is the least bad.

The worlds are those of paradox_cvar, with the same hindsight; their probabilities are not
believed, only their names.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

CAP = 0.15


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights that maximise the expected return in whichever regime is worst for them."""
    returns = history.returns()
    cap = ms.backtesting.least_cap(CAP, len(returns.tickers))
    return ms.allocate(returns, ms.WorstRegime(), max_weight=cap).weights
