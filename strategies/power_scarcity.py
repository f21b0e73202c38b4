"""Own whom scarce power pays: sites and generators earn a rent, and whoever must buy pays it.

Scarce power and strong demand come together, and strong demand lifts everybody. So the return of
each company over the worlds of the date is regressed on how scarce power is over two years and, at
once, on how much computing runs: weights lean to what scarcity adds at the same computing.

The worlds are those of paradox_cvar, with the same hindsight.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import marketsim as ms

QUARTERS = 8


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights leant towards what earns more where power is scarce."""
    returns = history.returns()
    world = returns.world.paths.world
    scarcity = world["power_scarcity"][:, :QUARTERS].mean(axis=1)
    compute = np.log(world["compute"][:, QUARTERS - 1])
    factors = np.column_stack([np.ones(len(compute)), compute, scarcity])
    weight = np.sqrt(returns.probabilities)[:, None]
    slopes = np.linalg.lstsq(weight * factors, weight * returns.returns, rcond=None)[0]
    return ms.backtesting.tilted(pd.Series(slopes[-1], index=list(returns.tickers)))
