"""Hedging an assumption: closed forms, exposures against the reverse pass, and worlds moved."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.allocation import Allocation, limit_from, tightened
from marketsim.allocation.limits import neutral_to
from marketsim.derivatives import Hedge
from marketsim.derivatives.chain import by_draw
from marketsim.derivatives.exposed import against, exposed
from marketsim.errors import InfeasibleError, InputError
from marketsim.scenarios import direction
from marketsim.simulation import again
from tests.compared import scenarios_of

LOADS = {"A": 0.04, "B": -0.02, "C": 0.01, "D": 0.03, "E": 0.02}
LOOSE: dict[str, Any] = {"min_weight": -3.0, "max_weight": 3.0}
CAP, WITHIN = 0.15, 0.03

# Anybody's returns


def held(choice: Allocation, loads: dict[str, float] | None = None) -> float:
    """What the weights add up to, by loads."""
    loads = loads or LOADS
    return sum(loads[str(ticker)] * float(weight) for ticker, weight in choice.weights.items())


def test_two_companies_leave_one_neutral_portfolio() -> None:
    rng = np.random.default_rng(0)
    returns = ms.ReturnScenarios(rng.normal(0.1, 0.2, (200, 2)), ("A", "B"))
    both = {"A": 0.03, "B": -0.01}
    choice = ms.allocate(returns, ms.Variance(), limits=[neutral_to("x", 0.0, both)])
    np.testing.assert_allclose(choice.weights, [0.25, 0.75], atol=1e-9)


@pytest.mark.parametrize("within", [0.0, 0.002])
def test_the_least_variance_is_that_of_the_closed_form(within: float) -> None:
    """With the exposure at its bound: S^-1 A' (A S^-1 A')^-1 (1, bound)."""
    returns = scenarios_of(3, draws=300)
    choice = ms.allocate(returns, ms.Variance(), limits=[neutral_to("x", within, LOADS)], **LOOSE)
    odds, drawn = returns.probabilities, returns.returns
    apart = drawn - odds @ drawn
    covariance = apart.T @ (odds[:, None] * apart)
    rows = np.array([np.ones(5), [LOADS[t] for t in returns.tickers]])
    free = (
        np.linalg.solve(covariance, rows[0]) @ rows[1] / np.linalg.solve(covariance, rows[0]).sum()
    )
    assert abs(free) > 0.002  # so that it binds
    sides = np.array([1.0, np.sign(free) * within])
    half = np.linalg.solve(covariance, rows.T)
    expected = half @ np.linalg.solve(rows @ half, sides)
    np.testing.assert_allclose(choice.weights, expected, atol=1e-6)
    side = "[+]" if free > 0.0 else "[-]"
    name = f"neutral_to('x').within{side}"
    if within:  # at nothing either row may have the price
        assert choice.duals[name] > 0.0
        assert choice.duals.filter(like="neutral_to").sum() == pytest.approx(choice.duals[name])


def test_a_dual_is_what_a_wider_bound_earns() -> None:
    returns, aim = scenarios_of(5, draws=200), ms.ExpectedReturn() - 3 * ms.Variance()
    tight, wide = (
        ms.allocate(returns, aim, limits=[neutral_to("x", bound, LOADS)])
        for bound in (0.001, 0.001 + 1e-6)
    )
    earned = (wide.objective - tight.objective) / 1e-6
    assert earned > 1e-3
    assert tight.duals.filter(like="neutral_to").sum() == pytest.approx(earned, rel=0.02)


def test_what_cannot_be_had_says_what_can() -> None:
    loads = {"A": 0.05, "B": 0.03, "C": 0.04, "D": 0.06, "E": 0.0312}
    with pytest.raises(InfeasibleError) as told:
        ms.allocate(scenarios_of(0), ms.CVaR(0.9), limits=[neutral_to("oil", 0.005, loads)])
    assert "neutral_to('oil').within must be at least 0.03" in str(told.value)
    kept = ms.allocate(scenarios_of(0), ms.CVaR(0.9), limits=[neutral_to("oil", 0.03, loads)])
    assert kept.weights["B"] == pytest.approx(1.0)


def test_it_is_written_as_a_text_too() -> None:
    given = {"oil": LOADS}
    assert limit_from("neutral_to('oil', 0.01, oil)", given) == neutral_to("oil", 0.01, LOADS)
    with pytest.raises(InputError, match=r"neutral_to\('x'\).within is -0.1"):
        limit_from("neutral_to('x', -0.1)")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x", -0.01), r"within is -0.01; it must be a fraction from 0 up"),
        (("x", float("nan")), "within is nan"),
        (("x", 3), r"within is 3; it must be a fraction from 0 up, such as 0.005 \(3 % is 0.03\)"),
        (("x", "0.1"), r"within is '0.1'"),
        ((3, 0.1), "3 is no name of an assumption"),
        (("x", 0.1, [1.0]), "exposures must be a mapping or Series by ticker"),
        (("x", 0.1, {"A": np.nan}), r"exposures\['A'\] is nan"),
    ],
)
def test_what_is_no_limit_is_refused(arguments: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        neutral_to(*arguments)


def test_what_the_callers_exposures_count_may_be_any_number() -> None:
    assert neutral_to("oil", 300.0, {"A": 80.0}).within == 300.0


def test_returns_without_a_world_need_exposures() -> None:
    returns = scenarios_of(0)
    with pytest.raises(InputError, match="'oil': no world stands behind these returns"):
        ms.allocate(returns, ms.CVaR(0.9), limits=[neutral_to("oil", 0.01)])
    with pytest.raises(InputError, match=r"exposures names no ticker .*'Z'"):
        ms.allocate(returns, ms.CVaR(0.9), limits=[neutral_to("oil", 0.01, {"Z": 1.0})])


def test_any_world_may_say_what_moves_returns() -> None:
    asked = []

    def exposures(assumption: str, probabilities: np.ndarray) -> pd.Series:
        asked.append((assumption, probabilities))
        return pd.Series(LOADS).drop(missing)

    missing: list[str] = []
    returns = replace(scenarios_of(0), world=SimpleNamespace(exposures=exposures)).with_cash()
    choice = ms.allocate(returns, ms.CVaR(0.9), limits=[neutral_to("oil", 0.0)], max_weight=0.5)
    assert abs(held(choice, LOADS | {"cash": 0.0})) < 1e-9
    assert asked[0][0] == "oil"
    assert asked[0][1] is returns.probabilities
    missing.append("B")
    with pytest.raises(InputError, match="no world says what moves B"):
        returns.exposures("oil")


def test_tightened_is_the_same_problem_with_more_limits() -> None:
    returns, aim = scenarios_of(5, draws=200), ms.ExpectedReturn() - ms.CVaR(0.9)
    budget = ms.limits.at_least(ms.ExpectedReturn(), 0.01)
    choice = ms.allocate(returns, aim, max_weight=0.6)
    more = [neutral_to("x", 0.001, LOADS), budget]
    again_ = ms.allocate(returns, aim, max_weight=0.6, limits=more)
    found = tightened(choice, more)
    assert found.objective == pytest.approx(again_.objective, abs=1e-6)
    np.testing.assert_allclose(found.weights, again_.weights, atol=1e-4)
    with pytest.raises(InputError, match="allocation that was stored"):
        tightened(pickle.loads(pickle.dumps(choice)), more)
    with pytest.raises(InputError, match="what the weights sum to"):
        tightened(choice, [ms.limits.Neutral(2.0)])
    with pytest.raises(InputError, match="limits holds"):
        tightened(choice, ["x"])  # type: ignore[list-item]


# The worlds of a calibration


@pytest.fixture(scope="module")
def choice(returns: ms.ReturnScenarios) -> Allocation:
    """That of a run: cash may be held, and CVaR has a budget."""
    return ms.runs.decide(returns, limits={"max_weight": CAP}).choice


@pytest.fixture(scope="module")
def hedged(choice: Allocation) -> Hedge:
    return ms.derivatives.hedge(choice, "hurdle_rate", within=WITHIN)


@pytest.mark.slow
def test_exposures_are_those_of_the_reverse_pass(returns: ms.ReturnScenarios) -> None:
    """Company by company, of one assumption and of all of a kind."""
    valuation, ran = returns.world, again(returns.world.paths)
    posterior = valuation.paths.scenarios.posterior
    for place, ticker in list(enumerate(returns.tickers))[::15]:
        slopes = np.zeros(returns.returns.shape)
        slopes[:, place] = returns.probabilities
        total = by_draw(valuation, ran, slopes).sum(axis=0)
        for name in ("hurdle_rate", "elasticity", "exposure[NVDA.data_center]"):
            expected = total @ direction(posterior, name)
            found = returns.exposures(name)[place]
            assert found == pytest.approx(expected, rel=1e-5, abs=1e-9), (ticker, name)


def test_exposures_are_under_the_probabilities_of_a_view(returns: ms.ReturnScenarios) -> None:
    bear = np.asarray(returns.regimes == "bear", dtype=float)
    moved = replace(returns, probabilities=bear / bear.sum())
    assert not np.allclose(moved.exposures("hurdle_rate"), returns.exposures("hurdle_rate"))
    parts = []
    for name in returns.regime_names():
        odds = np.where(returns.regimes == name, returns.probabilities, 0.0)
        inside = replace(returns, probabilities=odds / odds.sum())
        parts.append(odds.sum() * inside.exposures("hurdle_rate"))
    np.testing.assert_allclose(sum(parts), returns.exposures("hurdle_rate"), atol=1e-12)


def test_a_kind_is_all_of_its_assumptions_at_once(returns: ms.ReturnScenarios) -> None:
    entries = returns.world.paths.scenarios.posterior.entries
    each = [returns.exposures(e.name) for e in entries if e.field == "elasticity"]
    np.testing.assert_allclose(sum(each), returns.exposures("elasticity"), rtol=1e-4, atol=1e-9)


@pytest.mark.slow
def test_a_hedged_portfolio_is_what_sensitivities_say_it_is(hedged: Hedge) -> None:
    for choice, said in (
        (hedged.before, hedged.exposure_before),
        (hedged.after, hedged.exposure_after),
    ):
        table = ms.sensitivities(choice).portfolio
        assert table.loc["hurdle_rate", "portfolio_per_sd"] == pytest.approx(said, rel=1e-5)


def test_a_hedge_keeps_within_and_costs_something(choice: Allocation, hedged: Hedge) -> None:
    assert abs(hedged.exposure_before) > WITHIN  # else there is nothing to hedge
    assert abs(hedged.exposure_after) <= WITHIN + 1e-9
    assert hedged.cost > 0.0
    assert hedged.cost == pytest.approx(choice.objective - hedged.after.objective)
    table = hedged.holdings
    assert set(table.index) == set(choice.returns.tickers)
    assert table["trade"].sum() == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(table["adds_after"], table["after"] * table["exposure"])
    assert table.loc["cash", "exposure"] == 0.0
    against = table["adds_after"] * hedged.exposure_before < 0.0
    assert (table["hedges"] == against).all()
    assert hedged.after.duals.filter(like="neutral_to('hurdle_rate')").max() > 0.0


def test_worlds_really_moved_change_its_return_no_more(hedged: Hedge) -> None:
    """Second-order rest told: what is beyond the straight line is that, and small."""
    moved = hedged.moved
    assert list(moved.index) == [-0.25, 0.25]
    assert (moved["after"].abs() <= 0.25 * hedged.within + hedged.rest + 1e-9).all()
    assert hedged.rest < 0.1 * abs(hedged.exposure_before)
    straight = moved.index.to_numpy() * hedged.exposure_before
    np.testing.assert_allclose(moved["before"], straight, rtol=0.1)
    slope = float(moved["after"].iloc[1] - moved["after"].iloc[0]) / 0.5
    assert slope == pytest.approx(hedged.exposure_after, abs=0.02 * abs(hedged.exposure_before))


def test_it_tells_what_it_costs_and_who_hedges(hedged: Hedge) -> None:
    text = str(hedged)
    assert "A standard deviation more of hurdle_rate adds" in text
    assert f"costs {100 * hedged.cost:.2f} points of the objective, ExpectedReturn(), and" in text
    assert "What changes the exposure" in text
    assert "of second order" in text
    told = hedged.record()
    assert told["exposure_after"] == hedged.exposure_after
    assert {"ticker", "exposure", "hedges"} <= set(told["holdings"][0])
    assert "hurdle_rate" in repr(hedged)


def test_a_portfolio_within_is_left_as_it_is(choice: Allocation) -> None:
    found = ms.derivatives.hedge(choice, "hurdle_rate", within=1.0)
    assert found.traded < 1e-4
    assert "within that as it is" in str(found)
    assert "What changes the exposure" not in str(found)
    assert "exposure is avoided" not in str(found)


@pytest.mark.parametrize(("verb", "sign"), [("Bought", 1.0), ("Sold", -1.0)])
def test_all_that_is_traded_is_told(hedged: Hedge, verb: str, sign: float) -> None:
    """Of what the assumption does not move too, such as cash: each side adds up to the trade."""
    (line,) = [x for x in str(hedged).splitlines() if x.startswith(f"  {verb}, per cent")]
    told = re.findall(r"(\S+) ([\d.]+)[,.]", line.split(": ")[1])
    assert sum(float(size) for _, size in told) == pytest.approx(100 * hedged.traded, abs=0.4)
    largest = (sign * hedged.holdings["trade"]).idxmax()
    assert told[0][0] == largest


def test_what_moves_nothing_says_so(hedged: Hedge) -> None:
    none = dict.fromkeys(("exposure", "adds_before", "adds_after"), 0.0)
    still = replace(hedged, holdings=hedged.holdings.assign(**none))
    assert still.moves_nothing
    assert "hurdle_rate moves no expected return here" in str(still)
    assert not hedged.moves_nothing


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hurdle_rates", "no assumption is called 'hurdle_rates'. Did you mean 'hurdle_rate'"),
        ("initial_fleet", "describes the past|no assumption is called"),
        ("", "no name of an assumption"),
        ("equity_premium", r"'equity_premium' is what valuation assumes.*sensitivities\(choice\)"),
    ],
)
def test_a_name_of_none_is_refused(choice: Allocation, name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ms.derivatives.hedge(choice, name, within=0.01)


def test_where_a_limit_is_used_its_name_is_told_with_what_is_wrong(
    returns: ms.ReturnScenarios,
) -> None:
    with pytest.raises(InputError, match=r"^neutral_to: no assumption is called 'elastcity'.*mean"):
        ms.allocate(returns, ms.CVaR(0.95), limits=[neutral_to("elastcity", 0.03)])


def test_what_no_world_stands_behind_has_no_hedge(choice: Allocation) -> None:
    elsewhere = replace(choice, returns=replace(choice.returns, world=None))
    with pytest.raises(InputError, match="hedge: these returns were not made by revalue"):
        ms.derivatives.hedge(elsewhere, "hurdle_rate", within=0.01)
    with pytest.raises(InputError, match="is no allocation"):
        ms.derivatives.hedge({"A": 1.0}, "hurdle_rate", within=0.01)  # type: ignore[arg-type]


def test_a_hedge_that_cannot_be_had_says_what_can(returns: ms.ReturnScenarios) -> None:
    """All gain from elasticity, and all must be invested."""
    choice = ms.allocate(returns, ms.CVaR(0.95), max_weight=CAP)
    assert returns.exposures("elasticity").min() > 0.0
    with pytest.raises(InfeasibleError, match="within must be at least") as told:
        ms.derivatives.hedge(choice, "elasticity", within=0.0)
    works = float(str(told.value).rsplit("at least ", 1)[1])
    found = ms.derivatives.hedge(choice, "elasticity", within=works)
    assert found.exposure_after <= works + 1e-9


def test_who_hedges_is_held_and_adds_with_the_other_sign() -> None:
    weights = pd.DataFrame(
        {"one": [0.5, 0.3, 0.2, 0.0]}, index=pd.Index(["A", "B", "C", "D"], name="ticker")
    )
    table = exposed(np.array([0.1, -0.02, -0.1, -1.0]), weights)
    assert table["adds_one"].sum() == pytest.approx(0.05 - 0.006 - 0.02)
    assert against(table, "one", 0.024) == "C, B"
    assert against(table, "one", -0.024) == "A"
