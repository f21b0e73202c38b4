"""Mechanism 3: demand for tokens, its elasticity, and what a class of users asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import CLASSES, YEARS, Assumptions, demand
from marketsim.model.market import wanted as wanted_at
from marketsim.model.smooth import sigmoid
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

RENT = leaf(np.log(2.5))
AVAILABLE = leaf(0.4)
NONE = leaf(0.0)
BOUNDLESS = leaf(1e9)
"""A share of world output at which nothing is ever saturated."""


class Start(NamedTuple):
    state: demand.Demand
    log_compute: Array


@pytest.fixture(scope="module")
def start(median: Assumptions) -> Start:
    return Start(*demand.initial_demand(median, jnp.array(-3.0), RENT, AVAILABLE))


def settled(a: Assumptions, start: Start, cheaper: float = 0.0, rent: float = 0.0) -> demand.Demand:
    """Demand after a quarter in which a token needs ``cheaper`` less compute, in logs."""
    return demand.settle_demand(a, start.state, start.log_compute - cheaper, RENT + rent)


def without_lags(a: Assumptions, elasticity: float) -> Assumptions:
    """The static limit: full pass-through, no adjustment lag, no saturation."""
    one = jnp.asarray(1.0)
    return replace(
        a,
        passthrough=one,
        demand_adjustment=one,
        saturation=BOUNDLESS,
        elasticity=jnp.full(len(CLASSES), elasticity),
    )


def still(a: Assumptions) -> Assumptions:
    """Without adoption, and with growth of tokens per answer that does not slow."""
    return replace(a, adoption_speed=jnp.asarray(0.0), task_decay=jnp.asarray(0.0))


def unsaturated(a: Assumptions) -> Assumptions:
    """The budget is out of sight."""
    return replace(a, saturation=BOUNDLESS)


def shifted(
    a: Assumptions, now: demand.Demand, news: float = 0.0, appetite: float = 0.0
) -> demand.Demand:
    return demand.shift_demand(a, now, jnp.asarray(news), jnp.asarray(appetite))


def at_saturation(a: Assumptions, now: demand.Demand, full: float) -> Assumptions:
    """The same demand, saturated to a given degree."""
    spent = sum(demand.spending(a, now))
    budget = spent * (1.0 - full) / full
    return replace(a, saturation=budget / jnp.exp(now.log_income))


def unchecked(a: Assumptions) -> Assumptions:
    """Nobody checks answers."""
    return replace(a, verification_growth=jnp.zeros(len(CLASSES)))


def spending(now: demand.Demand) -> Array:
    return jnp.exp(now.log_tokens + now.log_price)


def compute(now: demand.Demand, start: Start, cheaper: float) -> Array:
    return jnp.exp(now.log_tokens + start.log_compute - cheaper)


def test_at_the_start_demand_uses_what_runs(median: Assumptions, start: Start) -> None:
    inference = jnp.exp(start.state.log_tokens + start.log_compute).sum()
    training = jnp.exp(start.state.log_training - RENT) / KILOHOURS
    assert inference + training == pytest.approx(float(AVAILABLE))
    assert jnp.exp(start.state.log_tokens).sum() == pytest.approx(median.initial_tokens)
    assert demand.initial_class_shares(median).sum() == pytest.approx(1.0)
    assert demand.initial_class_shares(median)[2] == pytest.approx(median.initial_agentic_share)


def test_inference_at_the_start_leaves_what_capital_and_its_own_earnings_pay_for(
    median: Assumptions, start: Start
) -> None:
    """A dollar of compute that answers pays for `earned` of training: 1 = k + s (1 + earned)."""
    inference = jnp.exp(start.state.log_tokens + start.log_compute).sum() / AVAILABLE
    sold, markup = median.initial_laboratory_share, median.token_markup
    earned = median.training_reinvestment * (sold * markup + 1.0 - sold)
    assert demand.earned(median, start.state.laboratory) == pytest.approx(float(earned))
    capital = median.initial_training_capital
    assert inference == pytest.approx(float((1.0 - capital) / (1.0 + earned)))
    bill = AVAILABLE * jnp.exp(RENT) * KILOHOURS
    assert jnp.exp(start.state.log_capital) == pytest.approx(float(capital * bill))
    own = jnp.exp(start.state.log_training) - capital * bill
    spent = sum(demand.spending(median, start.state))
    assert own == pytest.approx(float(median.training_reinvestment * spent))


def test_price_is_markup_over_cost(median: Assumptions, start: Start) -> None:
    tokens = jnp.exp(start.state.log_tokens)
    cost = (tokens * jnp.exp(start.log_compute)).sum() * jnp.exp(RENT) * KILOHOURS
    assert spending(start.state).sum() == pytest.approx(float(median.token_markup * cost))


# What is spent, and the budget


def test_laboratories_sell_at_the_price_and_owners_use_at_cost(
    median: Assumptions, start: Start
) -> None:
    laboratories, own_use = demand.spending(median, start.state)
    at_price = spending(start.state).sum()
    assert laboratories + median.token_markup * own_use == pytest.approx(float(at_price))
    assert laboratories / at_price == pytest.approx(float(median.initial_laboratory_share))


def test_demand_is_half_saturated_where_spending_is_the_stated_share_of_income(
    median: Assumptions, start: Start
) -> None:
    spent = sum(demand.spending(median, start.state))
    income = demand.WORLD_OUTPUT * jnp.exp(-3.0 * median.income_growth)
    assert jnp.exp(start.state.log_income) == pytest.approx(float(income))
    a = replace(median, saturation=spent / income)
    assert demand.saturated(a, start.state) == pytest.approx(0.5)
    for multiple in (0.01, 0.3, 4.0):
        richer = replace(start.state, log_income=start.state.log_income + np.log(multiple))
        assert demand.saturated(a, richer) == pytest.approx(1.0 / (1.0 + multiple))


def test_elasticity_falls_from_unsaturated_to_saturated(median: Assumptions) -> None:
    path = np.asarray(demand.elasticity_at(median, jnp.linspace(0.0, 1.0, 41)[:, None]))
    assert (np.diff(path, axis=0) < 0.0).all()
    np.testing.assert_allclose(path[0], median.elasticity)
    np.testing.assert_allclose(path[-1], jnp.full(3, median.saturated_elasticity))
    half = 0.5 * (median.elasticity + median.saturated_elasticity)
    np.testing.assert_allclose(path[20], half)


@pytest.mark.parametrize("full", [1e-6, 0.25, 0.5, 0.9])
def test_a_budget_damps_all_that_shifts_demand_but_income(
    median: Assumptions, start: Start, full: float
) -> None:
    """News and growth count by what is left of the budget, income by what is taken."""
    a = at_saturation(unchecked(median), start.state, full)
    free, income = unchecked(unsaturated(median)), median.income_growth * YEARS
    for news in (0.0, 0.1):
        grown = shifted(a, start.state, news).log_desired - start.state.log_desired
        unbounded = shifted(free, start.state, news).log_desired - start.state.log_desired
        np.testing.assert_allclose(grown, (1.0 - full) * unbounded + full * income, rtol=1e-6)


def test_where_demand_is_saturated_spending_on_tokens_grows_with_income(
    median: Assumptions, start: Start
) -> None:
    """At unit elasticity even cheaper tokens change nothing of it: a share of income."""
    a = unchecked(replace(without_lags(median, 1.0), saturated_elasticity=jnp.asarray(1.0)))
    now, a = start.state, replace(a, saturation=jnp.asarray(1e-12))
    for cheaper in (0.0, 0.3, 1.0, 1.5):
        after = demand.settle_demand(a, shifted(a, now, 0.2), start.log_compute - cheaper, RENT)
        gained = jnp.log(spending(after) / spending(now))
        np.testing.assert_allclose(gained, a.income_growth * YEARS, rtol=1e-6)
        now = after


def test_spending_settles_where_saturation_leaves_an_elasticity_of_one(
    median: Assumptions, start: Start
) -> None:
    """However far prices fall after; tokens go on, as fast as prices fall."""
    a = unchecked(replace(without_lags(median, 1.5), task_growth=jnp.zeros(len(CLASSES))))
    a = replace(a, adoption_speed=NONE, income_growth=NONE, laboratory_growth=NONE)
    a, now, fall = at_saturation(a, start.state, 0.1), start.state, 0.6
    for quarter in range(200):
        before, cheaper = now, fall * (quarter + 1)
        now = demand.settle_demand(a, shifted(a, now), start.log_compute - cheaper, RENT)
    end = 0.5 / (1.5 - float(a.saturated_elasticity))
    assert demand.saturated(a, now) == pytest.approx(end, rel=1e-6)
    np.testing.assert_allclose(now.log_tokens - before.log_tokens, fall, rtol=1e-6)


@pytest.mark.parametrize("rent", [-1.0, 0.0, 0.7])
def test_the_schedule_foretells_where_demand_settles(
    median: Assumptions, start: Start, rent: float
) -> None:
    now = shifted(median, start.state, 0.05)
    wanted = demand.schedule(median, now, start.log_compute)
    after = demand.settle_demand(median, now, start.log_compute, RENT + rent)
    classes = wanted.intercept - wanted.slope * (RENT + rent)
    np.testing.assert_allclose(after.log_tokens + start.log_compute, classes, rtol=1e-12)
    training = jnp.exp(wanted.log_training - RENT - rent)
    total = wanted_at(wanted, RENT + rent)
    assert total == pytest.approx(jnp.exp(classes).sum() + training)


def test_slope_is_adjustment_times_elasticity_times_passthrough(
    median: Assumptions, start: Start
) -> None:
    moved = settled(median, start, rent=0.01).log_tokens - settled(median, start).log_tokens
    wanted = demand.schedule(median, start.state, start.log_compute)
    np.testing.assert_allclose(moved, -0.01 * wanted.slope)


@pytest.mark.parametrize("cheaper", [-0.5, 0.1, 1.0, 3.0])
def test_at_unit_elasticity_efficiency_leaves_spending_unchanged(
    median: Assumptions, start: Start, cheaper: float
) -> None:
    a = without_lags(median, 1.0)
    after = settled(a, start, cheaper)
    np.testing.assert_allclose(spending(after), spending(start.state), rtol=1e-5)
    np.testing.assert_allclose(compute(after, start, cheaper), compute(start.state, start, 0.0))


@pytest.mark.parametrize("elasticity", [0.5, 0.9, 1.1, 1.8])
def test_the_paradox_turns_at_one(median: Assumptions, start: Start, elasticity: float) -> None:
    """A token that needs less compute raises the demand for compute above one only."""
    a, cheaper = without_lags(median, elasticity), 0.7
    change = jnp.log(compute(settled(a, start, cheaper), start, cheaper))
    change -= jnp.log(compute(start.state, start, 0.0))
    np.testing.assert_allclose(change, (elasticity - 1.0) * cheaper, rtol=1e-9)


@pytest.mark.parametrize("elasticity", [0.6, 1.0, 1.5])
def test_with_lags_the_long_run_does_the_same(
    median: Assumptions, start: Start, elasticity: float
) -> None:
    a = replace(
        without_lags(median, elasticity),
        passthrough=median.passthrough,
        demand_adjustment=median.demand_adjustment,
    )
    first = now = settled(a, start, cheaper=0.7)
    for _ in range(80):
        now = demand.settle_demand(a, now, start.log_compute - 0.7, RENT)
    change = now.log_tokens - 0.7 - start.state.log_tokens
    np.testing.assert_allclose(change, (elasticity - 1.0) * 0.7, atol=1e-9)
    assert (first.log_tokens < now.log_tokens).all()  # the quarter itself sees a part
    assert (compute(first, start, 0.7) < compute(start.state, start, 0.0)).all()


# What investors learn of demand


def learned(a: Assumptions, start: Start, cheaper: float = 0.0, rent: float = 0.0) -> float:
    """Growth of the compute wanted in the end, after a token needs ``cheaper`` less, in logs."""
    at = (
        demand.outlook(a, start.state, start.log_compute - x, RENT + r)
        for x, r in (
            (0.0, 0.0),
            (cheaper, rent),
        )
    )
    before, after = at
    return float(after - before)


def untrained(start: Start) -> Start:
    """The same demand without training."""
    return Start(replace(start.state, log_training=leaf(-80.0)), start.log_compute)


@pytest.mark.parametrize("elasticity", [0.6, 0.9, 1.0, 1.1, 1.6])
@pytest.mark.parametrize("lags", [True, False])
def test_efficiency_adds_to_expected_demand_above_an_elasticity_of_one_at_once(
    median: Assumptions, start: Start, elasticity: float, lags: bool
) -> None:
    """Though prices and tokens have yet to move: by elasticity - 1 for each log unit."""
    a = without_lags(median, elasticity)
    if lags:
        a = replace(a, passthrough=median.passthrough, demand_adjustment=median.demand_adjustment)
    for cheaper in (0.2, 1.0):
        grown = learned(a, untrained(start), cheaper)
        assert grown == pytest.approx((elasticity - 1.0) * cheaper, abs=1e-6)
        whole = learned(a, start, cheaper)  # training waits for what tokens earn
        assert np.sign(round(whole, 9)) == np.sign(elasticity - 1.0)


def test_rents_that_fall_add_to_expected_demand(median: Assumptions, start: Start) -> None:
    """By the elasticity for tokens, one for one for a training budget."""
    a = without_lags(median, 1.4)
    assert learned(a, untrained(start), rent=-0.1) == pytest.approx(0.14, abs=1e-6)
    assert 0.1 < learned(a, start, rent=-0.1) < 0.14
    assert learned(without_lags(median, 1.0), start, rent=-0.1) == pytest.approx(0.1, abs=1e-6)


def test_news_of_demand_is_learned_in_full(median: Assumptions, start: Start) -> None:
    a = unsaturated(median)
    plain, good = (shifted(a, start.state, news) for news in (0.0, 0.3))
    at = [demand.outlook(a, now, start.log_compute, RENT) for now in (plain, good)]
    tokens = [jnp.exp(x) - jnp.exp(plain.log_training - RENT) / KILOHOURS for x in at]
    assert tokens[1] / tokens[0] == pytest.approx(np.exp(0.3))


def test_what_is_settled_is_no_news(median: Assumptions, start: Start) -> None:
    """Tokens on their way to what is wanted leave what is wanted in the end where it was."""
    a = unsaturated(median)
    foreseen = demand.outlook(a, start.state, start.log_compute - 0.5, RENT + 0.2)
    now = start.state
    for _ in range(6):
        now = demand.settle_demand(a, now, start.log_compute - 0.5, RENT + 0.2)
        assert now.log_outlook == pytest.approx(float(foreseen), abs=1e-7)
    late = jnp.exp(now.log_tokens + start.log_compute - 0.5).sum()
    assert late + jnp.exp(now.log_training - RENT - 0.2) / KILOHOURS < jnp.exp(foreseen)


# Adoption, answers, checks


def test_adoption_is_logistic_and_ends_at_one(median: Assumptions, start: Start) -> None:
    a = unchecked(unsaturated(replace(median, task_growth=jnp.zeros(len(CLASSES)))))
    now, desired = start.state, [0.0]
    for _ in range(200):
        now = shifted(a, now)
        desired.append(float((now.log_desired - start.state.log_desired)[0]))
    adopted = 1.0 / (1.0 + np.exp(-float(a.adoption_speed * (-3.0 - a.adoption_midpoint))))
    assert np.exp(desired[-1]) == pytest.approx(1.0 / adopted, rel=1e-9)
    assert (np.diff(desired) >= 0.0).all()
    middle = round(float(3.0 + a.adoption_midpoint) / YEARS)
    assert np.exp(desired[middle]) == pytest.approx(0.5 / adopted, rel=0.05)


def test_better_answers_and_news_are_wanted_as_they_come(median: Assumptions, start: Start) -> None:
    a = unchecked(unsaturated(still(median)))
    now = start.state
    for _ in range(4):
        now = shifted(a, now, 0.02)
    grown = now.log_desired - start.state.log_desired
    np.testing.assert_allclose(grown, a.task_growth + 0.08, rtol=1e-9)
    np.testing.assert_allclose(now.log_answer, a.task_growth, rtol=1e-9)
    np.testing.assert_allclose(now.log_speed - start.state.log_speed, a.speed_growth, atol=1e-12)


# Training


@pytest.mark.parametrize("appetite", [-0.5, 0.0, 0.8])
def test_training_is_paid_out_of_outside_capital_and_of_last_quarters_earnings(
    median: Assumptions, start: Start, appetite: float
) -> None:
    """Capital grows as told, ever slower, and moves with appetite without keeping it."""
    now, capital, growth = start.state, start.state.log_capital, float(median.training_growth)
    for quarter in range(4):
        own = median.training_reinvestment * sum(demand.spending(median, now))
        capital += growth * YEARS * np.exp(-float(median.training_decay) * YEARS * quarter)
        now = shifted(median, now, appetite=appetite)
        outside = jnp.exp(capital + median.training_appetite * appetite)
        assert now.log_capital == pytest.approx(float(capital))
        assert jnp.exp(now.log_training) == pytest.approx(float(outside + own))
        now = demand.settle_demand(median, now, start.log_compute - 0.1 * quarter, RENT)


def test_laboratories_gain_odds_as_told(median: Assumptions, start: Start) -> None:
    now = start.state
    for _ in range(4):
        now = shifted(median, now)
    share = float(sigmoid(now.laboratory))
    first = float(median.initial_laboratory_share)
    odds = share / (1.0 - share) * (1.0 - first) / first
    assert np.log(odds) == pytest.approx(float(median.laboratory_growth))


def test_growth_of_tokens_per_answer_slows(median: Assumptions, start: Start) -> None:
    now = start.state
    for _ in range(8):
        now = shifted(median, now)
    slowing = np.exp(-float(median.task_decay) * YEARS * np.arange(8)).sum() * YEARS
    both = np.asarray(median.task_growth + median.verification_growth)
    np.testing.assert_allclose(now.log_answer, both * slowing)


def test_tokens_per_task_raise_cost_per_answer_while_cost_per_token_falls(
    median: Assumptions, start: Start
) -> None:
    """Claim C10."""
    now = shifted(median, start.state)
    after = demand.settle_demand(median, now, start.log_compute - 0.1, RENT)
    per_token = after.log_price - start.state.log_price
    per_answer = per_token + after.log_answer
    assert (per_token < 0.0).all()
    assert per_answer[2] > 0.0


@pytest.mark.parametrize("worth", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("elasticity", [0.6, 1.0, 1.4])
def test_checking_costs_answers_what_reliability_is_not_worth(
    median: Assumptions, start: Start, elasticity: float, worth: float
) -> None:
    """Answers fall by elasticity x (1 - worth) x checks; tokens rise by what is left of checks."""
    a = replace(
        without_lags(still(median), elasticity),
        task_growth=jnp.zeros(len(CLASSES)),
        verification_worth=jnp.asarray(worth),
    )
    after = shifted(a, start.state)
    checks = np.asarray(a.verification_growth) * YEARS
    tokens = np.asarray(after.log_desired - start.state.log_desired)
    np.testing.assert_allclose(after.log_answer, checks)
    np.testing.assert_allclose(tokens - checks, -elasticity * (1.0 - worth) * checks, atol=1e-12)


def test_saturated_demand_pays_for_reliability_with_compute(
    median: Assumptions, start: Start
) -> None:
    """Claim C17: below an elasticity of one checking raises tokens whatever it is worth."""
    for worth in (0.0, 0.5, 1.0):
        a = replace(
            still(median),
            saturation=jnp.asarray(1e-12),
            income_growth=NONE,
            verification_worth=jnp.asarray(worth),
            task_growth=jnp.zeros(len(CLASSES)),
        )
        after = shifted(a, start.state)
        assert (after.log_desired > start.state.log_desired).all()


def test_training_runs_on_what_serves_batch() -> None:
    inference, training = jnp.log(jnp.array([2.0, 1.0, 1.0])), jnp.log(4.0)
    weights = demand.class_weights(inference, training)
    np.testing.assert_allclose(weights, [0.75, 0.125, 0.125])


def test_gradients_reach_every_assumption_of_demand(median: Assumptions, start: Start) -> None:
    def tokens(a: Assumptions) -> Array:
        now = shifted(a, start.state)
        return demand.settle_demand(a, now, start.log_compute, RENT + 0.3).log_tokens.sum()

    slope = jax.jit(jax.grad(tokens))(median)
    for name in (
        "elasticity",
        "saturation",
        "demand_adjustment",
        "passthrough",
        "task_growth",
        "verification_growth",
        "verification_worth",
        "adoption_speed",
    ):
        assert jnp.all(getattr(slope, name) != 0.0), name


# Own use


def test_own_use_is_worth_what_it_costs_where_tokens_have_followed(
    median: Assumptions, start: Start
) -> None:
    """Who uses all that he wants at the price values it at that."""
    at_rest = replace(start.state, log_desired=start.state.log_tokens)
    tokens = jnp.exp(at_rest.log_tokens + at_rest.log_price).sum() / median.token_markup
    training = jnp.exp(at_rest.log_training)
    found = float(demand.worth_in_use(median, at_rest))
    assert found == pytest.approx(float(tokens + training), rel=1e-9)


def test_cheaper_tokens_are_worth_what_they_were_until_more_are_used(
    median: Assumptions, start: Start
) -> None:
    """On the day the price falls, desired tokens rise by as much as restores their worth."""
    at_rest = replace(start.state, log_desired=start.state.log_tokens)
    elasticity = demand.elasticity_at(median, demand.saturated(median, at_rest))
    fallen = 0.3
    cheaper = replace(
        at_rest,
        log_price=at_rest.log_price - fallen,
        log_desired=at_rest.log_desired + elasticity * fallen,
    )
    # How far the budget is used moves with the price, and the elasticity with that: a little.
    before, after = (float(demand.worth_in_use(median, x)) for x in (at_rest, cheaper))
    assert after == pytest.approx(before, rel=0.02)
    spent = [float(sum(demand.spending(median, x))) for x in (at_rest, cheaper)]
    assert spent[1] == pytest.approx(np.exp(-fallen) * spent[0])
