"""Scenarios in, certified weights out.

An objective is a sum of terms, written as mathematics writes it, and `allocate` finds the
weights that make it best within limits:

    choice = allocate(
        returns,
        ExpectedReturn() - 2 * CVaR(0.95) - terms.TransactionCost(0.001, held),
        max_weight=0.15,
        limits=[limits.at_most(Variance(), 0.04), limits.Holdings(at_most=10)],
    )

The weights come with a bound that no other weights can beat, computed apart from the solver.
"""

from __future__ import annotations

from . import limits, terms
from .certificate import Certificate
from .frontier import Frontier, frontier
from .limits import TermLimit
from .objectives import Algebra, Objective
from .parser import limit_from, objective_from
from .result import Allocation
from .solve import allocate, check_limits, tightened
from .terms import CVaR, ExpectedReturn, Variance, WorstRegime

__all__ = [
    "Algebra",
    "Allocation",
    "CVaR",
    "Certificate",
    "ExpectedReturn",
    "Frontier",
    "Objective",
    "TermLimit",
    "Variance",
    "WorstRegime",
    "allocate",
    "check_limits",
    "frontier",
    "limit_from",
    "limits",
    "objective_from",
    "terms",
    "tightened",
]
