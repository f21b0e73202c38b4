"""Small scenarios, an objective of every kind, and how to compare two allocations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketsim.allocation import Allocation, terms
from marketsim.returns import ReturnScenarios
from tests import textbook

FloatArray = NDArray[np.float64]

HELD = {"A": 0.4, "B": 0.4, "C": 0.2}

# By name, as hypothesis shows them.
OBJECTIVES: dict[str, Any] = {
    "mean": terms.ExpectedReturn(),
    "variance": terms.Variance(),
    "CVaR": terms.CVaR(0.9),
    "robust CVaR": terms.CVaR(0.8, 0.02),
    "worst regime": terms.WorstRegime(),
    "ambiguous": terms.AmbiguousReturn(0.3),
    "regret": terms.Regret(),
    "growth": terms.LogGrowth(),
    "drawdown": terms.Drawdown(0.5),
    "costs": terms.TransactionCost(0.02, HELD) - terms.ExpectedReturn(),
    "impact": terms.MarketImpact(0.05, HELD) - terms.ExpectedReturn(),
    "tracking": terms.TrackingError(HELD) - 0.2 * terms.ExpectedReturn(),
    "many": terms.LogGrowth() - terms.CVaR(0.9) - terms.Drawdown(0.8) - terms.Regret(),
}


def scenarios_of(seed: int, draws: int = 40, companies: int = 5) -> ReturnScenarios:
    """Paths of two steps in three regimes, with unequal odds."""
    chance = np.random.default_rng(seed)
    drift = chance.normal(0.04, 0.02, companies)
    common, own = chance.standard_t(5, (draws, 2, 1)), chance.standard_t(5, (draws, 2, companies))
    wealth = np.exp(0.05 * np.clip(common, -9, 9) + 0.08 * np.clip(own, -9, 9) + drift)
    paths = wealth.cumprod(axis=1) - 1.0
    regimes = np.resize(["bull", "base", "bear"], draws)
    odds = chance.dirichlet(np.ones(draws))
    return ReturnScenarios(paths[:, -1], tuple("ABCDEFGH"[:companies]), odds, regimes, paths=paths)


def changed(returns: ReturnScenarios, paths: FloatArray, **others: Any) -> ReturnScenarios:
    """The same with other paths, and the returns that they end in."""
    return replace(returns, returns=paths[:, -1], paths=paths, **others)


def paths_of(returns: ReturnScenarios) -> FloatArray:
    assert returns.paths is not None
    return returns.paths


def weights_of(choice: Allocation) -> FloatArray:
    """Weights as an array [company]."""
    return np.asarray(choice.weights, dtype=np.float64)


def size(choice: Allocation) -> float:
    """Size of the terms at the weights and at equal ones."""
    weights = weights_of(choice)
    world = textbook.world_of(choice.returns)
    objective = choice.terms
    if any(isinstance(term, terms.Regret) for _, term in objective.parts):
        world = world._replace(tops={name: float(m.max()) for name, m in world.means.items()})
    equal = np.full(len(weights), 1 / len(weights))
    return textbook.size(objective, world, weights, equal)


def same(one: Allocation, other: Allocation, factor: float = 1.0) -> bool:
    """True if the objectives agree, the other's times a factor."""
    return abs(one.objective - factor * other.objective) <= 2e-6 * size(one)


def improvement(better: Allocation, worse: Allocation) -> float:
    """How much better one is than the other, in units of the terms."""
    sign = textbook.direction(better.terms)
    return sign * (better.objective - worse.objective) / size(better)
