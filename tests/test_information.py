"""What it is worth to know: never less than nothing, and nothing where nothing is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import marketsim as ms
from marketsim.derivatives import Information
from marketsim.derivatives.charged import charged
from marketsim.derivatives.information import NODES, REGIME, WEIGHTS, _gain, _slopes


@pytest.fixture(scope="module")
def choice(returns: ms.ReturnScenarios) -> ms.allocation.Allocation:
    return ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)


@pytest.fixture(scope="module")
def found(choice: ms.allocation.Allocation) -> Information:
    return ms.derivatives.value_of_information(choice, count=12)


def test_nodes_are_of_a_standard_normal_number() -> None:
    rest = 1.0 - WEIGHTS.sum()
    assert rest == pytest.approx(8.0 / 15.0)
    for power, moment in ((1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0), (6, 15.0)):
        assert WEIGHTS @ NODES**power == pytest.approx(moment, abs=1e-5)


def test_knowing_is_never_worth_less_than_nothing(found: Information) -> None:
    assert (found.table["gain"] > -1e-9).all()
    assert (found.table["net"] >= 0.0).all()
    assert (found.table["moved"].between(0.0, 1.0)).all()
    assert (np.diff(found.table["gain"]) <= 0.0).all()


def test_within_a_budget_of_risk_what_moves_all_alike_changes_no_choice_either(
    returns: ms.ReturnScenarios,
) -> None:
    """Kept to in each state, the budget would be tighter in the worse: knowing would cost."""
    least = ms.allocate(returns, ms.CVaR(0.95), max_weight=0.15)
    budget = ms.limits.at_most(ms.CVaR(0.95), 1.2 * float(least.objective))
    choice = ms.allocate(returns, ms.ExpectedReturn(), max_weight=0.15, limits=[budget])
    best = ms.derivatives.smoothed(choice)
    alike = np.full(len(best.weights), 0.02)
    gain, moved = _gain(charged(best), alike)
    assert gain == pytest.approx(0.0, abs=1e-6)
    assert moved == pytest.approx(0.0, abs=1e-4)
    worse, better = (
        best.again(np.ones((len(returns), 1)) * x * alike).value - best.value for x in (-1.0, 1.0)
    )
    assert worse + better < -1e-4  # as it would be


def test_what_a_run_chooses_gains_by_knowing(returns: ms.ReturnScenarios) -> None:
    choice = ms.runs.decide(returns, limits={"max_weight": 0.15}).choice
    assert ms.derivatives.smoothed(choice).problem.limits
    found = ms.derivatives.value_of_information(choice, count=4)
    assert (found.table["gain"] > -1e-9).all()


def test_charged_for_its_limits_the_best_is_the_same(returns: ms.ReturnScenarios) -> None:
    """The conditions of Karush, Kuhn and Tucker: no limit on a term is left, and none is missed."""
    least = ms.allocate(returns, ms.CVaR(0.95), max_weight=0.15)
    level = 1.2 * float(least.objective)
    limits = [ms.limits.at_most(ms.CVaR(0.95), level)]
    best = ms.derivatives.smoothed(
        ms.allocate(returns, ms.ExpectedReturn(), max_weight=0.15, limits=limits)
    )
    free = charged(best)
    assert best.problem.limits
    assert not free.problem.limits
    np.testing.assert_allclose(free.weights, best.weights, atol=1e-7)


def test_the_regime_is_worth_more_than_chance(found: Information) -> None:
    """What sets regimes apart is what weights would follow."""
    assert float(found.table["gain"].to_numpy()[found.table.index == REGIME][0]) > 3 * found.chance
    assert found.chance > 0.0


def test_what_moves_all_alike_changes_no_choice(choice: ms.allocation.Allocation) -> None:
    """Where the fund is invested in full, and only differences count."""
    best = ms.derivatives.smoothed(choice)
    gain, moved = _gain(best, np.full(len(best.weights), 0.01))
    assert gain == pytest.approx(0.0, abs=1e-6)
    assert moved == pytest.approx(0.0, abs=1e-4)


def test_more_is_worth_more(choice: ms.allocation.Allocation) -> None:
    best = ms.derivatives.smoothed(choice)
    slope = np.random.default_rng(1).normal(size=len(best.weights)) * 0.005
    gains = [_gain(best, size * slope)[0] for size in (0.5, 1.0, 2.0)]
    assert 0.0 < gains[0] < gains[1] < gains[2]


def test_between_two_sure_things_it_is_the_mean_of_the_better() -> None:
    """One earns z, the other nothing: knowing z is worth E max(z, 0), by the nodes."""
    returns = 1e-3 * np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    made = ms.ReturnScenarios(returns=returns, tickers=("A", "B"), probabilities=np.full(4, 0.25))
    best = ms.derivatives.smoothed(
        ms.allocate(made, ms.ExpectedReturn() - 1e-3 * ms.terms.Variance())
    )
    gain, _ = _gain(best, np.array([0.1, 0.0]))
    half = 0.1 * float(WEIGHTS @ np.maximum(NODES, 0.0))
    assert gain == pytest.approx(half, rel=1e-4)


def test_a_regression_finds_what_is_there() -> None:
    random = np.random.default_rng(0)
    known = random.normal(size=(500, 2)) * np.array([1.0, 7.0])
    returns = known @ np.array([[0.02, 0.0], [0.0, 0.003]])
    slopes = _slopes(known, returns, np.full(500, 1 / 500))
    deviation = known.std(axis=0)
    assert slopes[0, 0] == pytest.approx(0.02 * deviation[0])
    assert slopes[1, 1] == pytest.approx(0.003 * deviation[1])


def test_of_pure_chance_hardly_anything_is_told(choice: ms.allocation.Allocation) -> None:
    """Where worlds' assumptions are shuffled, none says anything of its returns."""
    world = choice.returns.world
    shuffled = np.random.default_rng(3).permutation(world.paths.link)
    blind = replace(world, paths=replace(world.paths, link=shuffled))
    returns = replace(choice.returns, world=blind)
    said = ms.derivatives.value_of_information(replace(choice, returns=returns), count=10)
    assert said.table["gain"].drop(REGIME).mean() > said.chance  # the dearest seemed to be worth it
    assert len(said.found.drop(REGIME, errors="ignore")) <= 1
    assert f"{len(said.table) - len(said.found)} of 11 asked about gain no more" in str(said)


