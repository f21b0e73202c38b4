"""Worlds where prices do not come back to the model's value: as valued with no pull at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.runs import decide
from marketsim.valuation import without_pull


def test_taking_the_pull_out_is_valuing_without_it(
    paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    """On the way there and at the end, to rounding."""
    pulled = ms.revalue(paths, prices, horizon="1y", steps=2)
    found = without_pull(pulled)
    asked = ms.revalue(paths, prices, horizon="1y", steps=2, assumptions={"pull": 0.0})
    assert found is not None
    assert found.paths is not None
    assert asked.paths is not None
    assert np.abs(found.returns - asked.returns).max() < 3e-12
    assert np.abs(found.paths - asked.paths).max() < 3e-12
    assert np.abs(found.returns - pulled.returns).max() > 1e-3
    assert without_pull(asked) is None


def test_cash_is_not_pulled_and_returns_made_elsewhere_know_of_none(
    returns: ms.ReturnScenarios,
) -> None:
    found = without_pull(returns.with_cash(0.03))
    assert found is not None
    assert found.returns[:, -1] == pytest.approx(np.expm1(0.03))
    table = pd.DataFrame({"A": [0.1, -0.1], "B": [0.2, 0.0]})
    assert without_pull(ms.ReturnScenarios.from_frame(table)) is None


def test_a_decision_has_what_would_be_best_without(returns: ms.ReturnScenarios) -> None:
    """No portfolio within the budget there returns more, and the pull is what it lacks."""
    found = decide(returns, limits={"max_weight": 0.15})
    told: Any = found.alternatives
    still, name = without_pull(found.choice.returns), "if prices do not come back"
    assert still is not None
    budget = float(told.loc["benchmark", "CVaR_95"])
    rules: dict[str, Any] = {"limits": [ms.limits.at_most(ms.CVaR(0.95), budget)]}
    caps: dict[str, Any] = {"max_weights": {"cash": 1.0}, "max_weight": 0.15}
    best = ms.allocate(still, ms.ExpectedReturn(), **caps, **rules)
    assert told.loc[name, "without_pull"] == pytest.approx(best.objective)
    assert told.loc[name, "without_pull"] > told.loc["chosen", "without_pull"]
    lost = told["expected_return"] - told["without_pull"]
    pull = found.weights.T @ found.reasons["pull"].reindex(found.weights.index)
    assert lost.to_numpy() == pytest.approx(pull.to_numpy(), abs=2e-3)  # chance of draws apart
