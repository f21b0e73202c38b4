"""Reasons: what the dual says of each weight, on closed forms, at random and under views."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketsim as ms
from marketsim.allocation import Allocation, allocate, limits, terms
from marketsim.allocation.marginals import marginals, negligible
from marketsim.allocation.reasons import CODES
from marketsim.errors import InfeasibleError, InputError
from marketsim.returns import ReturnScenarios
from tests.compared import OBJECTIVES, scenarios_of

SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=12, deadline=None)
RETURN, RISK = terms.ExpectedReturn(), terms.CVaR(0.8)


def toy(**columns: list[float]) -> ReturnScenarios:
    """Five equally likely worlds, of which the last is the tail beyond 80 %, in two regimes."""
    regimes = ["boom", "boom", "boom", "slump", "slump"]
    return ReturnScenarios.from_frame(pd.DataFrame(columns), regimes=regimes)


def three() -> ReturnScenarios:
    """RISKY has a mean of 10 % and loses 50 % in the worst world, MILD 2 % and 10 %; and cash."""
    return toy(
        RISKY=[0.30, 0.25, 0.25, 0.20, -0.50],
        MILD=[0.055, 0.055, 0.055, 0.035, -0.10],
    ).with_cash(np.log(1.01))


def plain(**means: float) -> ReturnScenarios:
    """Companies with given means, each with a noise of its own that no objective here minds."""
    noise = np.random.default_rng(0).normal(size=(5, len(means)))
    table = list(means.values()) + 0.01 * (noise - noise.mean(axis=0))
    return toy(**{name: table[:, i].tolist() for i, name in enumerate(means)})


def told(choice: Allocation, *arguments: Any, **named: Any) -> Any:
    """Its reasons, for a type checker that takes every cell for a date."""
    return choice.reasons(*arguments, **named)


# Closed forms


WEIGHT = 0.21 / 0.51
"""Of RISKY beside cash at 1 % under a budget of 20 %: 0.5 w - 0.01 (1 - w) = 0.2."""
PRICE = (0.10 - 0.01) / 0.51
"""Return for risk, from cash to RISKY."""
HURDLE = 0.01 + PRICE * 0.01
"""What cash earns, and frees of the budget."""


@pytest.fixture(scope="module")
def budget() -> Allocation:
    return allocate(three(), RETURN, limits=[limits.at_most(RISK, 0.2)])


def test_weights_and_price_are_those_by_hand(budget: Allocation) -> None:
    assert budget.weights["RISKY"] == pytest.approx(WEIGHT)
    assert budget.weights["cash"] == pytest.approx(1.0 - WEIGHT)
    assert budget.duals["CVaR(0.8).at_most"] == pytest.approx(PRICE)


def test_what_is_held_earns_the_hurdle_after_its_charge_for_risk(budget: Allocation) -> None:
    held = told(budget).loc[["RISKY", "cash"]]
    assert list(held["reason"]) == ["balance", "balance"]
    assert held["risk_charge"].to_numpy() == pytest.approx(PRICE * np.array([0.5, -0.01]))
    assert held["hurdle"].to_numpy() == pytest.approx(HURDLE)
    assert held["reduced_cost"].to_numpy() == pytest.approx(0.0, abs=1e-9)


def test_what_is_not_held_is_short_by_its_reduced_cost(budget: Allocation) -> None:
    row = told(budget).loc["MILD"]
    assert row["reduced_cost"] == pytest.approx(0.02 - PRICE * 0.10 - HURDLE)
    assert (row["reason"], row["notable"]) == ("return", "expected_return")
    assert row["sentence"] == (
        "not held for its return: 2.7 points below the portfolio's 4.7 %; "
        "expected return 2.0 % a year less 1.8 points for risk (in the "
        "worst 20 % of worlds it loses 10.0 %, most in slump) is 0.9 points short of the 1.2 % "
        "that money earns elsewhere"
    )


def test_it_is_for_risk_where_the_charge_is_further_above_the_mean_than_the_return_below() -> None:
    """The budget of 20 % is charged PRICE times that on average; WILD loses 90 %, for 9 %."""
    returns = three().to_frame().drop(columns=["probability", "regime"])
    wild = toy(**returns.drop(columns="cash"), WILD=[0.35, 0.35, 0.35, 0.30, -0.90])
    choice = allocate(wild.with_cash(np.log(1.01)), RETURN, limits=[limits.at_most(RISK, 0.2)])
    table = told(choice)
    assert list(table.loc[["WILD", "MILD"], "reason"]) == ["risk", "return"]
    more = 100.0 * PRICE * (0.90 - 0.20)
    assert f"not held for its risk: charged {more:.1f} points more" in table.loc["WILD", "sentence"]


def test_the_part_that_lacks_most_of_a_return_is_named() -> None:
    """MILD earns 2.7 points less than the portfolio; its pull alone is 3.1 less."""
    parts = pd.DataFrame(
        {
            "carry": {"RISKY": 0.03, "MILD": 0.04, "cash": 0.01},
            "pull": {"RISKY": 0.05, "MILD": -0.01, "cash": 0.0},
        }
    )
    choice = allocate(three(), RETURN, limits=[limits.at_most(RISK, 0.2)])
    said = told(choice, parts=parts).loc["MILD", "sentence"]
    assert f"most by pull (-1.0 beside {100 * 0.05 * WEIGHT:+.1f})" in said


def test_risk_is_shared_as_contributions_have_it(budget: Allocation) -> None:
    table = told(budget)
    assert table["risk_share"]["RISKY"] == pytest.approx(WEIGHT * 0.5 / 0.2)
    assert table["risk_share"].sum() == pytest.approx(1.0)
    assert "it takes 3 % off the portfolio's loss" in table["sentence"]["cash"]
    assert table["tail_return"]["RISKY"] == pytest.approx(-0.5)
    assert table["tail_regime"]["RISKY"] == table["worst_regime"]["RISKY"] == "slump"
    assert table["worst_regime_return"]["RISKY"] == pytest.approx(-0.15)


def test_a_cap_is_worth_what_it_keeps_out() -> None:
    row = told(allocate(three(), RETURN, max_weights={"RISKY": 0.3})).loc["RISKY"]
    assert (row["reason"], row["limit"]) == ("cap", "max_weights[RISKY]")
    assert row["reduced_cost"] == pytest.approx(0.10 - 0.02)  # MILD would make room
    assert "each further point of weight would add 0.080 points" in row["sentence"]
    # Of five draws as a sample of more, 8 points are too few: their error is 12.
    assert row["error"] == pytest.approx(np.std([0.245, 0.195, 0.195, 0.165, -0.4]) / np.sqrt(5.0))
    assert "0.080 points, which the draws are too few to tell from none" in row["sentence"]


def test_chance_of_the_draws_in_a_reduced_cost_is_that_of_the_difference_to_what_is_between() -> (
    None
):
    """A fills its cap and B the rest: C is short by the mean of B less C."""
    returns = scenarios_of(2)
    table = told(allocate(returns, RETURN, max_weight=0.6))
    between = str(table.index[table["reason"] == "balance"][0])
    drawn = pd.DataFrame(returns.returns, columns=list(returns.tickers))
    odds = returns.probabilities
    for name in table.index[table["reason"].isin(["return", "cap"])]:
        apart = drawn[name] - drawn[between]
        spread = odds @ (apart - odds @ apart) ** 2
        assert table.loc[name, "reduced_cost"] == pytest.approx(odds @ apart, abs=1e-6)
        assert table.loc[name, "error"] == pytest.approx(np.sqrt(spread * (odds @ odds)))
    assert np.isnan(table.loc[between, "error"])


def test_a_filled_layer_takes_the_place_of_the_hurdle() -> None:
    """A and B share a layer that A fills; B would do better than C outside."""
    returns = plain(A=0.10, B=0.08, C=0.05)
    layered = ReturnScenarios(
        returns.returns, returns.tickers, layers={"A": "chips", "B": "chips", "C": "power"}
    )
    table = told(allocate(layered, RETURN, layer_caps={"chips": 0.4}))
    assert list(table.loc[["A", "B"], "limit_charge"]) == pytest.approx([0.05, 0.05])
    assert table.loc["B", "reduced_cost"] == pytest.approx(0.08 - 0.05 - 0.05)
    assert list(table.loc[["A", "B", "C"], "reason"]) == ["limit", "limit", "balance"]
    assert "layer_caps[chips] is filled" in table.loc["B", "why"]
    assert "less 5.0 points for layer_caps[chips]" in table.loc["B", "sentence"]


def test_what_may_not_be_held_is_told_apart_from_what_does_not_pay() -> None:
    returns = plain(A=0.10, B=0.08, C=0.05)
    asked: dict[str, dict[str, Any]] = {
        "excluded": {"max_weights": {"A": 0.0}},
        "fixed": {"limits": [limits.Group("A", ("A",), at_least=0.3, at_most=0.3)]},
        "floor": {"min_weight": 0.1},
        "unselected": {"limits": [limits.Holdings(at_most=1)]},
    }
    for code, more in asked.items():
        table = told(allocate(returns, RETURN, **more))
        name = "A" if code in ("excluded", "fixed") else "C"
        assert table.loc[name, "reason"] == code, table
    assert told(allocate(returns, RETURN)).loc["C", "reason"] == "return"


def test_without_expected_return_reasons_are_in_terms_of_risk() -> None:
    """CALM loses 10 % in the worst world and is capped, ROUGH 30 % and WILD 50 % fill the rest."""
    returns = toy(
        CALM=[0.05, 0.04, 0.05, 0.06, -0.10],
        ROUGH=[0.10, 0.12, 0.11, 0.13, -0.30],
        WILD=[0.20, 0.22, 0.21, 0.23, -0.50],
    )
    worst, least = "worst 20 % of worlds", "the portfolio's loss"
    for times in (1.0, 2.0):  # points of loss, whatever they weigh
        table = told(allocate(returns, times * RISK, max_weights={"CALM": 0.4}))
        assert table["sentence"].to_dict() == {
            "ROUGH": f"held: in the {worst} it loses 30.0 %, most in slump, as much as would be "
            f"lost elsewhere; it brings 82 % of {least} in those worlds",
            "CALM": f"at its cap: in the {worst} it loses 10.0 %, most in slump; a further point "
            f"would take 0.200 points off {least} there; it brings 18 % of {least} in those worlds",
            "WILD": f"not held: in the {worst} it loses 50.0 %, most in slump; a point of it would "
            f"add 0.200 points to {least} there",
        }
        why = f"at its cap: a further point would take 0.200 points off {least} in the {worst}"
        assert table.loc["CALM", "why"] == why


def test_what_is_left_of_money_elsewhere_is_not_earned_where_it_is_below_zero() -> None:
    """Risk is dear: of cash that earns nothing all is left, of RISKY less than nothing."""
    rough = toy(A=[0.1, 0.1, 0.1, 0.1, -0.5], B=[0.1, 0.1, 0.1, 0.1, -0.6])
    table = told(allocate(rough, RETURN - RISK, max_weights={"A": 0.5}))
    assert table["hurdle"].max() < 0.0
    said = table.loc["B", "sentence"]
    assert "is the -64.0 % that money elsewhere comes to after its own charges" in said
    assert not table["sentence"].str.contains("that money earns").any()


# Where there are several optima, or several duals


def test_of_two_as_good_neither_is_called_better() -> None:
    table = told(allocate(plain(A=0.05, B=0.05, C=0.01), RETURN, max_weight=0.8))
    edges = table.loc[["A", "B"]][table.loc[["A", "B"], "reason"] != "balance"]
    assert set(edges["reason"]) == {"tie"}
    assert edges["sentence"].str.contains("it is as good there").all()
    assert edges["why"].str.contains("as good elsewhere").all()
    assert table.loc["C", "reason"] == "return"


def test_where_all_stand_at_their_caps_solving_again_says_what_duals_do_not() -> None:
    """A hurdle anywhere from C's 4 % to B's 6 % would do, but B's cap holds nothing back."""
    table = told(allocate(plain(A=0.10, B=0.06, C=0.04), RETURN, max_weight=0.5))
    assert list(table.loc[["A", "B", "C"], "reason"]) == ["cap", "filled", "return"]
    assert list(table.loc[["A", "B", "C"], "reduced_cost"]) == pytest.approx(
        [0.10 - 0.06, 0.0, 0.04 - 0.06], abs=1e-6
    )
    assert "would add" not in table.loc["B", "sentence"]
    assert "a point less takes away" in table.loc["B", "sentence"]


