"""How weights answer a change: the implicit function theorem on the limits that are filled."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .conditions import Solved, lagrangian, unit_of, within
from .problem import Problem

__all__ = ["Response", "response_of"]

FloatArray = NDArray[np.float64]
Marks = NDArray[np.bool_]

WEAK: Final = 1e-7
"""A limit that is filled within this, at a price of no more, is filled weakly. As weights, and in
units of the cost's gradient."""

NAMED: Final = 0.3
"""Companies that move by more, in units of the one that moves most, are named."""


class Response(NamedTuple):
    """Change of `x` [column] with what it depends on; and where that is in doubt."""

    by_gradient: FloatArray  # [column, column]: with the Lagrangian's gradient
    by_room: FloatArray  # [column, as `State.rows`]: with the sides
    degenerate: tuple[str, ...]


def response_of(problem: Problem, solved: Solved) -> Response:
    """The derivatives of `x`, and sentences on what makes them one-sided or arbitrary."""
    rows = solved.state.rows
    loose = _loose(problem, solved)
    aside = np.asarray((np.abs(rows[:, loose]) > 0.0).any(axis=1))
    stiff, used = np.flatnonzero(~loose), np.flatnonzero(solved.filled & ~aside)
    square = np.ix_(stiff, stiff)
    curvature = lagrangian(solved.state, solved.multipliers)[square]
    inside = within(curvature, rows[np.ix_(used, stiff)])
    by_gradient, by_room = np.zeros((problem.columns,) * 2), np.zeros(rows.T.shape)
    by_gradient[square] = -inside.inner
    by_room[np.ix_(stiff, used)] = inside.back - inside.inner @ (curvature @ inside.back)
    sentences = [*_doubts(problem, solved, aside), *_flat(problem, stiff, inside.flat)]
    return Response(by_gradient, by_room, tuple(sentences))


def _loose(problem: Problem, solved: Solved) -> Marks:
    """Auxiliaries that nothing charges: sizes under a limit that is not filled [column]."""
    count = len(problem.total) + len(problem.sides)
    prices = np.abs(solved.state.rows[:count]).T @ np.abs(solved.duals[:count])
    unit = WEAK * unit_of(solved.state)
    free = (np.abs(problem.cost.tilt) <= 0.0) & (prices <= unit)
    for by, limit in zip(solved.multipliers, problem.limits, strict=True):
        free &= by * np.abs(limit.tilt) <= unit
    free[: problem.companies] = False
    return np.asarray(free)


def _doubts(problem: Problem, solved: Solved, aside: Marks) -> list[str]:
    """Sentences on limits that are filled and cost nothing, or say what others say."""
    names = ["budget"] * problem.budget + [*problem.row_names, *problem.limit_names]
    plain = ~aside & ~_opposed(solved)
    plain[: len(problem.total)] = False
    free = solved.duals <= WEAK * unit_of(solved.state)
    weak = (solved.state.room <= WEAK) & free & ~solved.left_out & plain
    return [
        *(
            f"{name} is filled at no price: derivatives hold on one side of it"
            for name in dict.fromkeys(names[i] for i in np.flatnonzero(weak))
        ),
        *(
            f"{name} is filled wherever others are: multipliers, and derivatives by the sides of "
            "either, hold one way only"
            for name in dict.fromkeys(names[i] for i in np.flatnonzero(solved.left_out & plain))
        ),
    ]


def _opposed(solved: Solved) -> Marks:
    """Rows that a filled one faces from the other side: a company fixed by floor and cap."""
    rows = solved.state.rows
    ways = rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-300)[:, None]
    facing = (ways @ ways[solved.filled].T < -1.0 + 1e-12).any(axis=1)
    return np.asarray(facing & (solved.state.room <= WEAK))


def _flat(problem: Problem, stiff: NDArray[np.int64], flat: FloatArray) -> list[str]:
    """A sentence on companies between which the best weights may be moved at no cost."""
    if not flat.shape[1]:
        return []
    moves = np.linalg.norm(flat, axis=1)[stiff < problem.companies]
    names = [problem.tickers[i] for i in np.flatnonzero(moves > NAMED * moves.max(initial=0.0))]
    return [
        f"weights of {', '.join(names)} are not the only best ones: their derivatives are those of "
        "the shortest change"
    ]
