"""Mechanism 2: compute per token against speed, by a roofline.

Prefill is bound by arithmetic; decode by memory bandwidth or arithmetic, whichever is slower, plus
the time to add partial results across chips. The largest batch that meets the required speed and
fits in memory sets the cost; a mixture of experts reads the weights its batch touches. After Erdil
2025 (arXiv 2506.04645) and Pope et al. 2022.
"""

from __future__ import annotations

from typing import Any, Final

import jax
import jax.numpy as jnp
from jax import Array
from jax.custom_batching import custom_vmap

from .assumptions import Assumptions
from .efficiency import Efficiency
from .smooth import log_excess, log_softmin, positive_part
from .tree import pytree
from .units import H100_TFLOPS

FLOPS_REACHED: Final = 0.70
BANDWIDTH_REACHED: Final = 0.75
"""Shares of peak arithmetic and bandwidth that serving reaches (Erdil 2025)."""

REDUCTIONS: Final = 2.0
"""Reductions per layer and token: one after attention, one after the feed-forward part."""

CHIPS: Final = tuple(2.0 * 2048.0 ** (j / 8) for j in range(9))
"""Sizes of the group of chips that serves one copy of the model."""

WIDTH: Final = 0.1
"""Log width over which a limit of time or memory sets in."""

SHARP: Final = 6.0
"""Of smooth minima and maxima here: limits are known no better than to some per cent."""

STEEP: Final = 8.0
"""Power with which cost grows once not even one sequence can be served at the speed."""

H100E, ARITHMETIC = 0, 6
"""Places of two needs of decode: H100e of a chip, and its seconds of arithmetic for a token."""


@pytree
class Served:
    """The model that is served, of data/models.csv; scalars.

    ``parameters`` in all, and ``active`` ones, which a token computes on; ``weights`` bytes of all;
    ``layers``; ``cache`` bytes for each token of context.
    """

    parameters: Array
    active: Array
    weights: Array
    layers: Array
    cache: Array


@pytree
class Work:
    """ln H100e-seconds per token, [architecture, class]: of decode, and of prefill with it."""

    decode: Array
    prefill: Array

    def total(self) -> Array:
        """Return ln H100e-seconds of both."""
        return jnp.logaddexp(self.decode, self.prefill)


def compute_per_token(
    a: Assumptions, technology: Efficiency, served: Served, log_speed: Array
) -> Work:
    """Return work per token when each class requires ``log_speed`` [class], ln tokens per second.

    Prefill needs no speed and no SRAM: whichever chip decodes, an H100e-second of arithmetic does
    as much. A class whose speed costs more than it is worth to it is served slower.
    """
    needed = needs(a, technology, served, log_speed)
    floor = needed[..., H100E] + needed[..., ARITHMETIC]
    paid = jnp.broadcast_arrays(log_decode(needed) - floor, jnp.log(a.speed_worth))
    decode = floor + log_softmin(jnp.stack(paid, axis=-1), SHARP)
    prompt = 2.0 * served.active * a.prompt_tokens / (FLOPS_REACHED * H100_TFLOPS * 1e12)
    return Work(decode=decode, prefill=jnp.log(prompt) + jnp.zeros_like(decode))


def needs(a: Assumptions, technology: Efficiency, served: Served, log_speed: Array) -> Array:
    """Return what decode hangs on, [architecture, class, need], all logs.

    The needs are: H100e of a chip; seconds a token may take; seconds of reductions on four chips;
    seconds that one chip takes to read all weights, to read the active ones, to read a sequence's
    cache, and for a token's arithmetic; chips that hold all weights, and a sequence's cache.
    """
    kw = technology.log_chip[:, None]
    h100e = kw - technology.log_power[:, None]
    bandwidth = kw + technology.log_bandwidth[:, None] + jnp.log(1e12 * BANDWIDTH_REACHED)
    arithmetic = h100e + jnp.log(H100_TFLOPS * 1e12 * FLOPS_REACHED)
    memory = kw + technology.log_memory[:, None] + jnp.log(1e9)
    reduce = jnp.log(REDUCTIONS * served.layers * a.reduce_time * 1e-6)[:, None]
    cache = jnp.log(served.cache * a.context_tokens)[None, :]
    weights = jnp.log(served.weights)
    active = jnp.log(served.weights / served.parameters * served.active)
    listed = (
        h100e,
        -log_speed[None, :],
        reduce,
        weights - bandwidth,
        active - bandwidth,
        cache - bandwidth,
        jnp.log(2.0 * served.active) - arithmetic,
        weights - memory,
        cache - memory,
    )
    return jnp.stack(jnp.broadcast_arrays(*listed), axis=-1)


