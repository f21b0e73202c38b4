"""Mechanism 1: trends that may slow, and learning by doing."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import YEARS, Assumptions
from marketsim.model.efficiency import Efficiency, advance_efficiency, initial_efficiency

advance = jax.jit(advance_efficiency)
NOTHING = 0.0


def years_on(a: Assumptions, years: float, delivered: float | Array = NOTHING) -> Efficiency:
    now = initial_efficiency(a)
    for _ in range(round(years / YEARS)):
        now = advance(a, now, jnp.asarray(delivered))
    return now


def steady(a: Assumptions) -> Assumptions:
    """The same trends for ever."""
    return replace(a, hardware_decay=jnp.asarray(0.0), algorithmic_decay=jnp.asarray(0.0))


def test_it_starts_from_the_prices_and_power_of_the_window(median: Assumptions) -> None:
    now = initial_efficiency(median)
    assert jnp.exp(now.log_price[0]) == pytest.approx(median.initial_chip_price)
    assert jnp.exp(now.log_power[0]) == pytest.approx(median.initial_chip_power)
    assert now.log_price[1] < now.log_price[0] < now.log_price[2]  # ASIC, GPU, low latency


def test_a_steady_trend_is_exponential(median: Assumptions) -> None:
    a = steady(median)
    then, now = initial_efficiency(a), years_on(a, 3.0)
    np.testing.assert_allclose(then.log_price - now.log_price, 3.0 * a.compute_per_dollar_growth)
    np.testing.assert_allclose(then.log_power - now.log_power, 3.0 * a.compute_per_watt_growth)
    np.testing.assert_allclose(
        now.log_bandwidth - then.log_bandwidth, 3.0 * a.bandwidth_per_watt_growth
    )
    both = a.algorithmic_growth + a.software_growth
    assert -now.log_flop_per_token == pytest.approx(float(3.0 * both))


def test_a_trend_that_decays_has_a_plateau(median: Assumptions) -> None:
    a = replace(median, hardware_decay=jnp.asarray(0.5))
    kept = np.exp(-0.5 * YEARS)
    gained = initial_efficiency(a).log_power - years_on(a, 30.0).log_power
    np.testing.assert_allclose(gained, a.compute_per_watt_growth * YEARS / (1.0 - kept), rtol=1e-5)


def test_serving_software_does_not_decay_with_algorithms(median: Assumptions) -> None:
    a = replace(median, algorithmic_decay=jnp.asarray(8.0))
    late = years_on(a, 10.0).log_flop_per_token - years_on(a, 11.0).log_flop_per_token
    assert late == pytest.approx(float(a.software_growth), rel=1e-6)


def test_learning_follows_cumulative_deliveries_to_its_power(median: Assumptions) -> None:
    idle, busy = years_on(median, 2.0), years_on(median, 2.0, delivered=0.3)
    cumulative = float(median.initial_compute) + 8 * 0.3
    assert jnp.exp(busy.log_cumulative) == pytest.approx(cumulative)
    learned = median.learning * jnp.log(cumulative / median.initial_compute)
    np.testing.assert_allclose(idle.log_price - busy.log_price, jnp.full(3, learned), rtol=1e-9)
    np.testing.assert_array_equal(idle.log_power, busy.log_power)
