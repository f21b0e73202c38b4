"""The efficient frontier: each point the best there is, in order, certified, and drawn."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketsim as ms
from marketsim.allocation import Algebra, frontier, limits, terms
from marketsim.errors import InfeasibleError, InputError
from marketsim.reporting import frontier_figure
from marketsim.reporting.frontier_figure import frontier_panels
from tests import textbook
from tests.compared import HELD, scenarios_of
from tests.primal import best

SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=6, deadline=None)
MEAN = terms.ExpectedReturn()
RISKS: dict[str, Algebra] = {
    "CVaR": terms.CVaR(0.9),
    "variance": terms.Variance(),
    "tracking": terms.TrackingError(HELD),
    "sum": terms.CVaR(0.8) + 0.5 * terms.Drawdown(0.5),
}


@pytest.mark.parametrize("name", list(RISKS))
@SOME
@given(SEEDS)
def test_points_are_the_least_risk_at_their_reward(name: str, seed: int) -> None:
    returns, risk = scenarios_of(seed), 1.0 * RISKS[name]
    found = frontier(returns, risk, points=5, max_weight=0.7)
    assert len(found.choices) == 5
    for choice in found.choices[1:-1]:
        assert choice.certificate.holds()
        level = float(choice.risk["expected_return"])
        asked: dict[str, Any] = {"max_weight": 0.7, "limits": [limits.at_least(MEAN, level - 1e-9)]}
        other = best(returns, risk, **asked)
        assert choice.objective == pytest.approx(other.value, rel=2e-6, abs=1e-8)


@pytest.mark.parametrize("name", list(RISKS))
@SOME
@given(SEEDS)
def test_reward_rises_evenly_and_risk_ever_faster(name: str, seed: int) -> None:
    returns = scenarios_of(seed)
    found = frontier(returns, RISKS[name], points=7)
    reward, risk = (found.table[one].to_numpy() for one in found.names)
    steps = np.diff(reward)
    assert steps == pytest.approx(np.full(6, steps.mean()), rel=1e-4, abs=1e-7)
    assert (np.diff(risk) >= -1e-8).all()
    assert (np.diff(risk, 2) >= -1e-6).all()  # convex
    prices = found.table["price"].to_numpy()
    assert np.isnan(prices[[0, -1]]).all()
    slopes = np.diff(risk) / steps
    assert (prices[1:-1] >= slopes[:-1] - 1e-4).all()
    assert (prices[1:-1] <= slopes[1:] + 1e-4).all()


def test_the_table_has_weights_and_what_they_are_worth() -> None:
    returns = scenarios_of(1)
    found = ms.frontier(returns, ms.CVaR(0.9), points=4, limits=[limits.Turnover(0.8, HELD)])
    assert list(found.table) == ["ExpectedReturn()", "CVaR(0.9)", "price", *returns.tickers]
    world = textbook.world_of(returns)
    for _, row in found.table.iterrows():
        weights = row[list(returns.tickers)].to_numpy(dtype=float)
        assert textbook.value(1.0 * MEAN, world, weights) == pytest.approx(row["ExpectedReturn()"])
        assert textbook.value(1.0 * ms.CVaR(0.9), world, weights) == pytest.approx(row["CVaR(0.9)"])
        kept: dict[str, Any] = {"limits": [limits.Turnover(0.8, HELD)]}
        assert textbook.violation(world, weights, **kept) <= 1e-8
    assert repr(found).startswith("Frontier(4 points, ExpectedReturn() ")
    assert found.weights.sum(axis=1).to_numpy() == pytest.approx(np.ones(4))


def test_two_uncorrelated_companies_lie_on_a_parabola() -> None:
    frame = {"A": [0.1, 0.1, -0.1, -0.1], "B": [0.25, -0.15, 0.25, -0.15]}
    found = frontier(_table(frame), terms.Variance(), points=9)
    share = found.weights["B"].to_numpy()
    parabola = 0.01 * (1.0 - share) ** 2 + 0.04 * share**2
    assert found.table["Variance()"].to_numpy() == pytest.approx(parabola, abs=1e-9)
    assert share[0] == pytest.approx(0.2, abs=1e-6)
    assert share[-1] == pytest.approx(1.0)


def _table(frame: dict[str, list[float]]) -> Any:
    import pandas as pd

    return pd.DataFrame(frame)


def test_any_concave_reward_will_do() -> None:
    found = frontier(scenarios_of(3), terms.CVaR(0.8), terms.LogGrowth(), points=5)
    assert found.names == ["LogGrowth()", "CVaR(0.8)"]
    assert (np.diff(found.table["LogGrowth()"]) > 0.0).all()
    assert (np.diff(found.table["CVaR(0.8)"], 2) >= -1e-6).all()


def test_where_the_safest_are_the_richest_there_is_one_point() -> None:
    frame = {"A": [0.1, 0.2, 0.3], "B": [-0.2, 0.1, 0.0]}
    assert len(frontier(_table(frame), terms.CVaR(0.5)).choices) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"risk": MEAN}, r"the risk of a frontier is ExpectedReturn\(\); it must be convex"),
        ({"risk": terms.CVaR(), "reward": terms.Variance()}, "it must be concave"),
        ({"risk": "CVaR"}, "it must be convex"),
        ({"risk": terms.CVaR(), "points": 1}, "points is 1; it must be a whole number from 2 up"),
        ({"risk": terms.CVaR(), "points": 2.5}, "points is 2.5; it must be a whole number from 2"),
    ],
)
def test_what_is_no_frontier_is_said(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        frontier(scenarios_of(0), **arguments)


def test_limits_that_cannot_be_kept_are_explained_as_ever() -> None:
    asked = [limits.at_most(terms.Variance(), 1e-6)]
    with pytest.raises(InfeasibleError, match=r"Variance\(\).at_most must be at least"):
        frontier(scenarios_of(0), terms.CVaR(0.9), limits=asked)


# The figure


@pytest.mark.parametrize("shorts", [False, True])
def test_the_figure_is_a_document_that_names_what_is_held(shorts: bool) -> None:
    found = frontier(
        scenarios_of(2),
        terms.CVaR(0.9),
        points=6,
        min_weight=-0.2 if shorts else 0.0,
        max_weight=0.6,
    )
    text = frontier_figure(found)
    root = ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    words = {node.text for node in root.iter() if node.tag.endswith("text")}
    held = found.weights.columns[found.weights.abs().max() > 1e-6]
    assert set(held) <= words
    assert "nan" not in text
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    assert len(circles) >= len(found.choices)


def test_a_frontier_of_one_point_and_many_names_can_be_drawn() -> None:
    chance = np.random.default_rng(0)
    table = chance.normal(0.05, 0.1, (200, 15)) + 0.01 * np.arange(15)
    returns = ms.ReturnScenarios(table, tuple(f"T{i}" for i in range(15)))
    many = frontier_figure(frontier(returns, terms.Variance(), points=5))
    assert ">others</text>" in many
    one = frontier(_table({"A": [0.1, 0.2, 0.3], "B": [-0.2, 0.1, 0.0]}), terms.CVaR(0.5))
    assert "nan" not in frontier_figure(one)


def test_portfolios_are_marked_by_name_where_they_lie() -> None:
    """The safest lies on the first point of the line, and equal weights below it or on it."""
    found = frontier(scenarios_of(2), terms.CVaR(0.9), points=6, max_weight=0.6)
    names = list(found.weights.columns)
    marked = {"safest": found.weights.iloc[0], "even": pd.Series(1.0 / len(names), names)}
    curve, _ = frontier_panels(found, marked)
    root = ElementTree.fromstring(str(curve.figure))
    words = [node.text for node in root.iter() if node.tag.endswith("text")]
    assert {"safest", "even"} <= set(words)
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    places = [(one.get("cx"), one.get("cy")) for one in circles if one.get("r") == "4.5"]
    dots = [(one.get("cx"), one.get("cy")) for one in circles if one.get("r") == "2.2"]
    assert len(places) == 2
    assert places[0] in dots
