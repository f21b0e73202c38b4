"""An allocation as it was solved, with its CVaRs smoothed: the problem that has derivatives.

    minimise    cost(x)
    such that   bent_j(x) <= level_j,   matrix @ x <= sides,   and the weights sum to the budget

where `x` are the weights and, behind them, auxiliaries: the sizes of trades or of positions. The
cost is minus an objective that is maximised; a floor of a term is a ceiling of minus it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .local import Local, curvature_of, gradient_of
from .pieces import Piece

__all__ = ["Given", "Near", "Problem", "Sum"]

FloatArray = NDArray[np.float64]


class Given(NamedTuple):
    """What a problem is differentiated by."""

    returns: FloatArray  # [draw, company]
    probabilities: FloatArray  # [draw]
    sides: FloatArray  # [side], as the caller gave them; see `Problem.names`


class Sum(NamedTuple):
    """A sum of scaled terms, in the direction in which it is convex."""

    parts: tuple[tuple[float, Piece], ...]
    tilt: FloatArray  # [column]: what is linear in auxiliaries


class Near(NamedTuple):
    """A sum at a point, to second order."""

    value: float
    gradient: FloatArray  # [column]
    curvature: FloatArray  # [column, column]
    locals: tuple[Local, ...]


@dataclass(frozen=True, eq=False)
class Problem:
    """A smoothed problem; what it is given comes apart.

    Attributes
    ----------
    names
        Of the sides [side]: what `Allocation.duals` calls them.
    row_of, limit_of
        What a unit of each side counts in the sides of rows [row, side] and in levels
        [limit, side].
    """

    tickers: tuple[str, ...]
    cost: Sum
    limits: tuple[Sum, ...]
    limit_names: tuple[str, ...]
    matrix: FloatArray  # [row, column]
    row_names: tuple[str, ...]
    sides: FloatArray  # [row], where all of `Given.sides` are 0
    levels: FloatArray  # [limit], the same
    budget: bool
    names: tuple[str, ...]
    row_of: FloatArray
    limit_of: FloatArray
    direction: float  # 1 where the objective is maximised, -1 where minimised

    @property
    def companies(self) -> int:
        """How many of the columns are weights."""
        return len(self.tickers)

    @property
    def columns(self) -> int:
        """Weights and auxiliaries."""
        return int(self.matrix.shape[1])

    @property
    def total(self) -> FloatArray:
        """Row of the budget [1, column]; no row where the weights may sum to anything."""
        row = np.concatenate([np.ones(self.companies), np.zeros(self.columns - self.companies)])
        return row[None, : self.columns][: int(self.budget)]

    def row_sides(self, sides: FloatArray) -> FloatArray:
        """Sides of the rows [row]."""
        return np.asarray(self.sides + self.row_of @ sides)

    def limit_levels(self, sides: FloatArray) -> FloatArray:
        """Levels of the limits on terms [limit], in their convex direction."""
        return np.asarray(self.levels + self.limit_of @ sides)

    def invested(self, sides: FloatArray) -> FloatArray:
        """What the weights sum to [1]; empty where they may sum to anything."""
        return np.asarray(sides[:1] if self.budget else sides[:0])

    def near(self, which: Sum, x: FloatArray, given: Given) -> Near:
        """A sum at `x` [column]."""
        count = self.companies
        value, gradient = float(which.tilt @ x), which.tilt.copy()
        curvature, found = np.zeros((len(x), len(x))), []
        for scale, piece in which.parts:
            local = piece.local(x[:count], given.returns, given.probabilities)
            value += scale * local.value
            gradient[:count] += scale * gradient_of(local, given.returns, given.probabilities)
            bent = curvature_of(local, given.returns, given.probabilities)
            curvature[:count, :count] += scale * bent
            found.append(local)
        return Near(value, gradient, curvature, tuple(found))

    def value(self, which: Sum, x: FloatArray, given: Given) -> float:
        """A sum's value at `x` [column]."""
        weights = x[: self.companies]
        parts = (
            scale * piece.local(weights, given.returns, given.probabilities).value
            for scale, piece in which.parts
        )
        return float(which.tilt @ x) + float(sum(parts))
