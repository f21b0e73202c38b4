"""Means and spreads: expected return, variance, tracking error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...returns import ReturnScenarios
from .. import measures
from ..families import Bend, Family, Focus, Line, Portfolio, into_ball
from ..names import Numbers, array_of, numbers
from ..objectives import Curvature, Term

if TYPE_CHECKING:
    import pandas as pd

    from ..constraints import Constraints
    from ..deadline import Deadline

__all__ = ["ExpectedReturn", "TrackingError", "Variance"]

FloatArray = NDArray[np.float64]

BLOCK = 4_096  # draws at a time


@dataclass(frozen=True)
class ExpectedReturn(Term):
    """Mean return over all draws."""

    curvature: ClassVar[Curvature] = "affine"

    def value(self, at: Portfolio) -> float:
        """E[x]."""
        return measures.mean(at.outcomes, at.scenarios.probabilities)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """The mean returns: one line."""
        return Family(scenarios.probabilities @ scenarios.returns)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The probabilities themselves."""
        return Line(at.scenarios.probabilities, 0.0, 0.0)


@dataclass(frozen=True)
class Variance(Term):
    """Variance of the portfolio's return over all draws."""

    curvature: ClassVar[Curvature] = "convex"
    smooth: ClassVar[bool] = True

    def magnitude(self, unit: float, scenarios: ReturnScenarios) -> float:
        """A squared return."""
        return unit**2

    def value(self, at: Portfolio) -> float:
        """E[(x - E[x])^2]."""
        return measures.variance(at.outcomes, at.scenarios.probabilities)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Tangents: -|C w|^2 is the lowest of |z|^2 - 2 z'C w, where C'C is the covariance."""
        factor = covariance_factor(scenarios)
        back = np.linalg.pinv(factor, rcond=1e-8)
        family = free(-2.0 * factor.T, Bend("square", 0, len(factor)))
        return replace(family, whole=lambda member: np.asarray(back @ member))

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tangent at the weights found; without any, at the portfolio."""
        odds, outcomes = at.scenarios.probabilities, at.outcomes
        if member.size:
            outcomes = at.scenarios.returns @ member
        spread = measures.variance(outcomes, odds)
        return Line(-2.0 * odds * (outcomes - odds @ outcomes), 0.0, spread)


@dataclass(frozen=True)
class TrackingError(Term):
    """Standard deviation of the difference between the portfolio's return and a benchmark's.

    Parameters
    ----------
    benchmark : mapping or Series of ticker to weight
        Its weights; what is left out has none.
    """

    benchmark: Mapping[str, float] | pd.Series[float] | Numbers
    curvature: ClassVar[Curvature] = "convex"

    def __post_init__(self) -> None:
        object.__setattr__(self, "benchmark", numbers(self.benchmark, "TrackingError benchmark"))

    def __repr__(self) -> str:
        return "TrackingError(benchmark)"

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Term:
        """The term itself, if the benchmark's names are there."""
        self._weights(scenarios)
        return self

    def value(self, at: Portfolio) -> float:
        """The standard deviation of x - b."""
        return float(measures.variance(*self._active(at)) ** 0.5)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """-|C (w - b)| is the lowest of z'C (w - b) with |z| at most 1."""
        factor = covariance_factor(scenarios)
        cost = -factor @ self._weights(scenarios)
        return free(factor.T, Bend("ball", 0, len(factor)), cost)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tangent found, as the covariance with a portfolio of spread 1 at most."""
        scenarios = at.scenarios
        back = np.linalg.pinv(covariance_factor(scenarios), rcond=1e-8)
        odds, returns = scenarios.probabilities, scenarios.returns
        other = returns @ (back @ into_ball(member))
        slope = odds * (other - odds @ other) / max(1.0, measures.variance(other, odds) ** 0.5)
        return Line(slope, 0.0, -float(slope @ (returns @ self._weights(scenarios))))

    def _weights(self, scenarios: ReturnScenarios) -> FloatArray:
        pairs = numbers(self.benchmark, "TrackingError benchmark")
        return array_of(pairs, scenarios.tickers, "TrackingError benchmark")

    def _active(self, at: Portfolio) -> tuple[FloatArray, FloatArray]:
        """Difference from the benchmark and probability [draw]."""
        scenarios = at.scenarios
        theirs = scenarios.returns @ self._weights(scenarios)
        return at.outcomes - theirs, scenarios.probabilities


def free(slopes: FloatArray, bend: Bend, cost: FloatArray | None = None) -> Family:
    """A family of bent members without bounds of their own."""
    companies, count = slopes.shape
    reach = np.full(count, np.inf)
    return Family(np.zeros(companies), slopes, cost, lower=-reach, upper=reach, bends=[bend])


def covariance_factor(scenarios: ReturnScenarios) -> FloatArray:
    """C with C'C the covariance [company, company]: a row per company, whatever the draws."""
    odds, returns = scenarios.probabilities, scenarios.returns
    mean, count = odds @ returns, returns.shape[1]
    covariance = np.zeros((count, count))
    for start in range(0, len(returns), BLOCK):  # centred first, or small variances drown
        centred = returns[start : start + BLOCK] - mean
        covariance += centred.T @ (centred * odds[start : start + BLOCK, None])
    return root(covariance)


def root(matrix: FloatArray) -> FloatArray:
    """A factor F of a positive semidefinite matrix F'F."""
    spread, axes = np.linalg.eigh(matrix)
    return np.asarray(np.sqrt(np.maximum(spread, 0.0))[:, None] * axes.T)
