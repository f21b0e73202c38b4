"""Smooth stand-ins for minimum, maximum and positive part, each with a stated width and bias.

A hard minimum has a gradient of zero for everything but the binding limit; these keep every limit
in view. All are exact in the limit of a width of zero.

Those of levels are made of square roots, some six times cheaper than exponentials and logarithms;
most are branches of hyperbolas, with longer tails. Nothing in them cancels, so that they keep their
sign and their precision in float32.
"""

from __future__ import annotations

from functools import reduce
from typing import Final

import jax.numpy as jnp
from jax import Array, lax

SHARPNESS: Final = 12.0
"""Of smooth minima of logs: the smaller of two equals is underrated by ln 2 / 12, or 6 %."""

WIDTH: Final = 0.1
"""Of smooth minima and maxima of levels: two equals are off by a tenth."""


def positive_part(x: Array, width: float | Array = 0.05) -> Array:
    """Return a smooth max(x, 0), always above both; ``width`` / 2 at zero.

    The hyperbola y (y - x) = (width / 2)^2: far from zero it is off by width^2 / (4 |x|).
    """
    root, above = jnp.sqrt(x**2 + width**2), x > 0.0
    # The same number in two forms: where one cancels the other does not.
    return 0.5 * jnp.where(above, x + root, width**2) / jnp.where(above, 1.0, root - x)


def excess(x: Array, y: Array) -> Array:
    """Return a smooth max(x - y, 0) of positive levels, above both: (x^16 + y^16)^(1/16) - y.

    It scales as they do. Where they are equal it is 4 % of either; below it falls as x^16, so that
    a limit that is missed is a wall.
    """
    high, low = jnp.maximum(x, y), jnp.minimum(x, y)
    power = (low / high) ** 16
    root = jnp.sqrt(1.0 + power)
    product = 1.0 + root
    # (1 + power)^(1/16) - 1 without cancelling, by the difference of squares, four times.
    for _ in range(3):
        root = jnp.sqrt(root)
        product = product * (1.0 + root)
    return jnp.maximum(x - y, 0.0) + high * power / product


def smooth_maximum(x: Array, y: Array | float, width: float = WIDTH) -> Array:
    """Return a smooth maximum of positive levels: above both, by ``width`` where they are equal."""
    return 0.5 * (x + y + jnp.sqrt((x - y) ** 2 + 4.0 * width**2 * x * y))


def smooth_minimum(x: Array, y: Array | float, width: float = WIDTH) -> Array:
    """Return a smooth minimum of positive levels: x y over their smooth maximum, below both."""
    return x * y / smooth_maximum(x, y, width)


def power_mean(levels: Array, power: int) -> Array:
    """Return the mean of ``power``, one of two's, of ``levels`` [option, ...] over the first axis.

    Levels are positive. With a high power it is a smooth maximum that never exceeds the largest of
    n options, and is below it by at most ln(n) / power; where options tie it is not off at all. Its
    root is taken as square roots: a power would be computed an element at a time.
    """
    # Any scale would do; this one cannot overflow.
    largest: Array = lax.stop_gradient(reduce(jnp.maximum, levels))
    mean = sum_by_halves((levels / largest) ** power) / len(levels)
    for _ in range(power.bit_length() - 1):
        mean = jnp.sqrt(mean)
    return largest * mean


def sum_by_halves(x: Array) -> Array:
    """Return the sum over the first axis, half added to half: loops stay long, twice as fast."""
    half, odd = divmod(len(x), 2)
    if not half:
        return x[0]
    folded = sum_by_halves(x[:half] + x[half : 2 * half])
    return folded + x[-1] if odd else folded


def log_sum(*logs: Array) -> Array:
    """Return ln of the sum of exponentials of arrays, written out: stacking them costs tenfold."""
    largest = lax.stop_gradient(reduce(jnp.maximum, logs))
    parts = [jnp.exp(x - largest) for x in logs]
    return largest + jnp.log(reduce(jnp.add, parts))


def log_minimum(*logs: Array, sharpness: float = SHARPNESS) -> Array:
    """Return a smooth minimum of quantities given as logs.

    A power mean in levels: (sum_i x_i^-s)^(-1/s). It never exceeds the true minimum and is below it
    by at most ln(n) / s: it stands for limits, which it never lets through.
    """
    return -log_sum(*(-sharpness * x for x in logs)) / sharpness


def scarcity(wanted: Array, available: Array, width: float = 0.08) -> Array:
    """Return the smooth positive part of ln(wanted / available), both given as logs."""
    return positive_part(wanted - available, width)


def relax(current: Array, target: Array, rate: Array | float) -> Array:
    """Move ``current`` a share ``rate`` of the way to ``target`` (partial adjustment)."""
    return current + rate * (target - current)


def bounded(x: Array, limit: Array | float) -> Array:
    """Return ``x`` squeezed below ``limit``, with slope 1 at zero: limit x tanh(x / limit)."""
    return limit * jnp.tanh(x / limit)


def sigmoid(x: Array) -> Array:
    """Return the logistic function, by the hyperbolic tangent: five times cheaper here."""
    return 0.5 * (1.0 + jnp.tanh(0.5 * x))
