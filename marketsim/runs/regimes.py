"""What a portfolio returns in each regime, before the noise of the market where that is known.

Noise multiplies what a share is worth by one on average, in every regime. Means over the worlds
before it are the same, and with a hundred draws of a regime nearer to it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.returns import CASH, ReturnScenarios
from marketsim.valuation import Valuation

__all__ = ["by_regime", "regime_means"]

FloatArray = NDArray[np.float64]


def by_regime(choice: Allocation) -> pd.DataFrame:
    """Return `Allocation.by_scenario` with ``expected_return`` before noise, and its ``error``.

    The error is that by the chance of the draws. Volatility, risk and the worst are with noise.
    """
    means = regime_means(choice.returns, choice.portfolio().weights)
    table = choice.by_scenario.assign(expected_return=means["mean"])
    table.insert(2, "error", means["error"])
    return table


def regime_means(returns: ReturnScenarios, weights: FloatArray) -> pd.DataFrame:
    """Return the ``mean`` of a portfolio [ticker] in each regime and its standard ``error``."""
    earned, odds = _before_noise(returns) @ weights, returns.probabilities
    rows = {}
    for name in returns.regime_names():
        mine = returns.regimes == name
        share = odds[mine] / odds[mine].sum()
        mean = float(share @ earned[mine])
        rows[name] = (mean, float(np.sqrt(share**2 @ (earned[mine] - mean) ** 2)))
    found = pd.DataFrame.from_dict(rows, orient="index", columns=["mean", "error"], dtype=float)
    return found.rename_axis("regime")


def _before_noise(returns: ReturnScenarios) -> FloatArray:
    """Return what shares return before noise, [draw, ticker]; as drawn where that is not known."""
    world = returns.world
    if not isinstance(world, Valuation) or len(world.world_returns) != len(returns.returns):
        return returns.returns
    valued = {str(name): i for i, name in enumerate(world.economics.index)}
    if any(name not in valued and name != CASH for name in returns.tickers):
        return returns.returns
    columns = [
        world.world_returns[:, valued[name]] if name in valued else returns.returns[:, i]
        for i, name in enumerate(returns.tickers)
    ]
    return np.column_stack(columns)
