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
from .objectives import Curvature, Focus, Support, Term

__all__ = ["CVaR", "ExpectedReturn", "Variance", "WorstRegime"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ExpectedReturn(Term):
    """Mean return over all draws."""

    curvature: ClassVar[Curvature] = "affine"

    def value(self, outcomes: FloatArray, scenarios: ReturnScenarios) -> float:
        """E[x]."""
        return measures.mean(outcomes, scenarios.probabilities)

    def support(
        self, returns: FloatArray, scenarios: ReturnScenarios, focus: Focus | None = None
    ) -> Support:
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

    def support(
        self, returns: FloatArray, scenarios: ReturnScenarios, focus: Focus | None = None
    ) -> Support:
        """All tails: densities of at most probability / (1 - level).

        Near a focus only draws about its value at risk stay open: worse ones are in the tail with
        all they have, better ones out of it. The programme then has as many columns as draws are
        open, whatever their number (an exact reduction, once the certificate holds).
        """
        import cvxpy as cp

        ceiling = self._ceiling(scenarios)
        sunk, open_ = np.zeros(0, dtype=int), np.arange(len(returns))
        if focus is not None:
            sunk, open_ = _parted(focus, ceiling)
        rest = 1.0 - float(ceiling[sunk].sum())
        tail = cp.Variable(len(open_), bounds=[0.0, ceiling[open_]])

        def whole(member: FloatArray) -> FloatArray:
            density = np.zeros(len(ceiling))
            density[sunk], density[open_] = ceiling[sunk], member
            return density

        gradient = returns[open_].T @ tail + ceiling[sunk] @ returns[sunk]
        return Support(gradient, 0.0, [cp.sum(tail) == rest], tail, whole)

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

    def support(
        self, returns: FloatArray, scenarios: ReturnScenarios, focus: Focus | None = None
    ) -> Support:
        """Tangents: -|C w|^2 is the lowest of |z|^2 - 2 z'C w, where C'C is the covariance."""
        import cvxpy as cp

        centred = returns - scenarios.probabilities @ returns
        spread, axes = np.linalg.eigh(centred.T @ (centred * scenarios.probabilities[:, None]))
        # The factor has as many rows as companies, however many draws there are.
        factor = np.sqrt(np.maximum(spread, 0.0))[:, None] * axes.T
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

    def support(
        self, returns: FloatArray, scenarios: ReturnScenarios, focus: Focus | None = None
    ) -> Support:
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


def _parted(focus: Focus, ceiling: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draws in the tail at all weights visited, and those that may be in it or out of it.

    A draw is in at some weights if more than `width` draws lie between it and the tail's edge.
    """
    inside, outside = np.ones((2, len(ceiling)), dtype=bool)
    for outcomes in focus.visited:
        order = np.argsort(outcomes, kind="stable")
        edge = int(np.searchsorted(np.cumsum(ceiling[order]), 1.0))
        inside[order[max(edge - focus.width, 0) :]] = False
        outside[order[: edge + focus.width + 1]] = False
    return np.flatnonzero(inside), np.flatnonzero(~inside & ~outside)


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
