"""The whole session, as the ten lines of the README hold it, with a few hundred draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms

MOST = 0.15


@pytest.fixture(scope="module")
def choice(returns: ms.ReturnScenarios) -> ms.allocation.Allocation:
    return ms.allocate(returns, objective=ms.CVaR(0.95), max_weight=MOST)


def test_facts_become_weights(choice: ms.allocation.Allocation, paths: ms.Paths) -> None:
    weights = choice.weights
    assert tuple(weights.index) == paths.companies
    assert weights.sum() == pytest.approx(1.0, abs=1e-8)
    assert weights.between(0.0, MOST + 1e-9).all()
    assert set(choice.by_scenario.index) >= {"bull", "base", "bear"}
    by = choice.by_scenario["expected_return"]
    assert by["bear"] < by["base"] < by["bull"]


def test_no_mixture_of_the_ends_has_a_smaller_tail(
    choice: ms.allocation.Allocation, returns: ms.ReturnScenarios
) -> None:
    """The optimum against portfolios anyone would try: the mean of the worst 5 %, by hand."""

    def tail(weights: np.ndarray) -> float:
        losses = -(returns.returns @ weights)
        order = np.argsort(-losses)
        taken = np.minimum(np.cumsum(returns.probabilities[order]), 0.05)
        return float(np.diff(taken, prepend=0.0) @ losses[order] / 0.05)

    best = choice.weights.to_numpy()
    count = len(best)
    assert tail(best) == pytest.approx(choice.objective, rel=1e-6)
    chance = np.random.default_rng(0)
    rivals = [np.full(count, 1.0 / count)]
    rivals += [chance.permutation(np.repeat([1 / 7, 0.0], [7, count - 7])) for _ in range(20)]
    rivals += [0.99 * best + 0.01 * r for r in rivals]
    assert all(tail(best) <= tail(r) + 1e-9 for r in rivals)


def test_assumptions_move_the_result(choice: ms.allocation.Allocation) -> None:
    """The last line: which assumption moves this portfolio, and by how much."""
    found = ms.sensitivities(choice)
    table = found.portfolio
    assert {"elasticity[agentic]", "hurdle_rate", "algorithmic_growth"} <= set(table.index)
    effect = table["portfolio_per_sd"]
    assert np.isfinite(effect).all()
    assert effect.abs().is_monotonic_decreasing
    assert effect.abs().max() > 1e-4


def test_the_date_of_every_step_is_the_decision_date(
    posterior: ms.Posterior, paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    day = pd.Timestamp("2025-12-31")
    assert posterior.as_of == day
    assert prices.as_of <= day
    assert paths.quarter_ends[0] > day
