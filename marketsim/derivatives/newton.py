"""Weights of a smoothed problem: from those nearby, or by Newton's method with limits.

Where the limits that are filled are known, as beside the exact weights they often are, the
optimality conditions are equations, which a few steps solve to rounding. Else each step minimises
the problem's quadratic model within all limits, those on terms by their tangents (sequential
quadratic programming, Nocedal and Wright 2006, chapter 18), until they are known.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from .conditions import Solved, State, lagrangian, sharpened, state_of
from .problem import Given, Problem
from .quadratic import Quadratic, solve_quadratic

__all__ = ["best_of_model", "solve"]

FloatArray = NDArray[np.float64]
Marks = NDArray[np.bool_]

STEPS: Final = 60
EDGE: Final = 1e-7
"""Limits with less room are taken for filled at first."""

CLOSE: Final = 1e-7
"""A step of less, as weights, ends the search; the equations then take over."""

SHORT: Final = 1e-5
"""A step of less, as weights, is taken whole: what it gains may drown in rounding."""

KEPT: Final = 1e-12
"""Rows are kept to within this from the start."""

WIDER: Final = "give a larger width, such as 0.2"


def solve(problem: Problem, given: Given, start: FloatArray, filled: Marks | None = None) -> Solved:
    """The best `x` [column], from a start nearby, on one thread.

    Parameters
    ----------
    problem, given
        What is asked.
    start : array [column]
        Where to begin.
    filled : array [as `State.rows`], optional
        Limits to try first as filled; those that the start fills where left out.

    Raises
    ------
    SolverError
        If the search does not end, as where nothing keeps to the limits.
    """
    with _threads().limit(limits=1, user_api="blas"):
        if filled is None:
            filled = state_of(problem, given, start).room <= EDGE
        near = sharpened(problem, given, start, filled)
        return near or _searched(problem, given, start)


@cache
def _threads() -> Any:
    """Those of NumPy's linear algebra; to look for them each time takes longer than to solve."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def best_of_model(
    state: State, curvature: FloatArray, gradient: FloatArray, room: FloatArray, equations: int
) -> Quadratic:
    """The step to the best of a quadratic model within limits, those on terms by their tangents.

    Parameters
    ----------
    state : State
        Where the model is made.
    curvature, gradient : arrays [column, column] and [column]
        The model.
    room : array [as `State.rows`]
        What the limits leave from there.
    equations : int
        How many of the first rows are equations: 1 with a budget, else 0.
    """
    rows = state.rows
    equal, below = (rows[:equations], room[:equations]), (rows[equations:], room[equations:])
    return solve_quadratic(curvature, gradient, equal, below)


def _searched(problem: Problem, given: Given, start: FloatArray) -> Solved:
    x, count, first = _feasible(problem, given, start), len(problem.limits), len(problem.total)
    multipliers = np.zeros(count)
    for _ in range(STEPS):
        state = state_of(problem, given, x)
        curvature = lagrangian(state, multipliers)
        new = best_of_model(state, curvature, state.cost.gradient, state.room, first)
        multipliers, length = new.below[len(new.below) - count :], np.abs(new.x).max()
        if length <= CLOSE:
            duals = np.append(new.equal, new.below)
            solved = sharpened(problem, given, x + new.x, duals > state.room, duals)
            if solved is None:
                raise SolverError(f"smoothed weights were found but not to rounding: {WIDER}")
            return solved
        price = 2.0 * float(multipliers.max(initial=0.0)) + 1e-6
        x = x + (_share(problem, given, state, new.x, price) if length > SHORT else 1.0) * new.x
    raise SolverError(f"smoothed weights were not found in {STEPS} steps: {WIDER}")


def _feasible(problem: Problem, given: Given, start: FloatArray) -> FloatArray:
    """The nearest `x` that keeps to the rows and the budget, from where every step does."""
    sides, invested = problem.row_sides(given.sides), problem.invested(given.sides)
    missed = np.append(problem.matrix @ start - sides, np.abs(problem.total @ start - invested))
    if missed.max(initial=0.0) <= KEPT:
        return start
    one, none = np.eye(len(start)), np.zeros(len(start))
    equal = (problem.total, invested - problem.total @ start)
    below = (problem.matrix, sides - problem.matrix @ start)
    return start + solve_quadratic(one, none, equal, below).x


def _share(problem: Problem, given: Given, state: State, ahead: FloatArray, price: float) -> float:
    """How much of a step to take: what lowers the cost and what limits on terms are missed by."""
    levels = problem.limit_levels(given.sides)

    def merit(cost: float, limits: list[float]) -> float:
        return cost + price * float(np.maximum(np.array(limits) - levels, 0.0).sum())

    def there(share: float) -> float:
        at = state.x + share * ahead
        limits = [problem.value(one, at, given) for one in problem.limits]
        return merit(problem.value(problem.cost, at, given), limits)

    here, share = merit(state.cost.value, [one.value for one in state.limits]), 1.0
    tolerance = 1e-12 * max(1.0, abs(state.cost.value))
    while share > 1e-4 and not there(share) < here + tolerance:
        share *= 0.5
    return share
