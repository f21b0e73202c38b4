"""Limits on terms: kept, as good as a textbook's programme, priced, refused, and explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import marketsim as ms
from marketsim.allocation import Algebra, Allocation, TermLimit, allocate, limits, terms
from marketsim.allocation.families import portfolio_of
from marketsim.errors import InfeasibleError, InputError
from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.compared import HELD, improvement, scenarios_of, size, weights_of
from tests.primal import best

FloatArray = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=12, deadline=None)
at_most, at_least = limits.at_most, limits.at_least
MEAN = terms.ExpectedReturn()

# Each in the direction in which it can be limited, with an objective that it holds back.
CONVEX: dict[str, Algebra] = {
    "CVaR": terms.CVaR(0.9),
    "robust CVaR": terms.CVaR(0.8, 0.02),
    "variance": terms.Variance(),
    "drawdown": terms.Drawdown(0.5),
    "tracking": terms.TrackingError(HELD),
    "regret": terms.Regret(),
    "costs": terms.TransactionCost(0.02, HELD),
    "impact": terms.MarketImpact(0.05, HELD),
    "sum": terms.CVaR(0.9) + 2 * terms.Variance() - MEAN,
    "minus worst regime": -terms.WorstRegime(),
}
CONCAVE: dict[str, Algebra] = {
    "mean": MEAN,
    "worst regime": terms.WorstRegime(),
    "ambiguous": terms.AmbiguousReturn(0.3),
    "growth": terms.LogGrowth(),
    "growth less CVaR": terms.LogGrowth() - terms.CVaR(0.9),
}
LINEAR = ["CVaR", "drawdown", "costs", "minus worst regime", "mean", "worst regime", "ambiguous"]
EACH = [*CONVEX, *CONCAVE]
ANY = st.sampled_from(EACH)


def aim_of(name: str) -> Algebra:
    """An objective that the limit is in the way of."""
    return MEAN - 0.1 * terms.Variance() if name in CONVEX else terms.CVaR(0.8) + terms.Variance()


def limit_of(name: str, returns: ReturnScenarios, part: float) -> TermLimit:
    """The limit at a level between the best that can be had (0) and what is chosen without (1)."""
    term = CONVEX[name] if name in CONVEX else CONCAVE[name]
    able, free = (value_of(allocate(returns, x), term) for x in (term, aim_of(name)))
    level = able + part * (free - able)
    return at_most(term, level) if name in CONVEX else at_least(term, level)


def value_of(choice: Allocation, term: Algebra) -> float:
    world = textbook.world_of(choice.returns)
    if "Regret" in repr(term):
        world = world._replace(tops={name: float(m.max()) for name, m in world.means.items()})
    return textbook.value(1.0 * term, world, weights_of(choice))


# Kept, and no better to be had


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("seed", range(2))
def test_agrees_with_the_primal_programme(name: str, seed: int) -> None:
    returns = scenarios_of(seed)
    limit, aim = limit_of(name, returns, 0.4), aim_of(name)
    choice, other = allocate(returns, aim, limits=[limit]), best(returns, aim, limits=[limit])
    assert textbook.violation(other.world, weights_of(choice), limits=[limit]) <= 1e-8
    assert choice.objective == pytest.approx(other.value, abs=1e-6 * size(choice))
    assert choice.certificate.holds()
    if name in LINEAR and name not in CONVEX:
        assert choice.solver == "CLARABEL"  # for the variance of the objective


@pytest.mark.parametrize("name", LINEAR)
def test_what_is_linear_is_solved_as_such(name: str) -> None:
    returns = scenarios_of(2)
    limit = limit_of(name, returns, 0.4)
    choice = allocate(returns, MEAN if name in CONVEX else terms.CVaR(0.8), limits=[limit])
    assert choice.solver == "HIGHS"
    assert textbook.violation(textbook.world_of(returns), weights_of(choice), limits=[limit]) < 1e-9


@SOME
@given(SEEDS, st.lists(ANY, min_size=1, max_size=3, unique=True), st.floats(0.1, 0.9))
def test_several_limits_and_bounds_agree_with_the_primal_programme(
    seed: int, names: list[str], part: float
) -> None:
    """Levels that some weights, drawn at random, keep to."""
    returns = scenarios_of(seed)
    assume("regret" not in names)  # its measure moves with the other limits
    chance = np.random.default_rng(seed)
    shares = chance.dirichlet(np.ones(5))
    at = portfolio_of(returns, 0.3 * shares + 0.14)
    asked: list[Any] = [limits.Group("two", ("A", "B"), at_most=float(at.weights[:2].sum()) + 0.05)]
    for name in names:
        term = 1.0 * (CONVEX[name] if name in CONVEX else CONCAVE[name])
        room = 0.02 * part * max(abs(term.value(at)), 0.01)
        make = at_most if name in CONVEX else at_least
        asked.append(make(term, term.value(at) + (room if name in CONVEX else -room)))
    aim = MEAN - 0.3 * terms.CVaR(0.8)
    arguments: dict[str, Any] = {"limits": asked, "max_weight": 0.6}
    choice, other = allocate(returns, aim, **arguments), best(returns, aim, **arguments)
    assert textbook.violation(other.world, weights_of(choice), **arguments) <= 1e-8
    assert choice.objective == pytest.approx(other.value, abs=2e-6 * size(choice))


@SOME
@given(SEEDS, ANY, st.floats(0.05, 0.8), st.floats(0.01, 0.2))
def test_tightening_never_improves(seed: int, name: str, part: float, room: float) -> None:
    returns, aim = scenarios_of(seed), aim_of(name)
    tight, loose = (
        allocate(returns, aim, limits=[limit_of(name, returns, x)]) for x in (part, part + room)
    )
    assert improvement(loose, tight) >= -2e-6


@SOME
@given(SEEDS, ANY)
def test_a_limit_that_does_not_bind_changes_nothing(seed: int, name: str) -> None:
    returns, aim = scenarios_of(seed), aim_of(name)
    free = allocate(returns, aim)
    limit = limit_of(name, returns, 1.2)
    choice = allocate(returns, aim, limits=[limit])
    assert choice.objective == pytest.approx(free.objective, abs=2e-6 * size(free))
    if abs(limit.level - value_of(free, limit.objective)) > 1e-4:
        assert choice.duals[limit.argument] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("aim", [MEAN, terms.LogGrowth()], ids=repr)
def test_a_growth_far_above_its_floor_is_certified(aim: Algebra) -> None:
    """What the solver's model says of the weights is noise where its multiplier is all but 0."""
    for seed in range(12):
        returns = scenarios_of(seed)
        free = allocate(returns, aim)
        floor = terms.LogGrowth().value(portfolio_of(returns, weights_of(free))) - 0.05
        choice = allocate(returns, aim, limits=[at_least(terms.LogGrowth(), floor)])
        assert choice.objective == pytest.approx(free.objective, abs=2e-6 * size(free))


