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
from jax import Array, lax

from .assumptions import Assumptions
from .efficiency import Efficiency
from .smooth import WIDTH, excess, positive_part, power_mean, smooth_maximum, smooth_minimum
from .tree import pytree
from .units import H100_TFLOPS, along

FLOPS_REACHED: Final = 0.70
BANDWIDTH_REACHED: Final = 0.75
"""Shares of peak arithmetic and bandwidth that serving reaches (Erdil 2025)."""

REDUCTIONS: Final = 2.0
"""Reductions per layer and token: one after attention, one after the feed-forward part."""

CHIPS: Final = tuple(2.0 * 2048.0 ** (j / 8) for j in range(9))
"""Sizes of the group of chips that serves one copy of the model."""

SHARP: Final = 32
"""Power of the mean over groups: it is within 7 % of the best, and never better."""

STEEP: Final = 8
"""Power with which cost grows once not even one sequence can be served at the speed."""

MANY: Final = 100.0
"""Sequences from which a batch is large enough to the last digit, as that power has it."""

LEAST_BATCH: Final = 1e-3
"""Sequences that any limit allows, so that cost stays finite in float32 at any speed."""


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
    """H100e-seconds per token, [architecture, class]: of decode, and of prefill with it."""

    decode: Array
    prefill: Array

    def total(self) -> Array:
        """Return H100e-seconds of both."""
        return self.decode + self.prefill


@pytree
class Needs:
    """What decode hangs on, arrays [architecture, class] or of what they broadcast from.

    Seconds: ``time`` that a token may take; ``reduce``, of reductions on four chips; and those that
    one chip takes to read all ``weights``, to read the ``active`` ones, to read a sequence's
    ``cache``, and for a token's ``arithmetic``. Chips: ``held`` by all weights, and ``kept`` by a
    sequence's cache.
    """

    time: Array
    reduce: Array
    weights: Array
    active: Array
    cache: Array
    arithmetic: Array
    held: Array
    kept: Array


def compute_per_token(
    a: Assumptions, technology: Efficiency, served: Served, log_speed: Array
) -> Work:
    """Return work per token when each class requires ``log_speed`` [class], ln tokens per second.

    Prefill needs no speed and no SRAM: whichever chip decodes, an H100e-second of arithmetic does
    as much. A class whose speed costs more than it is worth to it is served slower; what it then
    pays beyond bare arithmetic is bounded, never the arithmetic.
    """
    used = utilisation(needs(a, technology, served, log_speed))
    spare, worth = 1.0 - used, positive_part(a.speed_worth - 1.0)
    # The smooth minimum of 1 / used - 1 and the worth, finite where no chip is fast enough.
    premium = spare * worth / smooth_maximum(spare, used * worth)
    bare = arithmetic_bound(served)
    prefill = bare * a.prompt_tokens + jnp.zeros_like(used)
    return Work(decode=bare * (1.0 + premium), prefill=prefill)


def arithmetic_bound(served: Served) -> Array:
    """Return H100e-seconds of a token's arithmetic, which no architecture can undercut."""
    return served.active * (2.0 / (FLOPS_REACHED * H100_TFLOPS * 1e12))


def needs(a: Assumptions, technology: Efficiency, served: Served, log_speed: Array) -> Needs:
    """Return what decode hangs on, at ``log_speed`` [class]."""
    h100e = jnp.exp(technology.log_chip - technology.log_power)[:, None]
    bandwidth = jnp.exp(technology.log_chip + technology.log_bandwidth)[:, None]
    memory = jnp.exp(technology.log_chip + technology.log_memory)[:, None] * 1e9
    read = 1.0 / (bandwidth * (1e12 * BANDWIDTH_REACHED))
    cache = (served.cache * a.context_tokens)[None, :]
    return Needs(
        time=jnp.exp(-log_speed)[None, :],
        reduce=(REDUCTIONS * 1e-6 * served.layers * a.reduce_time)[:, None],
        weights=served.weights * read,
        active=served.weights / served.parameters * served.active * read,
        cache=cache * read,
        arithmetic=arithmetic_bound(served) / h100e,
        held=served.weights / memory,
        kept=cache / memory,
    )


def log_decode(needs: Needs, served: Served) -> Array:
    """Return ln H100e-seconds of decode per token, whatever its speed is worth."""
    return jnp.log(arithmetic_bound(served)) - jnp.log(utilisation(needs))


