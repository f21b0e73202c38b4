"""Smooth stand-ins for min, max and positive part, each with a stated width.

A hard minimum has a gradient of zero for everything but the binding limit; these keep every limit
in view. All are exact in the limit of a width of zero.
"""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import logsumexp

SHARPNESS: Final = 12.0
"""Of smooth minima: the smaller of two equals is underrated by ln 2 / 12, or 6 %."""


def log_softmin(logs: Array, sharpness: float = SHARPNESS) -> Array:
    """Return the smooth minimum of ``logs`` [..., option] along the last axis.

    A power mean in levels: (sum_i x_i^-s)^(-1/s). It never exceeds the true minimum and is below it
    by at most ln(n) / s.
    """
    return -logsumexp(-sharpness * logs, axis=-1) / sharpness


def log_softmax(logs: Array, sharpness: float = SHARPNESS) -> Array:
    """Return the smooth maximum of ``logs`` [..., option]: never below the true one."""
    return logsumexp(sharpness * logs, axis=-1) / sharpness


def positive_part(x: Array, width: float = 0.05) -> Array:
    """Return a smooth max(x, 0) of the given ``width`` (softplus); always above zero."""
    return width * jax.nn.softplus(x / width)


def log_positive_part(x: Array, width: float = 0.05) -> Array:
    """Return ln of :func:`positive_part`, finite even where that underflows.

    The tail is exponential, so its log is a line; the two meet at -30 widths to within 1e-13.
    """
    scaled = x / width
    tail = scaled < -30.0
    near = jnp.log(jax.nn.softplus(jnp.where(tail, 0.0, scaled)))
    return jnp.log(width) + jnp.where(tail, scaled, near)


def log_excess(log_ratio: Array, width: float = 0.02) -> Array:
    """Return ln of a smooth max(r - 1, 0) of a ratio r given as a log.

    Below 1 it falls as r to the power 1 / ``width``: without bound, yet finite and smooth.
    """
    part = positive_part(log_ratio, width) + 1e-12
    return log_positive_part(log_ratio, width) + jnp.log(jnp.expm1(part) / part)


def scarcity(wanted: Array, available: Array, width: float = 0.08) -> Array:
    """Return the smooth positive part of ln(wanted / available), both given as logs."""
    return positive_part(wanted - available, width)


def relax(current: Array, target: Array, rate: Array | float) -> Array:
    """Move ``current`` a share ``rate`` of the way to ``target`` (partial adjustment)."""
    return current + rate * (target - current)


def bounded(x: Array, limit: Array | float) -> Array:
    """Return ``x`` squeezed below ``limit``, with slope 1 at zero: limit x tanh(x / limit)."""
    return limit * jnp.tanh(x / limit)
