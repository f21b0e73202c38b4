"""What the value and the terms hang on at the same weights."""

from __future__ import annotations

from collections.abc import Iterator

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
    for _, term, local in _counted(problem, at):
        found.setdefault(term, local)
    return found


def counted(problem: Problem, at: Linearised) -> dict[str, float]:
    """Return what each term counts in the value, by name; see :func:`value_parts`."""
    counts: dict[str, float] = {}
    for count, term, _ in _counted(problem, at):
        counts[repr(term)] = counts.get(repr(term), 0.0) + count
    return counts


def value_parts(problem: Problem, at: Linearised) -> list[tuple[float, Local]]:
    """Terms, and what they count in the value where weights stay at their best.

    Weights then do not count (the envelope theorem): limits on terms do, by their multipliers.
    """
    return [(count, local) for count, _, local in _counted(problem, at)]


def _counted(problem: Problem, at: Linearised) -> Iterator[tuple[float, object, Local]]:
    """Yield every term of the objective and of the limits with what it counts in the value."""
    sums = zip(at.counts, (problem.cost, *problem.limits), at.locals, strict=True)
    for count, which, locals_ in sums:
        for (scale, piece), local in zip(which.parts, locals_, strict=True):
            yield -problem.direction * float(count) * scale, piece.term, local
