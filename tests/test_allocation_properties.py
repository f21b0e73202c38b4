"""What holds of every optimum: what changes nothing, and what never improves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marketsim.allocation import allocate, limits, terms
from tests import textbook
from tests.compared import (
    HELD,
    OBJECTIVES,
    changed,
    improvement,
    paths_of,
    same,
    scenarios_of,
    weights_of,
)

SEEDS = st.integers(0, 2**32 - 1)
FEW, SOME = settings(max_examples=6, deadline=None), settings(max_examples=15, deadline=None)

ANY = st.sampled_from(list(OBJECTIVES))
# More in every draw and at every step is never worse for these.
MONOTONE = ["mean", "CVaR", "worst regime", "ambiguous", "regret", "growth", "drawdown", "costs"]
PLAIN = ["mean", "CVaR", "robust CVaR", "worst regime", "ambiguous", "regret", "drawdown"]


# Invariances


@SOME
@given(SEEDS, ANY)
def test_the_order_of_companies_and_draws_does_not_matter(seed: int, name: str) -> None:
    returns, chance = scenarios_of(seed), np.random.default_rng(seed)
    rows, columns = chance.permutation(40), chance.permutation(5)
    shuffled = changed(
        returns,
        paths_of(returns)[rows][:, :, columns],
        tickers=tuple(returns.tickers[i] for i in columns),
        probabilities=returns.probabilities[rows],
        regimes=returns.regimes[rows],
    )
    arguments: dict[str, Any] = {
        "max_weights": {"B": 0.3},
        "limits": [limits.Turnover(0.6, HELD), limits.Group("two", ["D", "E"], at_least=0.1)],
    }
    one = allocate(returns, OBJECTIVES[name], **arguments)
    other = allocate(shuffled, OBJECTIVES[name], **arguments)
    assert same(one, other)


@SOME
@given(SEEDS, ANY)
def test_two_draws_alike_may_be_one(seed: int, name: str) -> None:
    returns = scenarios_of(seed)
    rows = np.concatenate([np.arange(40), np.arange(20)])
    odds = returns.probabilities[rows] * np.where(np.arange(60) < 20, 0.25, 0.75)
    odds[20:40] = returns.probabilities[20:]
    twice = changed(
        returns, paths_of(returns)[rows], probabilities=odds, regimes=returns.regimes[rows]
    )
    assert same(allocate(returns, OBJECTIVES[name]), allocate(twice, OBJECTIVES[name]))


@SOME
@given(SEEDS, ANY)
def test_a_draw_without_probability_changes_nothing(seed: int, name: str) -> None:
    returns = scenarios_of(seed)
    more = changed(
        returns,
        np.vstack([paths_of(returns), np.full((1, 2, 5), -0.9)]),
        probabilities=np.append(returns.probabilities, 0.0),
        regimes=np.append(returns.regimes, "never"),
    )
    assert same(allocate(returns, OBJECTIVES[name]), allocate(more, OBJECTIVES[name]))


@SOME
@given(SEEDS, ANY, st.floats(1e-4, 1e4))
def test_an_objective_may_be_scaled(seed: int, name: str, factor: float) -> None:
    returns = scenarios_of(seed)
    one, other = (allocate(returns, scale * OBJECTIVES[name]) for scale in (1.0, factor))
    assert same(one, other, 1.0 / factor)


@SOME
@given(SEEDS, st.sampled_from([*PLAIN, "variance"]), st.floats(1e-3, 0.5))
def test_returns_may_be_scaled(seed: int, name: str, factor: float) -> None:
    returns, objective = scenarios_of(seed), OBJECTIVES[name]
    less = changed(returns, factor * paths_of(returns))
    small = replace(objective, radius=factor * 0.02) if name == "robust CVaR" else objective
    degree = 2 if name == "variance" else 1
    assert same(allocate(returns, objective), allocate(less, small), factor**-degree)


@SOME
@given(SEEDS, st.sampled_from(MONOTONE))
def test_a_dominated_company_changes_nothing(seed: int, name: str) -> None:
    """It earns less than each of the others at every step."""
    returns = scenarios_of(seed)
    paths = paths_of(returns)
    steps = np.diff(paths, axis=1, prepend=0.0)
    worse = np.cumsum(steps.min(axis=2) - 0.001, axis=1)
    wider = changed(
        returns,
        np.concatenate([paths, np.maximum(worse, -0.999)[:, :, None]], axis=2),
        tickers=(*returns.tickers, "LAST"),
    )
    one, other = (allocate(each, OBJECTIVES[name]) for each in (returns, wider))
    assert same(one, other)
    assert other.weights["LAST"] <= 1e-6


# Limits


def limit_of(kind: str, bound: float) -> Any:
    """A limit whose bound is easier to keep the greater it is; any is kept by some weights."""
    return {
        "Group": limits.Group("two", ("A", "B"), at_most=bound),
        "Turnover": limits.Turnover(bound, HELD),
        "Exposure": limits.Exposure("tilt", {"A": 1.0, "B": -1.0}, at_least=-bound),
        "Leverage": limits.Leverage(net=(1.0 - bound, 1.0)),
        "RegimeLoss": limits.RegimeLoss("bear", bound),
    }[kind]


@SOME
@given(
    SEEDS,
    ANY,
    st.sampled_from(["Group", "Turnover", "Exposure", "Leverage"]),
    st.floats(0.0, 0.5),
    st.floats(0.01, 0.5),
)
def test_tightening_a_limit_never_improves(
    seed: int, name: str, kind: str, bound: float, room: float
) -> None:
    returns, objective = scenarios_of(seed), _same_tops(name)
    tight = allocate(returns, objective, limits=[limit_of(kind, bound)])
    loose = allocate(returns, objective, limits=[limit_of(kind, bound + room)])
    assert improvement(loose, tight) >= -2e-6


@SOME
@given(SEEDS, ANY, st.floats(0.0, 0.9), st.floats(0.05, 0.2))
def test_tightening_a_loss_in_a_regime_never_improves(
    seed: int, name: str, share: float, room: float
) -> None:
    returns, objective = scenarios_of(seed), _same_tops(name)
    means = textbook.world_of(returns).means["bear"]
    bound = -float(share * means.max() + (1 - share) * means.min())
    tight = allocate(returns, objective, limits=[limits.RegimeLoss("bear", bound)])
    loose = allocate(returns, objective, limits=[limits.RegimeLoss("bear", bound + room)])
    assert weights_of(tight) @ means >= -bound - 1e-8
    assert improvement(loose, tight) >= -2e-6


@FEW
@given(SEEDS, ANY)
def test_fewer_companies_are_never_better(seed: int, name: str) -> None:
    returns, objective = scenarios_of(seed, companies=4), _same_tops(name)
    choices = [
        allocate(returns, objective, limits=[limits.Holdings(at_most=count)]) for count in (1, 2, 4)
    ]
    held = [int((choice.weights != 0.0).sum()) for choice in choices]
    assert held[0] == 1
    assert held[1] <= 2
    assert improvement(choices[1], choices[0]) >= -2e-6
    assert improvement(choices[2], choices[1]) >= -2e-6
    assert same(choices[2], allocate(returns, objective))


@FEW
@given(SEEDS, st.floats(0.05, 0.45))
def test_a_position_is_large_or_none(seed: int, least: float) -> None:
    limit = limits.Holdings(min_position=least)
    choice = allocate(scenarios_of(seed), terms.CVaR(0.9), min_weight=-0.5, limits=[limit, HEDGED])
    sizes = np.abs(weights_of(choice))
    assert ((sizes == 0.0) | (sizes >= least - 1e-8)).all()


HEDGED = limits.Leverage(gross=1.6)


@SOME
@given(SEEDS, ANY)
def test_limits_that_cannot_bind_change_nothing(seed: int, name: str) -> None:
    returns, everyone = scenarios_of(seed), tuple("ABCDE")
    idle = [
        limits.Group("all", everyone, at_least=0.0, at_most=1.5),
        limits.Turnover(2.0, HELD),
        limits.Exposure("beta", dict.fromkeys(everyone, 0.7), at_least=-1.0, at_most=2.0),
        limits.RegimeLoss("bear", 1.0),
        limits.Leverage(gross=1.5, net=(1.0, 1.0)),
    ]
    arguments: dict[str, Any] = {"max_weights": {"A": 1.0}}
    one = allocate(returns, OBJECTIVES[name])
    assert same(one, allocate(returns, OBJECTIVES[name], limits=idle, **arguments))


@SOME
@given(SEEDS, ANY)
def test_cash_by_leverage_is_cash_by_name(seed: int, name: str) -> None:
    returns = scenarios_of(seed)
    cash = changed(
        returns,
        np.concatenate([paths_of(returns), np.zeros((40, 2, 1))], axis=2),
        tickers=(*returns.tickers, "CASH"),
    )
    if name == "robust CVaR":  # the length of the weights counts the cash that has a name
        return
    free = allocate(returns, OBJECTIVES[name], limits=[limits.Leverage(net=(0.0, 1.0))])
    assert same(free, allocate(cash, OBJECTIVES[name]))


def _same_tops(name: str) -> Any:
    """The objective, without regret: its measure moves with the limits."""
    return terms.LogGrowth() - terms.CVaR(0.9) if name in {"regret", "many"} else OBJECTIVES[name]
