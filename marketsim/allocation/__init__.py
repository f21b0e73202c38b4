"""Scenarios in, certified weights out.

An objective is a sum of terms, written as mathematics writes it, and `allocate` finds the
long-only weights that make it best under caps by name and by layer:

    choice = allocate(returns, ExpectedReturn() - 2 * CVaR(0.95), max_weight=0.15)

The weights come with a bound that no other weights can beat, computed apart from the solver.
"""

from __future__ import annotations

from . import limits, terms
from .certificate import Certificate
from .objectives import Objective
from .result import Allocation
from .solve import allocate, check_limits
from .spoken import objective_from
from .terms import CVaR, ExpectedReturn, Variance, WorstRegime

__all__ = [
    "Allocation",
    "CVaR",
    "Certificate",
    "ExpectedReturn",
    "Objective",
    "Variance",
    "WorstRegime",
    "allocate",
    "check_limits",
    "limits",
    "objective_from",
    "terms",
]
