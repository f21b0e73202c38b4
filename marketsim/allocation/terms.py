"""The terms of an objective: expected return, variance, CVaR, worst regime.

Each class is a whole definition: the value of the term, its support for the solver, and the
density that turns the solver's answer into a bound (see `objectives`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..returns import ReturnScenarios
from . import measures
from .objectives import Curvature, Support, Term

__all__ = ["CVaR", "ExpectedReturn", "Variance", "WorstRegime"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ExpectedReturn(Term):
    """Mean return over all draws."""

    curvature: ClassVar[Curvature] = "affine"

    def value(self, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
        """E[x]."""
        return measures.mean(outcomes, scenarios.probabilities)

    def support(self, returns: FloatArray, scenarios: ReturnScenarios) -> Support:
        """The mean returns: one linear function."""
        return Support(scenarios.probabilities @ returns, 0.0, [], None)

    def density(
        self, solution: FloatArray, outcomes: FloatArray, scenarios: ReturnScenarios
    ) -> tuple[FloatArray, float]:
        """The probabilities themselves."""
        return scenarios.probabilities, 0.0


@dataclass(frozen=True)
class CVaR(Term):
    """Conditional value at risk: the mean loss in the worst `1 - level` of probability.

    Parameters
    ----------
    level : float
        Confidence between 0 and 1, such as 0.95.
    """

    level: float = 0.95
    curvature: ClassVar[Curvature] = "convex"

    def __post_init__(self) -> None:
        if not isinstance(self.level, (int, float, np.number)):
            raise InputError(f"CVaR level is {self.level!r}; it must be a number such as 0.95")
        if not 0.0 < self.level < 1.0:
            hint = f": write {self.level / 100:g}?" if 1.0 < self.level < 100.0 else ""
            raise InputError(f"CVaR level is {self.level}; it must lie between 0 and 1{hint}")

    def __repr__(self) -> str:
        return f"CVaR({self.level:g})"

    def value(self, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
        """The mean loss beyond the value at risk."""
        return measures.conditional_value_at_risk(outcomes, scenarios.probabilities, self.level)

    def support(self, returns: FloatArray, scenarios: ReturnScenarios) -> Support:
        """All tails: densities of at most probability / (1 - level)."""
        import cvxpy as cp

        tail = cp.Variable(len(returns), bounds=[0.0, self._ceiling(scenarios)])
        return Support(returns.T @ tail, 0.0, [cp.sum(tail) == 1.0], tail)

    def density(
        self, solution: FloatArray, outcomes: FloatArray, scenarios: ReturnScenarios
    ) -> tuple[FloatArray, float]:
        """The tail found, moved into the set of tails."""
        return _onto_density(solution, self._ceiling(scenarios)), 0.0

    def _ceiling(self, scenarios: ReturnScenarios) -> FloatArray:
        return np.asarray(scenarios.probabilities / (1.0 - self.level))


@dataclass(frozen=True)
class Variance(Term):
    """Variance of the portfolio's return over all draws."""

    curvature: ClassVar[Curvature] = "convex"
    degree: ClassVar[int] = 2

    def value(self, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
        """E[(x - E[x])^2]."""
        return measures.variance(outcomes, scenarios.probabilities)

    def support(self, returns: FloatArray, scenarios: ReturnScenarios) -> Support:
        """Tangents: -|C w|^2 is the lowest of |z|^2 - 2 z'C w, where C'C is the covariance."""
        import cvxpy as cp

        centred = returns - scenarios.probabilities @ returns
        # The triangular factor has as many rows as companies, however many draws there are.
        root = np.sqrt(scenarios.probabilities)[:, None]
        factor = np.asarray(np.linalg.qr(centred * root, mode="r"))
        point = cp.Variable(len(factor))
        return Support(-2.0 * factor.T @ point, cp.sum_squares(point), [], point)

    def density(
        self, solution: FloatArray, outcomes: FloatArray, scenarios: ReturnScenarios
    ) -> tuple[FloatArray, float]:
        """The tangent at the outcomes."""
        centred = outcomes - scenarios.probabilities @ outcomes
        return -2.0 * scenarios.probabilities * centred, self.value(outcomes, scenarios)


@dataclass(frozen=True)
class WorstRegime(Term):
    """Expected return in the regime where it is lowest, of those that have any probability."""

    curvature: ClassVar[Curvature] = "concave"

    def value(self, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
        """The lowest of the regimes' mean returns."""
        return float(np.min(_odds_by_regime(scenarios) @ outcomes))

    def support(self, returns: FloatArray, scenarios: ReturnScenarios) -> Support:
        """All mixtures of the regimes' mean returns."""
        import cvxpy as cp

        means = _odds_by_regime(scenarios) @ returns
        belief = cp.Variable(len(means), bounds=[0.0, 1.0])
        return Support(means.T @ belief, 0.0, [cp.sum(belief) == 1.0], belief)

    def density(
        self, solution: FloatArray, outcomes: FloatArray, scenarios: ReturnScenarios
    ) -> tuple[FloatArray, float]:
        """The draws' probabilities under the mixture found."""
        return _onto_density(solution, np.ones_like(solution)) @ _odds_by_regime(scenarios), 0.0


def _odds_by_regime(scenarios: ReturnScenarios) -> FloatArray:
    """Probability of each draw given its regime [regime, draw]."""
    members = np.array([scenarios.regimes == name for name in scenarios.regime_names()])
    odds = members * scenarios.probabilities
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _onto_density(values: FloatArray, ceiling: FloatArray) -> FloatArray:
    """The nearest thing to `values` between 0 and `ceiling` that sums to 1."""
    clipped = np.clip(values, 0.0, ceiling)
    total = clipped.sum()
    if total >= 1.0:
        return np.asarray(clipped / total)
    room = ceiling - clipped
    return np.asarray(clipped + room * ((1.0 - total) / room.sum()))
