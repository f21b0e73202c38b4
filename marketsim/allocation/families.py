"""How a term is told to a solver: as the lowest of a family of linear functions of the weights.

Every concave function is one. Minus CVaR is the lowest mean return under any density that
magnifies no probability by more than 1 / (1 - level); minus a cost of trading is the lowest
revenue from selling the trades at any price within the spread. A `Family` states the whole set
as numbers, so that any solver can be given it; a `Line` is one of the set, and bounds what all
weights can reach: that is the certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..returns import ReturnScenarios

__all__ = [
    "Attribution",
    "Bend",
    "Family",
    "Focus",
    "Line",
    "Portfolio",
    "hull",
    "into_ball",
    "onto_density",
    "portfolio_of",
    "relative",
    "relative_line",
    "total",
]

FloatArray = NDArray[np.float64]


class Portfolio(NamedTuple):
    """Weights and what they earn."""

    weights: FloatArray  # [company]
    outcomes: FloatArray  # [draw]
    scenarios: ReturnScenarios


class Focus(NamedTuple):
    """Where the answer is thought to lie, so that a term may leave out what cannot matter there.

    What a term leaves out makes its family smaller and its optimum too good, never its certificate.
    """

    visited: tuple[Portfolio, ...]  # weights near the best; the last is the nearest known
    width: int | None  # draws on either side of a quantile that stay open; None keeps all


class Line(NamedTuple):
    """A linear function of the weights: `(slope @ returns + tilt) @ weights + offset`."""

    slope: FloatArray | float  # [draw], or 0
    tilt: FloatArray | float  # [company], or 0
    offset: float

    def gradient(self, scenarios: ReturnScenarios) -> FloatArray:
        """By weight [company]."""
        part = self.slope @ scenarios.returns if isinstance(self.slope, np.ndarray) else 0.0
        return np.asarray(part + self.tilt + np.zeros(len(scenarios.tickers)))


class Attribution(NamedTuple):
    """A term as a sum over draws and companies.

    Its value is `(density @ pulls + tilt) @ (weights - centre)`.
    """

    density: FloatArray  # [draw], summing to 1: what each draw counts
    pulls: FloatArray  # [draw, company]: what a unit of each company adds there
    tilt: FloatArray  # [company]: what it adds in no draw
    centre: FloatArray  # [company]: weights of a benchmark, or those held now


class Bend(NamedTuple):
    """Members `start` to `stop`, and how they are bent.

    `square` adds the sum of their squares to the offset, `cube` that of their absolute cubes;
    a `ball` keeps their Euclidean length to 1 at most. Where the whole family is multiplied by a
    member, `over` says which: members are multiplied too, and what is bent is its perspective.
    """

    kind: Literal["square", "cube", "ball"]
    start: int
    stop: int
    over: int | None = None


def portfolio_of(scenarios: ReturnScenarios, weights: FloatArray) -> Portfolio:
    """Weights [company] with what they earn."""
    return Portfolio(weights, scenarios.returns @ weights, scenarios)


def _itself(member: FloatArray) -> FloatArray:
    return member


@dataclass(frozen=True, eq=False)
class Family:
    """Linear functions `(base + slopes @ y) @ weights + cost @ y`, one for each `y`.

    Parameters
    ----------
    base : array [company]
        Gradient where `y` is 0.
    slopes : array [company, member], optional
        Change of the gradient with `y`; no members when left out.
    cost : array [member], optional
        Offset by `y`.
    lower, upper : array [member], optional
        Range of `y`; from 0 up when left out.
    rows : sparse array [row, member], optional
        Further limits: `sides[0] <= rows @ y <= sides[1]`.
    sides : pair of arrays [row], optional
        Their bounds.
    bends : sequence of Bend, optional
        What is not linear in `y`.
    whole : callable, optional
        Turns `y` into the member of the term's full family that it stands for.
    offset : float, optional
        Added to every one of the functions.
    """

    base: FloatArray
    slopes: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    cost: FloatArray | None = None
    lower: FloatArray | None = None
    upper: FloatArray | None = None
    rows: Any = None
    sides: tuple[FloatArray, FloatArray] = field(default_factory=lambda: (np.empty(0),) * 2)
    bends: Sequence[Bend] = ()
    whole: Callable[[FloatArray], FloatArray] = _itself
    offset: float = 0.0

    @property
    def size(self) -> int:
        """Number of members."""
        return int(self.slopes.shape[1])

    def filled(self) -> tuple[FloatArray, FloatArray, FloatArray, Any]:
        """Cost, lower, upper [member] and rows [row, member], with what was left out."""
        count = self.size
        cost = np.zeros(count) if self.cost is None else self.cost
        lower = np.zeros(count) if self.lower is None else self.lower
        upper = np.full(count, np.inf) if self.upper is None else self.upper
        rows = sparse.csc_array((0, count)) if self.rows is None else self.rows
        return cost, lower, upper, rows


def relative(family: Family, benchmark: FloatArray | None) -> Family:
    """The family on the weights less those of a benchmark [company]."""
    if benchmark is None:
        return family
    cost = (np.zeros(family.size) if family.cost is None else family.cost) * 1.0
    if family.size:
        cost = cost - family.slopes.T @ benchmark
    return replace(family, cost=cost, offset=family.offset - float(family.base @ benchmark))


def relative_line(line: Line, scenarios: ReturnScenarios, benchmark: FloatArray | None) -> Line:
    """The line on the weights less those of a benchmark [company]."""
    if benchmark is None:
        return line
    return line._replace(offset=line.offset - float(line.gradient(scenarios) @ benchmark))


def total(count: int) -> Any:
    """The row that sums `count` members."""
    return sparse.csc_array(np.ones((1, count)))


def onto_density(values: FloatArray, ceiling: FloatArray) -> FloatArray:
    """The nearest thing to `values` between 0 and `ceiling` that sums to 1."""
    clipped = np.clip(values, 0.0, ceiling)
    mass, room = clipped.sum(), ceiling - clipped
    if mass >= 1.0 or not room.any():  # all that there is may miss 1 by rounding
        return np.asarray(clipped / mass)
    return np.asarray(clipped + room * ((1.0 - mass) / room.sum()))


def into_ball(point: FloatArray) -> FloatArray:
    """The point, drawn in to a length of 1 at most."""
    return np.asarray(point / max(1.0, float(np.linalg.norm(point))))


def hull(lines: Sequence[tuple[FloatArray, float]]) -> Family:
    """All mixtures of some lines, each a gradient [company] and an offset."""
    gradients = np.array([gradient for gradient, _ in lines]).T
    offsets = np.array([offset for _, offset in lines])
    one = np.ones(1)
    return Family(
        np.zeros(len(gradients)), gradients, offsets, rows=total(len(lines)), sides=(one, one)
    )
