"""The catalogue of limits: what may be asked of the weights beside floors and caps.

    allocate(returns, objective, limits=[Turnover(0.2, held), at_most(CVaR(0.95), 0.15)])

Each is a few linear inequalities in the weights and, where it needs them, in auxiliary variables;
those on terms are by the lines of the terms.
"""

from __future__ import annotations

from .assumptions import NeutralTo, neutral_to
from .holdings import Holdings
from .kinds import Limit
from .levels import TermLimit, at_least, at_most
from .neutral import Neutral
from .sizes import Leverage, Turnover
from .sums import Exposure, Group, RegimeLoss

__all__ = [
    "Exposure",
    "Group",
    "Holdings",
    "Leverage",
    "Limit",
    "Neutral",
    "NeutralTo",
    "RegimeLoss",
    "TermLimit",
    "Turnover",
    "at_least",
    "at_most",
    "neutral_to",
]