def test_a_variance_is_a_floor_of_return_read_backwards() -> None:
    """The frontier is one: the least variance at a return has no more return."""
    returns = scenarios_of(4)
    least = allocate(returns, terms.Variance(), limits=[at_least(MEAN, 0.1)])
    most = allocate(returns, MEAN, limits=[at_most(terms.Variance(), least.objective)])
    assert most.objective == pytest.approx(0.1, abs=1e-6)
    assert most.weights.to_numpy() == pytest.approx(least.weights.to_numpy(), abs=1e-3)


def test_two_uncorrelated_companies_in_closed_form() -> None:
    """The most return at variance v: w a^2 + (1 - w) b^2 = v at the larger root."""
    returns = pd.DataFrame({"A": [0.1, 0.1, -0.1, -0.1], "B": [0.2, -0.2, 0.2, -0.2]})
    returns["B"] += 0.05
    choice = allocate(returns, MEAN, limits=[at_most(terms.Variance(), 0.02)])
    a, b, v = 0.01, 0.04, 0.02
    share = (a + np.sqrt(a * a - (a + b) * (a - v))) / (a + b)
    assert choice.weights["B"] == pytest.approx(share, abs=1e-7)
    slope = 0.05 / (2 * (share * b - (1 - share) * a))
    assert choice.duals["Variance().at_most"] == pytest.approx(slope, rel=1e-4)


# Prices


@pytest.mark.parametrize("name", EACH)
def test_a_dual_is_what_a_unit_of_the_level_earns(name: str) -> None:
    """Between what the next bit of room earns and what the last one did: there may be a kink."""
    returns, aim = scenarios_of(1), aim_of(name)
    limit = limit_of(name, returns, 0.5)
    step = 1e-4 * max(abs(limit.level), 1e-2)
    tighter, now, looser = (
        allocate(returns, aim, limits=[TermLimit(limit.objective, level, limit.ceiling)])
        for level in limit.level - limit.sign * step * np.array([-1.0, 0.0, 1.0])
    )
    sign, price = (1.0 * aim).direction(), now.duals[limit.argument]
    last, following = (
        sign * (more.objective - less.objective) / step
        for more, less in ((now, tighter), (looser, now))
    )
    assert price > 1e-3
    assert following - 0.01 * price <= price <= last + 0.01 * price
    if name != "costs":
        assert following == pytest.approx(last, rel=0.05)


