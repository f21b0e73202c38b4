"""What can be expected where regimes, or their probabilities, are uncertain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number

from ...returns import ReturnScenarios
from ..families import Attribution, Family, Focus, Line, Portfolio, onto_density, total
from ..objectives import Curvature, Term
from ..polyhedron import highest

if TYPE_CHECKING:
    from ..constraints import Constraints
    from ..deadline import Deadline

__all__ = ["AmbiguousReturn", "Regret", "WorstRegime", "odds_by_regime"]

FloatArray = NDArray[np.float64]
ONE = np.ones(1)
TIE = 1e-9  # regimes whose mean returns differ by less tie


@dataclass(frozen=True)
class WorstRegime(Term):
    """Expected return in the regime where it is lowest, of those that have any probability."""

    curvature: ClassVar[Curvature] = "concave"

    def value(self, at: Portfolio) -> float:
        """The lowest of the regimes' mean returns."""
        return float(np.min(odds_by_regime(at.scenarios) @ at.outcomes))

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """Returns over the worst regime, or over those that tie, mixed as a solver has them."""
        odds = odds_by_regime(at.scenarios)
        means = odds @ at.outcomes
        density = odds[int(np.argmin(means))]
        if isinstance(near, np.ndarray) and near @ at.outcomes <= means.min() + TIE:
            density = near
        return _over(density, at)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """All mixtures of the regimes' mean returns."""
        return _mixtures(odds_by_regime(scenarios) @ scenarios.returns)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The draws' probabilities under the mixture found."""
        belief = onto_density(member, np.ones_like(member))
        return Line(belief @ odds_by_regime(at.scenarios), 0.0, 0.0)


@dataclass(frozen=True)
class AmbiguousReturn(Term):
    """Lowest expected return under any regime probabilities near those of the scenarios.

    Parameters
    ----------
    radius : float
        Total variation distance, between 0 and 1: how much probability may move from regimes to
        others. With 0 it is the expected return, with 1 that of the worst regime.
    """

    radius: float
    curvature: ClassVar[Curvature] = "concave"

    def __post_init__(self) -> None:
        check_number("AmbiguousReturn radius", self.radius, 0.0, 1.0, "a number between 0 and 1")

    def __repr__(self) -> str:
        return f"AmbiguousReturn({self.radius:g})"

    def value(self, at: Portfolio) -> float:
        """The mean return once probability has moved from the best regimes to the worst."""
        means = odds_by_regime(at.scenarios) @ at.outcomes
        return float(self._belief(means, _regime_odds(at.scenarios)) @ means)

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """Returns over all draws, by what is believed of their regimes."""
        odds = odds_by_regime(at.scenarios)
        belief = self._belief(odds @ at.outcomes, _regime_odds(at.scenarios))
        return _over(belief @ odds, at)

    def _belief(self, means: FloatArray, odds: FloatArray) -> FloatArray:
        """Probability of each regime once some has moved from the best to the worst [regime]."""
        order = np.argsort(-means, kind="stable")
        before = np.cumsum(odds[order]) - odds[order]
        taken = np.clip(self.radius - before, 0.0, odds[order])
        belief = odds.copy()
        belief[order] -= taken
        belief[int(np.argmin(means))] += taken.sum()
        return belief

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Beliefs, and by how much each exceeds what is stated: in all by the radius at most."""
        means, odds = odds_by_regime(scenarios) @ scenarios.returns, _regime_odds(scenarios)
        count = len(odds)
        above = np.hstack([np.eye(count), -np.eye(count)])
        sums = np.repeat([[1.0, 0.0], [0.0, 1.0]], count, axis=1)
        low = np.concatenate([np.full(count, -np.inf), [1.0, -np.inf]])
        high = np.concatenate([odds, [1.0, self.radius]])
        slopes = np.hstack([means.T, np.zeros_like(means.T)])
        base = np.zeros(len(scenarios.tickers))
        return Family(base, slopes, rows=np.vstack([above, sums]), sides=(low, high))

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The draws' probabilities under the belief found, drawn in to the radius."""
        odds = _regime_odds(at.scenarios)
        belief = onto_density(member[: len(odds)], np.ones_like(odds))
        distance = float(np.maximum(belief - odds, 0.0).sum())
        share = min(1.0, self.radius / distance) if distance else 0.0
        belief = odds + share * (belief - odds)
        return Line(belief @ odds_by_regime(at.scenarios), 0.0, 0.0)


@dataclass(frozen=True)
class Regret(Term):
    """Expected return forgone, in the regime where most is, by not having known the regime.

    Each regime is measured by the highest expected return that any weights allowed by the
    constraints have in it (Savage 1951).

    Parameters
    ----------
    best : tuple of float [regime], optional
        Those returns; found by `allocate`.
    """

    best: tuple[float, ...] = ()
    curvature: ClassVar[Curvature] = "convex"

    def __post_init__(self) -> None:
        for best in self.best if isinstance(self.best, tuple) else (self.best,):
            check_number("Regret best", best, what="left out: allocate finds it")

    def __repr__(self) -> str:
        return "Regret()"

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Term:
        """The same with the best of each regime."""
        means = odds_by_regime(scenarios) @ scenarios.returns
        return Regret(tuple(highest(mean, constraints, deadline) for mean in means))

    def value(self, at: Portfolio) -> float:
        """The largest shortfall of a regime's mean return from its best."""
        return float(np.max(self.best - odds_by_regime(at.scenarios) @ at.outcomes))

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """All mixtures of the regimes' mean returns less their best."""
        means = odds_by_regime(scenarios) @ scenarios.returns
        return _mixtures(means, -np.asarray(self.best))

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The draws' probabilities under the mixture found."""
        belief = onto_density(member, np.ones_like(member))
        return Line(belief @ odds_by_regime(at.scenarios), 0.0, -float(belief @ self.best))


def _over(density: FloatArray, at: Portfolio) -> Attribution:
    """The mean return under a density."""
    flat = np.zeros(len(at.weights))
    return Attribution(density, at.scenarios.returns, flat, flat)


def _mixtures(means: FloatArray, cost: FloatArray | None = None) -> Family:
    base, rows = np.zeros(means.shape[1]), total(len(means))
    return Family(base, means.T, cost, rows=rows, sides=(ONE, ONE))


def _members(scenarios: ReturnScenarios) -> FloatArray:
    """1 where a draw belongs to a regime, [regime, draw]."""
    names = scenarios.regime_names()
    return np.array([scenarios.regimes == name for name in names], dtype=np.float64)


def _regime_odds(scenarios: ReturnScenarios) -> FloatArray:
    """Probability of each regime [regime]."""
    return np.asarray(_members(scenarios) @ scenarios.probabilities)


def odds_by_regime(scenarios: ReturnScenarios) -> FloatArray:
    """Probability of each draw given its regime [regime, draw]."""
    odds = _members(scenarios) * scenarios.probabilities
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
