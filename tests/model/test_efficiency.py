"""Mechanism 1: trends that may slow, and learning by doing up to a ceiling."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import ARCHITECTURES, YEARS, Assumptions
from marketsim.model.efficiency import (
    Efficiency,
    advance_efficiency,
    initial_efficiency,
    serve_better,
)

advance = jax.jit(advance_efficiency)
NOTHING = 0.0


def years_on(a: Assumptions, years: float, delivered: float | Array = NOTHING) -> Efficiency:
    now = initial_efficiency(a)
    for _ in range(round(years / YEARS)):
        now = advance(a, now, jnp.asarray(delivered))
    return now


def steady(a: Assumptions) -> Assumptions:
    """The same trends for ever."""
    return slowing(replace(a, algorithmic_decay=jnp.asarray(0.0)), 0.0)


def slowing(a: Assumptions, rate: float) -> Assumptions:
    return replace(a, hardware_decay=jnp.full(len(ARCHITECTURES), rate))


def test_it_starts_from_the_chips_of_the_window(median: Assumptions) -> None:
    now = initial_efficiency(median)
    for level, first, others in (
        (now.log_price, median.initial_chip_price, median.initial_relative_price),
        (now.log_power, median.initial_chip_power, median.initial_relative_power),
    ):
        np.testing.assert_allclose(np.exp(level), [first, *(first * others)])
    np.testing.assert_allclose(np.exp(now.log_bandwidth), median.initial_bandwidth)
    np.testing.assert_allclose(np.exp(now.log_memory), median.initial_memory)
    np.testing.assert_allclose(np.exp(now.log_chip), median.initial_chip_size)
    assert now.log_flop_per_token == 0.0


def test_a_steady_trend_is_exponential(median: Assumptions) -> None:
    a = steady(median)
    then, now = initial_efficiency(a), years_on(a, 3.0)
    np.testing.assert_allclose(then.log_price - now.log_price, 3.0 * a.compute_per_dollar_growth)
    np.testing.assert_allclose(then.log_power - now.log_power, 3.0 * a.compute_per_watt_growth)
    np.testing.assert_allclose(now.log_chip - then.log_chip, 3.0 * a.chip_power_growth)
    for name in ("log_bandwidth", "log_memory"):
        gained = getattr(now, name) - getattr(then, name)
        np.testing.assert_allclose(gained, 3.0 * a.bandwidth_per_watt_growth)
    both = a.algorithmic_growth + a.software_growth
    assert -now.log_flop_per_token == pytest.approx(float(3.0 * both))


def test_a_trend_that_decays_has_a_plateau(median: Assumptions) -> None:
    """Growth over decay in all, but for the length of a quarter; each architecture its own."""
    decay = np.array([0.3, 0.5, 0.9])
    a = replace(median, hardware_decay=jnp.asarray(decay))
    then, now = initial_efficiency(a), years_on(a, 40.0)
    quarters = YEARS / (1.0 - np.exp(-decay * YEARS))
    np.testing.assert_allclose(
        then.log_power - now.log_power, np.asarray(a.compute_per_watt_growth) * quarters, rtol=1e-4
    )
    np.testing.assert_allclose(quarters, 1.0 / decay, rtol=0.15)


def test_size_is_a_trend_apart_from_efficiency(median: Assumptions) -> None:
    """Claim C7: larger chips are not better ones."""
    larger = replace(median, chip_power_growth=median.chip_power_growth + 0.2)
    plain, grown = years_on(median, 4.0), years_on(larger, 4.0)
    assert (grown.log_chip > plain.log_chip).all()
    np.testing.assert_array_equal(grown.log_power, plain.log_power)
    np.testing.assert_array_equal(grown.log_bandwidth, plain.log_bandwidth)


def test_serving_software_does_not_decay_with_algorithms(median: Assumptions) -> None:
    a = replace(median, algorithmic_decay=jnp.asarray(8.0))
    late = years_on(a, 10.0).log_flop_per_token - years_on(a, 11.0).log_flop_per_token
    assert late == pytest.approx(float(a.software_growth), rel=1e-6)


def test_a_step_of_software_is_a_step_in_tokens_per_flop(median: Assumptions) -> None:
    """Claim C9."""
    now = initial_efficiency(median)
    better = serve_better(now, np.log(1.2))
    assert np.exp(now.log_flop_per_token - better.log_flop_per_token) == pytest.approx(1.2)
    np.testing.assert_array_equal(better.log_price, now.log_price)


def test_learning_follows_cumulative_deliveries_to_its_power(median: Assumptions) -> None:
    """Wright's law, as long as the ceiling is far."""
    a = steady(median)
    idle, busy = years_on(a, 2.0), years_on(a, 2.0, delivered=0.3)
    cumulative = float(a.initial_compute) + 8 * 0.3
    assert jnp.exp(busy.log_cumulative) == pytest.approx(cumulative)
    learned = a.learning * jnp.log(cumulative / a.initial_compute)
    np.testing.assert_allclose(idle.log_price - busy.log_price, jnp.full(3, learned), rtol=1e-9)
    np.testing.assert_array_equal(idle.log_power, busy.log_power)


def test_towards_the_ceiling_less_is_learned_and_at_it_nothing(median: Assumptions) -> None:
    """Davidson 2023: p' / p = (Q' / Q) to the power r c, with c what is left of the trend."""
    deliveries, rate = 0.4, 0.8
    a = slowing(median, rate)
    learned = years_on(a, 3.0).log_price - years_on(a, 3.0, deliveries).log_price
    stock = float(a.initial_compute) + deliveries * np.arange(13)
    left = np.exp(-rate * YEARS * np.arange(12))
    by_hand = float(a.learning) * (left * np.diff(np.log(stock))).sum()
    np.testing.assert_allclose(learned, np.full(3, by_hand), rtol=1e-9)
    far, near = (years_on(slowing(median, r), 3.0, deliveries) for r in (0.0, 60.0))
    first = float(a.learning) * np.log(stock[1] / stock[0])
    idle = years_on(slowing(median, 60.0), 3.0)
    np.testing.assert_allclose(idle.log_price - near.log_price, np.full(3, first), rtol=1e-3)
    assert (far.log_price < near.log_price).all()