def test_scenario_duals_count_what_a_limit_costs() -> None:
    """The derivative of the best objective by returns, with the limit's price in it."""
    returns, step = scenarios_of(12, draws=60), 1e-5
    asked = [at_most(terms.CVaR(0.9), limit_of("CVaR", returns, 0.5).level)]
    direction = np.random.default_rng(1).normal(size=returns.returns.shape)

    def best_at(move: float) -> Allocation:
        moved = ReturnScenarios(
            returns.returns + move * direction, returns.tickers, returns.probabilities
        )
        return allocate(moved, MEAN, limits=asked)

    slope = best_at(0.0).scenario_duals @ direction @ best_at(0.0).weights.to_numpy()
    found = (best_at(step).objective - best_at(-step).objective) / (2 * step)
    assert found == pytest.approx(slope, rel=1e-3)


# Every path of solving


@pytest.mark.parametrize("name", ["CVaR", "variance", "mean", "growth"])
@pytest.mark.parametrize("kind", ["at_most", "min_position"])
def test_few_companies_keep_to_a_limit_on_a_term(name: str, kind: str) -> None:
    returns = scenarios_of(3, companies=4)
    limit = limit_of(name, returns, 0.6)
    few = limits.Holdings(at_most=2) if kind == "at_most" else limits.Holdings(min_position=0.3)
    aim = MEAN if name in CONVEX else 1.0 * terms.CVaR(0.8)
    given_: dict[str, Any] = {"limits": [limit, few]}
    try:
        choice = allocate(returns, aim, **given_)
    except InfeasibleError:
        with pytest.raises(AssertionError, match=r"found no weights|infeasible"):
            best(returns, aim, **given_)
        return
    other = best(returns, aim, **given_)
    assert textbook.violation(other.world, weights_of(choice), **given_) <= 1e-8
    assert choice.objective == pytest.approx(other.value, abs=2e-6 * size(choice))


def many(seed: int, draws: int = 2_000) -> ReturnScenarios:
    chance = np.random.default_rng(seed)
    shocks = 0.1 * chance.standard_t(5, (draws, 1)) + 0.15 * chance.standard_t(5, (draws, 8))
    returns = np.exp(shocks + chance.normal(0.06, 0.04, 8)) - 1
    regimes = np.resize(["bull", "base", "bear"], draws)
    return ReturnScenarios(returns, tuple("ABCDEFGH"), regimes=regimes)


@pytest.mark.parametrize("name", ["CVaR", "variance", "growth less CVaR"])
def test_many_draws_have_the_answer_of_the_whole_programme(name: str) -> None:
    returns = many(0)
    limit = limit_of(name, returns, 0.4)
    aim = MEAN - 0.1 * terms.CVaR(0.95)
    given_: dict[str, Any] = {"limits": [limit], "max_weight": 0.5}
    choice, other = allocate(returns, aim, **given_), best(returns, aim, **given_)
    assert limit.room(portfolio_of(returns, weights_of(choice))) >= -1e-8
    assert choice.objective == pytest.approx(other.value, abs=1e-6 * size(choice))


def test_shorts_and_cash_keep_to_a_budget_of_risk() -> None:
    returns = scenarios_of(6)
    asked = [limits.Leverage(gross=1.5, net=(0.0, 1.0)), at_most(terms.CVaR(0.9), 0.02)]
    given_: dict[str, Any] = {"limits": asked, "min_weight": -0.5}
    choice, other = allocate(returns, MEAN, **given_), best(returns, MEAN, **given_)
    assert textbook.violation(other.world, weights_of(choice), **given_) <= 1e-8
    assert choice.objective == pytest.approx(other.value, abs=1e-6)


def test_a_table_of_returns_will_do() -> None:
    frame = scenarios_of(0).to_frame()
    limit = limit_of("CVaR", scenarios_of(0), 0.5)
    one, other = (allocate(x, MEAN, limits=[limit]) for x in (frame, scenarios_of(0)))
    assert one.objective == pytest.approx(other.objective, rel=1e-12)


def test_same_inputs_give_the_same_bytes() -> None:
    for name in EACH:
        limit = limit_of(name, scenarios_of(5), 0.5)
        first, second = (allocate(scenarios_of(5), aim_of(name), limits=[limit]) for _ in range(2))
        assert first.weights.to_numpy().tobytes() == second.weights.to_numpy().tobytes()


