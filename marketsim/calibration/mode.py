"""The mode of a posterior, to the last digits that its gradient has.

Newton's method with Levenberg and Marquardt's damping. The curvature is that of the densities of
the errors along the Jacobian, which is all there is where the model is linear, and a secant
estimate of the second-order rest, learnt from how gradients change (Dennis, Gay and Welsch 1981,
ACM TOMS 7). Gauss-Newton leaves both out: where residuals do not vanish it converges linearly and
stops where steps are short, not where the gradient is. Here the gradient itself has to vanish.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.linalg.blas import dsyrk

__all__ = ["Linear", "Mode", "Place", "find_mode"]

FloatArray = NDArray[np.float64]

Linear = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
"""At a point: residuals [row], their derivative [row, unknown], and the curvature of each row's
density as a multiple of the square of that derivative, never below zero, [row]."""

TOLERANCE: Final = 1e-8
"""Largest entry of the gradient at a mode. Priors alone curve the density by one, so that no
coordinate lies further than this from where the gradient vanishes."""

MOST: Final = 200
"""Evaluations after which the search gives up."""

STUCK: Final = 8
"""Steps in a row that may fail: the gradient is then as small as rounding lets it be."""

FIRST_DAMPING: Final = 10.0
LEAST_DAMPING: Final = 1e-5
"""Priors curve the objective by one: less damping changes no step, and would take long to grow
again where a step fails."""

LEAST_RATIO: Final = 1e-3
"""Share of the predicted fall that has to come true for a step to be taken."""

ROUNDING: Final = 1e-14
"""Falls of the objective by less than this part of it are rounding; then the gradient decides."""


@dataclass(frozen=True, eq=False)
class Place:
    """A point and what :data:`Linear` has there.

    Attributes
    ----------
    x
        The point, [unknown].
    residual, jacobian, weight
        There.
    """

    x: FloatArray
    residual: FloatArray
    jacobian: FloatArray
    weight: FloatArray

    @cached_property
    def cost(self) -> float:
        """Half the sum of squares."""
        return 0.5 * float(self.residual @ self.residual)

    @cached_property
    def gradient(self) -> FloatArray:
        """Of the cost, [unknown]."""
        return np.asarray(self.jacobian.T @ self.residual)

    @property
    def size(self) -> float:
        """Largest entry of the gradient."""
        return float(np.abs(self.gradient).max())

    @cached_property
    def gauss_newton(self) -> FloatArray:
        """Curvature of the cost were the model linear, [unknown, unknown]."""
        scaled = np.sqrt(self.weight)[:, None] * self.jacobian
        upper = dsyrk(1.0, scaled.T)  # of a symmetric product one half
        return np.asarray(upper + np.triu(upper, 1).T)


@dataclass(frozen=True, eq=False)
class Mode(Place):
    """The place where the gradient vanishes.

    Attributes
    ----------
    second_order
        Curvature that the model's own nonlinearity adds, as far as it was learnt, [unknown,
        unknown].
    steps
        Evaluations that it took.
    """

    second_order: FloatArray
    steps: int


def find_mode(
    linear: Linear,
    start: FloatArray,
    second_order: FloatArray | None = None,
    tolerance: float = TOLERANCE,
    most: int = MOST,
) -> Mode:
    """Return where half the sum of squared residuals is least.

    Parameters
    ----------
    linear
        Residuals, Jacobian and curvatures at a point; the rows of the priors are among them.
    start
        First guess, [unknown].
    second_order
        What an earlier search of much the same objective learnt.
    tolerance
        Largest entry of the gradient at the end.
    most
        Evaluations, at the most.
    """
    size, augmented = len(start), second_order is not None
    second_order = np.zeros((size, size)) if second_order is None else second_order
    here, steps, damping, failed = Place(start, *linear(start)), 1, FIRST_DAMPING, 0
    while here.size > tolerance and steps < most and failed < STUCK:
        curvature = here.gauss_newton + (second_order if augmented else 0.0)
        step, augmented = _step(here, curvature, damping)
        there, steps = Place(here.x + step, *linear(here.x + step)), steps + 1
        predicted = -float(here.gradient @ step + 0.5 * step @ curvature @ step)
        if _better(here, there, predicted, curvature + damping * np.eye(size)):
            ratio = (here.cost - there.cost) / predicted if predicted > 0.0 else 1.0
            damping *= max(0.1, 1.0 - (2.0 * min(max(ratio, 0.0), 1.0) - 1.0) ** 3)
            damping = max(damping, LEAST_DAMPING)
            second_order, augmented = _learnt(second_order, here, there)
            here, failed = there, 0
        else:
            failed += 1
            damping *= 2.0**failed
    return Mode(
        here.x, here.residual, here.jacobian, here.weight, second_order=second_order, steps=steps
    )


def _step(here: Place, curvature: FloatArray, damping: float) -> tuple[FloatArray, bool]:
    """Return the damped Newton step, and whether ``curvature`` was positive definite.

    Where it is not, the step is Gauss-Newton's, whose curvature holds the priors'.
    """
    unit, downhill = damping * np.eye(len(curvature)), -here.gradient
    try:
        return cho_solve(cho_factor(curvature + unit), downhill), True
    except LinAlgError:
        return cho_solve(cho_factor(here.gauss_newton + unit), downhill), False


def _better(here: Place, there: Place, predicted: float, curvature: FloatArray) -> bool:
    """Return whether to go there: the cost falls, or the gradient where rounding hides the cost."""
    if not (np.isfinite(there.residual).all() and np.isfinite(there.jacobian).all()):
        return False
    if abs(here.cost - there.cost) <= ROUNDING * here.cost:
        both = np.stack([here.gradient, there.gradient], axis=1)
        left = (both * np.linalg.solve(curvature, both)).sum(axis=0)
        return bool(left[1] < left[0])
    return here.cost - there.cost > LEAST_RATIO * predicted


def _learnt(second_order: FloatArray, here: Place, there: Place) -> tuple[FloatArray, bool]:
    """Return the second-order curvature after a step, and whether what it was before helped."""
    step = there.x - here.x
    change, first_order = there.gradient - here.gradient, there.gauss_newton @ step
    rest = change - first_order
    helps = bool(np.linalg.norm(rest - second_order @ step) < np.linalg.norm(rest))
    length = float(change @ step)
    if length <= 0.0:
        return second_order, helps
    size = abs(float(step @ second_order @ step))
    if size > 0.0:
        second_order = second_order * min(1.0, abs(float(step @ rest)) / size)
    gap = rest - second_order @ step
    cross = np.outer(gap, change) / length
    square = np.outer(change, change) * (float(gap @ step) / length**2)
    return second_order + cross + cross.T - square, helps
