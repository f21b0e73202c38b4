"""Limits: what each allows, what it refuses, what it is called, and what relaxing it earns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from marketsim.allocation import allocate, limits, terms
from marketsim.allocation.constraints import Constraints, constraints_from
from marketsim.allocation.limits import (
    Exposure,
    Group,
    Holdings,
    Leverage,
    Limit,
    RegimeLoss,
    Turnover,
)
from marketsim.allocation.polyhedron import nearest_feasible, slack_needed
from marketsim.errors import InputError
from tests import textbook
from tests.compared import HELD, improvement, scenarios_of, weights_of

FloatArray = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
BETAS = {"A": 1.5, "B": 0.2, "D": -0.7}

LIMITS: dict[str, Callable[[float], Limit]] = {  # each easier to keep the greater its bound
    "Group.at_most": lambda bound: Group("AB", ("A", "B"), at_most=bound),
    "Group.at_least": lambda bound: Group("AB", ("A", "B"), at_least=1.0 - bound),
    "Exposure.at_most": lambda bound: Exposure("beta", BETAS, at_most=bound),
    "Exposure.at_least": lambda bound: Exposure("beta", BETAS, at_least=0.5 - bound),
    "Turnover": lambda bound: Turnover(bound, HELD),
    "RegimeLoss": lambda bound: RegimeLoss("bear", 0.1 * (bound - 0.5)),
    "gross": lambda bound: Leverage(gross=1.0 + bound),
    "net": lambda bound: Leverage(net=(1.0 - bound, 1.0 + bound)),
    "Holdings.at_most": lambda bound: Holdings(at_most=1 + int(4 * bound)),
    "Holdings.min_position": lambda bound: Holdings(min_position=0.5 * (1.0 - bound)),
}
EACH = st.sampled_from(list(LIMITS))


def some_weights(seed: int) -> FloatArray:
    """Weights that sum to 1, some 0, some short."""
    chance = np.random.default_rng(seed)
    weights = chance.normal(0.2, 0.3, 5) * (chance.random(5) < 0.8)
    weights[chance.integers(5)] += 1.0 - weights.sum()
    return np.asarray(weights)


def wide(*given: Limit) -> dict[str, Any]:
    return {"max_weight": 3.0, "min_weight": -3.0, "limits": list(given)}


def fixed(constraints: Constraints, weights: FloatArray) -> Constraints:
    """The same where nothing but these weights is allowed."""
    low, high = (
        replace(
            one,
            members=np.vstack([np.eye(5), -np.eye(5)]),
            gains=np.zeros(10),
            names=("",) * 10,
            shifts=np.concatenate([weights, -weights]) + 1e-10,
        )
        for one in constraints.bounds[:2]
    )
    return replace(constraints, bounds=(low, high, *constraints.bounds[2:]))


# What is allowed


@settings(max_examples=200, deadline=None)
@given(SEEDS, EACH, st.floats(0.0, 1.0))
def test_weights_are_allowed_as_the_definition_says(seed: int, name: str, bound: float) -> None:
    """Both by what a limit measures and by its rows with auxiliary variables."""
    returns, weights, given = scenarios_of(0), some_weights(seed), wide(LIMITS[name](bound))
    constraints = constraints_from(returns, **given)
    missed = textbook.violation(textbook.world_of(returns), weights, **given)
    if 0.0 < missed < 1e-6:  # too near to tell
        return
    allowed = missed == 0.0
    assert (constraints.violation(weights) <= 1e-9) == allowed
    # A whole-number programme may say by how much the caps should give way; fixed weights cannot.
    assert np.isinf(slack_needed(_unmoved(fixed(constraints, weights)))) != allowed


def _unmoved(constraints: Constraints) -> Constraints:
    """The same where no bound may give way."""
    still = [
        replace(one, gains=np.zeros(len(one.sides)), shifts=one.sides, remade=None)
        for one in constraints.bounds
    ]
    return replace(constraints, bounds=tuple(still))


@settings(max_examples=60, deadline=None)
@given(SEEDS, EACH, st.floats(0.05, 1.0))
def test_the_nearest_weights_are_allowed_by_the_definition(
    seed: int, name: str, bound: float
) -> None:
    if name.startswith("Holdings"):  # its pieces have no nearest
        return
    returns, weights, given = scenarios_of(0), some_weights(seed), wide(LIMITS[name](bound))
    constraints = constraints_from(returns, **given)
    if slack_needed(constraints) > 1e-9:
        return
    found = nearest_feasible(weights, constraints)
    assert textbook.violation(textbook.world_of(returns), found, **given) <= 1e-7


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.lists(EACH, min_size=2, max_size=4, unique=True), st.booleans())
def test_an_allocation_keeps_to_all_its_limits(seed: int, names: list[str], shorts: bool) -> None:
    returns = scenarios_of(seed)
    arguments: dict[str, Any] = {"limits": [LIMITS[name](0.7) for name in names]}
    if shorts:
        arguments |= {"min_weight": -0.3, "max_weight": 1.2}
    means = textbook.world_of(returns).means["bear"]
    if "RegimeLoss" in names and means.max() < 0.0:
        return
    if slack_needed(constraints_from(returns, **arguments)) > 1e-9:
        return
    choice = allocate(returns, terms.CVaR(0.8) - terms.ExpectedReturn(), **arguments)
    world = textbook.world_of(returns)
    assert textbook.violation(world, weights_of(choice), **arguments) <= 1e-8


def test_a_net_range_takes_the_place_of_the_budget() -> None:
    returns = scenarios_of(0)
    assert constraints_from(returns).budget
    assert constraints_from(returns, limits=[Leverage(gross=1.0)]).budget
    assert not constraints_from(returns, limits=[Leverage(net=(0.5, 1.0))]).budget
    choice = allocate(returns, terms.CVaR(0.8), limits=[Leverage(net=(0.5, 1.0))])
    assert 0.5 - 1e-9 <= choice.weights.sum() <= 1.0 + 1e-9
    assert "budget" not in choice.duals.index


def test_without_shorts_gross_is_net() -> None:
    given = [Leverage(gross=0.8, net=(0.0, 1.0))]
    choice = allocate(scenarios_of(1), terms.ExpectedReturn(), limits=given)
    assert choice.weights.sum() == pytest.approx(0.8, abs=1e-9)


def test_a_130_30_portfolio_is_what_it_says() -> None:
    choice = allocate(
        scenarios_of(1),
        terms.ExpectedReturn(),
        min_weight=-1.0,
        max_weight=2.0,
        limits=[Leverage(gross=1.6)],
    )
    assert choice.weights.clip(lower=0).sum() == pytest.approx(1.3, abs=1e-8)
    assert choice.weights.clip(upper=0).sum() == pytest.approx(-0.3, abs=1e-8)


def test_no_turnover_keeps_what_is_held() -> None:
    choice = allocate(scenarios_of(2), terms.ExpectedReturn(), limits=[Turnover(0.0, HELD)])
    assert choice.weights.to_dict() == pytest.approx({**HELD, "D": 0.0, "E": 0.0}, abs=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_turnover_is_one_way(share: float) -> None:
    """All in the worst company: as much of it as may be sold goes to the best."""
    returns = scenarios_of(2)
    means = returns.probabilities @ returns.returns
    best, worst = returns.tickers[means.argmax()], returns.tickers[means.argmin()]
    limit = Turnover(share, {worst: 1.0})
    choice = allocate(returns, terms.ExpectedReturn(), limits=[limit])
    assert choice.weights[best] == pytest.approx(share, abs=1e-9)
    assert choice.weights[worst] == pytest.approx(1.0 - share, abs=1e-9)


def test_a_group_of_all_is_the_budget_and_a_group_of_one_a_cap() -> None:
    returns = scenarios_of(3)
    everyone = Group("all", tuple("ABCDE"), at_least=1.0, at_most=1.0)
    free, held = (allocate(returns, terms.CVaR(0.8), limits=x) for x in ([], [everyone]))
    assert held.objective == pytest.approx(free.objective, rel=1e-8)
    name = str(free.weights.idxmax())
    capped = allocate(returns, terms.CVaR(0.8), max_weights={name: 0.1})
    alone = allocate(returns, terms.CVaR(0.8), limits=[Group("one", [name, name], at_most=0.1)])
    assert alone.weights[name] <= 0.1 + 1e-9
    assert alone.objective == pytest.approx(capped.objective, rel=1e-8)


def test_loadings_of_1_are_a_group() -> None:
    returns = scenarios_of(3)
    group = Group("x", ("A", "C"), at_most=0.3)
    loads = Exposure("x", {"A": 1.0, "C": 1.0}, at_most=0.3)
    one, other = (allocate(returns, terms.Variance(), limits=[x]) for x in (group, loads))
    assert one.objective == pytest.approx(other.objective, rel=1e-8)


def test_shorts_may_stand_on_either_side_of_an_exposure() -> None:
    neutral = Exposure("beta", BETAS, at_least=0.0, at_most=0.0)
    choice = allocate(
        scenarios_of(4), terms.ExpectedReturn(), min_weight=-0.5, max_weight=1.0, limits=[neutral]
    )
    assert sum(choice.weights[name] * beta for name, beta in BETAS.items()) == pytest.approx(
        0.0, abs=1e-9
    )
    assert choice.weights.min() < 0.0


# What limits are as objects


@pytest.mark.parametrize("name", list(LIMITS))
def test_equal_limits_are_equal_and_can_be_hashed(name: str) -> None:
    one, other = LIMITS[name](0.3), LIMITS[name](0.3)
    assert one == other
    assert hash(one) == hash(other)
    assert one != LIMITS[name](0.9)
    assert replace(one) == one  # type: ignore[type-var]


def test_weights_held_may_be_a_series_and_name_strangers_without_weight() -> None:
    held = pd.Series({**HELD, "ELSEWHERE": 0.0})
    one = allocate(scenarios_of(1), terms.CVaR(0.8), limits=[Turnover(0.2, held)])
    other = allocate(scenarios_of(1), terms.CVaR(0.8), limits=[Turnover(0.2, HELD)])
    assert weights_of(one).tobytes() == weights_of(other).tobytes()


def test_limits_do_not_follow_what_they_were_made_of() -> None:
    held = dict(HELD)
    limit = Turnover(0.2, held)
    held["A"] = 9.0
    assert limit == Turnover(0.2, HELD)


# What is refused

WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: Group("x", "ABC", at_most=0.1), r"Group 'x' needs a list of tickers, not 'ABC'"),
    (lambda: Group("x", [], at_most=0.1), r"Group 'x' needs a list of tickers, not \[\]"),
    (lambda: Group("x", None, at_most=0.1), r"needs a list of tickers, not None"),  # type: ignore[arg-type]
    (lambda: Group("x", ["A"]), r"Group\('x'\) needs at_least, at_most or both"),
    (lambda: Group("x", ["A"], 0.5, 0.4), r"Group\('x'\) asks for at least 0.5 and at most 0.4"),
    (lambda: Group("x", ["A"], at_most=np.nan), r"Group\('x'\).at_most is nan; .* a finite number"),
    (lambda: Group("x", ["A"], at_least="0.1"), r"Group\('x'\).at_least is '0.1'"),  # type: ignore[arg-type]
    (lambda: Exposure("b", BETAS), r"Exposure\('b'\) needs at_least, at_most or both"),
    (lambda: Exposure("b", BETAS, 2.0, 1.0), r"Exposure\('b'\) asks for at least 2 and at most 1"),
    (lambda: Exposure("b", {"A": np.inf}, 0.0), r"Exposure\('b'\) loadings\['A'\] is inf"),
    (lambda: Exposure("b", [1.0, 2.0], 0.0), r"loadings must be a mapping or Series by ticker"),  # type: ignore[arg-type]
    (lambda: Turnover(-0.1, HELD), r"Turnover.at_most is -0.1; it must be a share from 0 up"),
    (lambda: Turnover(True, HELD), r"Turnover.at_most is True; it must be a share from 0 up"),
    (lambda: Turnover(0.1, None), r"Turnover current must be a mapping or Series"),  # type: ignore[arg-type]
    (lambda: Turnover(0.1, (0.5, 0.5)), r"Turnover current must be a mapping or Series"),  # type: ignore[arg-type]
    (lambda: Turnover(0.1, {"A": "all"}), r"Turnover current\['A'\] is 'all'; .* finite number"),  # type: ignore[dict-item]
    (lambda: RegimeLoss("bear", np.inf), r"RegimeLoss\('bear'\).at_most is inf"),
    (lambda: RegimeLoss("bear", None), r"RegimeLoss\('bear'\).at_most is None"),  # type: ignore[arg-type]
    (lambda: Leverage(), r"Leverage needs gross, net or both"),
    (lambda: Leverage(gross=-1.0), r"Leverage.gross is -1.0; it must be a number from 0 up"),
    (lambda: Leverage(net=1.0), r"Leverage.net is 1.0; it must be a pair \(low, high\)"),  # type: ignore[arg-type]
    (lambda: Leverage(net=(1.0,)), r"Leverage.net is \(1.0,\); it must be a pair"),  # type: ignore[arg-type]
    (lambda: Leverage(net=(0.0, np.inf)), r"Leverage.net is inf; .* pair of finite numbers"),
    (lambda: Leverage(net=(1.0, 0.0)), r"Leverage.net asks for at least 1 and at most 0"),
    (lambda: Holdings(), r"Holdings needs at_most, min_position or both"),
    (lambda: Holdings(at_most=0), r"Holdings.at_most is 0; it must be a whole number from 1 up"),
    (lambda: Holdings(at_most=2.5), r"Holdings.at_most is 2.5; .* whole number from 1 up"),  # type: ignore[arg-type]
    (lambda: Holdings(at_most=True), r"Holdings.at_most is True"),
    (lambda: Holdings(min_position=-0.1), r"Holdings.min_position is -0.1; .* share from 0 up"),
    (lambda: Holdings(min_position=np.nan), r"Holdings.min_position is nan"),
]


@pytest.mark.parametrize(("make", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_said_where_it_is_written(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()


STRANGE: list[tuple[Limit, str]] = [
    (Group("x", ["A", "AA"], at_most=0.1), r"Group\('x'\) names no ticker .*: 'AA'"),
    (Group("x", [1], at_most=0.1), r"Group\('x'\) names no ticker .*: 1"),  # type: ignore[list-item]
    (Exposure("b", {"Z": 1.0}, at_most=1), r"Exposure\('b'\) loadings names no ticker .*'Z'"),
    (Turnover(0.1, {"Q": 0.5}), r"Turnover current names no ticker .*: 'Q'"),
    (RegimeLoss("beer", 0.1), r"RegimeLoss names no regime .*: 'beer'. Did you mean 'bear'\?"),
    (RegimeLoss("flood", 0.1), r"names no regime .*: 'flood'.* Known: bull, base, bear"),
]


@pytest.mark.parametrize(("limit", "message"), STRANGE, ids=[message for _, message in STRANGE])
def test_names_that_are_not_there_are_refused(limit: Limit, message: str) -> None:
    with pytest.raises(InputError, match=message):
        allocate(scenarios_of(0), terms.CVaR(0.8), limits=[limit])


def test_a_regime_without_probability_is_not_there() -> None:
    returns = scenarios_of(0)
    odds = np.where(returns.regimes == "bear", 0.0, returns.probabilities)
    calm = replace(returns, probabilities=odds / odds.sum())
    with pytest.raises(InputError, match="RegimeLoss names no regime"):
        allocate(calm, terms.CVaR(0.8), limits=[RegimeLoss("bear", 0.1)])


@pytest.mark.parametrize("wrong", [Turnover(0.1, HELD), "Turnover", None, {"a": 1}])
def test_limits_come_in_a_list(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"limits must be a list such as \[Turnover"):
        allocate(scenarios_of(0), terms.CVaR(0.8), limits=wrong)


@pytest.mark.parametrize("wrong", [Turnover, 0.1, terms.CVaR(0.9)])
def test_a_list_of_limits_holds_limits(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"limits holds .*; give limits such as Turnover"):
        allocate(scenarios_of(0), terms.CVaR(0.8), limits=[wrong])


# What relaxing earns

NAMED: dict[str, str] = {
    "Group.at_most": "Group('AB').at_most",
    "Group.at_least": "Group('AB').at_least",
    "Exposure.at_most": "Exposure('beta').at_most",
    "Exposure.at_least": "Exposure('beta').at_least",
    "Turnover": "Turnover.at_most",
    "RegimeLoss": "RegimeLoss('bear').at_most",
    "gross": "Leverage.gross",
}


@pytest.mark.parametrize("name", list(NAMED))
def test_a_dual_is_called_as_its_bound_is_written(name: str) -> None:
    choice = allocate(scenarios_of(0), terms.CVaR(0.8), limits=[LIMITS[name](0.9)])
    assert list(choice.duals.index) == [
        "budget",
        *(f"min_weight[{ticker}]" for ticker in "ABCDE"),
        NAMED[name],
    ]


def test_holdings_have_no_dual() -> None:
    limit = Holdings(at_most=2, min_position=0.1)
    choice = allocate(scenarios_of(0), terms.CVaR(0.8), limits=[limit])
    assert not [name for name in choice.duals.index if "Holdings" in name]


def test_both_sides_of_a_net_range_have_duals() -> None:
    choice = allocate(scenarios_of(0), terms.CVaR(0.8), limits=[Leverage(net=(0.5, 1.0))])
    assert {"Leverage.net.at_least", "Leverage.net.at_most"} <= set(choice.duals.index)


def binding(name: str, objective: Any) -> tuple[Any, list[tuple[str, Any, Any]]]:
    """Scenarios, and limits of a kind that cost something, each with itself relaxed by a step."""
    returns = scenarios_of(5, draws=200)
    free = allocate(returns, objective, **SHORT)
    world, w = textbook.world_of(returns), weights_of(free)
    step = 1e-6
    ab, beta = float(w[:2].sum()), float(world.by_ticker(BETAS) @ w)
    loss = -float(world.means["bear"] @ w)
    moved = 0.5 * float(np.abs(w - world.by_ticker(HELD)).sum())
    gross = float(np.abs(w).sum())
    made: dict[str, tuple[Callable[[float], Limit], float, float]] = {
        "Group.at_most": (lambda b: Group("AB", ["A", "B"], at_most=b), ab - 0.1, step),
        "Group.at_least": (lambda b: Group("AB", ["A", "B"], at_least=b), ab + 0.1, -step),
        "Exposure.at_most": (lambda b: Exposure("beta", BETAS, at_most=b), beta - 0.1, step),
        "Exposure.at_least": (lambda b: Exposure("beta", BETAS, at_least=b), beta + 0.1, -step),
        "RegimeLoss": (lambda b: RegimeLoss("bear", b), loss - 0.002, step),
        "Turnover": (lambda b: Turnover(b, HELD), 0.6 * moved, step),
        "gross": (lambda b: Leverage(gross=b), 1.0 + 0.5 * (gross - 1.0), step),
    }
    make, bound, move = made[name]
    return returns, [(NAMED[name], make(bound), make(bound + move))]


SHORT: dict[str, Any] = {"min_weight": -0.3, "max_weight": 0.9}
OBJECTIVES = {
    "CVaR": 1.0 * terms.CVaR(0.8),
    "quadratic": terms.ExpectedReturn() - 3 * terms.Variance(),
}


@pytest.mark.parametrize("objective", list(OBJECTIVES))
@pytest.mark.parametrize("name", list(NAMED))
def test_a_dual_is_what_relaxing_its_bound_earns(name: str, objective: str) -> None:
    aim = OBJECTIVES[objective]
    returns, cases = binding(name, aim)
    for called, tight, loose in cases:
        one, other = (allocate(returns, aim, limits=[x], **SHORT) for x in (tight, loose))
        earned = aim.direction() * (other.objective - one.objective) / 1e-6
        assert one.duals[called] > 1e-4
        assert earned == pytest.approx(one.duals[called], rel=0.02)


@pytest.mark.parametrize("side", ["at_least", "at_most"])
def test_duals_of_a_net_range_are_what_more_or_less_cash_earns(side: str) -> None:
    returns, step = scenarios_of(5, draws=200), 1e-6
    aim = 1.0 * (terms.CVaR(0.8) if side == "at_least" else terms.ExpectedReturn())
    low, high = (0.5 - step, 0.8) if side == "at_least" else (0.5, 0.8 + step)
    one, other = (
        allocate(returns, aim, limits=[Leverage(net=net)]) for net in ((0.5, 0.8), (low, high))
    )
    earned = aim.direction() * (other.objective - one.objective) / step
    assert one.duals[f"Leverage.net.{side}"] > 1e-4
    assert earned == pytest.approx(one.duals[f"Leverage.net.{side}"], rel=0.02)


@pytest.mark.parametrize("name", list(NAMED))
def test_a_limit_that_does_not_bind_earns_nothing(name: str) -> None:
    slack = {"RegimeLoss": 9.0, "Turnover": 2.0, "Group.at_least": 1.5, "Exposure.at_least": 4.0}
    limit = LIMITS[name](slack.get(name, 2.0))
    choice = allocate(scenarios_of(5), terms.CVaR(0.8), limits=[limit])
    assert choice.duals[NAMED[name]] == pytest.approx(0.0, abs=1e-9)
    free = allocate(scenarios_of(5), terms.CVaR(0.8))
    assert improvement(choice, free) == pytest.approx(0.0, abs=1e-8)


def test_every_limit_is_tried_here() -> None:
    # files of their own
    elsewhere = {"Limit", "TermLimit", "at_least", "at_most", "Neutral", "NeutralTo", "neutral_to"}
    assert set(limits.__all__) - elsewhere == {type(make(0.5)).__name__ for make in LIMITS.values()}
