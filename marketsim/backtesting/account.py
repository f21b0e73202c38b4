"""A self-financing account: what a trade to target weights does to holdings, and what it costs."""

from __future__ import annotations

from math import fsum
from typing import Final

import numpy as np
import numpy.typing as npt

from marketsim.backtesting.costs import Rates
from marketsim.errors import InputError

__all__ = ["rebalanced", "total", "wealth_after_trading"]

Array = npt.NDArray[np.float64]
MOST_STEPS: Final = 200


def total(values: Array) -> float:
    """Sum of holdings, rounded once: the order and the number of empty holdings do not matter."""
    return fsum(values.tolist())


def wealth_after_trading(values: Array, wealth: float, weights: Array, rates: Rates) -> float:
    """Wealth left when the cost of reaching the weights has been paid out of it.

    The cost depends on the trades and the trades on the wealth left, so that it solves
    W' = W - cost(w W' - h). The right side is a contraction with the factor of the marginal cost.

    Parameters
    ----------
    values : array [ticker]
        Holdings before, in money.
    wealth : float
        Holdings and cash before.
    weights : array [ticker]
        Targets, summing to 1 with that of cash.
    rates : Rates
        Costs of the day.

    Raises
    ------
    InputError
        The trades would cost more than there is.
    """
    after = wealth
    for _ in range(MOST_STEPS):
        before, after = after, wealth - total(rates.of(weights * after - values))
        if abs(after - before) <= 1e-16 * wealth:
            break
        if after <= 0.0:
            raise InputError(
                "a trade would cost more than there is: the money invested is too much for the "
                "volume, or the impact is too high"
            )
    return after


def rebalanced(values: Array, wealth: float, weights: Array, rates: Rates) -> tuple[Array, float]:
    """Holdings, and all wealth left, after a trade to the weights."""
    left = wealth_after_trading(values, wealth, weights, rates)
    return weights * left, left
