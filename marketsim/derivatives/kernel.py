"""The positive part, blurred: what makes a conditional value at risk smooth.

Each loss is taken as normal about what it is, with a standard deviation, the width. Then

    plus(x) = E[max(x + width * noise, 0)] = x * cdf(x / width) + width * pdf(x / width)

in place of max(x, 0), and the minimum over `edge` of `edge + E[plus(loss - edge)] / (1 - level)`
is the CVaR of the losses with that noise: never below the exact one, and above by no more than the
width times the noise's own CVaR (Rockafellar and Uryasev 2000; a kernel estimate of a quantile's
derivatives is that of Liu and Hong 2009).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ..allocation.measures import value_at_risk

__all__ = ["edge_of", "plus"]

FloatArray = NDArray[np.float64]

STEPS: Final = 200
NEAR: Final = 1e-9
"""A step of less, in units of the width, is the last: its error is the square of that."""

REACH: Final = 9.0
"""Beyond so many widths the normal distribution is 0 or 1 to rounding."""

PER_ROOT: Final = float(1.0 / np.sqrt(2.0 * np.pi))


def plus(x: FloatArray, width: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The blurred positive part of `x`, its slope and its curvature, each like `x` [draw]."""
    value = np.maximum(x, 0.0)
    slope, bend = np.where(x > 0.0, 1.0, 0.0), np.zeros(len(x))
    close = np.flatnonzero(np.abs(x) < REACH * width)
    scaled = x[close] / width
    bell = PER_ROOT * np.exp(-0.5 * scaled * scaled)
    slope[close] = ndtr(scaled)
    value[close] = x[close] * slope[close] + width * bell
    bend[close] = bell / width
    return value, slope, bend


def edge_of(losses: FloatArray, probabilities: FloatArray, tail: float, width: float) -> float:
    """The blurred losses' value at risk: what they exceed with probability `tail`.

    Newton's method, kept between bounds that close in.

    Parameters
    ----------
    losses, probabilities : array [draw]
    tail : float
        Between 0 and 1.
    width : float
        Standard deviation of the noise, in units of the losses, above 0.
    """
    low, high = float(losses.min()) - 40.0 * width, float(losses.max()) + 40.0 * width
    edge = value_at_risk(-losses, probabilities, 1.0 - tail)
    for _ in range(STEPS):
        _, slope, bell = plus(losses - edge, width)
        excess, steepness = float(probabilities @ slope) - tail, float(probabilities @ bell)
        low, high = (edge, high) if excess > 0.0 else (low, edge)
        before, edge = edge, edge + excess / max(steepness, np.finfo(float).tiny)
        if not low <= edge <= high:
            edge = 0.5 * (low + high)
        if abs(edge - before) <= NEAR * width:
            break
    return edge