# At random


PROBLEMS: dict[str, dict[str, Any]] = {
    "free": {},
    "caps": {"max_weight": 0.4},
    "own caps and floors": {"max_weights": {"A": 0.1, "B": 0.3}, "min_weight": 0.02},
    "groups": {"limits": [limits.Group("AB", ("A", "B"), at_most=0.3)], "max_weight": 0.5},
    "turnover": {"limits": [limits.Turnover(0.3, {"A": 0.5, "B": 0.5})]},
}
AIMS = {"budget": RETURN, "aversion": RETURN - 0.5 * terms.CVaR(0.9), "return": RETURN}


def slack(choice: Allocation) -> float:
    """The largest failure of complementary slackness, in units of what counts for none."""
    assert choice.optimum is not None
    found = marginals(choice.optimum)
    more, low, high = found["reduced_cost"], found["at_floor"], found["at_cap"]
    miss = more.abs().where(~low & ~high, 0.0)
    miss = miss.where(~(low & ~high), more.clip(lower=0.0))
    return float(miss.where(~(high & ~low), (-more).clip(lower=0.0)).max()) / negligible(found)


@pytest.mark.parametrize("problem", list(PROBLEMS))
@SOME
@given(SEEDS, st.sampled_from(list(AIMS)))
def test_slackness_and_sums_at_random(problem: str, seed: int, aim: str) -> None:
    returns, arguments = scenarios_of(seed), dict(PROBLEMS[problem])
    if aim == "budget":
        even = allocate(returns, terms.CVaR(0.9), **arguments).objective
        extra = limits.at_most(terms.CVaR(0.9), even + 0.02)
        arguments["limits"] = [*arguments.get("limits", ()), extra]
    choice = allocate(returns, AIMS[aim], **arguments)
    assert slack(choice) <= 1.0
    table = told(choice)
    parts = table[["risk_charge", "limit_charge", "hurdle", "reduced_cost"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(table["expected_return"].to_numpy(), abs=1e-6)
    assert set(table["reason"]) <= set(CODES)
    assert table["sentence"].str.len().min() > 10
    assert not table["sentence"].str.contains("nan").any()


@SOME
@given(SEEDS)
def test_a_point_of_what_is_not_held_costs_at_least_what_its_sentence_says(seed: int) -> None:
    """And a higher cap brings no more: the best objective is concave in its limits."""
    returns, step = scenarios_of(seed), 0.01
    least = allocate(returns, terms.CVaR(0.9), max_weight=0.35).objective
    rules: dict[str, Any] = {"limits": [limits.at_most(terms.CVaR(0.9), least + 0.01)]}
    choice = allocate(returns, RETURN, max_weight=0.35, **rules)
    for name, row in told(choice).iterrows():
        more = {str(name): 0.35 + step}
        if row["weight"] == 0.0:
            asked = limits.Group("it", (str(name),), at_least=step)
            rules_then: dict[str, Any] = {"limits": [*rules["limits"], asked]}
            try:
                then = allocate(returns, RETURN, max_weight=0.35, **rules_then)
            except InfeasibleError:  # as good as a cost without end
                continue
        elif row["reason"] in ("cap", "filled"):
            then = allocate(returns, RETURN, max_weight=0.35, max_weights=more, **rules)
        else:
            continue
        assert then.objective - choice.objective <= step * row["reduced_cost"] + 1e-6


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_every_objective_has_reasons(name: str) -> None:
    """In its own units where expected return is no part of it."""
    choice = allocate(scenarios_of(4), OBJECTIVES[name], max_weight=0.4)
    assert slack(choice) <= 1.0
    table = told(choice)
    assert set(table["reason"]) <= set(CODES)
    priced = "costs" in name or name in ("mean", "impact", "tracking")
    assert table["sentence"].str.contains("expected return").any() == priced
    assert not table["why"].str.contains("elsewhere" if not priced else "objective").any()
    assert priced or not set(table["reason"]) & {"risk", "return"}


# Views


def believed(odds: float) -> Any:
    """Reasons where CHIPS falls in a slump and POWER does not, at some odds of a slump."""
    chance = np.random.default_rng(2)
    slump = np.arange(400) < 100
    table = pd.DataFrame(
        {
            "CHIPS": np.where(slump, -0.3, 0.3) + 0.1 * chance.normal(size=400),
            "POWER": np.where(slump, 0.06, 0.08) + 0.1 * chance.normal(size=400),
        }
    )
    regimes = np.where(slump, "slump", "boom")
    returns = ReturnScenarios.from_frame(table, regimes=regimes).with_cash(0.02)
    held = ms.view(returns, f"P(slump) == {odds}")
    carry = pd.DataFrame({"carry": {"CHIPS": 0.15, "POWER": 0.075, "cash": 0.0202}, "pull": 0.0})
    rules: dict[str, Any] = {"max_weights": {"CHIPS": 0.5, "POWER": 0.6}}
    return told(allocate(held, RETURN - 0.05 * terms.CVaR(0.9), **rules), parts=carry)


def test_a_regime_made_likelier_turns_the_sentence_of_whom_it_hurts() -> None:
    calm, grim = believed(0.25), believed(0.6)
    assert calm.loc["CHIPS", "reason"] == "cap"
    assert grim.loc["CHIPS", "reason"] == "return"
    assert calm.loc["CHIPS", "reduced_cost"] > 0.0 > grim.loc["CHIPS", "reduced_cost"]
    assert "scenarios -" in grim.loc["CHIPS", "sentence"]
    assert grim.loc["CHIPS", "worst_regime"] == "slump"
    assert grim.loc["POWER", "weight"] >= calm.loc["POWER", "weight"]


def test_a_bearish_view_on_a_company_turns_its_sentence() -> None:
    returns = scenarios_of(1).with_cash(0.01)
    rules: dict[str, Any] = {"max_weight": 0.4, "max_weights": {"cash": 1.0}}
    before = allocate(returns, RETURN, **rules)
    first = str(before.weights.drop("cash").idxmax())
    after = allocate(ms.view(returns, f"mean({first}) == -0.02"), RETURN, **rules)
    assert told(before).loc[first, "reduced_cost"] > 0.0
    row = told(after).loc[first]
    assert (row["reason"], row["weight"]) == ("return", 0.0)
    assert row["expected_return"] == pytest.approx(-0.02)
    assert row["sentence"].startswith("not held for its return: ")
    assert "expected return -2.0 %" in row["sentence"]


def test_absences_that_a_benchmark_or_a_view_would_not_expect_are_notable() -> None:
    returns = plain(A=0.10, B=0.04, C=0.05, D=0.01, E=0.02)
    parts = pd.DataFrame({"carry": 0.01, "pull": 0.0}, index=list("ABCDE"))
    parts.loc[["A", "B"], "carry"] = [0.10, 0.04]
    table = told(allocate(returns, RETURN), {"A": 0.5, "D": 0.5}, parts)
    notable = table["notable"].loc[list("ABCDE")].to_dict()
    assert notable == {
        "A": "held",
        "B": "expected_return",
        "C": "view",
        "D": "benchmark",
        "E": "view",
    }
    assert table.loc["C", "regimes"] == pytest.approx(0.04)


def test_an_allocation_can_be_stored_without_its_reasons() -> None:
    held = limits.Turnover(0.5, {"A": 1.0})
    again = pickle.loads(pickle.dumps(allocate(plain(A=0.1, B=0.2), RETURN, limits=[held])))
    assert again.weights["B"] == pytest.approx(0.5)
    with pytest.raises(InputError, match="allocate again"):
        again.reasons()


def test_a_wrong_benchmark_or_parts_are_named() -> None:
    choice = allocate(plain(A=0.1, B=0.05), RETURN)
    with pytest.raises(InputError, match="benchmark names no ticker of these scenarios: 'Z'"):
        told(choice, {"Z": 1.0})
    with pytest.raises(InputError, match="parts has no column pull"):
        told(choice, parts=pd.DataFrame({"carry": [0.1]}, index=["A"]))


# Cash


def test_cash_earns_its_rate_in_every_world_and_on_every_path() -> None:
    returns = scenarios_of(3)
    with_it = returns.with_cash(0.05)
    assert with_it.tickers == (*returns.tickers, "cash")
    assert with_it.returns[:, -1] == pytest.approx(np.expm1(0.05))
    assert with_it.paths is not None
    assert with_it.paths[:, 0, -1] == pytest.approx(np.expm1(0.025))
    with pytest.raises(InputError, match="a column 'cash' already"):
        with_it.with_cash(0.05)
    with pytest.raises(InputError, match="the rate that cash earns is nan"):
        returns.with_cash(float("nan"))
