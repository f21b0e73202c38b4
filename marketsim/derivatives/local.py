"""A term near a portfolio: what it is worth, to second order in outcomes and probabilities.

Every term here is an expectation, `E[each(outcome + shift)]`, where a shift common to all draws may
be at its best: the mean's of a variance, the edge of a tail. Its derivatives by weights, returns
and probabilities are then products with three numbers for each draw. The arithmetic is the same for
NumPy and for JAX, and linear in changes, so that JAX transposes it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Local", "changed", "curvature_of", "gradient_of", "transposed"]

FloatArray = NDArray[np.float64]

LEAST: Final = 1e-300
"""In place of a curvature that no draw has, by which nothing is divided then."""

UNFELT: Final = 1e-15
"""Draws of less curvature, in units of the highest, do not count for it."""


class Local(NamedTuple):
    """One term at one portfolio; arrays may be NumPy's or JAX's."""

    value: Any  # float
    each: Any  # [draw]: derivative by the draw's probability
    slope: Any  # [draw]: derivative by its outcome, per unit of probability
    bend: Any  # [draw]: second derivative, per unit of probability
    shifts: Any  # 1.0 where a common shift is at its best, else 0.0
    active: Any  # [company]: the portfolio less the benchmark


def gradient_of(local: Local, returns: Any, probabilities: Any) -> Any:
    """Derivative by weight [company]."""
    return (probabilities * local.slope) @ returns


def curvature_of(local: Local, returns: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Second derivatives by weight [company, company]."""
    felt = probabilities * local.bend
    some = np.flatnonzero(np.abs(felt) > UNFELT * np.abs(felt).max(initial=LEAST))
    few, rows = felt[some], returns[some]
    mean = few @ rows
    spread = rows.T @ (few[:, None] * rows)
    return np.asarray(spread - local.shifts * np.outer(mean, mean) / _nonzero(few.sum()))


def changed(
    local: Local, returns: Any, probabilities: Any, d_returns: Any, d_probabilities: Any
) -> tuple[Any, Any]:
    """Changes of the value and of the gradient [company] at the same weights."""
    felt = probabilities * local.bend
    moved = d_returns @ local.active
    news = felt @ moved + local.slope @ d_probabilities
    moved_too = moved - local.shifts * news / _nonzero(felt.sum())
    d_slope = felt * moved_too + local.slope * d_probabilities
    earned = probabilities * local.slope
    d_value = earned @ moved + local.each @ d_probabilities
    return d_value, d_slope @ returns + earned @ d_returns


def transposed(
    local: Local,
    returns: FloatArray,
    probabilities: FloatArray,
    by_value: float,
    by_gradient: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Derivatives by return [draw, company] and probability [draw] of what `changed` gives.

    Of `by_value * value + by_gradient @ gradient`.
    """
    felt, earned = probabilities * local.bend, probabilities * local.slope
    along = returns @ by_gradient
    ahead = along - local.shifts * (felt @ along) / _nonzero(felt.sum())
    by_outcome = felt * ahead + by_value * earned
    by_return = np.outer(by_outcome, local.active) + np.outer(earned, by_gradient)
    return by_return, local.slope * ahead + by_value * local.each


def _nonzero(total: Any) -> Any:
    return total + LEAST * (total == 0.0)
