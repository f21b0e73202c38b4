"""Means and spreads: expected return, variance, tracking error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...returns import ReturnScenarios
from .. import measures
from ..families import (
    Attribution,
    Bend,
    Family,
    Focus,
    Line,
    Portfolio,
    into_ball,
    portfolio_of,
    relative,
    relative_line,
)
from ..names import Numbers, array_of, benchmark_of, fractions
from ..objectives import Curvature, Term

if TYPE_CHECKING:
    import pandas as pd

    from ..constraints import Constraints
    from ..deadline import Deadline

__all__ = ["ExpectedReturn", "TrackingError", "Variance"]

FloatArray = NDArray[np.float64]

RELATIVE = "relative_to=benchmark"
BLOCK = 4_096  # draws at a time


class Active(Term):
    """A term on returns, or on what they exceed a benchmark's by."""

    relative_to: Mapping[str, float] | pd.Series[float] | Numbers | None

    def __post_init__(self) -> None:
        if self.relative_to is not None:
            pairs = fractions(self.relative_to, self._argument())
            object.__setattr__(self, "relative_to", pairs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'' if self.relative_to is None else RELATIVE})"

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Term:
        """The term itself, if the benchmark's names are there."""
        self.benchmark(scenarios)
        return self

    def benchmark(self, scenarios: ReturnScenarios) -> FloatArray | None:
        """Weights of the benchmark [company]."""
        return benchmark_of(self.relative_to, scenarios.tickers, self._argument())

    def active(self, at: Portfolio) -> Portfolio:
        """The portfolio less the benchmark."""
        benchmark = self.benchmark(at.scenarios)
        return at if benchmark is None else portfolio_of(at.scenarios, at.weights - benchmark)

    def _argument(self) -> str:
        return f"{type(self).__name__} relative_to"


@dataclass(frozen=True, repr=False)
class ExpectedReturn(Active):
    """Mean return over all draws.

    Parameters
    ----------
    relative_to : mapping or Series of ticker to weight, optional
        Weights of a benchmark, whose mean return is taken off.
    """

    relative_to: Mapping[str, float] | pd.Series[float] | Numbers | None = field(
        default=None, kw_only=True
    )
    curvature: ClassVar[Curvature] = "affine"

    def value(self, at: Portfolio) -> float:
        """E[x]."""
        return measures.mean(self.active(at).outcomes, at.scenarios.probabilities)

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """Returns over all draws."""
        scenarios, active = at.scenarios, self.active(at)
        flat, centre = np.zeros(len(at.weights)), at.weights - active.weights
        return Attribution(scenarios.probabilities, scenarios.returns, flat, centre)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """The mean returns: one line."""
        whole = Family(scenarios.probabilities @ scenarios.returns)
        return relative(whole, self.benchmark(scenarios))

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The probabilities themselves."""
        line = Line(at.scenarios.probabilities, 0.0, 0.0)
        return relative_line(line, at.scenarios, self.benchmark(at.scenarios))


@dataclass(frozen=True, repr=False)
class Variance(Active):
    """Variance of the portfolio's return over all draws.

    Parameters
    ----------
    relative_to : mapping or Series of ticker to weight, optional
        Weights of a benchmark: the variance is then that of the difference, the square of
        `TrackingError`.
    """

    relative_to: Mapping[str, float] | pd.Series[float] | Numbers | None = field(
        default=None, kw_only=True
    )
    curvature: ClassVar[Curvature] = "convex"
    smooth: ClassVar[bool] = True

    def magnitude(self, unit: float, scenarios: ReturnScenarios) -> float:
        """A squared return."""
        return unit**2

    def value(self, at: Portfolio) -> float:
        """E[(x - E[x])^2]."""
        return measures.variance(self.active(at).outcomes, at.scenarios.probabilities)

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """Covariances with the portfolio."""
        active = self.active(at)
        return _covariances(active, at.weights - active.weights, 1.0)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Tangents: -|C w|^2 is the lowest of |z|^2 - 2 z'C w, where C'C is the covariance."""
        factor = covariance_factor(scenarios)
        back = np.linalg.pinv(factor, rcond=1e-8)
        family = free(-2.0 * factor.T, Bend("square", 0, len(factor)))
        family = replace(family, whole=lambda member: np.asarray(back @ member))
        return relative(family, self.benchmark(scenarios))

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tangent at the active weights found; without any, at the portfolio."""
        odds, scenarios = at.scenarios.probabilities, at.scenarios
        outcomes = scenarios.returns @ member if member.size else self.active(at).outcomes
        spread = measures.variance(outcomes, odds)
        line = Line(-2.0 * odds * (outcomes - odds @ outcomes), 0.0, spread)
        return relative_line(line, scenarios, self.benchmark(scenarios))


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
        object.__setattr__(self, "benchmark", fractions(self.benchmark, "TrackingError benchmark"))

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

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """Covariances with the difference, over its spread."""
        centre = self._weights(at.scenarios)
        active = portfolio_of(at.scenarios, at.weights - centre)
        return _covariances(active, centre, self.value(at) or 1.0)

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
        pairs = fractions(self.benchmark, "TrackingError benchmark")
        return array_of(pairs, scenarios.tickers, "TrackingError benchmark")

    def _active(self, at: Portfolio) -> tuple[FloatArray, FloatArray]:
        """Difference from the benchmark and probability [draw]."""
        scenarios = at.scenarios
        theirs = scenarios.returns @ self._weights(scenarios)
        return at.outcomes - theirs, scenarios.probabilities


def _covariances(active: Portfolio, centre: FloatArray, over: float) -> Attribution:
    """What each company adds to a variance in each draw, over a number."""
    odds, returns = active.scenarios.probabilities, active.scenarios.returns
    ahead = (active.outcomes - odds @ active.outcomes) / over
    pulls = ahead[:, None] * (returns - odds @ returns)
    return Attribution(odds, pulls, np.zeros(len(centre)), centre)


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