# What is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: at_most(terms.WorstRegime(), 0.1),
            r"WorstRegime\(\) is concave and can be given a floor only; "
            r"write at_least\(WorstRegime\(\), 0\.1\)",
        ),
        (
            lambda: at_least(terms.CVaR(0.95), 0.1),
            r"CVaR\(0\.95\) is convex and can be given a ceiling only; "
            r"write at_most\(CVaR\(0\.95\), 0\.1\)",
        ),
        (
            lambda: at_most(terms.CVaR() + 2 * terms.WorstRegime(), 0.1),
            r"2\*WorstRegime\(\) is concave .*limit its concave and its convex terms apart",
        ),
        (lambda: at_most(terms.CVaR(), float("nan")), "level is nan"),
        (lambda: at_most(0.15, 0.15), "limits a term such as CVaR"),  # type: ignore[arg-type]
        (lambda: at_least(MEAN - MEAN, 0.0), "without terms"),
    ],
)
def test_what_cannot_be_kept_to_is_one_clear_error(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make()


def test_a_limit_needs_what_its_term_needs() -> None:
    plain = ReturnScenarios(scenarios_of(0).returns, tuple("ABCDE"))
    with pytest.raises(InputError, match="way to the horizon"):
        allocate(plain, MEAN, limits=[at_most(terms.Drawdown(0.5), 0.1)])
    with pytest.raises(InputError, match="'Z'"):
        allocate(plain, MEAN, limits=[at_most(terms.TrackingError({"Z": 1.0}), 0.1)])


# What cannot be had


@pytest.mark.parametrize("name", EACH)
def test_the_level_that_is_said_to_work_does_and_little_less_does_not(name: str) -> None:
    returns = scenarios_of(7)
    limit = limit_of(name, returns, -0.5)
    with pytest.raises(InfeasibleError) as refused:
        allocate(returns, MEAN, limits=[limit])
    said = str(refused.value)
    assert said.startswith(f"no weights that sum to 1 satisfy {limit}: {limit.argument} must be ")
    words = "at least" if limit.ceiling else "at most"
    level = float(said.rpartition(f"{words} ")[2])
    able = value_of(allocate(returns, limit.objective), limit.objective)
    assert abs(level - able) <= 1.1e-3 * abs(able) + 1e-9
    asked = TermLimit(limit.objective, level, limit.ceiling)
    choice = allocate(returns, MEAN, limits=[asked])
    assert asked.sign * (value_of(choice, limit.objective) - level) >= -1e-8


def test_limits_in_conflict_are_named_and_no_others() -> None:
    returns = scenarios_of(7)
    free, able = (allocate(returns, terms.CVaR(0.9), max_weight=x).objective for x in (1.0, 0.3))
    asked = [
        at_most(terms.CVaR(0.9), 0.5 * (free + able)),
        at_most(terms.Variance(), 1.0),
        limits.Group("two", ("A", "B"), at_most=0.9),
    ]
    with pytest.raises(InfeasibleError) as refused:
        allocate(returns, MEAN, limits=asked, max_weight=0.3)
    said = str(refused.value)
    assert "satisfy max_weight = 0.3, CVaR(0.9).at_most = " in said
    assert "Variance" not in said
    assert "Group" not in said


def test_a_budget_and_a_target_that_exclude_each_other_both_say_what_would_do() -> None:
    returns = scenarios_of(7)
    least = allocate(returns, terms.CVaR(0.9))
    target = 0.5 * (least.risk["expected_return"] + allocate(returns, MEAN).objective)
    asked = [at_most(terms.CVaR(0.9), least.objective + 1e-3), at_least(MEAN, target)]
    with pytest.raises(InfeasibleError) as refused:
        allocate(returns, MEAN, limits=asked)
    first, second = str(refused.value).rpartition(": ")[2].split(", or ")
    budget, mean = float(first.split()[-1]), float(second.split()[-1])
    allocate(returns, MEAN, limits=[at_most(terms.CVaR(0.9), budget), asked[1]])
    allocate(returns, MEAN, limits=[asked[0], at_least(MEAN, mean)])


def test_names_that_are_too_few_for_a_budget_of_risk_are_told() -> None:
    returns = scenarios_of(3)
    alone = min(ms.CVaR(0.9).value(portfolio_of(returns, row)) for row in np.eye(5))
    able = allocate(returns, terms.CVaR(0.9)).objective
    asked = [at_most(terms.CVaR(0.9), 0.5 * (able + alone)), limits.Holdings(at_most=1)]
    with pytest.raises(InfeasibleError, match=r"Holdings.at_most = 1, CVaR\(0.9\).at_most") as no:
        allocate(returns, MEAN, limits=asked)
    level = float(str(no.value).rpartition("at least ")[2])
    assert level == pytest.approx(alone, rel=1e-3)
