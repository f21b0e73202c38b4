"""From raw power to efficient architectures, as their gradients change.

Whom more computing per watt helps is no constant: while demand answers and sites wait for power it
lifts those who sell chips, and once demand is sated it idles what was built. On every date the
expected return of each company is differentiated by the growth of computing per watt and of serving
software, in the worlds of the date; weights lean to whom efficiency helps most.

The worlds are those of paradox_cvar, with the same hindsight.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

EFFICIENCY = ("compute_per_watt_growth", "software_growth")


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights leant by the gradient of expected return by efficiency."""
    returns = history.returns()
    gains = [
        ms.valuation.exposures(returns.world, name, returns.probabilities) for name in EFFICIENCY
    ]
    return ms.backtesting.tilted(sum(gains[1:], gains[0]))
