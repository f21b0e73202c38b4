"""The tail of losses: conditional value at risk, nominal and robust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ...returns import ReturnScenarios
from .. import measures
from ..families import Bend, Family, Focus, Line, Portfolio, into_ball, onto_density, total
from ..names import check_number
from ..objectives import Curvature, Term

__all__ = ["CVaR", "check_level", "parted"]

FloatArray = NDArray[np.float64]
Draws = NDArray[np.int64]


@dataclass(frozen=True)
class CVaR(Term):
    """Conditional value at risk: the mean loss in the worst `1 - level` of probability.

    Parameters
    ----------
    level : float
        Confidence between 0 and 1, such as 0.95.
    radius : float, optional
        How far, in type-1 Wasserstein distance over Euclidean distances of the returns of one
        draw, the true distribution may lie from the scenarios; no distribution within that ball
        has a higher CVaR than the term.

    Notes
    -----
    The highest CVaR in the ball is that of the scenarios plus radius / (1 - level) times the
    Euclidean length of the weights, where returns may be any number (Mohajerin Esfahani and Kuhn
    2018, section 7.1); since none is below -1 it bounds the highest from above. A large radius
    leads to equal weights.
    """

    level: float = 0.95
    radius: float = 0.0
    curvature: ClassVar[Curvature] = "convex"
    by_draw: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_level(self.level, "CVaR")
        check_number("CVaR radius", self.radius, 0.0, what="a number from 0 up")

    def __repr__(self) -> str:
        return f"CVaR({self.level:g}{f', {self.radius:g}' if self.radius else ''})"

    def value(self, at: Portfolio) -> float:
        """The mean loss beyond the value at risk, and the price of the radius."""
        odds = at.scenarios.probabilities
        nominal = measures.conditional_value_at_risk(at.outcomes, odds, self.level)
        return nominal + self._per_length() * float(np.linalg.norm(at.weights))

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """All tails: densities of at most probability / (1 - level).

        Near a focus only draws about its value at risk stay open: worse ones are in the tail with
        all they have, better ones out of it. The programme then has as many columns as draws are
        open, whatever their number (an exact reduction, once the certificate holds).
        """
        ceiling, returns = self._ceiling(scenarios), scenarios.returns
        sunk, open_ = self._parted(focus, ceiling)
        count, price = len(open_), self._per_length()

        def whole(member: FloatArray) -> FloatArray:
            density = np.zeros(len(ceiling))
            density[sunk], density[open_] = ceiling[sunk], member[:count]
            return np.concatenate([density, member[count:]])

        slopes, lower, upper = returns[open_].T, np.zeros(count), ceiling[open_]
        bends, sums, rest = [], total(count), np.array([1.0 - float(ceiling[sunk].sum())])
        if price:
            companies = len(scenarios.tickers)
            slopes = np.hstack([slopes, -price * np.eye(companies)])
            lower = np.concatenate([lower, np.full(companies, -1.0)])
            upper = np.concatenate([upper, np.ones(companies)])
            sums = total(count + companies).tolil()
            sums[0, count:] = 0.0
            sums = sums.tocsc()
            bends = [Bend("ball", count, count + companies)]
        base = ceiling[sunk] @ returns[sunk]
        return Family(base, slopes, None, lower, upper, sums, (rest, rest), bends, whole)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tail found, moved into the set of tails, and the length's tangent found."""
        ceiling = self._ceiling(at.scenarios)
        density, point = onto_density(member[: len(ceiling)], ceiling), member[len(ceiling) :]
        if not self.radius:
            return Line(density, 0.0, 0.0)
        return Line(density, -self._per_length() * into_ball(point), 0.0)

    def _per_length(self) -> float:
        return self.radius / (1.0 - self.level)

    def _ceiling(self, scenarios: ReturnScenarios) -> FloatArray:
        return np.asarray(scenarios.probabilities / (1.0 - self.level))

    def _parted(self, focus: Focus | None, ceiling: FloatArray) -> tuple[Draws, Draws]:
        if focus is None or focus.width is None:
            return np.zeros(0, dtype=int), np.flatnonzero(ceiling > 0)
        return parted([one.outcomes for one in focus.visited], focus.width, ceiling)


def check_level(level: object, name: str, low: float = 1e-12) -> None:
    """Refuse a confidence that does not lie between 0 and 1; one in percent is recognised."""
    if not isinstance(level, (int, float, np.number)):
        raise InputError(f"{name} level is {level!r}; it must be a number such as 0.95")
    if not low <= level < 1.0:
        hint = f": write {float(level) / 100:g}?" if 1.0 < level < 100.0 else ""
        raise InputError(f"{name} level is {level}; it must lie between 0 and 1{hint}")


def parted(visited: list[FloatArray], width: int, ceiling: FloatArray) -> tuple[Draws, Draws]:
    """Draws in the tail at all outcomes visited, and those that may be in it or out of it.

    A draw is in at some weights if more than `width` draws lie between it and the tail's edge.
    """
    inside, outside = np.ones((2, len(ceiling)), dtype=bool)
    share = float(ceiling.sum())
    for outcomes in visited:
        order = measures.worst_first(outcomes, ceiling / share, 1.0 / share, width + 1)
        edge = int(np.searchsorted(np.cumsum(ceiling[order]), 1.0))
        deep = np.zeros(len(ceiling), dtype=bool)
        deep[order[: max(edge - width, 0)]] = True
        inside &= deep
        outside[order[: edge + width + 1]] = False
    return np.flatnonzero(inside), np.flatnonzero(~inside & ~outside)
