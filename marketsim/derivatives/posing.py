"""From an allocation to the smoothed problem that it solves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..allocation.constraints import Constraints
from ..allocation.families import Portfolio, portfolio_of
from ..allocation.marginals import Optimum
from ..allocation.objectives import Objective
from ..allocation.terms import TransactionCost
from ..errors import InputError
from .pieces import piece_of
from .problem import Given, Problem, Sum

__all__ = ["problem_of"]

FloatArray = NDArray[np.float64]
Marks = NDArray[np.bool_]

FIXED: Final = ("RegimeLoss", "Neutral.beta")
"""Limits whose coefficients come from the returns."""


def problem_of(optimum: Optimum, width: float) -> tuple[Problem, Given, FloatArray]:
    """The smoothed problem of an allocation, what it was given, and where it was solved [column].

    A limit on a smoothed term gives way by what smoothing adds to the term at the weights found,
    so that the weights fill it as they did.

    Raises
    ------
    InputError
        For terms and limits that have no derivative here.
    """
    constraints, scenarios = optimum.constraints, optimum.scenarios
    _check(constraints)
    at = portfolio_of(scenarios, optimum.weights)
    direction = optimum.objective.direction()
    sums = [(-direction, optimum.objective)]
    sums += [(-limit.sign, limit.objective) for limit in constraints.on_terms]
    trading = _trading([whole for _, whole in sums])
    matrix, sides, x = _rows(constraints, trading, at)
    kept = ~_implied(matrix, sides, constraints)
    cost, *limits = (_sum(sign, whole, at, width, trading, len(x)) for sign, whole in sums)
    names, row_of, limit_of = _sides(constraints, len(sides))
    row_names = np.array(_row_names(constraints, len(sides)))[kept]
    given = Given(scenarios.returns, scenarios.probabilities, _given(constraints))
    problem = Problem(
        tickers=scenarios.tickers,
        cost=cost,
        limits=tuple(limits),
        limit_names=tuple(limit.argument for limit in constraints.on_terms),
        matrix=matrix[kept],
        row_names=tuple(map(str, row_names)),
        sides=(sides - row_of @ given.sides)[kept],
        levels=np.zeros(len(limits)),
        budget=constraints.budget,
        names=names,
        row_of=row_of[kept],
        limit_of=limit_of,
        direction=direction,
    )
    blurred = [
        problem.value(which, x, given) + limit.sign * limit.objective.value(at)
        for which, limit in zip(limits, constraints.on_terms, strict=True)
    ]
    return replace(problem, levels=np.array(blurred)), given, x


def _check(constraints: Constraints) -> None:
    for bound in constraints.bounds:
        if bound.argument.startswith(FIXED):
            raise InputError(
                f"{bound.argument} has no derivative here: its coefficients come from the returns; "
                "limit a term instead, such as at_most(CVaR(0.95), 0.2)"
            )
    if constraints.whole.any():
        raise InputError("Holdings that were not chosen have no derivative: allocate first")


def _trading(sums: Sequence[Objective]) -> tuple[TransactionCost, ...]:
    found = (term for whole in sums for _, term in whole.parts)
    return tuple(dict.fromkeys(one for one in found if isinstance(one, TransactionCost)))


def _rows(
    constraints: Constraints, trading: Sequence[TransactionCost], at: Portfolio
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Rows [row, column], their sides [row], and the point [column] of a portfolio."""
    count, own = len(at.weights), constraints.matrix.toarray()
    more = own.shape[1] - count
    sizes = _sizes(constraints, at.weights)
    blocks, sides, x = [own], [constraints.sides], [at.weights, sizes]
    one = np.eye(count)
    for place, term in enumerate(trading):
        held = term.held(at.scenarios)
        before = np.zeros((count, more + place * count))
        blocks.append(np.vstack([np.hstack([one, before, -one]), np.hstack([-one, before, -one])]))
        sides += [held, -held]
        x.append(np.abs(at.weights - held))
    columns = more + count * (1 + len(trading))
    wide = [np.pad(block, ((0, 0), (0, columns - block.shape[1]))) for block in blocks]
    return np.vstack(wide), np.concatenate(sides), np.concatenate(x)


def _implied(matrix: FloatArray, sides: FloatArray, constraints: Constraints) -> Marks:
    """Rows that tie a size to a weight from a side on which the weight cannot lie [row].

    With them more limits would be filled than there are variables where nothing is traded.
    """
    low, high = constraints.ranges
    count = len(low)
    mine, rest = matrix[:, :count], matrix[:, count:]
    tying = (rest < 0.0).any(axis=1)
    most = np.maximum(mine, 0.0) @ high + np.minimum(mine, 0.0) @ low
    implied, seen = tying & (most <= sides), set()
    for i in np.flatnonzero(implied):
        size = int(np.flatnonzero(rest[i])[0])
        implied[i] = size not in seen  # one of two is left where the weight is fixed
        seen.add(size)
    return np.asarray(implied)


def _sizes(constraints: Constraints, weights: FloatArray) -> FloatArray:
    """The auxiliaries of weights: the least that the rows allow [auxiliary]."""
    count = len(weights)
    matrix = constraints.matrix.toarray()
    mine, rest = matrix[:, :count], matrix[:, count:]
    tying = (rest < 0.0).any(axis=1)
    short = (mine @ weights - constraints.sides)[:, None] / np.where(rest < 0.0, -rest, 1.0)
    least = np.where(rest < 0.0, short, -np.inf)[tying]
    return np.maximum(least.max(axis=0, initial=-np.inf), 0.0) if rest.shape[1] else np.zeros(0)


def _sum(
    sign: float,
    whole: Objective,
    at: Portfolio,
    width: float,
    trading: Sequence[TransactionCost],
    columns: int,
) -> Sum:
    """A sum times a sign; costs of trading go to the auxiliaries that they have."""
    tilt, parts = np.zeros(columns), []
    count = len(at.weights)
    first = columns - count * len(trading)
    for scale, term in whole.parts:
        if isinstance(term, TransactionCost):
            start = first + count * trading.index(term)
            tilt[start : start + count] += sign * scale * term.prices(at.scenarios)
        else:
            parts.append((sign * scale, piece_of(term, at, width)))
    return Sum(tuple(parts), tilt)


def _sides(constraints: Constraints, rows: int) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Names of the sides, and what each counts in the rows and in the limits on terms."""
    own = [i for i, name in enumerate(constraints.names) if name]
    first, limits = int(constraints.budget), len(constraints.on_terms)
    signed = np.concatenate([np.empty(0), *(one.gains / one.norms for one in constraints.bounds)])
    row_of = np.zeros((rows, first + len(own) + limits))
    row_of[own, first + np.arange(len(own))] = signed[own]
    limit_of = np.zeros((limits, row_of.shape[1]))
    limit_of[:, first + len(own) :] = np.diag([-one.sign for one in constraints.on_terms])
    names = ["budget"] * first + [constraints.names[i] for i in own]
    names += [limit.argument for limit in constraints.on_terms]
    return tuple(names), row_of, limit_of


def _given(constraints: Constraints) -> FloatArray:
    bounds = [one.bound for one in constraints.bounds for name in one.names if name]
    levels = [limit.level for limit in constraints.on_terms]
    return np.array([1.0] * constraints.budget + bounds + levels)


def _row_names(constraints: Constraints, rows: int) -> tuple[str, ...]:
    arguments = [one.argument for one in constraints.bounds for _ in one.names]
    told = [name or other for name, other in zip(constraints.names, arguments, strict=True)]
    return (*told, *("TransactionCost",) * (rows - len(told)))
