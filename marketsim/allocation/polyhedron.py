"""The weights that the constraints allow: how far they reach, and what would make room for any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..errors import SolverError
from .bounds import Bound
from .constraints import Constraints
from .deadline import Deadline
from .linear import LinearProgramme, Solution, solve_linear

__all__ = ["highest", "moves_needed", "nearest_feasible", "slack_needed"]

FloatArray = NDArray[np.float64]

SECONDS = 20.0  # for one of these small programmes, where nobody says otherwise


def highest(
    gradient: FloatArray, constraints: Constraints, deadline: Deadline | None = None
) -> float:
    """The most that `gradient @ weights` [company] can be.

    Raises
    ------
    SolverError
        If it cannot be found in time.
    """
    size = float(np.abs(gradient).max()) or 1.0
    none = sparse.csc_array((len(constraints.sides), 0))
    found = _solved(constraints, -gradient / size, none, np.empty(0), deadline)
    if isinstance(found, str):
        raise SolverError(f"the best weights of a regime were not found ({found})")
    return -found.bound * size


def slack_needed(constraints: Constraints, deadline: Deadline | None = None) -> float:
    """The least amount by which all bounds must give way together; 0 if weights exist.

    It is infinite where no amount will do, and 0 where it was not found in time.
    """
    needed = _moves(constraints, -constraints.gains[:, None], deadline)
    return float(needed[0]) if isinstance(needed, np.ndarray) else needed


def moves_needed(
    constraints: Constraints, movable: Sequence[Bound], deadline: Deadline | None = None
) -> FloatArray | None:
    """Least moves [bound] of some bounds, the others kept, that make room; None if none do."""
    rows = [len(one.members) for one in constraints.bounds]
    columns = [
        -constraints.gains * np.repeat([one is moved for one in constraints.bounds], rows)
        for moved in movable
    ]
    needed = _moves(constraints, np.array(columns).T, deadline)
    return needed if isinstance(needed, np.ndarray) else None


def nearest_feasible(weights: FloatArray, constraints: Constraints) -> FloatArray:
    """The weights that satisfy the constraints with the least sum of changes from given ones.

    Where none are found the weights come back as they are.
    """
    count, more = len(weights), len(constraints.tops)
    each, budget = sparse.eye_array(count), np.repeat([1.0, 0.0], [count, more + 2 * count])
    rows = [
        sparse.hstack([constraints.matrix, sparse.csc_array((len(constraints.sides), 2 * count))]),
        sparse.hstack([each, sparse.csc_array((count, more)), -each, each]),
        *([budget[None, :]] if constraints.budget else []),
    ]
    total = [1.0] if constraints.budget else []
    below = np.full(len(constraints.sides), -np.inf)
    programme = LinearProgramme(
        np.repeat([0.0, 1.0], [count + more, 2 * count]),
        np.repeat([-np.inf, 0.0], [count, more + 2 * count]),
        np.concatenate([np.full(count, np.inf), constraints.tops, np.full(2 * count, np.inf)]),
        sparse.vstack(rows),
        np.concatenate([below, weights, total]),
        np.concatenate([constraints.sides, weights, total]),
    )
    found = solve_linear(programme, SECONDS)
    return weights if isinstance(found, str) else found.values[:count]


def _moves(
    constraints: Constraints, rows: FloatArray, deadline: Deadline | None
) -> FloatArray | float:
    """Least sum of moves that each add to the sides what stands in their column of `rows`."""
    flat = np.zeros(len(constraints.tickers))
    found = _solved(constraints, flat, sparse.csc_array(rows), np.ones(rows.shape[1]), deadline)
    if isinstance(found, Solution):
        return found.values[-rows.shape[1] :]
    return np.inf if "infeasible" in found else 0.0


def _solved(
    constraints: Constraints,
    by_weight: FloatArray,
    moves: object,
    by_move: FloatArray,
    deadline: Deadline | None,
) -> Solution | str:
    """Least cost over weights, auxiliaries and moves from 0 up."""
    count, more, extra = len(by_weight), len(constraints.tops), len(by_move)
    matrix = sparse.hstack([constraints.matrix, moves])
    low, high = np.full(len(constraints.sides), -np.inf), constraints.sides
    if constraints.budget:
        matrix = sparse.vstack([matrix, np.repeat([1.0, 0.0], [count, more + extra])[None, :]])
        low, high = np.append(low, 1.0), np.append(high, 1.0)
    free, rest = np.full(count, np.inf), np.zeros(more + extra)
    fixed = np.zeros(count, dtype=bool), np.zeros(extra, dtype=bool)
    programme = LinearProgramme(
        np.concatenate([by_weight, np.zeros(more), by_move]),
        np.concatenate([-free, rest]),
        np.concatenate([free, constraints.tops, np.full(extra, np.inf)]),
        matrix,
        low,
        high,
        np.concatenate([fixed[0], constraints.whole, fixed[1]]),
    )
    return solve_linear(programme, deadline.left() if deadline else SECONDS)
