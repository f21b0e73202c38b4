"""What a row of the outlook is: a quantity, how its years are formed, what was published of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from marketsim.model import Quarter

from .published import Published

__all__ = ["YEARLY", "Row", "Yearly"]

Floats = NDArray[np.float64]
Yearly = Literal["sum", "last", "mean", "growth", "fall", "five years"]


def _growth(path: Floats) -> Floats:
    """Return the last quarter of the last year over that of the year before."""
    return np.asarray(path[:, -1] / path[:, -5])


YEARLY: Final[dict[Yearly, tuple[int, Callable[[Floats], Floats]]]] = {
    "sum": (4, lambda path: path[:, -4:].sum(axis=1)),
    "last": (1, lambda path: path[:, -1]),
    "mean": (4, lambda path: path[:, -4:].mean(axis=1)),
    "growth": (5, _growth),
    "fall": (5, lambda path: 1.0 / _growth(path)),
    "five years": (20, lambda path: path[:, -20:].sum(axis=1)),
}
"""How a year's figure is formed of quarters up to its end [world, quarter]: how many it needs, and
the figure [world]."""


@dataclass(frozen=True, eq=False)
class Row:
    """One quantity of the world.

    Attributes
    ----------
    name
        As the table has it.
    unit
        Of its yearly figures.
    measure
        What it is of quarters [world, quarter, ...]: an array [world, quarter].
    yearly
        How quarters form the figure of a year.
    published
        What bounds it.
    compared
        What the published figures measure of it, where that is not the same.
    """

    name: str
    unit: str
    measure: Callable[[Quarter], Any]
    yearly: Yearly
    published: tuple[Published, ...] = ()
    compared: str = ""

    @property
    def needs(self) -> int:
        """Quarters that the figure of a year is formed of."""
        return YEARLY[self.yearly][0]

    def year(self, path: Floats) -> Floats:
        """Return the figure [world] of the year at whose end a path [world, quarter] ends."""
        return YEARLY[self.yearly][1](path)
