"""Programmes with bends, through cvxpy: built once for each shape, re-solved with new numbers."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from time import monotonic
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..errors import SolverError
from .families import Bend
from .linear import LinearProgramme
from .programme import Answer, Programme

__all__ = ["solve_conic"]

FloatArray = NDArray[np.float64]

LOCK: Final = Lock()
"""Programmes that are kept hold the numbers of one allocation at a time."""

KEPT: Final = {True: 5_000, False: 300_000}
"""Entries of the matrix up to which a shape is built with parameters and kept: with cones, without.
cvxpy takes tens of seconds to build a cone programme of more parameters (and one of constants in
milliseconds), so larger ones are built with their numbers each time."""


class Numbers(NamedTuple):
    """The numbers of a programme, or the parameters that stand for them."""

    cost: Any
    equal: Any  # rows that are equations, and their sides
    equal_side: Any
    below: Any  # rows that have an upper side
    below_side: Any
    lower: Any  # of the columns that have one
    upper: Any


class Shape(NamedTuple):
    """What a programme is apart from its numbers."""

    columns: int
    equal: tuple[int, bytes]  # rows and pattern of the matrix
    below: tuple[int, bytes]
    lower: bytes  # which columns have a lower bound
    upper: bytes
    bends: tuple[Bend, ...]


@dataclass(frozen=True, eq=False)
class Built:
    """A problem, its columns, the equation that holds the weights, and where its numbers go."""

    problem: Any
    columns: Any
    balance: Any
    numbers: Numbers


def solve_conic(programme: Programme, solver: str, seconds: float) -> Answer | str:
    """The answer of one of cvxpy's solvers, on one thread; or why there is none.

    Raises
    ------
    SolverError
        If the programme breaks the rules of disciplined parametrised programming.
    """
    with LOCK:
        return _solved(programme, solver, seconds)


def _solved(programme: Programme, solver: str, seconds: float) -> Answer | str:
    import cvxpy as cp

    cones = any(bend.kind != "square" or bend.over is not None for bend in programme.bends)
    built, end = _built(programme, cones), monotonic() + seconds
    for options in _options(solver, cones):
        options["time_limit" if solver == "CLARABEL" else "time_limit_secs"] = end - monotonic()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # inexact answers warn; here they are refused
                # From the last answer it would get to another in the last digits.
                built.problem.solve(solver=solver, warm_start=False, **options)
        except cp.SolverError as error:
            return str(error).splitlines()[0]
        if built.problem.status != cp.OPTIMAL_INACCURATE or monotonic() >= end:
            break
    if built.problem.status != cp.OPTIMAL:
        return f"status {built.problem.status}"
    return programme.answer(np.asarray(built.columns.value), np.asarray(built.balance.dual_value))


def _options(solver: str, cones: bool) -> list[dict[str, Any]]:
    """One thread, and tolerances from below those of the certificate to those that can be had.

    An objective right to 1e-8 may leave 1e-4 in the weights of a quadratic programme; with cones
    Clarabel may get no further than that, and calls its answer inaccurate if asked for more.
    """
    if solver == "CLARABEL":
        names = ("tol_gap_abs", "tol_gap_rel", "tol_feas")
        ladder = [(1e-12, 1e-12, 1e-10), (1e-9, 1e-9, 1e-9), (1e-8, 1e-8, 1e-8)]
        return [{"max_threads": 1} | dict(zip(names, one, strict=True)) for one in ladder[cones:]]
    return [{"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iters": 1_000_000}]


def _built(programme: Programme, cones: bool) -> Built:
    """The problem of a programme, with its numbers in it."""
    numbers = _numbers(programme.linear)
    if numbers.equal.nnz + numbers.below.nnz > KEPT[cones]:
        return _problem(_shape(programme, numbers), numbers)
    built = _kept(_shape(programme, numbers))
    for parameter, number in zip(built.numbers, numbers, strict=True):
        if sparse.issparse(number) and number.shape[0]:
            parameter.value_sparse = number
        elif number.shape[0]:
            parameter.value = number
    return built


def _numbers(linear: LinearProgramme) -> Numbers:
    """Rows as equations or with an upper side; bounds where there are any."""
    rows = sparse.csr_array(linear.matrix)
    equal = linear.low == linear.high
    high, low = np.isfinite(linear.high) & ~equal, np.isfinite(linear.low) & ~equal
    below = sparse.vstack([rows[high], -rows[low]]).tocoo()
    return Numbers(
        linear.cost,
        rows[equal].tocoo(),
        linear.high[equal],
        below,
        np.concatenate([linear.high[high], -linear.low[low]]),
        linear.lower[np.isfinite(linear.lower)],
        linear.upper[np.isfinite(linear.upper)],
    )


def _shape(programme: Programme, numbers: Numbers) -> Shape:
    linear = programme.linear
    patterns = [
        (block.shape[0], np.concatenate([block.row, block.col]).astype(np.int32).tobytes())
        for block in (numbers.equal, numbers.below)
    ]
    sides = [np.isfinite(side).tobytes() for side in (linear.lower, linear.upper)]
    return Shape(len(linear.cost), patterns[0], patterns[1], sides[0], sides[1], programme.bends)


@lru_cache(maxsize=32)
def _kept(shape: Shape) -> Built:
    """The problem of a shape, with parameters for its numbers."""
    import cvxpy as cp

    def matrix(rows: int, pattern: bytes) -> Any:
        if not rows:
            return None
        where = np.frombuffer(pattern, dtype=np.int32).reshape(2, -1)
        return cp.Parameter((rows, shape.columns), sparsity=(where[0], where[1]))

    count = [int(np.frombuffer(side, dtype=bool).sum()) for side in (shape.lower, shape.upper)]
    parameters = Numbers(
        cp.Parameter(shape.columns),
        matrix(*shape.equal),
        cp.Parameter(shape.equal[0]),
        matrix(*shape.below),
        cp.Parameter(shape.below[0]),
        cp.Parameter(count[0]),
        cp.Parameter(count[1]),
    )
    return _problem(shape, parameters)


def _problem(shape: Shape, numbers: Numbers) -> Built:
    import cvxpy as cp

    x = cp.Variable(shape.columns)
    balance = numbers.equal @ x == numbers.equal_side
    rules = [balance]
    lower, upper = (
        np.flatnonzero(np.frombuffer(s, dtype=bool)) for s in (shape.lower, shape.upper)
    )
    if shape.below[0]:
        rules.append(numbers.below @ x <= numbers.below_side)
    if lower.size:
        rules.append(x[lower] >= numbers.lower)
    if upper.size:
        rules.append(x[upper] <= numbers.upper)
    aim = numbers.cost @ x
    for bend in shape.bends:
        cost, rule = _bent(x, bend)
        aim, rules = aim + cost, rules + rule
    problem = cp.Problem(cp.Minimize(aim), rules)
    if not problem.is_dcp(dpp=True):
        raise SolverError("an allocation breaks the rules of disciplined programming (DPP)")
    return Built(problem, x, balance, numbers)


def _bent(x: Any, bend: Bend) -> tuple[Any, list[Any]]:
    """What a bend costs, and the cones that hold its columns."""
    import cvxpy as cp

    part = x[bend.start : bend.stop]
    by = None if bend.over is None else x[bend.over]
    if bend.kind == "ball":
        return 0.0, [cp.norm(part) <= (1.0 if by is None else by)]
    if bend.kind == "square":
        return cp.sum_squares(part) if by is None else cp.quad_over_lin(part, by), []
    if by is None:
        return cp.sum(cp.power(cp.abs(part), 3)), []
    count = bend.stop - bend.start
    cubes = cp.Variable(count)  # at least |part|^3 / by^2
    return cp.sum(cubes), [cp.PowCone3D(cubes, by * np.ones(count), part, np.full(count, 1 / 3))]
