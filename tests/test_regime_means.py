"""Means by regime before the market's noise: the same as with it, and nearer to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.runs import decide
from marketsim.runs.regimes import by_regime, regime_means


@pytest.fixture(scope="module")
def found(returns: ms.ReturnScenarios) -> Any:
    return decide(returns, limits={"max_weight": 0.15})


def test_noise_moves_no_mean_beyond_chance_and_what_is_left_of_chance_is_less(found: Any) -> None:
    """Within three and a half standard errors in every regime, and half of the error at most."""
    choice = found.choice
    plain = replace(choice.returns, world=None)
    noisy = regime_means(plain, choice.weights.to_numpy())
    calm = found.by_regime
    assert noisy["mean"].to_numpy() == pytest.approx(
        choice.by_scenario["expected_return"].to_numpy()
    )
    apart = (noisy["mean"] - calm["expected_return"]).abs() / noisy["error"]
    assert apart.max() < 3.5
    assert (calm["error"] < 0.9 * noisy["error"]).all()


def test_means_are_those_of_the_worlds_and_cash_earns_its_rate(found: Any) -> None:
    choice = found.choice
    world, weights = choice.returns.world, choice.weights
    earned = world.world_returns @ weights[list(world.economics.index)].to_numpy()
    earned = earned + weights["cash"] * choice.returns.returns[:, -1]
    for name, row in found.by_regime.iterrows():
        mine = choice.returns.regimes == name
        assert row["expected_return"] == pytest.approx(earned[mine].mean())
        assert row["error"] == pytest.approx(earned[mine].std() / mine.sum() ** 0.5)
        assert found.alternatives.loc["chosen", name] == pytest.approx(row["expected_return"])
    rest = ["probability", "volatility", "VaR", "CVaR", "worst"]
    pd.testing.assert_frame_equal(found.by_regime[rest], choice.by_scenario[rest])


def test_of_returns_made_elsewhere_means_are_as_drawn() -> None:
    """Two worlds of a boom at 30 and 10 %: 20 %, give or take 10 / sqrt(2) points."""
    table = pd.DataFrame({"A": [0.3, 0.1, -0.2], "B": [0.2, 0.2, 0.0]})
    returns = ms.ReturnScenarios.from_frame(table, regimes=["boom", "boom", "slump"])
    told: Any = by_regime(ms.allocate(returns, ms.ExpectedReturn(), max_weight=0.5))
    assert told.loc["boom", "expected_return"] == pytest.approx(0.5 * 0.2 + 0.5 * 0.2)
    means: Any = regime_means(returns, np.array([1.0, 0.0]))
    assert means.loc["boom"].tolist() == pytest.approx([0.2, 0.1 / np.sqrt(2.0)])
