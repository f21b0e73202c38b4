"""Mechanism 4: the rental price equates compute wanted with the compute that runs."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import Array

from marketsim.model.demand import Schedule
from marketsim.model.market import Stock, clear, supplied, wanted


class Case(NamedTuple):
    demand: Schedule
    log_compute: Array
    log_cost: Array

    def stock(self) -> Stock:
        return Stock(compute=jnp.exp(self.log_compute), cost=jnp.exp(self.log_cost))


def case(seed: int, root: float = 0.0) -> Case:
    """A market of three classes, training, and forty vintages that clears at ``root``."""
    draw = np.random.default_rng(seed)
    demand = Schedule(
        intercept=jnp.asarray(draw.normal(0.0, 3.0, 3)),
        slope=jnp.asarray(draw.uniform(0.0, 1.5, 3)),
        log_training=jnp.asarray(draw.normal(0.0, 3.0)),
    )
    vintages, cost = (
        jnp.asarray(x) for x in draw.normal([[[0.0]], [[-1.5]]], [[[2.0]], [[0.7]]], (2, 20, 2))
    )
    surplus = -gap(Case(demand, vintages, cost), jnp.asarray(root))
    return Case(demand, log_compute=vintages - surplus, log_cost=cost)


@jax.jit
def gap(market: Case, log_rent: Array) -> Array:
    return jnp.log(wanted(market.demand, log_rent) / supplied(market.stock(), log_rent))


@jax.jit
def rent(market: Case, guess: Array) -> Array:
    return clear(market.demand, market.stock(), guess)


slopes_of_gap = jax.jit(jax.grad(gap, argnums=(0, 1)))
slopes_of_rent = jax.jit(jax.grad(rent))
SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.floats(-3.0, 3.0), st.floats(-2.0, 2.0))
def test_rent_clears_the_market_wherever_the_search_starts(
    seed: int, root: float, guess: float
) -> None:
    market = case(seed, root)
    price = rent(market, jnp.asarray(guess))
    assert abs(float(gap(market, price))) < 1e-10
    assert float(price) == pytest.approx(root, abs=1e-6)


@given(SEEDS, st.floats(-4.0, 4.0))
def test_excess_demand_falls_in_rent(seed: int, log_rent: float) -> None:
    market = case(seed)
    assert gap(market, jnp.asarray(log_rent + 0.01)) < gap(market, jnp.asarray(log_rent))


@given(SEEDS, st.floats(-3.0, 3.0))
def test_more_of_everything_leaves_rent_alone(seed: int, more: float) -> None:
    market = case(seed)
    d = market.demand
    scaled = market._replace(
        demand=Schedule(d.intercept + more, d.slope, d.log_training + more),
        log_compute=market.log_compute + more,
    )
    guess = jnp.asarray(0.0)
    assert float(rent(scaled, guess)) == pytest.approx(float(rent(market, guess)), abs=1e-9)


@given(SEEDS)
def test_gradients_are_those_of_the_implicit_function(seed: int) -> None:
    """Slope of the root = - (slope of the gap in an input) / (slope of the gap in rent)."""
    market, guess = case(seed), jnp.asarray(0.0)
    price = rent(market, guess)
    direct, slope = slopes_of_gap(market, price)
    found = slopes_of_rent(market, guess)
    implied = jax.tree.map(lambda g: -g / slope, direct)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-8, atol=1e-12), found, implied
    )


@given(SEEDS)
def test_rent_rises_with_demand_and_running_cost_and_falls_with_the_fleet(seed: int) -> None:
    slope = slopes_of_rent(case(seed), jnp.asarray(0.0))
    assert (slope.demand.intercept > 0.0).all()
    assert slope.demand.log_training > 0.0
    assert (slope.log_compute < 0.0).all()
    assert (slope.log_cost >= 0.0).all()


def test_in_plenty_of_rent_everything_runs_and_without_it_nothing() -> None:
    market = case(3, root=0.5)
    installed, supply = float(market.stock().compute.sum()), jax.jit(supplied)
    assert float(supply(market.stock(), jnp.asarray(20.0))) == pytest.approx(installed, rel=1e-12)
    assert supply(market.stock(), jnp.asarray(-12.0)) < 1e-4 * installed


def test_a_training_budget_alone_is_spent_whole() -> None:
    """Budget = rent x fleet: the closed form without other demand and without running cost."""
    none = jnp.full(3, -60.0)
    demand = Schedule(intercept=none, slope=jnp.zeros(3), log_training=jnp.log(6.0))
    stock = Stock(compute=jnp.array([[1.0, 2.0]]), cost=jnp.full((1, 2), 1e-13))
    price = clear(demand, stock, jnp.asarray(0.0))
    assert float(jnp.exp(price)) == pytest.approx(2.0)


def test_the_guess_carries_no_gradient() -> None:
    assert jax.grad(rent, argnums=1)(case(5), jnp.asarray(0.3)) == 0.0
