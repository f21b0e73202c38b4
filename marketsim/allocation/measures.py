"""Risk of a sample with probabilities: every draw counts by its own weight.

Losses are minus returns, so a positive value at risk is money lost.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["conditional_value_at_risk", "mean", "value_at_risk", "variance", "worst_first"]

FloatArray = NDArray[np.float64]

# Cumulated probabilities that miss the level by less than this reach it: 19 times 0.05 is 0.95.
ROUNDING = 1e-12


def mean(outcomes: FloatArray, probabilities: FloatArray) -> float:
    """Expected value of `outcomes` [draw]."""
    return float(probabilities @ outcomes)


def variance(outcomes: FloatArray, probabilities: FloatArray) -> float:
    """Population variance of `outcomes` [draw]."""
    centred = outcomes - probabilities @ outcomes
    return float(probabilities @ centred**2)


def value_at_risk(outcomes: FloatArray, probabilities: FloatArray, level: float) -> float:
    """Smallest loss that is not exceeded with probability `level`.

    Parameters
    ----------
    outcomes : array [draw]
        Returns as fractions.
    probabilities : array [draw]
        Their probabilities, summing to 1.
    level : float
        Confidence, such as 0.95.
    """
    mass = 1.0 - level + ROUNDING
    order = worst_first(outcomes, probabilities, mass)
    worse = np.cumsum(probabilities[order]) - probabilities[order]
    return float(-outcomes[order][np.flatnonzero(worse <= mass)[-1]])


def worst_first(
    outcomes: FloatArray, probabilities: FloatArray, mass: float, beyond: int = 0
) -> NDArray[np.int64]:
    """The worst draws, worst first: those that make up a probability, and some beyond.

    Only they are sorted, which for a small tail takes a tenth of the time.
    """
    count = len(outcomes)
    some = int(1.1 * mass * count) + beyond + 16
    while some < count:
        nearest = np.argpartition(outcomes, some)[:some]
        if float(probabilities[nearest].sum()) > mass + ROUNDING:
            order = nearest[np.lexsort((nearest, outcomes[nearest]))]
            edge = int(np.searchsorted(np.cumsum(probabilities[order]), mass))
            if edge + beyond < some:
                return order
        some = 2 * some + beyond
    return np.argsort(outcomes, kind="stable")


def conditional_value_at_risk(
    outcomes: FloatArray, probabilities: FloatArray, level: float
) -> float:
    """Mean loss in the worst `1 - level` of probability, an atom at its edge split.

    Notes
    -----
    The minimum over t of t + E[(loss - t)+] / (1 - level), which the value at risk attains:
    Rockafellar and Uryasev (2000), theorem 1; (2002) for samples with atoms.
    """
    edge = value_at_risk(outcomes, probabilities, level)
    beyond = np.maximum(-outcomes - edge, 0.0)
    return edge + float(probabilities @ beyond) / (1.0 - level)
