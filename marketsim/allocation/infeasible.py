"""Why no weights satisfy the constraints, in the caller's words, and what would do.

Arithmetic finds the plain cases. The rest goes to small linear programmes: each limit is left
out in turn to find a minimal conflicting set (Chinneck and Dravnieks 1991, the deletion filter),
then each limit of the set alone is moved until weights exist (an elastic re-solve).
"""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InfeasibleError
from .constraints import Constraints, Limit

__all__ = ["check_feasible"]

FloatArray = NDArray[np.float64]

ROUNDING = 1e-12
DIGITS = 4  # of a suggested bound


def check_feasible(constraints: Constraints) -> None:
    """Pass if some weights satisfy all constraints.

    Raises
    ------
    InfeasibleError
        Naming limits that conflict, no fewer of which would, and the nearest bounds that work.
    """
    _check_ranges(constraints)
    _check_budget(constraints)
    if any((limit.members != 0.0).sum(axis=1).max() > 1 for limit in constraints.limits):
        _check_by_programme(constraints)


def _check_ranges(constraints: Constraints) -> None:
    """Each name alone: its floor may not lie above its ceiling."""
    low, high = constraints.ranges()
    for i in np.flatnonzero(low > high + ROUNDING)[:1]:
        top = min(
            (
                limit
                for limit in constraints.limits
                if not limit.floor and limit.members[:, i].any()
            ),
            key=lambda limit: limit.bound,
        )
        raise InfeasibleError(
            f"{constraints.tickers[i]} must hold at least min_weight = {low[i]:g} "
            f"but at most {top}: {top.argument} must be at least {low[i]:g}, "
            f"or min_weight at most {high[i]:g}"
        )


def _check_budget(constraints: Constraints) -> None:
    """All names together: floors may not exceed 1, ceilings must reach it."""
    low, high = constraints.ranges()
    count = len(low)
    if low.sum() > 1.0 + ROUNDING:
        raise InfeasibleError(
            f"{count} names x min_weight {low[0]:g} = {low.sum():.4g} > 1: "
            f"min_weight must be at most {_below(1.0 / count)}"
        )
    if high.sum() < 1.0 - ROUNDING:
        raise InfeasibleError(_too_low(constraints, float(high.sum())))


def _too_low(constraints: Constraints, total: float) -> str:
    common = [limit for limit in constraints.limits if limit.argument == "max_weight"]
    own = [limit for limit in constraints.limits if limit.argument.startswith("max_weights[")]
    held = sum(limit.bound for limit in own)
    if not common:
        return f"max_weights sum to {total:.4g} < 1: raise them by {_above(1.0 - total)} in all"
    names, bound = len(common[0].members), common[0].bound
    text = f"{names} names x max_weight {bound:g}"
    if own:
        text += f" + {held:g} for the {len(own)} names in max_weights"
    needed = _above((1.0 - held) / names)
    return f"{text} = {total:.4g} < 1: max_weight must be at least {needed}"


def _check_by_programme(constraints: Constraints) -> None:
    if _excess(constraints) <= 1e-9:
        return
    conflict = _minimal_conflict(constraints)
    alone = [move for limit in conflict for move in _moves(constraints, [limit])]
    together = [] if alone else _moves(constraints, list(constraints.limits))
    named = ", ".join(str(limit) for limit in conflict)
    raise InfeasibleError(
        f"no weights that sum to 1 satisfy {named}: {', or '.join(alone)}{' and '.join(together)}"
    )


def _minimal_conflict(constraints: Constraints) -> list[Limit]:
    """Limits that conflict, of which none can be left out."""
    kept = constraints
    for limit in constraints.limits:
        fewer = kept.without(limit)
        if fewer.limits and _excess(fewer) > 1e-9:
            kept = fewer
    return list(kept.limits)


def _moves(constraints: Constraints, movable: list[Limit]) -> list[str]:
    """The least moves of some limits, all others kept, that make room; empty if none do."""
    import cvxpy as cp

    weights = cp.Variable(len(constraints.tickers), nonneg=True)
    moves = cp.Variable(len(movable), nonneg=True)
    kept = constraints.without(*movable)
    rules = [cp.sum(weights) == 1.0, kept.matrix @ weights <= kept.bounds]
    for limit, move in zip(movable, moves, strict=True):
        rows = limit.members @ weights
        rules.append(rows >= limit.bound - move if limit.floor else rows <= limit.bound + move)
    if _optimum(cp.Problem(cp.Minimize(cp.sum(moves)), rules)) is None:
        return []
    return [
        f"{limit.argument} must be at most {_below(limit.bound - move)}"
        if limit.floor
        else f"{limit.argument} must be at least {_above(limit.bound + move)}"
        for limit, move in zip(movable, moves.value, strict=True)
        if move > 1e-9
    ]


def _excess(constraints: Constraints) -> float:
    """The least amount by which every limit must give way together; 0 if weights exist."""
    import cvxpy as cp

    weights, slack = cp.Variable(len(constraints.tickers), nonneg=True), cp.Variable(nonneg=True)
    room = constraints.matrix @ weights <= constraints.bounds + slack
    least = _optimum(cp.Problem(cp.Minimize(slack), [cp.sum(weights) == 1.0, room]))
    return 0.0 if least is None else least


def _optimum(programme: Any) -> float | None:
    """Value of a small linear programme, or None where it has none."""
    import cvxpy as cp

    try:
        programme.solve(solver=cp.HIGHS, highs_options={"time_limit": 10.0, "threads": 1})
    except cp.SolverError:
        return None
    return float(programme.value) if programme.status == cp.OPTIMAL else None


def _above(bound: float) -> str:
    return f"{ceil(bound * 10**DIGITS - 1e-8) / 10**DIGITS:g}"


def _below(bound: float) -> str:
    return f"{floor(bound * 10**DIGITS + 1e-8) / 10**DIGITS:g}"
