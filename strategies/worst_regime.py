"""Bull, base and bear all weigh the same: the portfolio whose worst regime is the least bad.

The worlds are those of paradox_cvar, with the same hindsight; their probabilities are not
believed, only their names.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

DRAWS = 2000
CAP = 0.15


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights that maximise the expected return in whichever regime is worst for them."""
    scenarios = ms.load_scenarios(ms.calibrate(history.facts))
    paths = ms.simulate(scenarios, draws=DRAWS, seed=0)
    prices = history.prices.select(history.tickers)
    returns = ms.revalue(paths, prices, horizon="1y")
    cap = min(max(CAP, 2.0 / len(returns.tickers)), 1.0)
    return ms.allocate(returns, ms.WorstRegime(), max_weight=cap).weights
