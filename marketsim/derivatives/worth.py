"""What the value and the terms hang on at the same weights."""

from __future__ import annotations

import pandas as pd

from .change import Linearised
from .conditions import Solved
from .local import Local
from .problem import Problem

__all__ = ["by_term", "counted", "multipliers", "value_parts"]


def multipliers(problem: Problem, solved: Solved) -> pd.Series[float]:
    """What a unit more of each side adds to the value [side]."""
    first, last = len(problem.total), len(problem.total) + len(problem.sides)
    by_side = solved.duals[first:last] @ problem.row_of + solved.duals[last:] @ problem.limit_of
    by_side[:first] += solved.duals[:first]
    names = pd.Index(problem.names, name="side")
    return pd.Series(problem.direction * by_side, index=names, name="multiplier")


def by_term(problem: Problem, at: Linearised) -> dict[object, Local]:
    """Each term of the objective and of the limits, once."""
    found: dict[object, Local] = {}
    for which, locals_ in zip((problem.cost, *problem.limits), at.locals, strict=True):
        for (_, piece), local in zip(which.parts, locals_, strict=True):
            found.setdefault(piece.term, local)
    return found


def counted(problem: Problem, at: Linearised) -> dict[str, float]:
    """Return what each term counts in the value, by name; see :func:`value_parts`."""
    counts: dict[str, float] = {}
    for count, which in zip(at.counts, (problem.cost, *problem.limits), strict=True):
        for scale, piece in which.parts:
            name = repr(piece.term)
            counts[name] = counts.get(name, 0.0) - problem.direction * float(count) * scale
    return counts


def value_parts(problem: Problem, at: Linearised) -> list[tuple[float, Local]]:
    """Terms, and what they count in the value where weights stay at their best.

    Weights then do not count (the envelope theorem): limits on terms do, by their multipliers.
    """
    sums = zip(at.counts, (problem.cost, *problem.limits), at.locals, strict=True)
    return [
        (-problem.direction * float(count) * scale, local)
        for count, which, locals_ in sums
        for (scale, _), local in zip(which.parts, locals_, strict=True)
    ]
