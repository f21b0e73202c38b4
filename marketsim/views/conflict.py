"""Why no probabilities satisfy the views, in the caller's words, and what could be had.

Small linear programmes over the probabilities: each view is left out in turn until those that
are left conflict and no fewer do (the deletion filter of Chinneck and Dravnieks 1991), then each
quantity's range is found with the other views kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, isfinite, log10
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InfeasibleError, SolverError
from .constraint import FloatArray, ViewConstraint

__all__ = ["explain"]

IntArray = NDArray[np.intp]

EXCESS: Final = 1e-9
"""By how much views must give way, over the largest distance from a bound, to be in conflict."""

DIGITS: Final = 6
COLUMNS: Final = 64
ROUNDS: Final = 200
OPTIMAL: Final = 1e-10
PRECISE: Final = {
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
    "time_limit": 10.0,
}


def explain(prior: FloatArray, constraints: Sequence[ViewConstraint]) -> None:
    """Pass if some probabilities, 0 where ``prior`` [draw] are, satisfy the constraints.

    Raises
    ------
    InfeasibleError
        Naming views that conflict, no fewer of which would, and what could be had instead.
    """
    kept = [one.within(prior > 0.0) for one in constraints]
    alone = [one for one in kept if _excess([one]) > EXCESS]
    if alone:
        raise InfeasibleError(_sentence([one for one in kept if one.text == alone[0].text]))
    if _excess(kept) > EXCESS:
        raise InfeasibleError(_sentence(_minimal_conflict(kept)))


def _minimal_conflict(constraints: list[ViewConstraint]) -> list[ViewConstraint]:
    """Constraints of views that conflict, of which none can be left out."""
    kept = constraints
    for text in dict.fromkeys(one.text for one in constraints):
        fewer = [one for one in kept if one.text != text]
        if _excess(fewer) > EXCESS:
            kept = fewer
    return kept


def _sentence(conflict: list[ViewConstraint]) -> str:
    texts = list(dict.fromkeys(one.text for one in conflict))
    if len(texts) == 1:
        ranges = {one.quantity: _range(one, []) for one in conflict}
        can = " and ".join(f"{name} can be {reach}" for name, reach in ranges.items())
        return f"no probabilities of these scenarios satisfy '{texts[0]}': {can}"
    ranges = {
        one.quantity: _range(one, [other for other in conflict if other.text != one.text])
        for one in conflict
    }
    named = " and ".join(f"'{text}'" for text in texts)
    can = ", or ".join(f"{name} can be {reach}" for name, reach in ranges.items())
    return f"no probabilities of these scenarios satisfy {named} together: with the others, {can}"


def _range(one: ViewConstraint, others: list[ViewConstraint]) -> str:
    """What a constraint's quantity can be while others hold, in words."""
    low, high = (sign * _least(sign * one.values, others) for sign in (1.0, -1.0))
    if abs(high - low) <= 10.0**-DIGITS * max(abs(low), abs(high)):
        return f"{0.5 * (low + high):.{DIGITS}g} only"
    return f"{_rounded(low, up=True)} to {_rounded(high, up=False)}"


def _rounded(number: float, up: bool) -> str:
    """A number in a few digits, rounded to the side where it can be had."""
    if number == 0.0 or not isfinite(number):
        return f"{number:g}"
    unit = 10.0 ** (floor(log10(abs(number))) - DIGITS + 1)
    near = round(number / unit) * unit
    inside = near >= number - 1e-9 * unit if up else near <= number + 1e-9 * unit
    return f"{near if inside else near + (unit if up else -unit):.{DIGITS}g}"


def _excess(constraints: list[ViewConstraint]) -> float:
    """The least amount by which all must give way together; 0 if probabilities exist."""
    return _solved(constraints)[0] if constraints else 0.0


def _solved(constraints: list[ViewConstraint]) -> tuple[float, IntArray]:
    """The excess, and the draws that the programme met on its way."""
    rows = _rows(constraints)
    ends = np.unique(np.concatenate([rows.argmin(axis=1), rows.argmax(axis=1)]))
    return _programme(np.zeros(rows.shape[1]), rows, 0.0, ends, elastic=True)


def _least(values: FloatArray, others: list[ViewConstraint]) -> float:
    """The least expectation of ``values`` [draw] while others, that can all hold, do."""
    if not others:
        return float(values.min())
    _, some = _solved(others)
    start = np.union1d(some, values.argmin())
    return _programme(values, _rows(others), EXCESS, start, elastic=False)[0]


def _rows(constraints: list[ViewConstraint]) -> FloatArray:
    """Values whose expectation is to be at most 0, each at most 1 in size, [row, draw].

    What is to be just 0 makes two rows.
    """
    upper = np.stack([one.upper() for one in constraints])
    size = np.abs(upper).max(axis=1, keepdims=True)
    upper /= np.where(size > 0.0, size, 1.0)
    return np.vstack([upper, -upper[[one.sense == "==" for one in constraints]]])


def _programme(
    cost: FloatArray, rows: FloatArray, bound: float, some: IntArray, *, elastic: bool
) -> tuple[float, IntArray]:
    """Minimise ``cost @ p`` over probabilities with ``rows @ p <= bound``, by column generation.

    Elastic, all rows give way by one amount, which is what is minimised. Begins with ``some``
    draws, over which there must be a solution, and adds those of the lowest reduced cost; each
    programme has few columns, whatever the number of draws.
    """
    for _ in range(ROUNDS):
        value, prices, level = _restricted(cost[some], rows[:, some], bound, elastic)
        reduced = cost - prices @ rows - level
        reduced[some] = 0.0
        order = np.argsort(reduced, kind="stable")[:COLUMNS]
        better = order[reduced[order] < -OPTIMAL * max(1.0, float(np.abs(cost).max()))]
        if not better.size:
            break
        some = np.union1d(some, better)
    return value, some


def _restricted(
    cost: FloatArray, rows: FloatArray, bound: float, elastic: bool
) -> tuple[float, FloatArray, float]:
    """Optimum, and prices of the rows and of the sum of probabilities."""
    from scipy.optimize import linprog

    count, draws = rows.shape
    columns = draws + elastic
    table, total, weights = np.zeros((count, columns)), np.zeros((1, columns)), np.zeros(columns)
    table[:, :draws], total[0, :draws], weights[:draws] = rows, 1.0, cost
    table[:, draws:], weights[draws:] = -1.0, 1.0
    limits = np.full(count, bound)
    found = linprog(
        weights, table, limits, total, [1.0], (0.0, None), method="highs", options=PRECISE
    )
    if found.fun is None:
        raise SolverError(f"view: a small linear programme failed: {found.message}")
    return float(found.fun), found.ineqlin.marginals, float(found.eqlin.marginals[0])
