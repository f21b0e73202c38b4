"""Mechanism 1: efficiency of hardware, algorithms and serving software."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .tree import pytree
from .units import YEARS

RELATIVE_PRICE: Final = (1.0, 0.65, 2.5)
"""Price per H100e against a merchant GPU. An ASIC saves the merchant's margin: a TPU or Trainium
costs its owner about two thirds; Groq and Cerebras list prices are several times higher."""

RELATIVE_POWER: Final = (1.0, 0.95, 1.3)
"""kW per H100e against a GPU (data/facts/chips.csv: Groq 215 W for 188 TFLOP/s)."""

BANDWIDTH_PER_KW: Final = (2.8, 3.0, 200.0)
"""Memory bandwidth, TB/s per kW of server power (chips.csv, chip power times 1.7 for the server);
the low-latency design reads SRAM."""


@pytree
class Efficiency:
    """State of technology; logs of levels, arrays [architecture]."""

    log_price: Array
    log_power: Array
    log_bandwidth: Array
    log_flop_per_token: Array
    hardware_speed: Array
    algorithm_speed: Array
    log_cumulative: Array


def initial_efficiency(a: Assumptions) -> Efficiency:
    """Return technology at the start of the window."""
    return Efficiency(
        log_price=jnp.log(a.initial_chip_price * jnp.array(RELATIVE_PRICE)),
        log_power=jnp.log(a.initial_chip_power * jnp.array(RELATIVE_POWER)),
        log_bandwidth=jnp.log(jnp.array(BANDWIDTH_PER_KW)) + 0.0 * a.initial_chip_power,
        log_flop_per_token=0.0 * a.algorithmic_growth,
        hardware_speed=1.0 + 0.0 * a.hardware_decay,
        algorithm_speed=1.0 + 0.0 * a.algorithmic_decay,
        log_cumulative=jnp.log(a.initial_compute),
    )


def advance_efficiency(a: Assumptions, now: Efficiency, delivered: Array) -> Efficiency:
    """Return technology a quarter on; ``delivered`` is this quarter's compute, million H100e.

    Trends decay towards a plateau; compute per dollar also learns from cumulative deliveries
    (Davidson 2023).
    """
    learned = jnp.log1p(delivered * jnp.exp(-now.log_cumulative))
    hardware = now.hardware_speed * YEARS
    algorithms = a.algorithmic_growth * now.algorithm_speed + a.software_growth
    return Efficiency(
        log_price=now.log_price - hardware * a.compute_per_dollar_growth - a.learning * learned,
        log_power=now.log_power - hardware * a.compute_per_watt_growth,
        log_bandwidth=now.log_bandwidth + hardware * a.bandwidth_per_watt_growth,
        log_flop_per_token=now.log_flop_per_token - algorithms * YEARS,
        hardware_speed=now.hardware_speed * jnp.exp(-a.hardware_decay * YEARS),
        algorithm_speed=now.algorithm_speed * jnp.exp(-a.algorithmic_decay * YEARS),
        log_cumulative=now.log_cumulative + learned,
    )
