"""Why no weights satisfy the constraints, in the caller's words, and what would do.

Arithmetic finds the plain cases. The rest goes to small linear programmes: each limit is left
out in turn to find a minimal conflicting set (Chinneck and Dravnieks 1991, the deletion filter),
then each limit of the set alone is moved until weights exist (an elastic re-solve). Limits on
holdings make them mixed-integer ones.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor

import numpy as np

from ..errors import InfeasibleError, SolverError
from .bounds import Bound, ceiling
from .constraints import Constraints
from .deadline import Deadline
from .polyhedron import moves_needed, slack_needed

__all__ = ["check_feasible"]

ROUNDING = 1e-12
SLACK = 1e-9  # less than this is none
DIGITS = 4  # of a suggested bound
OWN = ("min_weight", "max_weight", "max_weights")  # bounds of each name by itself


def check_feasible(constraints: Constraints, deadline: Deadline | None = None) -> None:
    """Pass if some weights satisfy all constraints, or if that is not found out in time.

    Raises
    ------
    InfeasibleError
        Naming limits that conflict, no fewer of which would, and the nearest bounds that work.
    """
    own = [one for one in constraints.bounds if one.argument.startswith(OWN)]
    simple = replace(constraints, bounds=tuple(own))
    _check_ranges(simple)
    if constraints.budget:
        _check_budget(simple)
    if len(own) < len(constraints.bounds):
        _check_by_programme(constraints, deadline)


def _check_ranges(constraints: Constraints) -> None:
    """Each name alone: its floor may not lie above its ceiling."""
    low, high = constraints.ranges
    for i in np.flatnonzero(low > high + ROUNDING)[:1]:
        bottom = max(_own(constraints, i, floor=True), key=lambda one: one.bound)
        top = min(_own(constraints, i, floor=False), key=lambda one: one.bound)
        raise InfeasibleError(
            f"{constraints.tickers[i]} must hold at least {bottom} "
            f"but at most {top}: {top.argument} must be at least {low[i]:g}, "
            f"or {bottom.argument} at most {high[i]:g}"
        )


def _own(constraints: Constraints, company: int, *, floor: bool) -> list[Bound]:
    """Floors or ceilings given to a company by itself."""
    return [
        one for one in constraints.bounds if one.floor == floor and one.members[:, company].any()
    ]


def _check_budget(constraints: Constraints) -> None:
    """All names together: floors may not exceed 1, ceilings must reach it."""
    low, high = constraints.ranges
    count = len(low)
    if low.sum() > 1.0 + ROUNDING:
        raise InfeasibleError(
            f"{count} names x min_weight {low[0]:g} = {low.sum():.4g} > 1: "
            f"min_weight must be at most {_below(1.0 / count)}"
        )
    if high.sum() < 1.0 - ROUNDING:
        raise InfeasibleError(_too_low(constraints, float(high.sum())))


def _too_low(constraints: Constraints, total: float) -> str:
    common = [limit for limit in constraints.bounds if limit.argument == "max_weight"]
    own = [limit for limit in constraints.bounds if limit.argument.startswith("max_weights[")]
    held = sum(limit.bound for limit in own)
    if not common:
        return f"max_weights sum to {total:.4g} < 1: raise them by {_above(1.0 - total)} in all"
    names, bound = len(common[0].members), common[0].bound
    text = f"{names} names x max_weight {bound:g}"
    if own:
        text += f" + {held:g} for the {len(own)} names in max_weights"
    needed = _above((1.0 - held) / names)
    return f"{text} = {total:.4g} < 1: max_weight must be at least {needed}"


def _check_by_programme(constraints: Constraints, deadline: Deadline | None) -> None:
    if slack_needed(constraints, deadline) <= SLACK:
        return
    total = " that sum to 1" if constraints.budget else ""
    try:
        conflict, remedy = _explained(constraints, deadline)
    except SolverError:
        conflict, remedy = [one for one in constraints.bounds if one.told], "time_limit was over "
        remedy += "before the fewest that conflict were found"
    named = ", ".join(str(one) for one in conflict)
    raise InfeasibleError(f"no weights{total} satisfy {named}: {remedy}")


def _explained(constraints: Constraints, deadline: Deadline | None) -> tuple[list[Bound], str]:
    """Bounds that conflict, no fewer of which do, and what would make room."""
    conflict, whole = _minimal_conflict(constraints, deadline), _capped(constraints)
    alone = [move for one in conflict for move in _moves(whole, [one], deadline)]
    together = [] if alone else _moves(whole, _movable(whole), deadline)
    remedy = f"{', or '.join(alone)}{' and '.join(together)}"
    return conflict, remedy or "no single one can give way enough"


def _capped(constraints: Constraints) -> Constraints:
    """The same with the caps of 1 that hold by themselves until a floor gives way below 0."""
    low, _ = constraints.ranges
    if not constraints.budget or low.min() < 0.0:
        return constraints
    cap = ceiling("max_weight", 1.0, np.eye(len(low)), ("",) * len(low))
    return replace(constraints, bounds=(*constraints.bounds, replace(cap, told=False)))


def _movable(constraints: Constraints) -> list[Bound]:
    """Bounds that are numbers on the right-hand side."""
    return [one for one in constraints.bounds if one.told and one.gains.any()]


def _minimal_conflict(constraints: Constraints, deadline: Deadline | None) -> list[Bound]:
    """Bounds that conflict, of which none can be left out; what is usual stays in force."""
    kept = constraints
    for one in constraints.bounds:
        fewer = kept.without(one)
        if one.told and slack_needed(fewer, deadline) > SLACK:
            kept = fewer
    return [one for one in kept.bounds if one.told]


def _moves(constraints: Constraints, movable: list[Bound], deadline: Deadline | None) -> list[str]:
    """The least moves of some bounds, all others kept, that make room; empty if none do."""
    if len(movable) == 1 and movable[0].remade is not None:
        return _smaller(constraints, movable[0], deadline)
    moves = moves_needed(constraints, movable, deadline)
    if moves is None:
        return []
    return [
        f"{one.argument} must be at most {_below(one.bound - move)}"
        if one.floor
        else f"{one.argument} must be at least {_above(one.bound + move)}"
        for one, move in zip(movable, moves, strict=True)
        if move > SLACK
    ]


def _smaller(constraints: Constraints, one: Bound, deadline: Deadline | None) -> list[str]:
    """The highest number for a floor that changes more than a right-hand side, by bisection."""
    works, fails = 0.0, one.bound
    if slack_needed(constraints.moved(one, works), deadline) > SLACK:
        return []
    while fails - works > 10.0**-DIGITS / 2:
        middle = (works + fails) / 2
        if slack_needed(constraints.moved(one, middle), deadline) > SLACK:
            fails = middle
        else:
            works = middle
    if slack_needed(constraints.moved(one, round(works, DIGITS)), deadline) <= SLACK:
        works = round(works, DIGITS)
    return [f"{one.argument} must be at most {_below(works)}"]


def _above(bound: float) -> str:
    return f"{ceil(bound * 10**DIGITS - 1e-8) / 10**DIGITS:.15g}"


def _below(bound: float) -> str:
    return f"{floor(bound * 10**DIGITS + 1e-8) / 10**DIGITS:.15g}"
