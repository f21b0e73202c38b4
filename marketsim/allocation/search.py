"""Weights that keep to limits on terms, or why there are none.

The room that the tightest limit leaves is a concave function of the weights, so that the most of
it is found, and proved, as any objective is. Where it is above 0 the weights are a place to start
from; where no weights reach 0 the limits are left out in turn, as `infeasible` does with others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil, floor, isfinite, log10
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InfeasibleError, SolverError
from .bounds import Bound
from .constraints import Constraints
from .families import Portfolio
from .limits import TermLimit
from .objectives import Objective
from .programme import typical
from .solvers import Case, Found

__all__ = ["inside", "lacks_room", "room"]

FloatArray = NDArray[np.float64]
Solve = Callable[[Case, float], Found]

GAP = 1e-5  # in units of the limits, to which the most room is found
NONE = 1e-8  # less room than minus this is none
DIGITS = 4  # of a level said to work


@dataclass(frozen=True)
class Room(Objective):
    """The least room that weights leave to some limits on terms, in units of each."""

    limits: tuple[TermLimit, ...] = ()
    searches: ClassVar[bool] = True

    def value(self, at: Portfolio) -> float:
        """The least of the rooms."""
        unit = typical(at.scenarios)
        return min(one.room(at) / one.unit(at.scenarios, unit) for one in self.limits)

    def direction(self) -> float:
        """It is to be maximised."""
        return 1.0

    def __repr__(self) -> str:
        return " and ".join(map(repr, self.limits))


def room(case: Case, solve: Solve) -> Found:
    """The weights that leave most room to the limits on terms, and a bound of it."""
    aim = Room((), case.constraints.on_terms)
    return solve(case._replace(objective=aim, inside=None), GAP)


def inside(case: Case, solve: Solve) -> FloatArray | None:
    """Weights that keep to all limits on terms; None where there are no such limits.

    Raises
    ------
    InfeasibleError
        If there are none, naming the limits that conflict and the levels that can be had.
    """
    if not case.constraints.on_terms:
        return None
    found = room(case, solve)
    if lacks_room(found):
        raise InfeasibleError(_explained(case, solve))
    return found.portfolio.weights


def lacks_room(found: Found) -> bool:
    """Whether no weights keep to the limits, by the bound of the most room."""
    return found.proof.certificate.bound < -NONE


def _explained(case: Case, solve: Solve) -> str:
    constraints = case.constraints
    total = " that sum to 1" if constraints.budget else ""
    try:
        conflict = _minimal(case, solve)
        limits = conflict.constraints.on_terms
        levels = [level for one in limits if (level := _attainable(case, one, solve))]
        remedy = ", or ".join(levels) or "no single one can give way enough"
        named: list[Bound | TermLimit] = [one for one in conflict.constraints.bounds if one.told]
        named += [*limits]
    except SolverError:
        named = [one for one in constraints.bounds if one.told] + [*constraints.on_terms]
        remedy = "time_limit was over before the fewest that conflict were found"
    return f"no weights{total} satisfy {', '.join(map(str, named))}: {remedy}"


def _minimal(case: Case, solve: Solve) -> Case:
    """The case with limits that conflict alone, of which none can be left out."""
    for limit in case.constraints.on_terms:
        fewer = tuple(one for one in case.constraints.on_terms if one is not limit)
        case = _without(case, replace(case.constraints, on_terms=fewer), solve)
    for bound in case.constraints.bounds:
        if bound.told:
            case = _without(case, case.constraints.without(bound), solve)
    return case


def _without(case: Case, fewer: Constraints, solve: Solve) -> Case:
    """The case with fewer constraints if they conflict too; else as it is."""
    if not fewer.on_terms:
        return case
    less = case._replace(constraints=fewer)
    try:
        return less if lacks_room(room(less, solve)) else case
    except SolverError:  # without a floor weights may go anywhere
        case.deadline.left()
        return case


@dataclass(frozen=True)
class Best(Objective):
    """A limited sum in its concave direction, to be maximised even where it is linear."""

    def direction(self) -> float:
        """It is to be maximised."""
        return 1.0


def _attainable(case: Case, limit: TermLimit, solve: Solve) -> str:
    """The best level that all other limits leave; empty where they leave no weights."""
    others = tuple(one for one in case.constraints.on_terms if one is not limit)
    rest = case._replace(constraints=replace(case.constraints, on_terms=others))
    start = room(rest, solve) if others else None
    if start is not None and lacks_room(start):
        return ""
    within = None if start is None else start.portfolio.weights
    aim = Best((limit.sign * limit.objective).parts)
    found = solve(rest._replace(objective=aim, inside=within), GAP)
    level = limit.sign * found.proof.objective
    if not isfinite(level):
        return ""
    words = ("at least", ceil) if limit.ceiling else ("at most", floor)
    return f"{limit.argument} must be {words[0]} {_rounded(level, words[1])}"


def _rounded(level: float, towards: Callable[[float], int]) -> str:
    """To so many digits that count, and not to where there is no room."""
    places = DIGITS - 1 - floor(log10(abs(level))) if level else 0
    return f"{towards(level * 10.0**places) / 10.0**places:.15g}"
