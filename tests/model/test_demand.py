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
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

RENT = leaf(np.log(2.5))
AVAILABLE = leaf(0.4)


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
        saturation=jnp.asarray(1e30),
        elasticity=jnp.full(len(CLASSES), elasticity),
    )


def still(a: Assumptions) -> Assumptions:
    """Without adoption, and with growth of tokens per answer that does not slow."""
    return replace(a, adoption_speed=jnp.asarray(0.0), task_decay=jnp.asarray(0.0))


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
    assert training / AVAILABLE == pytest.approx(median.initial_training_share)
    assert jnp.exp(start.state.log_tokens).sum() == pytest.approx(median.initial_tokens)
    assert demand.initial_class_shares(median).sum() == pytest.approx(1.0)
    assert demand.initial_class_shares(median)[2] == pytest.approx(median.initial_agentic_share)


def test_price_is_markup_over_cost(median: Assumptions, start: Start) -> None:
    revenue = spending(start.state).sum()
    cost = (1.0 - median.initial_training_share) * AVAILABLE * jnp.exp(RENT) * KILOHOURS
    assert revenue == pytest.approx(median.token_markup * cost)


def test_elasticity_falls_from_unsaturated_to_saturated(median: Assumptions) -> None:
    logs = jnp.log(median.saturation) + jnp.linspace(-12.0, 12.0, 41)[:, None]
    path = np.asarray(demand.elasticity_at(median, logs))
    assert (np.diff(path, axis=0) < 0.0).all()
    np.testing.assert_allclose(path[0], median.elasticity, rtol=1e-4)
    np.testing.assert_allclose(path[-1], jnp.full(3, median.saturated_elasticity), rtol=1e-4)
    half = 0.5 * (median.elasticity + median.saturated_elasticity)
    np.testing.assert_allclose(path[20], half)


@pytest.mark.parametrize("rent", [-1.0, 0.0, 0.7])
def test_the_schedule_foretells_where_demand_settles(
    median: Assumptions, start: Start, rent: float
) -> None:
    shifted = demand.shift_demand(median, start.state, jnp.asarray(0.05))
    wanted = demand.schedule(median, shifted, start.log_compute)
    after = demand.settle_demand(median, shifted, start.log_compute, RENT + rent)
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


def test_adoption_is_logistic_and_ends_at_one(median: Assumptions, start: Start) -> None:
    a = unchecked(replace(median, task_growth=jnp.zeros(len(CLASSES))))
    now, desired = start.state, [0.0]
    for _ in range(200):
        now = demand.shift_demand(a, now, jnp.asarray(0.0))
        desired.append(float((now.log_desired - start.state.log_desired)[0]))
    adopted = 1.0 / (1.0 + np.exp(-float(a.adoption_speed * (-3.0 - a.adoption_midpoint))))
    assert np.exp(desired[-1]) == pytest.approx(1.0 / adopted, rel=1e-9)
    assert (np.diff(desired) >= 0.0).all()
    middle = round(float(3.0 + a.adoption_midpoint) / YEARS)
    assert np.exp(desired[middle]) == pytest.approx(0.5 / adopted, rel=0.05)


def test_better_answers_news_and_training_grow_as_told(median: Assumptions, start: Start) -> None:
    a = unchecked(still(median))
    now = start.state
    for _ in range(4):
        now = demand.shift_demand(a, now, jnp.asarray(0.02))
    grown = now.log_desired - start.state.log_desired
    np.testing.assert_allclose(grown, a.task_growth + 0.08, rtol=1e-9)
    np.testing.assert_allclose(now.log_answer, a.task_growth, rtol=1e-9)
    np.testing.assert_allclose(now.log_speed - start.state.log_speed, a.speed_growth, atol=1e-12)
    speeds = np.exp(-float(a.training_decay) * YEARS * np.arange(4))
    trained = float(now.log_training - start.state.log_training)
    assert trained == pytest.approx(float(a.training_growth) * YEARS * speeds.sum())


def test_growth_of_tokens_per_answer_slows(median: Assumptions, start: Start) -> None:
    now = start.state
    for _ in range(8):
        now = demand.shift_demand(median, now, jnp.asarray(0.0))
    slowing = np.exp(-float(median.task_decay) * YEARS * np.arange(8)).sum() * YEARS
    both = np.asarray(median.task_growth + median.verification_growth)
    np.testing.assert_allclose(now.log_answer, both * slowing)


def test_tokens_per_task_raise_cost_per_answer_while_cost_per_token_falls(
    median: Assumptions, start: Start
) -> None:
    """Claim C10."""
    shifted = demand.shift_demand(median, start.state, jnp.asarray(0.0))
    after = demand.settle_demand(median, shifted, start.log_compute - 0.1, RENT)
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
    after = demand.shift_demand(a, start.state, jnp.asarray(0.0))
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
            verification_worth=jnp.asarray(worth),
            task_growth=jnp.zeros(len(CLASSES)),
        )
        after = demand.shift_demand(a, start.state, jnp.asarray(0.0))
        assert (after.log_desired > start.state.log_desired).all()


def test_training_runs_on_what_serves_batch() -> None:
    inference, training = jnp.log(jnp.array([2.0, 1.0, 1.0])), jnp.log(4.0)
    weights = demand.class_weights(inference, training)
    np.testing.assert_allclose(weights, [0.75, 0.125, 0.125])


def test_gradients_reach_every_assumption_of_demand(median: Assumptions, start: Start) -> None:
    def tokens(a: Assumptions) -> Array:
        shifted = demand.shift_demand(a, start.state, jnp.asarray(0.0))
        return demand.settle_demand(a, shifted, start.log_compute, RENT + 0.3).log_tokens.sum()

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
