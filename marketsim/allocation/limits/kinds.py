"""What every limit is: a few linear inequalities, given what it is to be used on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number

from ...errors import InputError
from ...returns import ReturnScenarios
from ..bounds import Bound, ceiling, floor

__all__ = ["SHARE", "Limit", "Setting", "check_sides", "sided"]

FloatArray = NDArray[np.float64]
SHARE = "a share from 0 up"


class Setting(NamedTuple):
    """What a limit is to be used on."""

    scenarios: ReturnScenarios
    low: FloatArray  # lowest weight [company]
    high: FloatArray


class Limit(ABC):
    """One thing asked of the weights."""

    @property
    def replaces_budget(self) -> bool:
        """Whether it says what the weights sum to, which is 1 where none does."""
        return False

    @abstractmethod
    def bounds(self, setting: Setting) -> list[Bound]:
        """The same as inequalities.

        Raises
        ------
        InputError
            If it names what is not there.
        """


def sided(
    name: str, member: FloatArray, at_least: float | None, at_most: float | None
) -> list[Bound]:
    """One row of coefficients of the weights, bounded on one side or both."""
    found = []
    if at_least is not None:
        found.append(floor(f"{name}.at_least", at_least, member, (f"{name}.at_least",)))
    if at_most is not None:
        found.append(ceiling(f"{name}.at_most", at_most, member, (f"{name}.at_most",)))
    return found


def check_sides(name: str, at_least: float | None, at_most: float | None) -> None:
    """Refuse sides that are missing, no numbers, or the wrong way round."""
    if at_least is None and at_most is None:
        raise InputError(f"{name} needs at_least, at_most or both")
    for side, value in (("at_least", at_least), ("at_most", at_most)):
        if value is not None:
            check_number(f"{name}.{side}", value)
    if at_least is not None and at_most is not None and at_least > at_most:
        raise InputError(f"{name} asks for at least {at_least:g} and at most {at_most:g}")
