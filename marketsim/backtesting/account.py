"""A self-financing account: what a trade to target weights does to holdings, and what it costs."""

from __future__ import annotations

from math import fsum
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["rebalanced", "total", "wealth_after_trading"]

Array = npt.NDArray[np.float64]
MOST_STEPS: Final = 200


def total(values: Array) -> float:
    """Sum of holdings, rounded once: the order and the number of empty holdings do not matter."""
    return fsum(values)


def wealth_after_trading(values: Array, wealth: float, weights: Array, cost: float) -> float:
    """Wealth left when the cost of reaching the weights has been paid out of it.

    The cost depends on the trades and the trades on the wealth left, so that it solves
    W' = W - cost x sum |w W' - h|. The right side is a contraction with factor `cost`.

    Parameters
    ----------
    values : array [ticker]
        Holdings before, in money.
    wealth : float
        Holdings and cash before.
    weights : array [ticker]
        Targets, summing to 1.
    cost : float
        Fraction of the traded value, below 0.5.
    """
    after = wealth
    for _ in range(MOST_STEPS):
        before, after = after, wealth - cost * total(np.abs(weights * after - values))
        if abs(after - before) <= 1e-16 * wealth:
            break
    return after


def rebalanced(values: Array, wealth: float, weights: Array, cost: float) -> Array:
    """Holdings after a trade to the weights; all of the wealth that is left is invested."""
    return weights * wealth_after_trading(values, wealth, weights, cost)
