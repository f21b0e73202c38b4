"""The decision: the most return within a benchmark's risk, with cash, against a benchmark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import InfeasibleError, InputError
from marketsim.knowledge import BILL
from marketsim.returns import ReturnScenarios
from marketsim.runs import decide
from marketsim.runs.benchmarks import stated_weights
from marketsim.runs.cash import CashRate, earned_by_cash

LEVEL = 0.8


def toy() -> ReturnScenarios:
    """GOOD returns 10 % on average and loses 40 % in the worst of five worlds, BAD 0 % and 50 %."""
    table = pd.DataFrame(
        {"GOOD": [0.30, 0.20, 0.22, 0.18, -0.40], "BAD": [0.15, 0.10, 0.12, 0.13, -0.50]}
    )
    return ReturnScenarios.from_frame(table, regimes=["boom", "boom", "boom", "slump", "slump"])


def decided(**asked: Any) -> Any:
    """A decision over the toy, at a CVaR of the worst fifth."""
    return decide(toy(), **{"level": LEVEL, "limits": {}, **asked})


def test_half_the_risk_of_the_benchmark_is_had_with_cash_and_not_with_a_bad_stock() -> None:
    """By hand: even weights lose 45 % in the tail, half of which is 22.5 %; 0.4 w - c (1 - w)."""
    choice = decided(risk=0.5, cash_rate=np.log(1.02)).choice
    good = (0.225 + 0.02) / (0.40 + 0.02)
    assert choice.weights.to_dict() == pytest.approx(
        {"GOOD": good, "BAD": 0.0, "cash": 1.0 - good}, abs=1e-9
    )
    assert choice.risk["expected_return"] == pytest.approx(0.10 * good + 0.02 * (1.0 - good))
    assert choice.risk["CVaR_80" if "CVaR_80" in choice.risk else "CVaR_95"] >= 0.2
    assert choice.reasons().loc["cash", "reason"] == "balance"


def test_without_cash_the_same_budget_cannot_be_kept() -> None:
    with pytest.raises(InfeasibleError, match=r"CVaR\(0.8\).at_most must be at least"):
        decided(risk=0.5, most_cash=0.0)
    full = decided(risk=1.0, most_cash=0.0)
    assert (full.alternatives["cash"] == 0.0).all()
    assert "cash" not in full.choice.weights.index
    assert "cash earns" not in full.objective
    assert full.choice.weights.sum() == pytest.approx(1.0)


def test_cash_has_a_cap_of_its_own_and_not_that_of_companies() -> None:
    """At most 30 % in a company and 40 % in cash: both are filled before BAD is."""
    found = decided(risk=0.9, most_cash=0.4, limits={"max_weight": 0.35})
    assert found.choice.weights["cash"] == pytest.approx(0.4)
    assert found.choice.weights["GOOD"] == pytest.approx(0.35)
    named = decided(limits={"max_weight": 0.35, "max_weights": {"cash": 0.3}})
    assert named.choice.weights["cash"] == pytest.approx(0.3)


def test_of_scenarios_made_elsewhere_cash_earns_nothing_and_it_is_said() -> None:
    found = decided(risk=0.5)
    assert "cash earns 0.0 %" in found.objective
    assert found.alternatives["expected_return"]["cash"] == 0.0
    assert "cash earns 3.0 %" in decided(cash_rate=np.log(1.03)).objective


def test_a_column_of_cash_that_is_there_is_kept() -> None:
    own = toy().with_cash(np.log(1.05))
    found = decide(own, level=LEVEL, risk=0.5, limits={}, cash_rate=0.0)
    assert found.alternatives["expected_return"]["cash"] == pytest.approx(0.05)
    assert found.benchmark["cash"] == 0.0


def test_alternatives_hold_no_cash_where_cash_alone_would_be_the_answer() -> None:
    found = decided(risk=0.5, cash_rate=np.log(1.02))
    held = found.weights
    assert held.loc["cash", ["least CVaR", "best worst regime", "least regret"]].max() == 0.0
    assert held.loc["cash", "equal weight"] == held.loc["cash", "benchmark"] == 0.0
    assert held["cash"].to_dict() == {"GOOD": 0.0, "BAD": 0.0, "cash": 1.0}
    row = found.alternatives.loc["chosen"]
    assert row["expected_return"] == pytest.approx(found.choice.risk["expected_return"])
    assert row["CVaR_80"] == pytest.approx(0.5 * found.alternatives["CVaR_80"]["benchmark"])
    assert row["over_cost"] == pytest.approx(
        row["expected_return"] - 0.02 * found.choice.weights["cash"]
    )
    assert found.alternatives["cash"].to_dict() == held.loc["cash"].to_dict()  # said beside them
    assert "no cash" not in held.columns  # no such portfolio keeps to the budget
    easy = decided(risk=0.95, cash_rate=np.log(1.15))
    assert easy.weights["no cash"].to_dict() == {"GOOD": 1.0, "BAD": 0.0, "cash": 0.0}


def test_the_choice_with_cash_does_better_than_what_has_the_least_risk_without() -> None:
    """By hand: SAFE loses 22 %, and BOLD with cash does where 0.6 w - 0.02 (1 - w) is that."""
    table = pd.DataFrame(
        {"BOLD": [0.40, 0.30, 0.32, 0.28, -0.60], "SAFE": [0.12, 0.05, 0.05, 0.05, -0.22]}
    )
    returns = ReturnScenarios.from_frame(table)
    found: Any = decide(returns, level=LEVEL, risk=1.4, limits={}, cash_rate=np.log(1.02))
    name, row = "chosen with cash, at the risk of least CVaR", found.alternatives
    assert found.weights["least CVaR"].to_dict() == {"BOLD": 0.0, "SAFE": 1.0, "cash": 0.0}
    assert row.loc[name, "CVaR_80"] == pytest.approx(0.22)
    assert row.loc["least CVaR", "CVaR_80"] == pytest.approx(0.22)
    bold = (0.22 + 0.02) / (0.60 + 0.02)
    assert found.weights[name]["BOLD"] == pytest.approx(bold)
    assert row.loc[name, "expected_return"] == pytest.approx(0.14 * bold + 0.02 * (1.0 - bold))
    assert row.loc[name, "expected_return"] > row.loc["least CVaR", "expected_return"]
    capped = decide(
        returns, level=LEVEL, risk=1.4, limits={}, cash_rate=np.log(1.02), most_cash=0.2
    )
    assert name not in capped.weights
    assert name not in decided(most_cash=0.0).weights


def test_the_frontier_has_the_choice_on_it() -> None:
    """At the return of the choice nothing has less CVaR, and cash is where it starts."""
    found = decided(risk=0.5, cash_rate=np.log(1.02))
    table = found.frontier.table
    reward, risk = found.frontier.names
    assert table[risk].iloc[0] == pytest.approx(-0.02)
    chosen = found.alternatives.loc["chosen"]
    at = np.interp(chosen["expected_return"], table[reward], table[risk])
    assert at == pytest.approx(chosen["CVaR_80"], abs=1e-6)
    limited = decided(limits={"limits": [ms.limits.Holdings(at_most=2)]})
    assert limited.frontier is None


def test_what_is_asked_first_is_told_of_every_portfolio() -> None:
    """By hand: GOOD loses in one world of five, and BAD earns more than it in none."""
    found = decided(most_cash=0.0, cash_rate=np.log(1.19))
    row = found.prospects.loc["chosen"]
    assert found.choice.weights["GOOD"] == pytest.approx(1.0)
    assert row[["mean", "median", "p05", "p95"]].tolist() == pytest.approx([0.1, 0.2, -0.4, 0.3])
    assert row["chance_of_loss"] == pytest.approx(0.2)
    assert row["chance_below_cash"] == pytest.approx(0.4)  # 18 % and the loss, of 19 %
    assert row["chance_above_benchmark"] == pytest.approx(1.0)
    sd = np.std([0.30, 0.20, 0.22, 0.18, -0.40])
    assert row["excess_over_volatility"] == pytest.approx((0.10 - 0.19) / sd)
    assert np.isnan(found.prospects.loc["benchmark", "chance_above_benchmark"])
    assert list(found.prospects.index) == list(found.alternatives.index)
    assert row["mean"] == found.alternatives.loc["chosen", "expected_return"]
    unknown = decided(most_cash=0.0).prospects.loc["chosen"]
    assert unknown[["chance_below_cash", "excess_over_volatility"]].isna().all()


def test_chances_are_at_the_odds_that_the_decision_used() -> None:
    """At even odds half of the worlds lose, at those believed a tenth; cash earns in none more."""
    table = pd.DataFrame({"A": [0.2, -0.1], "B": [0.1, -0.2]})
    returns = ReturnScenarios.from_frame(table, regimes=["boom", "slump"]).with_cash(0.0)
    believed = ms.view(returns, "P(slump) == 0.1")
    told = ms.allocate(believed, ms.ExpectedReturn()).prospects({"A": 0.5, "B": 0.5})
    assert told["chance_of_loss"] == told["chance_below_cash"] == pytest.approx(0.1)
    assert told["mean"] == pytest.approx(0.9 * 0.2 - 0.1 * 0.1)
    assert told["median"] == told["p95"] == 0.2
    assert told["chance_above_benchmark"] == pytest.approx(1.0)
    with pytest.raises(InputError, match="benchmark names no ticker"):
        ms.allocate(believed, ms.ExpectedReturn()).prospects({"Z": 1.0})


def test_a_benchmark_of_ones_own_sets_the_budget_and_what_is_notable() -> None:
    given = {"GOOD": 0.2, "BAD": 0.8}
    found = decided(benchmark=given, risk=0.5)
    budget = 0.5 * (0.2 * 0.40 + 0.8 * 0.50)
    assert found.choice.duals.index[-1] == "CVaR(0.8).at_most"
    assert found.alternatives["CVaR_80"]["chosen"] == pytest.approx(budget)
    assert "given benchmark" in found.objective
    assert found.reasons.loc["BAD", "notable"] == "benchmark"
    assert found.reasons.loc["BAD", "benchmark"] == 0.8
    careful = decided(benchmark={"cash": 0.5, "GOOD": 0.5}, cash_rate=0.0)
    assert careful.choice.weights["GOOD"] == pytest.approx(0.5)


def test_risk_may_be_priced_in_place_of_a_budget() -> None:
    found = decided(risk_aversion=1.0, cash_rate=np.log(1.02))
    assert found.choice.weights["cash"] == pytest.approx(1.0)
    assert found.reasons.loc["GOOD", "reduced_cost"] == pytest.approx((0.10 - 0.40) - 0.04)
    assert found.reasons.loc["GOOD", "reason"] == "risk"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"GOD": 1.0}, "benchmark names no ticker of these scenarios: 'GOD'.*GOOD"),
        ({"GOOD": 0.5}, "the weights of the benchmark sum to 0.5, not to 1$"),
        ({"GOOD": 50.0, "BAD": 50.0}, "sum to 100, not to 1: write shares, not per cent"),
        ({"GOOD": 1.5, "BAD": -0.5}, "benchmark.'BAD'. is below 0"),
        ({"GOOD": float("nan")}, "benchmark.'GOOD'. is nan"),
        ([0.5, 0.5], "benchmark must be a mapping or Series by ticker"),
    ],
)
def test_a_wrong_benchmark_is_named(given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        stated_weights(given, ["GOOD", "BAD"])


def test_weights_in_few_digits_will_do() -> None:
    given = stated_weights({"A": 0.333, "B": 0.333, "C": 0.3335}, list("ABC"))
    assert given.sum() == pytest.approx(1.0, abs=1e-12)


# With valuation behind it


def test_cash_earns_the_newest_bill_and_it_is_said(returns: ms.ReturnScenarios) -> None:
    """By hand: 91 days at a discount of 3.73 % cost 99.057, which is 3.80 % a year."""
    found = decide(returns, risk=0.5, limits={"max_weight": 0.15})
    bill = returns.world.paths.scenarios.posterior.knowledge.select(*BILL).iloc[-1]
    price = 1.0 - 91.0 / 360.0 * bill["value"] / 100.0
    rate = price ** (-365.0 / 91.0) - 1.0
    assert found.cash is not None
    assert (found.cash.name, found.cash.date) == ("US 3-month bill", bill["date"])
    assert f"({found.cash.name} of {bill['date'].date()})" in found.objective
    table = found.reasons
    assert found.choice.weights["cash"] > 0.1
    assert table["carry"]["cash"] == pytest.approx(rate)
    assert table["expected_return"]["cash"] == pytest.approx(rate)
    assert found.alternatives.loc["cash", "over_cost"] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(table["regimes"], 0.0, atol=1e-9)  # chance of the draws stands apart
    parts = table[["carry", "pull", "regimes", "chance"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(table["expected_return"].to_numpy())
    assert found.benchmark["cash"] == 0.0


def test_a_long_horizon_earns_the_bond_and_so_does_a_date_without_bills(
    returns: ms.ReturnScenarios,
) -> None:
    bond = float(returns.world.assumed.risk_free)
    found = earned_by_cash(replace(returns, horizon_years=2.0))
    assert (found.rate, found.name) == (bond, "US 10-year")
    assert found.date is not None
    posterior = returns.world.paths.scenarios.posterior
    table = posterior.knowledge.table
    told = {"no bill": table["entity"] == BILL[1], "no bond": table["quantity"] == BILL[0]}
    names = {}
    for case, gone in told.items():
        known = replace(posterior, knowledge=posterior.knowledge.with_facts(table[~gone]))
        scenarios = replace(returns.world.paths.scenarios, posterior=known)
        world = replace(returns.world, paths=replace(returns.world.paths, scenarios=scenarios))
        names[case] = earned_by_cash(replace(returns, world=world)).name
    assert names == {
        "no bill": "US 10-year",
        "no bond": "the return without risk that valuation assumes",
    }
    assert earned_by_cash(toy()) == CashRate(0.0, "no rate known")
    assert earned_by_cash(toy(), 0.02) == CashRate(0.02, "as given")


def test_sensitivities_leave_cash_out(returns: ms.ReturnScenarios) -> None:
    found = decide(returns, risk=0.5, limits={"max_weight": 0.15})
    slopes = ms.sensitivities(found.choice)
    assert "cash" not in slopes.revenue.columns
    assert slopes.portfolio["portfolio_per_sd"].abs().max() > 0.0


# Neutral to an assumption

LOADS = {"GOOD": 0.10, "BAD": 0.02}


def test_a_neutral_choice_says_how_far_it_hangs_and_what_it_would_without() -> None:
    """By hand: 0.1 w is 0.03 at 30 % of GOOD, and all of the budget of risk would be 53 %."""
    limits = {"limits": [ms.limits.neutral_to("oil", 0.03, LOADS)]}
    found = decided(risk=0.5, cash_rate=np.log(1.02), limits=limits)
    assert found.choice.weights.to_dict() == pytest.approx(
        {"GOOD": 0.3, "BAD": 0.0, "cash": 0.7}, abs=1e-8
    )
    assert "and changes by no more than 3 points for a standard deviation of oil" in found.objective
    free = (0.225 + 0.02) / (0.40 + 0.02)
    assert found.weights["not neutral"]["GOOD"] == pytest.approx(free, abs=1e-8)
    assert found.neutral is not None
    row = found.neutral.table.loc["oil"]
    assert (row["within"], row["against"]) == (0.03, "")
    assert row["exposure"] == pytest.approx(0.03)
    assert row["without"] == pytest.approx(0.1 * free)
    assert row["price"] == pytest.approx((0.10 - 0.02) / 0.1)  # a unit is 10 of GOOD for cash
    assert found.neutral.holdings.set_index("ticker")["exposure"].to_dict() == LOADS | {"cash": 0}
    assert found.neutral.record()[0]["assumption"] == "oil"


def test_who_hedges_is_named() -> None:
    limits = {"limits": [ms.limits.neutral_to("oil", 0.0, {"GOOD": 0.1, "BAD": -0.1})]}
    found = decided(limits=limits, most_cash=0.0, risk=1.1)
    assert found.choice.weights.to_dict() == pytest.approx({"GOOD": 0.5, "BAD": 0.5})
    assert found.neutral.table.loc["oil", "against"] == "BAD"


def test_a_choice_that_nothing_was_asked_of_is_neutral_to_nothing() -> None:
    found = decided()
    assert found.neutral is None
    assert "not neutral" not in found.weights
