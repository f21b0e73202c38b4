"""Own what prices believe least: where the model's value stands furthest above the market's.

The gap of each company is the log of the model's value over what the market pays, less that of all
companies together: no bet on the theme, only on who in it is priced for too little.

The worlds are those of paradox_cvar, with the same hindsight.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights leant by the gap between the model's value and the market's."""
    gap = history.returns().world.economics["gap"]
    return ms.backtesting.tilted(gap)