@jax.custom_jvp
def utilisation(needs: Needs) -> Array:
    """Return the share of its arithmetic that a chip reaches in decode, between 0 and 1.

    Notes
    -----
    Cost per token is bare arithmetic over this share. The best of the groups of chips serves.

    The derivative is taken once, as partial derivatives by each need, whatever the number of
    directions: calibration asks for hundreds.
    """
    chips, relative = jnp.array(CHIPS), _relative(needs)
    room = excess(along(chips, needs.held), needs.held)
    by_size = lax.map(lambda group: _of_group(group[0], group[1], relative), (chips, room))
    return power_mean(by_size, SHARP)


@utilisation.defjvp
def _(primals: tuple[Needs], tangents: tuple[Needs]) -> tuple[Array, Array]:
    value, slope = _value_and_slope(*primals)
    change = jax.tree.map(jnp.multiply, slope, *tangents)
    return value, sum(jax.tree.leaves(change), start=jnp.zeros_like(value))


def _value_and_slope(needs: Needs) -> tuple[Array, Needs]:
    """Return :func:`utilisation`, and its derivative by each need, of the shape of all."""
    leaves, tree = jax.tree.flatten(needs)
    each = jax.tree.unflatten(tree, jnp.broadcast_arrays(*leaves))

    def of_size(chips: Array) -> tuple[Array, Needs]:
        def reached(x: Needs) -> Array:
            return _of_group(chips, excess(chips, x.held), _relative(x))

        value, back = jax.vjp(reached, each)
        return value, back(jnp.ones_like(value))[0]

    by_size, slopes = jax.vmap(of_size)(jnp.array(CHIPS))
    value, back = jax.vjp(lambda x: power_mean(x, SHARP), by_size)
    (weight,) = back(jnp.ones_like(value))
    return value, jax.tree.map(lambda x: (weight * x).sum(axis=0), slopes)


@pytree
class Relative:
    """Needs in the time that one chip takes to read all weights, so that single precision holds.

    ``time``, ``reduce``, ``active``, ``cache`` and ``arithmetic`` as there; sequences whose caches
    one chip holds, ``cached``, and tokens that it computes in that time, ``computed``.
    """

    time: Array
    reduce: Array
    active: Array
    cache: Array
    arithmetic: Array
    cached: Array
    computed: Array


def _relative(x: Needs) -> Relative:
    """Return what groups of all sizes share: divisions are what the roofline spends its time on."""
    per_weights = 1.0 / x.weights
    arithmetic = x.arithmetic * per_weights
    return Relative(
        time=x.time * per_weights,
        reduce=x.reduce * per_weights,
        active=x.active * per_weights,
        cache=x.cache * per_weights,
        arithmetic=arithmetic,
        cached=1.0 / x.kept,
        computed=1.0 / arithmetic,
    )


def _of_group(chips: Array, room: Array, x: Relative) -> Array:
    """Return the utilisation of a group of ``chips``, of which weights leave ``room`` for caches.

    A step of decode must end within the time a token may take. What reductions leave of it reads
    weights and the caches of a batch of sequences, and computes; memory bounds the batch too. A
    step takes no longer than its batch needs. A batch is at least one sequence: where no group is
    fast or large enough, utilisation falls steeply, but stays above zero and smooth.
    """
    reductions = x.reduce * (jnp.sqrt(chips) - 1.0)
    left = chips * excess(x.time, reductions)
    computed = smooth_minimum(LEAST_BATCH + room * x.cached, LEAST_BATCH + left * x.computed)
    batch = smooth_minimum(LEAST_BATCH + _readable(x, left), computed)
    reading = smooth_minimum(x.active * batch, 1.0) + x.cache * batch
    arithmetic = x.arithmetic * batch
    step = chips * reductions + smooth_maximum(reading, arithmetic)
    served = jnp.minimum(batch, MANY) ** STEEP
    # Two quotients: the derivative of one by its denominator squares it, out of float32's range.
    return arithmetic / step * (served / (1.0 + served))


def _readable(x: Relative, left: Array) -> Array:
    """Return the batch whose weights and caches are read in the chip-time ``left``.

    The weights of all experts, 1, or c of each sequence, are read, whichever is less: t, their
    smooth minimum, solves (1 - width^2) t^2 - (1 + c b) t + c b = 0. With t = left - k b, k the
    cache, that is a quadratic in b; the larger root is the one below both.
    """
    q = 1.0 - WIDTH**2
    square = x.cache * (q * x.cache + x.active)
    linear = left * (x.active + 2.0 * q * x.cache) - (x.cache + x.active)
    constant = left * (1.0 - q * left)
    root, many = jnp.sqrt(linear**2 + 4.0 * square * constant), linear > 0.0
    # The same number in two forms: where one cancels the other does not.
    top = jnp.where(many, linear + root, 2.0 * constant)
    return top / jnp.where(many, 2.0 * square, root - linear)
