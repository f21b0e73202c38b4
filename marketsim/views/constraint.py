"""One view as a linear constraint on probabilities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoolArray", "FloatArray", "Sense", "ViewConstraint"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Sense = Literal["<=", "==", ">="]


@dataclass(frozen=True, eq=False)
class ViewConstraint:
    """The expectation of ``values`` stands in ``sense`` to ``bound``.

    Attributes
    ----------
    text
        The view it comes from, as written; a chain of comparisons makes several constraints.
    quantity
        What is bounded, as written.
    values
        Of each draw, [draw].
    """

    text: str
    quantity: str
    values: FloatArray
    sense: Sense
    bound: float

    def within(self, draws: BoolArray) -> ViewConstraint:
        """The same over some of the draws."""
        return replace(self, values=self.values[draws])

    def upper(self) -> FloatArray:
        """Values whose expectation is to be at most, or just, zero, [draw]."""
        distance = self.values - self.bound
        return -distance if self.sense == ">=" else distance

    def miss(self, probabilities: FloatArray) -> float:
        """By how much the constraint fails; 0 where it holds."""
        excess = float(probabilities @ self.upper())
        return abs(excess) if self.sense == "==" else max(excess, 0.0)
