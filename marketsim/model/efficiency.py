"""Mechanism 1: efficiency of hardware, algorithms and serving software."""

from __future__ import annotations

from dataclasses import replace

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .tree import pytree
from .units import YEARS


@pytree
class Efficiency:
    """State of technology; logs of levels, arrays [architecture] unless scalar.

    ``log_price`` kUSD and ``log_power`` kW per H100e; ``log_bandwidth`` TB/s and ``log_memory`` GB
    per kW; ``log_chip`` kW per chip; ``log_node`` chips per node; ``log_flop_per_token`` against
    the start (scalar); ``hardware_speed`` and ``algorithm_speed`` (scalar) shares of their trends
    that are left.
    """

    log_price: Array
    log_power: Array
    log_bandwidth: Array
    log_memory: Array
    log_chip: Array
    log_node: Array
    log_flop_per_token: Array
    hardware_speed: Array
    algorithm_speed: Array
    log_cumulative: Array


def initial_efficiency(a: Assumptions) -> Efficiency:
    """Return technology at the start of the window."""
    zero = 0.0 * a.initial_compute
    return Efficiency(
        log_price=jnp.log(a.initial_chip_price) + _against_gpu(a.initial_relative_price),
        log_power=jnp.log(a.initial_chip_power) + _against_gpu(a.initial_relative_power),
        log_bandwidth=jnp.log(a.initial_bandwidth),
        log_memory=jnp.log(a.initial_memory),
        log_chip=jnp.log(a.initial_chip_size),
        log_node=jnp.log(a.initial_node_size),
        log_flop_per_token=zero,
        hardware_speed=1.0 + 0.0 * a.hardware_decay,
        algorithm_speed=1.0 + zero,
        log_cumulative=jnp.log(a.initial_compute),
    )


def _against_gpu(relative: Array) -> Array:
    """Return logs of ``relative`` levels with the GPU's own in front."""
    return jnp.log(jnp.concatenate([jnp.ones_like(relative[:1]), relative]))


def advance_efficiency(a: Assumptions, now: Efficiency, delivered: Array) -> Efficiency:
    """Return technology a quarter on; ``delivered`` is this quarter's compute, million H100e.

    A trend of growth g that slows at rate d gains g / d in all: its plateau. Compute per dollar
    also learns from cumulative deliveries, less and less towards the plateau: p' / p = (Q' / Q) to
    the power r times the ceiling term c, the law of motion of the Full Takeoff Model (Davidson
    2023), with c the share of the trend that is left.
    """
    learned = jnp.log1p(delivered * jnp.exp(-now.log_cumulative))
    years = now.hardware_speed * YEARS
    ceiling = now.hardware_speed
    algorithms = a.algorithmic_growth * now.algorithm_speed + a.software_growth
    memory = years * a.bandwidth_per_watt_growth
    price = years * a.compute_per_dollar_growth + a.learning * ceiling * learned
    return Efficiency(
        log_price=now.log_price - price,
        log_power=now.log_power - years * a.compute_per_watt_growth,
        log_bandwidth=now.log_bandwidth + memory,
        log_memory=now.log_memory + memory,
        log_chip=now.log_chip + years * a.chip_power_growth,
        log_node=now.log_node + years * a.node_size_growth,
        log_flop_per_token=now.log_flop_per_token - algorithms * YEARS,
        hardware_speed=now.hardware_speed * jnp.exp(-a.hardware_decay * YEARS),
        algorithm_speed=now.algorithm_speed * jnp.exp(-a.algorithmic_decay * YEARS),
        log_cumulative=now.log_cumulative + learned,
    )


def serve_better(now: Efficiency, log_gain: Array | float) -> Efficiency:
    """Return technology after a step of serving software: ``log_gain`` more tokens per FLOP."""
    return replace(now, log_flop_per_token=now.log_flop_per_token - log_gain)
