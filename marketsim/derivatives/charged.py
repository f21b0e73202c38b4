"""The same optimum where limits on terms are charged for at their multipliers, not kept to."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .problem import Sum
from .smoothed import SmoothedOptimum, solved_again

__all__ = ["charged"]


def charged(best: SmoothedOptimum) -> SmoothedOptimum:
    """Return the optimum of the Lagrangian: weights are the same, limits on weights are kept to.

    A limit on a term, such as a budget of CVaR, is of the whole distribution. Where one learns
    which part of it holds, the term of that part alone says nothing of the limit; what a unit more
    of it costs, the multiplier, can be charged there to whatever is held.

    Its ``value`` leaves out what the limits allow, a constant.

    Raises
    ------
    SolverError
        As :meth:`SmoothedOptimum.again`.
    """
    problem = best.problem
    if not problem.limits:
        return best
    sums = (problem.cost, *problem.limits)
    counts = [float(count) for count in best.at.counts]
    lagrangian = Sum(
        tuple(
            (count * scale, piece)
            for count, one in zip(counts, sums, strict=True)
            for scale, piece in one.parts
            if count
        ),
        np.sum([count * one.tilt for count, one in zip(counts, sums, strict=True)], axis=0),
    )
    without = replace(
        problem,
        cost=lagrangian,
        limits=(),
        limit_names=(),
        levels=np.empty(0),
        limit_of=np.empty((0, problem.limit_of.shape[1])),
    )
    return solved_again(replace(best, problem=without), best.given)
