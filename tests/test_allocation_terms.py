"""Terms of an objective: their order, their limits, and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketsim.allocation import allocate, limits, terms
from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.compared import improvement, same, scenarios_of, weights_of

SEEDS = st.integers(0, 2**32 - 1)
FEW, SOME = settings(max_examples=6, deadline=None), settings(max_examples=15, deadline=None)


@SOME
@given(SEEDS)
def test_the_tail_is_worse_than_its_edge_and_than_the_mean(seed: int) -> None:
    choice = allocate(scenarios_of(seed), terms.ExpectedReturn() - terms.CVaR(0.9))
    assert choice.risk["CVaR_90"] >= choice.risk["VaR_90"] - 1e-12
    assert choice.risk["CVaR_90"] >= -choice.risk["expected_return"] - 1e-12


def test_the_mean_loss_may_lie_beyond_the_value_at_risk() -> None:
    """One ruinous draw in a hundred: nothing is lost with a confidence of 95 %, on average 1 %."""
    returns = np.zeros((100, 1))
    returns[0] = -1.0
    choice = allocate(ReturnScenarios(returns, ("A",)), terms.CVaR(0.95))
    assert choice.risk["VaR_95"] == 0.0
    assert -choice.risk["expected_return"] == pytest.approx(0.01)
    assert choice.risk["CVaR_95"] == pytest.approx(0.2)


@SOME
@given(SEEDS)
def test_no_radius_is_the_nominal_term(seed: int) -> None:
    returns = scenarios_of(seed)
    pairs = [
        (terms.CVaR(0.9), terms.CVaR(0.9, 0.0)),
        (terms.ExpectedReturn(), terms.AmbiguousReturn(0.0)),
        (terms.WorstRegime(), terms.AmbiguousReturn(1.0)),
    ]
    for nominal, robust in pairs:
        assert same(allocate(returns, nominal), allocate(returns, robust))


@SOME
@given(SEEDS, st.floats(0.0, 1.0), st.floats(0.0, 0.5))
def test_ambiguity_never_improves(seed: int, radius: float, more: float) -> None:
    returns = scenarios_of(seed)
    radii = [0.0, radius, min(radius + more, 1.0), 1.0]
    best = [allocate(returns, terms.AmbiguousReturn(one)).objective for one in radii]
    assert (np.diff(best) <= 1e-7).all()


@SOME
@given(SEEDS, st.floats(0.001, 0.1))
def test_a_radius_costs_between_equal_weights_and_one_name(seed: int, radius: float) -> None:
    """The length of weights that sum to 1 lies between 1 / sqrt(companies) and 1."""
    returns = scenarios_of(seed)
    nominal, robust = (allocate(returns, terms.CVaR(0.9, one)) for one in (0.0, radius))
    price = (robust.objective - nominal.objective) / (radius / 0.1)
    assert 5**-0.5 - 1e-5 <= price <= 1.0 + 1e-5


def test_a_large_radius_leads_to_equal_weights() -> None:
    choice = allocate(scenarios_of(3), terms.CVaR(0.9, 1e4))
    assert weights_of(choice) == pytest.approx(np.full(5, 0.2), abs=1e-3)


@SOME
@given(SEEDS)
def test_regret_is_positive_and_no_more_than_that_of_any_regimes_best(seed: int) -> None:
    returns = scenarios_of(seed)
    choice = allocate(returns, terms.Regret())
    means = np.array(list(textbook.world_of(returns).means.values()))
    each = (means.max(axis=1)[:, None] - means).max(axis=0)  # of putting all into one company
    assert -1e-9 <= choice.objective <= each.min() + 1e-9


def test_without_doubt_about_the_regime_there_is_no_regret() -> None:
    returns = scenarios_of(5)
    sure = replace(returns, regimes=np.full(40, "only"))
    limit = [limits.Group("two", ("A", "B"), at_most=0.3)]
    choice = allocate(sure, terms.Regret(), max_weight=0.4, limits=limit)
    other = allocate(sure, terms.ExpectedReturn(), max_weight=0.4, limits=limit)
    assert choice.objective == pytest.approx(0.0, abs=1e-8)
    outcomes = [weights_of(each) for each in (choice, other)]
    means = returns.probabilities @ returns.returns
    assert means @ outcomes[0] == pytest.approx(means @ outcomes[1], abs=1e-7)


def test_regret_is_measured_by_what_the_limits_allow() -> None:
    """Nothing but equal weights is allowed, so nothing better could have been done."""
    assert allocate(scenarios_of(6), terms.Regret(), max_weight=0.2).objective == pytest.approx(
        0.0, abs=1e-8
    )


# Closed forms


@SOME
@given(st.floats(0.2, 0.9), st.floats(0.1, 3.0), st.floats(0.2, 1.0), st.booleans())
def test_growth_of_a_binary_bet_is_kellys(
    odds: float, gain: float, loss: float, named: bool
) -> None:
    """Kelly (1956): p / loss - (1 - p) / gain of the capital, if that is a share of it."""
    share = float(np.clip(odds / loss - (1 - odds) / gain, 0.0, 1.0))
    table = np.array([[gain, 0.0], [-loss, 0.0]])[:, : 2 if named else 1]
    bet = ReturnScenarios(table, ("BET", "CASH")[: 2 if named else 1], np.array([odds, 1 - odds]))
    cash = [] if named else [limits.Leverage(net=(0.0, 1.0))]
    choice = allocate(bet, terms.LogGrowth(), limits=cash)
    growth = float(
        odds * np.log1p(gain * share) + (1 - odds) * np.log1p(-min(loss * share, 1 - 1e-15))
    )
    assert choice.objective == pytest.approx(growth, abs=1e-6 * max(abs(growth), 0.01))
    assert choice.weights["BET"] == pytest.approx(share, abs=2e-3)


def test_growth_never_risks_ruin() -> None:
    """Both lose all in turn, so that any stake of all in one of them has no growth at all."""
    table = np.array([[3.0, -1.0], [-1.0, 3.0]])
    choice = allocate(ReturnScenarios(table, ("A", "B")), terms.LogGrowth())
    assert weights_of(choice) == pytest.approx([0.5, 0.5], abs=1e-4)
    assert choice.objective == pytest.approx(np.log(2.0), rel=1e-6)


@FEW
@given(SEEDS)
def test_the_benchmark_itself_has_no_tracking_error(seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.ones(5))
    benchmark = dict(zip("ABCDE", shares.tolist(), strict=True))
    choice = allocate(scenarios_of(seed), terms.TrackingError(benchmark))
    assert choice.objective == pytest.approx(0.0, abs=1e-7)
    assert weights_of(choice) == pytest.approx(shares, abs=1e-5)


@FEW
@given(SEEDS, st.floats(0.05, 0.45))
def test_costs_keep_what_is_held_until_it_pays_to_move(seed: int, margin: float) -> None:
    """To move a unit from one company to another costs the rate twice."""
    returns = scenarios_of(seed)
    means = returns.probabilities @ returns.returns
    worst = returns.tickers[int(means.argmin())]
    for rate, kept in ((0.5 + margin, 1.0), (0.5 - margin, 0.0)):
        costs = terms.TransactionCost(rate * float(np.ptp(means)), {worst: 1.0})
        choice = allocate(returns, terms.ExpectedReturn() - costs)
        assert choice.weights[worst] == pytest.approx(kept, abs=1e-6)


def test_impact_stops_where_the_next_trade_costs_what_it_earns() -> None:
    """Move d from a company to one that earns m more: m d - 2 k d^1.5 is best at (m / 3 k)^2."""
    table, m, k = np.array([[0.01, -0.01], [-0.01, 0.01]]), 0.03, 0.02
    returns = ReturnScenarios(table + np.array([0.0, m]), ("A", "B"))
    objective = terms.ExpectedReturn() - terms.MarketImpact(k, {"A": 1.0})
    choice = allocate(returns, objective)
    assert choice.weights["B"] == pytest.approx((m / (3 * k)) ** 2, abs=1e-4)
    assert choice.objective == pytest.approx(m**3 / (27 * k**2), rel=1e-6)


@FEW
@given(SEEDS, st.sampled_from([0.0, 0.5, 0.9]))
def test_drawdown_of_what_only_rises_is_none_and_of_what_only_falls_its_loss(
    seed: int, level: float
) -> None:
    chance = np.random.default_rng(seed)
    steps = chance.uniform(0.01, 0.2, (30, 4, 3)).cumsum(axis=1)
    rises = ReturnScenarios(steps[:, -1], tuple("ABC"), paths=steps)
    falls = ReturnScenarios(-steps[:, -1], tuple("ABC"), paths=-steps)
    assert allocate(rises, terms.Drawdown(level)).objective == pytest.approx(0.0, abs=1e-9)
    drop = allocate(falls, terms.Drawdown(level)).objective
    mean = -allocate(falls, terms.ExpectedReturn()).objective
    loss = allocate(falls, terms.CVaR(level)).objective if level else mean
    assert drop == pytest.approx(loss, rel=1e-6)


@FEW
@given(SEEDS)
def test_drawdown_is_at_least_the_loss_at_the_end(seed: int) -> None:
    returns = scenarios_of(seed)
    drop, loss = (allocate(returns, term(0.9)).objective for term in (terms.Drawdown, terms.CVaR))
    assert drop >= max(loss, 0.0) - 1e-7


@FEW
@given(SEEDS, st.floats(0.05, 0.4))
def test_shorts_hedge_at_least_as_well(seed: int, short: float) -> None:
    returns = scenarios_of(seed)
    long = allocate(returns, terms.Variance())
    both = allocate(returns, terms.Variance(), min_weight=-short, max_weight=2.0)
    assert improvement(both, long) >= -2e-6
    assert both.weights.min() >= -short - 1e-8


def test_shorts_alone_sum_to_the_gross_leverage() -> None:
    """The better of two companies is bought as far as shorting the other pays for it."""
    returns = ReturnScenarios(np.array([[0.1, 0.0], [0.3, 0.1]]), ("A", "B"))
    limit = [limits.Leverage(gross=1.6)]
    choice = allocate(
        returns, terms.ExpectedReturn(), min_weight=-1.0, max_weight=2.0, limits=limit
    )
    assert weights_of(choice) == pytest.approx([1.3, -0.3], abs=1e-9)
