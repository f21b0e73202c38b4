"""Mechanism 8: the cheaper design gains, as fast as porting allows."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import ARCHITECTURES, CLASSES, Assumptions
from marketsim.model.architecture import (
    Choice,
    advance_choice,
    initial_choice,
    log_unit_cost,
    mixture,
)
from marketsim.model.tree import leaf

GPU, ASIC, FAST = range(len(ARCHITECTURES))
COST = leaf(np.log([[1.0, 1.2, 2.0], [0.8, 1.0, 1.9], [3.0, 3.0, 3.1]]))
advance = jax.jit(advance_choice)


def still(a: Assumptions) -> Assumptions:
    """Without drift of preference."""
    return replace(a, asic_preference=jnp.asarray(0.0))


def later(a: Assumptions, cost: jax.Array, quarters: int, before: jax.Array = COST) -> Choice:
    choice = initial_choice(a, before)
    for _ in range(quarters):
        choice = advance(a, choice, cost)
    return choice


def test_it_starts_from_the_shares_of_the_window(median: Assumptions) -> None:
    shares = np.exp(initial_choice(median, COST).log_share)
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    ratio = median.initial_asic_share / (1.0 - median.initial_asic_share)
    np.testing.assert_allclose(shares[ASIC] / shares[GPU], jnp.full(3, ratio))


def test_at_the_costs_of_then_nothing_moves(median: Assumptions) -> None:
    then, now = initial_choice(median, COST), later(still(median), COST, quarters=8)
    np.testing.assert_allclose(now.log_share, then.log_share, atol=1e-12)


def test_in_the_long_run_shares_are_a_logit_of_cost(median: Assumptions) -> None:
    a = still(median)
    dearer = jnp.asarray(COST).at[GPU].add(0.5)
    then, now = initial_choice(a, COST).log_share, later(a, dearer, quarters=400).log_share
    odds = (now[ASIC] - now[GPU]) - (then[ASIC] - then[GPU])
    np.testing.assert_allclose(odds, jnp.full(3, 0.5 * a.choice_sensitivity), rtol=1e-6)


def test_porting_cost_delays_the_cheaper_design(median: Assumptions) -> None:
    """Claim C8."""
    cheaper = jnp.asarray(COST).at[FAST].add(-2.0)
    shares = [
        np.exp(later(replace(still(median), porting_inertia=jnp.asarray(p)), cheaper, 6).log_share)
        for p in (0.0, 0.5, 0.9)
    ]
    assert (shares[0][FAST] > shares[1][FAST]).all()
    assert (shares[1][FAST] > shares[2][FAST]).all()
    assert (shares[2][GPU] > shares[0][GPU]).all()


def test_vertical_integration_drifts_to_asics(median: Assumptions) -> None:
    drifting = replace(median, asic_preference=jnp.asarray(0.3))
    plain, drifted = (np.exp(later(a, COST, 12).log_share) for a in (still(median), drifting))
    assert (drifted[ASIC] > plain[ASIC]).all()
    assert (drifted[[GPU, FAST]] < plain[[GPU, FAST]]).all()


@pytest.mark.parametrize("seed", range(20))
def test_shares_sum_to_one_at_any_costs(median: Assumptions, seed: int) -> None:
    draw = np.random.default_rng(seed)
    choice = Choice(*(jnp.asarray(draw.normal(0.0, 5.0, (3, 3))) for _ in range(2)))
    choice = advance(median, choice, jnp.asarray(draw.normal(0.0, 20.0, (3, 3))))
    np.testing.assert_allclose(np.exp(choice.log_share).sum(axis=0), 1.0)
    mix = mixture(choice, jnp.asarray(draw.dirichlet(np.ones(len(CLASSES)))))
    assert float(mix.sum()) == pytest.approx(1.0)


def test_short_power_prefers_compute_per_watt(median: Assumptions) -> None:
    """Claim C3: two designs, one cheap to buy, one cheap to run."""
    capital, running = jnp.array([3.0, 3.6, 9.0]), jnp.array([1.0, 0.5, 0.5])
    compute = jnp.zeros((3, 3))
    plenty, short = (log_unit_cost(compute, capital, running, jnp.asarray(s)) for s in (0.0, 0.5))
    assert (plenty[GPU] < plenty[ASIC]).all()
    assert (short[ASIC] < short[GPU]).all()


def test_unit_cost_is_compute_times_what_compute_costs() -> None:
    compute = jnp.log(jnp.array([[1.0, 2.0, 4.0]] * 3))
    cost = np.exp(log_unit_cost(compute, jnp.full(3, 2.0), jnp.full(3, 1.0), jnp.asarray(0.0)))
    np.testing.assert_allclose(cost, [[3.0, 6.0, 12.0]] * 3)
