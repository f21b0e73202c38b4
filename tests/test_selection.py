"""Which companies to hold: against every choice of them, and tails against a full sort."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from marketsim.allocation import Allocation, allocate, limits, selection, terms
from marketsim.allocation.measures import value_at_risk, worst_first
from marketsim.errors import InfeasibleError, SolverError
from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.compared import improvement, scenarios_of, weights_of

FloatArray = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)

OBJECTIVES: dict[str, Any] = {  # that mean the same of fewer companies
    "mean": terms.ExpectedReturn(),
    "CVaR": terms.ExpectedReturn() - terms.CVaR(0.8),
    "robust": terms.CVaR(0.8, 0.02),
    "variance": terms.Variance(),
    "quadratic": terms.ExpectedReturn() - 2 * terms.Variance(),
    "growth": terms.LogGrowth(),
    "drawdown": terms.Drawdown(0.5) - terms.ExpectedReturn(),
    "worst": terms.WorstRegime() - 0.5 * terms.CVaR(0.9),
    "many": terms.LogGrowth() - terms.CVaR(0.9) - terms.Drawdown(0.8),
}
EACH = pytest.mark.parametrize("name", list(OBJECTIVES))


def only(returns: ReturnScenarios, chosen: tuple[int, ...]) -> ReturnScenarios:
    """The same of some companies."""
    some = list(chosen)
    assert returns.paths is not None
    tickers = tuple(returns.tickers[i] for i in some)
    return replace(
        returns,
        returns=returns.returns[:, some],
        paths=returns.paths[:, :, some],
        tickers=tickers,
    )


def best_of(
    returns: ReturnScenarios, objective: Any, choices: Iterator[tuple[Any, dict[str, Any]]]
) -> Allocation:
    """The best of some companies alone, each choice with its own limits."""
    found: list[Allocation] = []
    for chosen, arguments in choices:
        try:
            found.append(allocate(only(returns, chosen), objective, **arguments))
        except InfeasibleError:
            continue
    sign = textbook.direction(1.0 * objective)
    return max(found, key=lambda one: sign * one.objective)


def near(choice: Allocation, best: Allocation, gap: float = 1e-6) -> None:
    """Neither is better than the other, nor than the bound, by more than the gap."""
    assert abs(improvement(choice, best)) <= 2 * gap
    sign = textbook.direction(choice.terms)
    room = sign * (choice.certificate.bound - best.objective)
    assert room >= -2e-6 * abs(best.objective) - 1e-9
    assert choice.certificate.relative_gap <= gap


# Every choice of companies


@EACH
@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_companies_are_the_best_few(name: str, count: int) -> None:
    returns = scenarios_of(count, companies=5)
    given: dict[str, Any] = {"max_weight": 1.0 if count == 1 else 0.7}
    limit = limits.Holdings(at_most=count)
    choice = allocate(returns, OBJECTIVES[name], limits=[limit], **given)
    assert (weights_of(choice) != 0.0).sum() <= count
    choices = ((names, given) for names in combinations(range(5), count))
    near(choice, best_of(returns, OBJECTIVES[name], choices))


@EACH
def test_few_companies_long_and_short_are_the_best_few(name: str) -> None:
    returns = scenarios_of(7, companies=5)
    given: dict[str, Any] = {"min_weight": -0.3, "max_weight": 0.9}
    limit = limits.Holdings(at_most=3)
    choice = allocate(returns, OBJECTIVES[name], limits=[limit], **given)
    assert (weights_of(choice) != 0.0).sum() <= 3
    choices = ((names, given) for names in combinations(range(5), 3))
    near(choice, best_of(returns, OBJECTIVES[name], choices))


@EACH
def test_large_positions_are_the_best_of_all_choices(name: str) -> None:
    returns = scenarios_of(11, companies=5)
    limit = limits.Holdings(min_position=0.22)
    choice = allocate(returns, OBJECTIVES[name], max_weight=0.5, limits=[limit])
    held = weights_of(choice)[weights_of(choice) != 0.0]
    assert held.min() >= 0.22 - 1e-9
    own = {"min_weight": 0.22, "max_weight": 0.5}
    choices = ((names, own) for many in range(1, 6) for names in combinations(range(5), many))
    near(choice, best_of(returns, OBJECTIVES[name], choices))


@pytest.mark.parametrize("name", ["CVaR", "quadratic", "growth", "drawdown"])
def test_large_positions_long_and_short_are_the_best_of_all_choices(name: str) -> None:
    returns, least = scenarios_of(13, companies=4), 0.15
    bounds: dict[str, Any] = {"min_weight": -0.4, "max_weight": 0.8}
    gross = limits.Leverage(gross=1.5)
    limit = limits.Holdings(at_most=3, min_position=least)
    choice = allocate(returns, OBJECTIVES[name], limits=[limit, gross], **bounds)
    sizes = np.abs(weights_of(choice)[weights_of(choice) != 0.0])
    assert sizes.min() >= least - 1e-9
    assert len(sizes) <= 3

    def choices() -> Iterator[tuple[Any, dict[str, Any]]]:
        for signs in product([-1, 0, 1], repeat=4):
            held = tuple(np.flatnonzero(signs).tolist())
            if 1 <= len(held) <= 3:
                sided = [
                    limits.Group(f"{i}", [returns.tickers[i]], at_least=least)
                    if signs[i] > 0
                    else limits.Group(f"{i}", [returns.tickers[i]], at_most=-least)
                    for i in held
                ]
                yield held, {**bounds, "limits": [*sided, gross]}

    near(choice, best_of(returns, OBJECTIVES[name], choices()))


@settings(max_examples=12, deadline=None)
@given(SEEDS, st.sampled_from(["CVaR", "quadratic", "drawdown"]), st.floats(0.0, 0.4))
def test_other_limits_hold_of_the_few(seed: int, name: str, bound: float) -> None:
    returns = scenarios_of(seed, companies=4)
    group = limits.Group("AB", ("A", "B"), at_most=bound)
    few = limits.Holdings(at_most=2)
    choice = allocate(returns, OBJECTIVES[name], limits=[group, few])
    assert choice.weights[["A", "B"]].sum() <= bound + 1e-9

    def choices() -> Iterator[tuple[Any, dict[str, Any]]]:
        for names in combinations(range(4), 2):
            some = [ticker for ticker in "AB" if "ABCD".index(ticker) in names]
            kept = [limits.Group("AB", some, at_most=bound)] if some else []
            yield names, {"limits": kept}

    near(choice, best_of(returns, OBJECTIVES[name], choices()))


def test_cash_alone_may_be_best() -> None:
    returns = scenarios_of(0)
    cash = limits.Leverage(net=(0.0, 1.0))
    choice = allocate(returns, terms.CVaR(0.9), limits=[cash, limits.Holdings(at_most=2)])
    assert (weights_of(choice) == 0.0).all()
    assert choice.objective == 0.0


# Gap and time


@pytest.fixture
def rounds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The bound of every round of the choice of companies."""
    seen: list[float] = []
    true = selection._chosen

    def spy(*given: Any) -> Any:
        found = true(*given)
        seen.append(found[0])
        return found

    monkeypatch.setattr(selection, "_chosen", spy)
    return seen


