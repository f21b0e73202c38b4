"""Between what weights a company could be held: by hand, and as `allocate` has it at the ends."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from marketsim.allocation import Allocation, allocate, limits, terms
from marketsim.errors import InfeasibleError, InputError
from tests.compared import scenarios_of
from tests.test_reasons import plain, three

RETURN = terms.ExpectedReturn()
NEAR = 2e-3
"""Of weight: twice what a range may miss its end by."""


def test_what_is_as_good_may_be_exchanged_and_what_is_not_may_not() -> None:
    """A point less than A costs 0.05 points in B and 5 in C: 0.1 point is all of B, 2 % of C."""
    choice = allocate(plain(A=0.10, B=0.0995, C=0.05), RETURN)
    found: Any = choice.ranges(within=1e-3)
    assert found.loc["A"].tolist() == pytest.approx([0.0, 1.0], abs=NEAR)
    assert found.loc["B"].tolist() == pytest.approx([0.0, 1.0], abs=NEAR)
    assert found.loc["C"].tolist() == pytest.approx([0.0, 0.02], abs=NEAR)
    least: Any = choice.ranges(within=0.0)
    assert least.to_numpy() == pytest.approx(np.array([[1, 1], [0, 0], [0, 0]]), abs=NEAR)


def test_caps_and_a_budget_of_risk_are_kept() -> None:
    """RISKY loses 50 % in the tail and cash gains 1: a fifth of loss is all of 21/51 of RISKY."""
    budget = limits.at_most(terms.CVaR(0.8), 0.2)
    found: Any = allocate(three(), RETURN, limits=[budget]).ranges(within=1e-9)
    assert found.loc["RISKY"].tolist() == pytest.approx([0.21 / 0.51] * 2, abs=NEAR)
    wide: Any = allocate(three(), RETURN, limits=[budget], max_weight=0.7).ranges(within=0.01)
    assert wide.loc["RISKY", "highest"] == pytest.approx(0.21 / 0.51, abs=NEAR)
    assert wide.loc["RISKY", "lowest"] < 0.21 / 0.51 - 0.05
    assert wide["highest"].max() <= 0.7


PROBLEMS: dict[str, tuple[Any, dict[str, Any]]] = {
    "budget": (RETURN, {"limits": [limits.at_most(terms.CVaR(0.9), 0.02)], "max_weight": 0.5}),
    "aversion": (RETURN - 0.3 * terms.CVaR(0.9), {"max_weight": 0.4}),
    "variance": (RETURN - 2.0 * terms.Variance(), {"max_weight": 0.4}),
    "costs": (RETURN - terms.TransactionCost(0.002, {"A": 0.5, "B": 0.5}), {"max_weight": 0.6}),
    "least risk": (terms.CVaR(0.9), {"max_weight": 0.5}),
}


@pytest.mark.parametrize("problem", list(PROBLEMS))
@pytest.mark.parametrize("seed", [1, 5])
def test_at_an_end_the_best_is_as_good_as_was_asked_and_beyond_it_is_not(
    problem: str, seed: int
) -> None:
    returns, (aim, rules) = scenarios_of(seed), PROBLEMS[problem]
    within, step = 1e-3, 0.01
    if problem == "budget":
        least = allocate(returns, terms.CVaR(0.9), max_weight=0.5).objective
        rules = {**rules, "limits": [limits.at_most(terms.CVaR(0.9), least + 0.02)]}
    choice = allocate(returns, aim, **rules)
    found = choice.ranges(within)
    assert (found["lowest"] <= choice.weights + 1e-9).all()
    assert (found["highest"] >= choice.weights - 1e-9).all()
    for name, row in found.iterrows():
        for side, end in ((1.0, float(row["highest"])), (-1.0, float(row["lowest"]))):
            assert _worse(choice, str(name), side, end - 1e-4 * side, aim, rules) <= within + 1e-4
            if 0.0 < end + side * step < 1.0:
                worse = _worse(choice, str(name), side, end + side * step, aim, rules)
                assert worse > within, (name, side)


def _worse(
    choice: Allocation, name: str, side: float, at: float, aim: Any, rules: dict[str, Any]
) -> float:
    """By how much the best is worse with so much of a company at least, or at most."""
    asked = {"at_least": max(at, 0.0)} if side > 0.0 else {"at_most": max(at, 0.0)}
    more = [*rules.get("limits", ()), limits.Group("it", (name,), **asked)]
    try:
        best = allocate(choice.returns, aim, **{**rules, "limits": more}).objective
    except InfeasibleError:
        return float("inf")
    return abs(best - choice.objective)


def test_where_only_so_many_may_be_held_those_that_are_stay() -> None:
    one: Any = allocate(plain(A=0.1, B=0.0999), RETURN, limits=[limits.Holdings(at_most=1)])
    assert one.ranges(0.01).to_numpy() == pytest.approx(np.array([[1, 1], [0, 0]]), abs=1e-9)


def test_what_has_no_range_is_refused_by_name() -> None:
    choice = allocate(plain(A=0.1, B=0.05), RETURN)
    with pytest.raises(InputError, match=r"ranges names no ticker.*'Z'"):
        choice.ranges(names=["Z"])
    assert list(choice.ranges(names=["B"]).index) == ["B"]
    with pytest.raises(InputError, match="ranges within"):
        choice.ranges(-1.0)
    impact = RETURN - terms.MarketImpact(0.01, {"A": 1.0})
    with pytest.raises(InputError, match=r"MarketImpact.* has no tangent here; use ExpectedReturn"):
        allocate(plain(A=0.1, B=0.05), impact).ranges()
    with pytest.raises(InputError, match="allocate again"):
        pickle.loads(pickle.dumps(choice)).ranges()
