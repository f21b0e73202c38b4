"""From changes of what is given to changes of the optimum, and back.

`moved` is linear in changes and its arithmetic is the same for NumPy and for JAX; `pulled_back` is
its transpose.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .conditions import Solved, lagrangian
from .local import Local, changed, transposed
from .newton import best_of_model
from .problem import Given, Problem
from .response import Response

__all__ = ["Linearised", "linearised", "moved", "predicted", "pulled_back"]

FloatArray = NDArray[np.float64]


class Linearised(NamedTuple):
    """Weights at their best with all that their derivatives take; NumPy's arrays or JAX's."""

    weights: Any  # [company]
    locals: tuple[tuple[Local, ...], ...]  # of the cost's terms, then of each limit's
    counts: Any  # [1 + limit]: what the cost and each limit count in the Lagrangian
    by_gradient: Any  # [company, company]
    by_limit: Any  # [company, limit]: with the levels of limits on terms
    by_side: Any  # [company, side]


def linearised(problem: Problem, solved: Solved, response: Response) -> Linearised:
    """The same without auxiliaries."""
    count, by_room = problem.companies, response.by_room[: problem.companies]
    first = len(problem.total)
    last = first + len(problem.sides)
    by_side = by_room[:, first:last] @ problem.row_of + by_room[:, last:] @ problem.limit_of
    by_side[:, :first] += by_room[:, :first]
    return Linearised(
        solved.x[:count],
        tuple(near.locals for near in (solved.state.cost, *solved.state.limits)),
        np.append(1.0, solved.multipliers),
        response.by_gradient[:count, :count],
        by_room[:, last:],
        by_side,
    )


def _explicit(
    problem: Problem,
    at: Linearised,
    returns: Any,
    probabilities: Any,
    d_returns: Any,
    d_probabilities: Any,
) -> tuple[Any, list[Any]]:
    """Changes at the same weights: of the Lagrangian's gradient [company], of each limit's sum."""
    d_gradient, d_values = np.zeros(problem.companies), []
    for place, which in enumerate((problem.cost, *problem.limits)):
        d_value = 0.0
        for (scale, _), local in zip(which.parts, at.locals[place], strict=True):
            of = changed(local, returns, probabilities, d_returns, d_probabilities)
            d_value = d_value + scale * of[0]
            d_gradient = d_gradient + at.counts[place] * scale * of[1]
        d_values.append(d_value)
    return d_gradient, d_values[1:]


def moved(
    problem: Problem,
    at: Linearised,
    returns: Any,
    probabilities: Any,
    changes: tuple[Any, Any, Any],
) -> Any:
    """Change of the weights [company] with returns, probabilities and sides."""
    d_returns, d_probabilities, d_sides = changes
    d_gradient, d_values = _explicit(
        problem, at, returns, probabilities, d_returns, d_probabilities
    )
    answer = at.by_gradient @ d_gradient + at.by_side @ d_sides
    for place, d_value in enumerate(d_values):
        answer = answer - at.by_limit[:, place] * d_value
    return answer


def predicted(
    problem: Problem,
    at: Linearised,
    solved: Solved,
    given: Given,
    changes: tuple[FloatArray, FloatArray, FloatArray],
) -> FloatArray:
    """Weights [company] after a change: the best of the quadratic model within all limits."""
    d_returns, d_probabilities, d_sides = changes
    d_gradient, d_values = _explicit(
        problem, at, given.returns, given.probabilities, d_returns, d_probabilities
    )
    state, count = solved.state, problem.companies
    gradient = state.cost.gradient.copy()
    gradient[:count] += d_gradient
    d_room = [
        problem.invested(d_sides),
        problem.row_of @ d_sides,
        problem.limit_of @ d_sides - np.array(d_values),
    ]
    room = state.room + np.concatenate(d_room)
    curvature = lagrangian(state, solved.multipliers)
    found = best_of_model(state, curvature, gradient, room, len(problem.total))
    return np.asarray(solved.x[:count] + found.x[:count])


def pulled_back(
    problem: Problem, at: Linearised, given: Given, by_weight: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Derivatives of `by_weight @ weights` by return [draw, company], probability and side."""
    by_gradient, by_level = by_weight @ at.by_gradient, by_weight @ at.by_limit
    by_return = np.zeros(given.returns.shape)
    by_probability = np.zeros(len(given.probabilities))
    for place, which in enumerate((problem.cost, *problem.limits)):
        by_value = -by_level[place - 1] if place else 0.0
        for (scale, _), local in zip(which.parts, at.locals[place], strict=True):
            count = scale * at.counts[place]
            of = transposed(
                local, given.returns, given.probabilities, scale * by_value, count * by_gradient
            )
            by_return += of[0]
            by_probability += of[1]
    return by_return, by_probability, by_weight @ at.by_side