@jax.custom_jvp
def log_decode(needs: Array) -> Array:
    """Return ln H100e-seconds of decode per token, [...], at ``needs`` [..., need].

    Notes
    -----
    A step of decode must end within the time a token may take. What reductions leave of it reads
    weights and the caches of a batch of sequences. A large batch reads all weights and serves
    (budget - weights) / cache sequences; a small one of a mixture of experts reads only those it
    touches and serves budget / (active + cache); whichever is more. Memory and arithmetic bound the
    batch too, and a step takes no longer than its batch needs. A batch is at least one sequence:
    where no group of chips is fast or large enough, the cost grows steeply, but stays finite and
    smooth. The cheapest group of chips serves.

    The derivative is taken once, as a row of partial derivatives, whatever the number of
    directions: calibration asks for hundreds.
    """
    value: Array = _value(needs)
    return value


@log_decode.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (x,), (dx,) = primals, tangents
    value, slope = _value_and_slope(x)
    return value, (slope * dx).sum(axis=-1)


# Rows of needs come last, whatever batch they are in: loops over them are then long and run at
# twice the speed of loops over a handful of architectures and classes.


@custom_vmap
def _value(needs: Array) -> Array:
    return _decode(needs.reshape(-1, needs.shape[-1]).T).reshape(needs.shape[:-1])


@_value.def_vmap
def _(size: int, batched: list[bool], needs: Array) -> tuple[Array, bool]:
    return _value(needs), True


@jax.custom_jvp
def _value_and_slope(needs: Array) -> tuple[Array, Array]:
    both: tuple[Array, Array] = _long_rows(needs)
    return both


@_value_and_slope.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> Any:
    """Second derivatives go through plain JAX: a batching rule of one's own has no reverse mode."""
    return jax.jvp(_of_rows, primals, tangents)


@custom_vmap
def _long_rows(needs: Array) -> tuple[Array, Array]:
    return _of_rows(needs)


@_long_rows.def_vmap
def _(
    size: int, batched: list[bool], needs: Array
) -> tuple[tuple[Array, Array], tuple[bool, bool]]:
    return _long_rows(needs), (True, True)


def _of_rows(needs: Array) -> tuple[Array, Array]:
    value, back = jax.vjp(_decode, needs.reshape(-1, needs.shape[-1]).T)
    (slope,) = back(jnp.ones_like(value))
    return value.reshape(needs.shape[:-1]), slope.T.reshape(needs.shape)


def _decode(needs: Array) -> Array:
    """Return ln H100e-seconds of decode, [row], at ``needs`` [need, row]."""
    h100e, time, reduce, weights, active, cache, arithmetic, held, kept = needs
    chips = jnp.array(CHIPS)[:, None]
    log_n = jnp.log(chips)
    reductions = reduce + jnp.log(jnp.sqrt(chips) - 1.0)
    spread = reductions + log_excess(time - reductions, WIDTH) + log_n
    all_read = log_excess(spread - weights, WIDTH) + weights - cache
    touched = spread - jnp.logaddexp(active, cache)
    in_memory = log_excess(log_n - held, WIDTH) + held - kept
    in_time = -_least(-all_read, -touched)
    batch = _least(in_time, in_memory, spread - arithmetic)
    reading = jnp.logaddexp(_least(weights, active + batch), cache + batch) - log_n
    working = -_least(-reading, log_n - arithmetic - batch)
    step = jnp.logaddexp(reductions, working)
    short = STEEP * positive_part(-batch, WIDTH)
    return log_softmin((log_n + h100e + step - batch + short).T, SHARP)


def _least(*logs: Array) -> Array:
    """Return the smooth minimum of arrays of one shape."""
    return log_softmin(jnp.stack(jnp.broadcast_arrays(*logs), axis=-1), SHARP)
