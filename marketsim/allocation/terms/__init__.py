"""The catalogue of terms: one file for each kind, one class for each term.

A class is a whole definition: the value of the term, its family of lines for the solver, and the
line that turns the solver's answer into a bound.
"""

from __future__ import annotations

from .drawdown import Drawdown
from .growth import LogGrowth
from .moments import ExpectedReturn, TrackingError, Variance
from .regimes import AmbiguousReturn, Regret, WorstRegime
from .tails import CVaR
from .trading import MarketImpact, TransactionCost

__all__ = [
    "AmbiguousReturn",
    "CVaR",
    "Drawdown",
    "ExpectedReturn",
    "LogGrowth",
    "MarketImpact",
    "Regret",
    "TrackingError",
    "TransactionCost",
    "Variance",
    "WorstRegime",
]
