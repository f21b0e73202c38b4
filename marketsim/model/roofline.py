"""Mechanism 2: compute per token against speed, by a roofline.

Prefill is bound by arithmetic; decode by memory bandwidth or arithmetic, whichever is slower, plus
the time to add partial results across chips. The largest batch that still meets the required speed
sets the cost. After Erdil 2025 (arXiv 2506.04645) and Pope et al. 2022.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from .efficiency import Efficiency
from .smooth import log_excess, log_softmin
from .units import H100_TFLOPS, TOKENS_PER_SECOND

ACTIVE_PARAMETERS: Final = 40e9
"""Parameters a token computes on, in the reference model (a mixture of experts)."""
STORED_BYTES: Final = 400e9
"""Weights read for every step of a large batch, bytes at eight bits."""
CACHE_BYTES: Final = 0.4e9
"""KV-cache read per sequence and step, bytes: 5,000 tokens of 80 kB."""
REDUCTIONS: Final = 120.0
"""Reductions per token: 60 layers, two each."""
PROMPT_TOKENS: Final = 2.0
"""Prompt tokens computed (not found in the cache) per token answered."""
FLOPS_REACHED: Final = 0.70
BANDWIDTH_REACHED: Final = 0.75
CHIP_KW: Final = (1.2, 0.9, 0.37)
"""Server power of one chip by architecture."""
REDUCE_SECONDS: Final = (2e-6, 2e-6, 0.4e-6)
"""Time scale of one reduction: t = scale * (sqrt(chips) - 1)."""
CHIPS: Final = tuple(float(2**j) for j in range(1, 12))
"""Sizes of the group of chips that serves one copy of the model."""


def compute_per_token(technology: Efficiency) -> Array:
    """Return ln H100e-seconds per token at the required speed, [architecture, class]."""
    chip_kw, reduce = jnp.array(CHIP_KW), jnp.array(REDUCE_SECONDS)
    h100e = chip_kw * jnp.exp(-technology.log_power)
    bandwidth = chip_kw * jnp.exp(technology.log_bandwidth) * 1e12 * BANDWIDTH_REACHED
    arithmetic = h100e * H100_TFLOPS * 1e12 * FLOPS_REACHED
    speed = jnp.array(TOKENS_PER_SECOND)
    axes = h100e[:, None], bandwidth[:, None], arithmetic[:, None], reduce[:, None]
    return log_cost_at_speed(*axes, speed[None, :])


def log_cost_at_speed(
    h100e: Array, bandwidth: Array, arithmetic: Array, reduce: Array, speed: Array
) -> Array:
    """Return ln H100e-seconds per token for chips that reach ``speed`` tokens per second.

    Parameters
    ----------
    h100e, bandwidth, arithmetic, reduce
        Of one chip: H100-equivalents, bytes/s, FLOP/s, seconds. Broadcast against ``speed``.
    speed
        Required decoding speed, tokens per second.

    Notes
    -----
    A token may take 1 / speed seconds; what reductions leave of it reads the weights once and then
    the cache of as many sequences as fit. Where no group of chips is fast enough the cost grows
    without bound but stays finite and smooth.
    """
    chips = jnp.array(CHIPS)
    n, u = chips, speed[..., None]
    log_reduce = jnp.log(REDUCTIONS * reduce[..., None] * (jnp.sqrt(n) - 1.0))
    log_budget = log_reduce + log_excess(-jnp.log(u) - log_reduce)
    log_reads = log_budget + jnp.log(n * bandwidth[..., None] / STORED_BYTES)
    log_by_memory = log_excess(log_reads) + jnp.log(STORED_BYTES / CACHE_BYTES)
    log_by_arithmetic = log_budget + jnp.log(n * arithmetic[..., None] / (2.0 * ACTIVE_PARAMETERS))
    log_batch = log_softmin(jnp.stack([log_by_memory, log_by_arithmetic], axis=-1), 6.0)
    decode = jnp.log(n * h100e[..., None]) - log_batch - jnp.log(u)
    prefill = PROMPT_TOKENS * 2.0 * ACTIVE_PARAMETERS / (FLOPS_REACHED * H100_TFLOPS * 1e12)
    return jnp.logaddexp(log_softmin(decode, 6.0), jnp.log(prefill))
