"""Clean weights, and proof of how good they are that asks nothing of the solver.

The objective is recomputed from the cleaned weights; the bound from the solver's dual values
after they are moved onto the set where any value gives a true bound. An error of the solver
can only widen the gap between the two, never hide in it. (Two numbers are taken on trust, since
linear programming gives no such proof of them: the bound of HiGHS over whole numbers, where
holdings are limited, and the best of each regime, which regret is measured by.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..returns import ReturnScenarios
from .constraints import Constraints
from .families import Portfolio, portfolio_of
from .objectives import Objective, Term
from .polyhedron import nearest_feasible
from .programme import Answer, typical

__all__ = ["Certificate", "Proof", "certify", "clean", "prove", "size_of", "violation"]

FloatArray = NDArray[np.float64]

NOTHING = 1e-3  # the least that a term's size is taken for, in units of a usual one
MISS = 1e-10  # weights that miss the constraints by more are moved
MISSED = 5e-9  # weights that miss a limit on a term by more are moved
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
    multipliers: FloatArray  # [limit on a term]
    slope: FloatArray  # [draw]: of the utility, by the portfolio's return in each draw
    lines: tuple[tuple[FloatArray, float], ...]  # of each term: gradient [company] and offset
    slopes: tuple[tuple[Term, FloatArray | float], ...]  # of each term, the same [draw]
    found: Portfolio  # what the solver's answer was before it was moved into limits on terms


def clean(weights: FloatArray, constraints: Constraints) -> FloatArray:
    """Weights within the range of each company that keep the budget up to rounding."""
    tidy = _within_ranges(weights, constraints)
    if constraints.violation(tidy) > MISS:
        tidy = _within_ranges(nearest_feasible(tidy, constraints), constraints)
    return tidy


def _within_ranges(weights: FloatArray, constraints: Constraints) -> FloatArray:
    low, high = constraints.ranges
    tidy = np.clip(weights, low, high)
    tidy = np.where(tidy - low < SNAP, low, np.where(high - tidy < SNAP, high, tidy))
    tidy = np.where(np.abs(tidy) < SNAP, 0.0, tidy)
    for _ in range(2 if constraints.budget else 0):  # to spread what is missing, then the rounding
        missing = 1.0 - tidy.sum()
        room = (high if missing > 0 else low) - tidy
        free = np.where((tidy > low) & (tidy < high), np.abs(room), 0.0)
        share = free if free.sum() >= abs(missing) else np.abs(room)
        tidy = tidy + missing * share / max(float(share.sum()), np.finfo(float).tiny)
    return np.asarray(np.clip(tidy, low, high))


def prove(
    answer: Answer,
    objective: Objective,
    scenarios: ReturnScenarios,
    constraints: Constraints,
    inside: FloatArray | None = None,
) -> tuple[Portfolio, Proof]:
    """The clean portfolio of an answer, and how good it is.

    Parameters
    ----------
    answer : Answer
        What a solver says.
    objective, scenarios, constraints
        What is asked.
    inside : array [company], optional
        Weights that keep to the limits on terms with room to spare, towards which those of the
        answer are moved where they miss one.

    Notes
    -----
    Utility is at most g @ w + c for each line (g, c) of the terms' families, and so it is with
    any multiple of what a line of a limit's terms exceeds its floor by added, where the limit is
    kept. For prices >= 0 and any weights and auxiliaries with A w + B u <= b, g @ w is at most
    b @ prices plus the most of (g - A' prices) @ w - (B' prices) @ u on their ranges and the
    budget.
    """
    found = portfolio_of(scenarios, clean(answer.weights, constraints))
    at = found
    if inside is not None and not objective.searches:
        at = _kept(found, constraints, inside)
    multipliers = answer.multipliers
    if objective.searches:
        multipliers = _averaging(multipliers, scenarios, constraints)
    slope, gradient = np.zeros(len(scenarios)), np.zeros(len(at.weights))
    offset, lines, slopes = 0.0, [], []
    parts = list(objective.utility())
    for by, limit in zip(multipliers, constraints.on_terms, strict=True):
        parts += [(by * scale, term) for scale, term in limit.parts]
        offset -= by * limit.floor
    for (scale, term), member in zip(parts, answer.members, strict=True):
        line = term.line(member, at)
        one = line.gradient(scenarios)
        lines.append((one, line.offset))
        if scale:
            slopes.append((term, line.slope))
        slope, gradient = slope + scale * line.slope, gradient + scale * one
        offset += scale * line.offset
    rest = np.concatenate([gradient, np.zeros(len(constraints.tops))])
    most, budget = constraints.highest(rest - constraints.matrix.T @ answer.prices)
    bound = float(constraints.sides @ answer.prices) + most + offset
    value = objective.value(at)
    certificate = certify(value, objective.direction() * bound, at, objective, constraints)
    return at, Proof(
        certificate,
        value,
        budget,
        answer.prices,
        multipliers,
        slope,
        tuple(lines),
        tuple(slopes),
        found,
    )


def certify(
    value: float, bound: float, at: Portfolio, objective: Objective, constraints: Constraints
) -> Certificate:
    """How far a portfolio is from feasible, and its objective's value from a bound."""
    gap = abs(bound - value)
    residual = violation(at, objective, constraints)
    return Certificate(residual, bound, gap, gap / size_of(objective, at))


def violation(at: Portfolio, objective: Objective, constraints: Constraints) -> float:
    """The most by which a portfolio misses the budget, a bound or a limit on a term."""
    linear = constraints.violation(at.weights)
    if objective.searches:
        return linear
    return max([linear, *(-limit.room(at) for limit in constraints.on_terms)])


def _kept(at: Portfolio, constraints: Constraints, inside: FloatArray) -> Portfolio:
    """The portfolio, moved towards one inside the limits on terms as far as they ask for.

    What a limit measures is concave on the way, so that its room there is no less than a straight
    line says.
    """
    other = portfolio_of(at.scenarios, inside)
    part = 0.0
    for limit in constraints.on_terms:
        missing, spare = -limit.room(at), limit.room(other)
        if missing > MISSED and spare > 0.0:
            part = max(part, 1.0 if np.isinf(missing) else missing / (missing + spare))
    if not part:
        return at
    moved = portfolio_of(at.scenarios, at.weights + part * (inside - at.weights))
    tidy = portfolio_of(at.scenarios, clean(moved.weights, constraints))
    misses = [-limit.room(tidy) for limit in constraints.on_terms]
    return tidy if max(misses) <= MISSED else moved


def _averaging(
    multipliers: FloatArray, scenarios: ReturnScenarios, constraints: Constraints
) -> FloatArray:
    """The same, so that in units of the limits they sum to 1."""
    unit = typical(scenarios)
    units = np.array([limit.unit(scenarios, unit) for limit in constraints.on_terms])
    shares = multipliers * units
    return np.asarray(shares / shares.sum() / units if shares.sum() > 0 else 1 / units / len(units))


def size_of(objective: Objective, at: Portfolio) -> float:
    """Size of the terms at a portfolio, or at equal weights where it is larger."""
    scenarios, count = at.scenarios, len(at.weights)
    even = portfolio_of(scenarios, np.full(count, 1.0 / count))
    unit, size = typical(scenarios), 0.0
    for scale, term in objective.parts:
        values = [abs(value) for value in (term.value(at), term.value(even)) if np.isfinite(value)]
        # A term may be 0 at both, as a regret is where there is none.
        size += abs(scale) * max([*values, NOTHING * term.magnitude(unit, scenarios)])
    return size or 1.0
