"""Clean weights, and proof of how good they are that asks nothing of the solver.

The objective is recomputed from the cleaned weights; the bound from the solver's dual values
after they are moved onto the set where any value gives a true bound. An error of the solver
can only widen the gap between the two, never hide in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..returns import ReturnScenarios
from .constraints import Constraints
from .objectives import Objective
from .problem import Answer, utility

__all__ = ["Certificate", "Proof", "clean", "prove"]

FloatArray = NDArray[np.float64]

SNAP = 1e-8  # weights closer than this to their own lowest or highest weight are put on it


@dataclass(frozen=True)
class Certificate:
    """How far weights can be from feasible and from best.

    Parameters
    ----------
    primal_residual : float
        The most by which the weights miss the budget or a limit.
    bound : float
        No weights that satisfy the constraints have a better objective than this.
    duality_gap : float
        Distance of the objective from the bound.
    relative_gap : float
        The gap over the size of the objective's terms, the larger of those at the weights and
        at equal weights, so that terms which cancel do not inflate it.
    """

    primal_residual: float
    bound: float
    duality_gap: float
    relative_gap: float

    def holds(self, gap: float = 1e-6, residual: float = 1e-8) -> bool:
        """True if both errors are finite and within the tolerances."""
        return bool(self.relative_gap <= gap and self.primal_residual <= residual)


@dataclass(frozen=True, eq=False)
class Proof:
    """A certificate with the dual values behind it, in the units of the objective."""

    certificate: Certificate
    objective: float
    budget: float
    prices: FloatArray  # [row]
    slope: FloatArray  # [draw]: of the utility, by the portfolio's return in each draw


def clean(weights: FloatArray, constraints: Constraints) -> FloatArray:
    """Weights within the range of each company that sum to 1 up to rounding."""
    low, high = constraints.ranges()
    tidy = np.clip(weights, low, high)
    tidy = np.where(tidy - low < SNAP, low, np.where(high - tidy < SNAP, high, tidy))
    for _ in range(2):  # once to spread what is missing, once for the rounding
        missing = 1.0 - tidy.sum()
        room = (high if missing > 0 else low) - tidy
        free = np.where((tidy > low) & (tidy < high), np.abs(room), 0.0)
        share = free if free.sum() >= abs(missing) else np.abs(room)
        tidy = tidy + missing * share / max(float(share.sum()), np.finfo(float).tiny)
    return np.asarray(np.clip(tidy, low, high))


def prove(
    weights: FloatArray,
    answer: Answer,
    objective: Objective,
    scenarios: ReturnScenarios,
    constraints: Constraints,
) -> Proof:
    """Certificate of clean `weights` [company].

    Notes
    -----
    Utility is at most g @ w + c for each member (g, c) of its support, and for prices >= 0 and
    any w >= 0 that sums to 1 with A w <= b, g @ w <= b @ prices + max(g - A' prices).
    """
    outcomes = scenarios.returns @ weights
    slope, offset = np.zeros(len(scenarios)), 0.0
    for (scale, term), member in zip(utility(objective), answer.members, strict=True):
        one_slope, one_offset = term.density(member, outcomes, scenarios)
        slope = slope + scale * one_slope
        offset += abs(scale) * one_offset
    rest = slope @ scenarios.returns - constraints.matrix.T @ answer.prices
    budget = float(rest.max())
    bound = objective.direction() * (float(constraints.bounds @ answer.prices) + budget + offset)
    value = objective.value(outcomes, scenarios)
    gap = abs(bound - value)
    certificate = Certificate(
        constraints.violation(weights), bound, gap, gap / _size(objective, outcomes, scenarios)
    )
    return Proof(certificate, value, budget, answer.prices, slope)


def _size(objective: Objective, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
    equal = scenarios.returns.mean(axis=1)
    sizes = [
        abs(scale) * max(abs(term.value(outcomes, scenarios)), abs(term.value(equal, scenarios)))
        for scale, term in objective.parts
    ]
    return max(sum(sizes), np.finfo(float).tiny)
