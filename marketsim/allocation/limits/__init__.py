"""The catalogue of limits: what may be asked of the weights beside floors and caps.

    allocate(returns, objective, limits=[Turnover(0.2, held), Holdings(at_most=10)])

Each is a few linear inequalities in the weights and, where it needs them, in auxiliary variables.
"""

from __future__ import annotations

from .holdings import Holdings
from .kinds import Limit
from .sizes import Leverage, Turnover
from .sums import Exposure, Group, RegimeLoss

__all__ = ["Exposure", "Group", "Holdings", "Leverage", "Limit", "RegimeLoss", "Turnover"]