HARD = terms.Variance() + 0.05 * terms.CVaR(0.9)  # whose best few are not the largest of many
FEW = limits.Holdings(at_most=3)
SEVERAL = [1, 5, 6]


@pytest.mark.parametrize("seed", SEVERAL)
def test_a_wide_gap_is_kept_and_saves_rounds(seed: int, rounds: list[float]) -> None:
    returns = scenarios_of(seed, companies=8)
    exact = allocate(returns, HARD, limits=[FEW])
    taken = [len(rounds)]
    for gap in (1e-2, 0.3):
        rounds.clear()
        choice = allocate(returns, HARD, limits=[FEW], gap=gap)
        near(choice, exact, gap)
        taken.append(len(rounds))
    assert taken[0] > 1
    assert taken[2] < taken[1] <= taken[0]


def test_any_gap_does_where_it_is_wide(rounds: list[float]) -> None:
    choice = allocate(scenarios_of(0, companies=8), HARD, limits=[FEW], gap=1.0)
    assert choice.certificate.relative_gap <= 1.0
    assert len(rounds) <= 1


@pytest.mark.parametrize("seed", SEVERAL)
def test_the_bound_only_ever_falls(seed: int, rounds: list[float]) -> None:
    choice = allocate(scenarios_of(seed, companies=8), HARD, limits=[FEW])
    assert len(rounds) > 2
    assert (np.diff(rounds) <= 0.0).all()
    assert rounds[-1] >= -choice.objective - 1e-9  # in units of utility


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Time is over once a number of rounds are done."""
    true = selection._chosen
    done: list[bool] = []

    def chosen(*given: Any) -> Any:
        if len(done) == after:
            raise SolverError("time_limit of 1 seconds is over")
        done.append(True)
        return true(*given)

    monkeypatch.setattr(selection, "_chosen", chosen)


@pytest.mark.parametrize("seed", SEVERAL)
@pytest.mark.parametrize("after", [0, 1])
def test_when_time_is_over_the_gap_that_would_do_is_told(
    seed: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    returns = scenarios_of(seed, companies=8)
    exact = allocate(returns, HARD, limits=[FEW])
    with monkeypatch.context() as patched:
        interrupted(patched, after)
        with pytest.raises(SolverError, match="time_limit of 1 seconds is over") as caught:
            allocate(returns, HARD, limits=[FEW], gap=1e-9)
    told = re.search(
        r"best has (\S+), none can have better than (\S+): gap=(\S+) would do", str(caught.value)
    )
    assert told is not None, caught.value
    best, bound, gap = map(float, told.groups())
    assert bound * (1 - 1e-5) <= exact.objective <= best * (1 + 1e-5)
    with monkeypatch.context() as patched:
        interrupted(patched, after)
        choice = allocate(returns, HARD, limits=[FEW], gap=gap)
    assert choice.objective <= best * (1 + 1e-5)
    assert choice.certificate.holds(gap)


def test_a_time_limit_too_short_is_an_error() -> None:
    returns = scenarios_of(0, draws=400, companies=8)
    with pytest.raises(SolverError, match=r"time_limit of 0\.001 seconds is over"):
        allocate(returns, HARD, limits=[FEW], time_limit=1e-3)


def test_same_inputs_give_the_same_bytes() -> None:
    for name in ("CVaR", "quadratic", "growth"):
        first, second = (
            allocate(scenarios_of(3), OBJECTIVES[name], limits=[limits.Holdings(at_most=2)])
            for _ in range(2)
        )
        assert weights_of(first).tobytes() == weights_of(second).tobytes()
        assert first.certificate == second.certificate


# The worst draws


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(1, 2_000), st.floats(0.0, 1.0), st.integers(0, 50))
def test_the_worst_first_are_those_of_a_full_sort(
    seed: int, draws: int, mass: float, beyond: int
) -> None:
    outcomes, odds = sample(seed, draws)
    order = worst_first(outcomes, odds, mass, beyond)
    full = np.argsort(outcomes, kind="stable")
    assert np.array_equal(outcomes[order], outcomes[full[: len(order)]])
    assert len(set(order.tolist())) == len(order)
    before = outcomes[order] < outcomes[order[-1]]  # of draws alike at the end any may be taken
    assert np.array_equal(order[before], full[: before.sum()])
    edge = int(np.searchsorted(np.cumsum(odds[order]), mass))
    assert len(order) >= min(edge + 1 + beyond, draws)


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(1, 2_000), st.floats(0.001, 0.999))
def test_value_at_risk_is_the_least_loss_exceeded_seldom_enough(
    seed: int, draws: int, level: float
) -> None:
    """By its definition, over every loss that occurs."""
    outcomes, odds = sample(seed, draws)
    losses = np.unique(-outcomes)
    exceeded = np.array([odds[-outcomes > loss].sum() for loss in losses])
    seldom = losses[exceeded <= 1.0 - level + 1e-12]
    assert value_at_risk(outcomes, odds, level) == seldom.min()


def sample(seed: int, draws: int) -> tuple[FloatArray, FloatArray]:
    """Outcomes with ties, and odds of which some are 0."""
    chance = np.random.default_rng(seed)
    outcomes = chance.standard_t(4, draws)
    if seed % 2:
        outcomes = np.round(outcomes, int(chance.integers(0, 3)))
    odds = chance.dirichlet(np.full(draws, chance.choice([0.1, 1.0, 10.0])))
    odds = np.where(chance.random(draws) < chance.choice([0.0, 0.3, 0.9]), 0.0, odds)
    if not odds.any():
        odds[0] = 1.0
    return outcomes, odds / odds.sum()
