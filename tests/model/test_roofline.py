"""Mechanism 2: what speed costs. After Erdil 2025 and Pope et al. 2022."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import ARCHITECTURES, CLASSES, Assumptions, roofline
from marketsim.model.efficiency import Efficiency, initial_efficiency
from marketsim.model.units import H100_TFLOPS

GPU, ASIC, FAST = range(len(ARCHITECTURES))
SLOW = 10.0
compute_per_token = jax.jit(roofline.compute_per_token)


@jax.jit
def log_cost(technology: Efficiency, speed: jax.Array) -> jax.Array:
    """Return ln H100e-seconds per token at ``speed`` tokens per second, [architecture]."""
    kw = jnp.array(roofline.CHIP_KW)
    h100e = kw * jnp.exp(-technology.log_power)
    bandwidth = kw * jnp.exp(technology.log_bandwidth) * 1e12 * roofline.BANDWIDTH_REACHED
    arithmetic = h100e * H100_TFLOPS * 1e12 * roofline.FLOPS_REACHED
    reduce = jnp.array(roofline.REDUCE_SECONDS)
    return roofline.log_cost_at_speed(h100e, bandwidth, arithmetic, reduce, speed)


slope_in_speed = jax.jit(jax.jacfwd(log_cost, argnums=1))


@pytest.fixture(scope="module")
def technology(median: Assumptions) -> Efficiency:
    return initial_efficiency(median)


def test_gpu_cost_is_flat_then_convex_in_speed(technology: Efficiency) -> None:
    speeds = SLOW * 100.0 ** np.linspace(0.0, 1.0, 25)
    cost = np.array([log_cost(technology, jnp.asarray(u))[GPU] for u in speeds])
    slope = np.diff(cost) / np.diff(np.log(speeds))
    assert slope[0] < 0.1
    assert (slope > 0.0).all()
    upto = np.searchsorted(speeds, 200.0)  # the wall
    assert (np.diff(slope[:upto]) > 0.0).all()


def test_a_hundred_times_the_speed_costs_hundreds_of_times_more_on_gpus(
    technology: Efficiency,
) -> None:
    slow, quick = (log_cost(technology, jnp.asarray(u)) for u in (SLOW, 100.0 * SLOW))
    assert quick[GPU] - slow[GPU] > np.log(100.0)
    assert quick[FAST] - slow[FAST] < np.log(2.0)


def test_low_latency_designs_win_where_speed_is_wanted(technology: Efficiency) -> None:
    price = np.exp(technology.log_price)
    slow, quick = (
        np.exp(log_cost(technology, jnp.asarray(u))) * price for u in (SLOW, 30.0 * SLOW)
    )
    assert slow[GPU] < slow[FAST]
    assert quick[FAST] < quick[GPU]


def test_without_hurry_cost_is_prefill_and_decode_at_full_arithmetic(
    technology: Efficiency,
) -> None:
    reached = H100_TFLOPS * 1e12 * roofline.FLOPS_REACHED
    floor = (1.0 + roofline.PROMPT_TOKENS) * 2.0 * roofline.ACTIVE_PARAMETERS / reached
    cost = np.exp(log_cost(technology, jnp.asarray(0.1)))
    assert (cost > 0.85 * floor).all()  # a softmin over groups of chips lies a little below
    assert cost[FAST] == pytest.approx(floor, rel=0.15)


@pytest.mark.parametrize("speed", [0.1, 150.0, 1e3, 1e4, 1e6])
def test_cost_and_its_slope_are_finite_where_no_chip_is_fast_enough(
    technology: Efficiency, speed: float
) -> None:
    slope = slope_in_speed(technology, jnp.asarray(speed))
    assert jnp.isfinite(log_cost(technology, jnp.asarray(speed))).all()
    assert jnp.isfinite(slope).all()
    assert (slope > 0.0).all()


def test_more_bandwidth_per_watt_never_raises_cost(technology: Efficiency) -> None:
    better = replace(technology, log_bandwidth=technology.log_bandwidth + 0.3)
    cost, less = compute_per_token(technology), compute_per_token(better)
    assert cost.shape == (len(ARCHITECTURES), len(CLASSES))
    assert (less < cost).all()
    saved = (cost - less)[GPU]
    assert saved[0] < saved[1] < saved[2]  # bandwidth counts most where speed is wanted


def test_classes_cost_more_the_faster_they_are(technology: Efficiency) -> None:
    cost = np.asarray(compute_per_token(technology))
    assert (np.diff(cost, axis=1) > 0.0).all()