def test_only_what_chance_cannot_seem_to_be_worth_is_printed(found: Information) -> None:
    assert found.bar > 2.0 * found.chance
    assert list(found.found.index) == list(found.table.index[found.table["gain"] > found.bar])
    few = found.table.assign(beyond_chance=np.arange(len(found.table)) < 3)
    low = replace(found, table=few)
    assert all(str(name) in str(low) for name in found.table.index[:3])
    assert not any(f"{name} " in str(low) for name in found.table.index[3:])
    assert "points of the objective, ExpectedReturn() - " in str(low)


def test_it_says_what_chance_seems_to_be_worth(found: Information) -> None:
    assert "says nothing seems to be worth" in str(found)
    assert len(repr(found)) < 200


@pytest.mark.parametrize(("count", "seed"), [(0, 0), (-1, 0), (2.5, 0), (3, -1)])
def test_numbers_that_are_none_are_refused(
    choice: ms.allocation.Allocation, count: int, seed: int
) -> None:
    with pytest.raises(ms.MarketsimError, match=r"value_of_information: (count|seed) is"):
        ms.derivatives.value_of_information(choice, count=count, seed=seed)


def test_a_regime_that_cannot_be_is_passed_over(returns: ms.ReturnScenarios) -> None:
    sure = ms.view(returns, "P(bear) == 0")
    choice = ms.allocate(sure, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)
    assert np.isfinite(
        ms.derivatives.value_of_information(choice, count=2).table.to_numpy(float)
    ).all()


def test_returns_made_elsewhere_have_no_assumptions(choice: ms.allocation.Allocation) -> None:
    elsewhere = replace(choice, returns=replace(choice.returns, world=None))
    with pytest.raises(ms.MarketsimError, match="value_of_information: these returns were not"):
        ms.derivatives.value_of_information(elsewhere)
