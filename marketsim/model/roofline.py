"""Mechanism 2: compute per token against speed, by a roofline.

Prefill is bound by arithmetic; decode by memory bandwidth or arithmetic, whichever is slower, plus
the time to add partial results across chips. The largest batch that meets the required speed and
fits in memory sets the cost; a mixture of experts reads the weights its batch touches. After Erdil
2025 (arXiv 2506.04645) and Pope et al. 2022.
"""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .efficiency import Efficiency
from .smooth import log_excess, log_softmax, log_softmin, positive_part
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
    return _log_decode(needs)


@log_decode.defjvp
def _(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (x,), (dx,) = primals, tangents
    rows = x.reshape(-1, x.shape[-1])
    value, slope = jax.vmap(jax.value_and_grad(_log_decode))(rows)
    return value.reshape(x.shape[:-1]), (slope.reshape(x.shape) * dx).sum(axis=-1)


def _log_decode(needs: Array) -> Array:
    h100e, time, reduce, weights, active, cache, arithmetic, held, kept = (
        needs[..., i, None] for i in range(9)
    )
    log_n = jnp.log(jnp.array(CHIPS))
    reductions = reduce + jnp.log(jnp.sqrt(jnp.array(CHIPS)) - 1.0)
    spread = reductions + log_excess(time - reductions, WIDTH) + log_n
    all_read = log_excess(spread - weights, WIDTH) + weights - cache
    touched = spread - jnp.logaddexp(active, cache)
    in_memory = log_excess(log_n - held, WIDTH) + held - kept
    in_time = log_softmax(jnp.stack([all_read, touched], axis=-1), SHARP)
    limits = jnp.stack([in_time, in_memory, spread - arithmetic], axis=-1)
    batch = log_softmin(limits, SHARP)
    weights_read = log_softmin(jnp.stack([weights + 0.0 * batch, active + batch], axis=-1), SHARP)
    reading = jnp.logaddexp(weights_read, cache + batch) - log_n
    working = log_softmax(jnp.stack([reading, arithmetic + batch - log_n], axis=-1), SHARP)
    step = jnp.logaddexp(reductions, working)
    short = STEEP * positive_part(-batch, WIDTH)
    return log_softmin(log_n + h100e + step - batch + short, SHARP)
