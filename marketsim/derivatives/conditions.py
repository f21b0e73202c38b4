"""The optimality conditions on the limits that are filled, as equations.

On them the weights move within what the limits leave: with Z a basis of that and H the curvature of
the Lagrangian, a gradient g moves them by -Z (Z'HZ)^-1 Z'g, and a miss of the limits by as little
more as it takes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .problem import Given, Near, Problem

__all__ = ["Solved", "State", "Within", "lagrangian", "sharpened", "state_of", "unit_of", "within"]

FloatArray = NDArray[np.float64]
Marks = NDArray[np.bool_]

STEPS: Final = 12
SHARP: Final = 1e-13
"""Miss of the conditions, in units of the cost's gradient, that is rounding."""

ENOUGH: Final = 1e-9
"""A miss of more is no solution."""

FAR: Final = 1.0
"""A step of more, as weights, is none towards a solution nearby."""

WRONG: Final = 1e-10
"""By how much a filled limit may pull outwards, in units of the gradient, or another be missed."""

SAME: Final = 1e-9
"""A row's length beyond others, in units of its own, that makes it one of its own."""

FLAT: Final = 1e-9
"""A direction of less curvature, in units of the most, is flat."""


class State(NamedTuple):
    """A point, with its limits to first order and all else to second."""

    x: FloatArray  # [column]
    cost: Near
    limits: tuple[Near, ...]
    rows: FloatArray  # [side of the budget, rows, limits on terms; column]
    room: FloatArray  # [the same]; 0 where filled


class Solved(NamedTuple):
    """Weights at their best, and by which limits; rows come before limits on terms."""

    state: State
    duals: FloatArray  # [as `State.rows`]
    filled: Marks  # [as `State.rows`]: independent of each other
    left_out: Marks  # [as `State.rows`]: filled, but said by others that are
    miss: float  # of the conditions, in units of the cost's gradient

    @property
    def x(self) -> FloatArray:
        """Weights and auxiliaries [column]."""
        return self.state.x

    @property
    def multipliers(self) -> FloatArray:
        """Of the limits on terms [limit]."""
        return self.duals[len(self.duals) - len(self.state.limits) :]


class Within(NamedTuple):
    """What rows leave, and the curvature there."""

    back: FloatArray  # [column, row]: the shortest step that changes a row by 1
    inner: FloatArray  # [column, column]: inverse of the curvature on what is left
    flat: FloatArray  # [column, direction]: without curvature


def state_of(problem: Problem, given: Given, x: FloatArray) -> State:
    """The problem at `x` [column]."""
    cost = problem.near(problem.cost, x, given)
    limits = tuple(problem.near(one, x, given) for one in problem.limits)
    tangents = np.array([one.gradient for one in limits]).reshape(-1, len(x))
    room = [
        problem.invested(given.sides) - problem.total @ x,
        problem.row_sides(given.sides) - problem.matrix @ x,
        problem.limit_levels(given.sides) - np.array([one.value for one in limits]),
    ]
    rows = np.vstack([problem.total, problem.matrix, tangents])
    return State(x, cost, limits, rows, np.concatenate(room))


def lagrangian(state: State, multipliers: FloatArray) -> FloatArray:
    """Curvature of the cost and of what limits on terms add [column, column]."""
    curvature = state.cost.curvature.copy()
    for by, limit in zip(multipliers, state.limits, strict=True):
        curvature += by * limit.curvature
    return curvature


def unit_of(state: State) -> float:
    """The largest entry of the cost's gradient, which multipliers are compared with."""
    return float(np.abs(state.cost.gradient).max(initial=0.0)) or 1.0


def within(curvature: FloatArray, rows: FloatArray) -> Within:
    """What independent rows [row, column] leave of a curvature [column, column]."""
    count, columns = rows.shape
    axes, upper = np.linalg.qr(rows.T, mode="complete")
    back = axes[:, :count] @ np.linalg.inv(upper[:count].T) if count else np.zeros((columns, 0))
    left = axes[:, count:]
    spread, turn = np.linalg.eigh(left.T @ curvature @ left)
    flat = spread <= FLAT * float(np.linalg.norm(curvature))
    directions = left @ turn
    inverse = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, spread))
    return Within(back, (directions * inverse) @ directions.T, directions[:, flat])


def sharpened(
    problem: Problem, given: Given, x: FloatArray, filled: Marks, duals: FloatArray | None = None
) -> Solved | None:
    """The solution near `x`, by Newton's method on the conditions; None if it is not there.

    Parameters
    ----------
    filled : array [as `State.rows`]
        Limits that are taken for filled; those that prove not to be are exchanged.
    duals : array [as `State.rows`], optional
        Multipliers; from the gradient where left out.
    """
    state, filled = state_of(problem, given, x), filled.copy()
    filled[: len(problem.total)] = True
    if duals is None:
        duals = np.zeros(len(filled))
        found = np.linalg.lstsq(state.rows[filled].T, -state.cost.gradient, rcond=1e-10)[0]
        duals[filled] = found
    for _ in range(STEPS):
        kept = _independent(state.rows, filled, duals, len(problem.total))
        curvature = lagrangian(state, duals[len(duals) - len(state.limits) :])
        inside = within(curvature, state.rows[kept])
        moved = inside.back @ state.room[kept]
        step = moved - inside.inner @ (state.cost.gradient + curvature @ moved)
        if not np.abs(step).max(initial=0.0) <= FAR:
            return None
        duals = np.zeros(len(filled))
        duals[kept] = -inside.back.T @ (state.cost.gradient + curvature @ step)
        state = state_of(problem, given, state.x + step)
        wrong = _wrong(problem, state, filled, duals)
        miss = _miss(state, kept, duals)
        if not wrong.any() and miss <= SHARP:
            break
        filled = filled ^ wrong
    if wrong.any() or not miss <= ENOUGH:
        return None
    used = np.zeros(len(filled), dtype=bool)
    used[kept] = True
    return Solved(state, duals, used, filled & ~used, miss)


def _independent(rows: FloatArray, filled: Marks, duals: FloatArray, first: int) -> list[int]:
    """Filled rows that no others add up to: the budget, then those of the highest multipliers."""
    order = np.flatnonzero(filled)
    weight = np.append(np.full(first, np.inf), duals[first:])[order]
    order = order[np.argsort(-weight, kind="stable")]
    if len(order) <= rows.shape[1]:
        lengths = np.linalg.norm(rows[order], axis=1)
        steps = np.abs(np.diag(np.linalg.qr(rows[order].T, mode="r")))
        if (steps > SAME * lengths).all():
            return order.tolist()
    kept: list[int] = []
    basis = np.zeros((0, rows.shape[1]))
    for i in order:
        rest = rows[i]
        for _ in range(2):  # twice is enough (Kahan)
            rest = rest - basis.T @ (basis @ rest)
        size = float(np.linalg.norm(rest))
        if len(basis) < rows.shape[1] and size > SAME * float(np.linalg.norm(rows[i])):
            basis = np.vstack([basis, rest / size])
            kept.append(int(i))
    return kept


def _wrong(problem: Problem, state: State, filled: Marks, duals: FloatArray) -> Marks:
    """Limits that were taken for filled and pull outwards, or were not and are missed."""
    wrong = np.where(filled, duals < -WRONG * unit_of(state), state.room < -WRONG)
    wrong[: len(problem.total)] = False
    return wrong


def _miss(state: State, kept: list[int], duals: FloatArray) -> float:
    left = np.abs(state.cost.gradient + duals @ state.rows).max() / unit_of(state)
    return max(float(left), float(np.abs(state.room[kept]).max(initial=0.0)))
