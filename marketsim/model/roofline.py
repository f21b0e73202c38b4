"""Mechanism 2: compute per token against speed, by a roofline.

Prefill is bound by arithmetic; decode by memory bandwidth or arithmetic, whichever is slower, plus
what it takes to start a layer and to add partial results across chips, once for their latency and
for the bytes of each sequence. The largest batch that meets the required speed and fits in memory
sets the cost; a mixture of experts reads the weights its batch touches. After Erdil 2025 (arXiv
2506.04645) and Pope et al. 2022.
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

ACTIVATION_BYTES: Final = 2.0
"""Bytes of each number that a reduction adds up."""

WIDTH_SQUARED: Final = 12.0
"""Active parameters of a layer over its hidden width squared: four squares in attention, eight in
the feed-forward part (Kaplan et al. 2020, arXiv 2001.08361). Within a quarter of the width of open
models, dense ones and mixtures of experts."""

CHIPS: Final = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 256.0, 1024.0, 4096.0)
"""Sizes of the group of chips that serves one copy of the model: dense where a node ends, for
there latency turns; only designs of little memory need hundreds."""

PLANAR: Final = 26.0
"""Chips from which weights are better cut in two dimensions, so that a chip adds up ever less: four
sums of 10.25 widths in all, each over the square root of the chips, against two of one width (Llama
3; Pope et al. 2022)."""

EXPERTS: Final = 8.0
"""Experts of a layer that a token is sent to: eight in most mixtures that are served."""

EDGE: Final = 0.25
"""Doublings of chips over which a group outgrows its node."""

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

    Seconds: ``time`` that a token may take; of a step on any group, to ``start`` its layers, to
    ``reduce``, with each doubling of its chips, and to ``cross``, further with each doubling of its
    nodes; for a sequence's results to be ``moved`` through a chip's links; and those that one chip
    takes to read all ``weights``, to read the ``active`` ones, to read a sequence's ``cache``,
    and for a token's ``arithmetic``. Chips: ``held`` by all weights, ``kept`` by a sequence's cache
    and in a ``node``. ``sparsity`` is the share of parameters that a token does not compute on.
    """

    time: Array
    start: Array
    reduce: Array
    cross: Array
    moved: Array
    weights: Array
    active: Array
    cache: Array
    arithmetic: Array
    held: Array
    kept: Array
    node: Array
    sparsity: Array


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
    per_layer = 1e-6 * served.layers
    return Needs(
        time=jnp.exp(-log_speed)[None, :],
        start=(per_layer * a.layer_latency)[:, None],
        reduce=(REDUCTIONS * per_layer * a.reduction_latency)[:, None],
        cross=(REDUCTIONS * per_layer * a.node_latency)[:, None],
        moved=reduced_bytes(served) * read / a.link_bandwidth[:, None],
        weights=served.weights * read,
        active=served.weights / served.parameters * served.active * read,
        cache=cache * read,
        arithmetic=arithmetic_bound(served) / h100e,
        held=served.weights / memory,
        kept=cache / memory,
        node=jnp.exp(technology.log_node)[:, None],
        sparsity=1.0 - served.active / served.parameters,
    )


def hidden_width(served: Served) -> Array:
    """Return numbers that stand for a token between layers, by what parameters imply."""
    return jnp.sqrt(served.active / (WIDTH_SQUARED * served.layers))


def reduced_bytes(served: Served) -> Array:
    """Return bytes of partial results that a token leaves for reductions to add up."""
    return ACTIVATION_BYTES * REDUCTIONS * served.layers * hidden_width(served)


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
    return power_mean(_by_size(needs), SHARP)


@utilisation.defjvp
def _(primals: tuple[Needs], tangents: tuple[Needs]) -> tuple[Array, Array]:
    value, slope = _value_and_slope(*primals)
    change = jax.tree.map(jnp.multiply, slope, *tangents)
    return value, sum(jax.tree.leaves(change), start=jnp.zeros_like(value))


def _by_size(needs: Needs) -> Array:
    """Return the utilisation of groups of each size alone, [size, ...]."""
    chips, relative = jnp.array(CHIPS), _relative(needs)
    room = excess(along(chips, needs.held), needs.held)
    groups = chips, jnp.log2(chips), room
    by_size: Array = lax.map(lambda group: _of_group(group, relative), groups)
    return by_size


def _value_and_slope(needs: Needs) -> tuple[Array, Needs]:
    """Return :func:`utilisation`, and its derivative by each need, of the shape of all.

    Group after group: what one of them needs stays in the processor's cache, what all would need
    does not.
    """
    leaves, tree = jax.tree.flatten(needs)
    each = jax.tree.unflatten(tree, jnp.broadcast_arrays(*leaves))
    value, back = jax.vjp(lambda x: power_mean(x, SHARP), _by_size(needs))
    (weights,) = back(jnp.ones_like(value))

    def add(slope: Needs, group: tuple[Array, Array]) -> tuple[Needs, None]:
        chips, weight = group
        _, back = jax.vjp(lambda x: reached(chips, x), each)
        return jax.tree.map(jnp.add, slope, back(weight)[0]), None

    none = jax.tree.map(jnp.zeros_like, each)
    slope: Needs = lax.scan(add, none, (jnp.array(CHIPS), weights))[0]
    return value, slope


def reached(chips: Array, x: Needs) -> Array:
    """Return the utilisation of a group of ``chips`` alone."""
    room = excess(chips, x.held)
    return _of_group((chips, jnp.log2(chips), room), _relative(x))


def links(chips: Array, sparsity: Array) -> Array:
    """Return how many links a result occupies in a group of ``chips``, each for its bytes.

    That of every chip, less one. Where weights are cut in two dimensions a result crosses the
    square root of the chips only, and where most of them are experts it goes to those chosen. Links
    between nodes carry together what one within carries: each chip has its own.
    """
    planar = jnp.sqrt(1.0 + (chips / PLANAR) ** 2)
    return (chips - 1.0) / jnp.sqrt(planar + sparsity * (chips / EXPERTS) ** 2)


@pytree
class Relative:
    """Needs in the time that one chip takes to read all weights, so that single precision holds.

    Seconds and ``sparsity`` as there; the chips of a node in doublings, ``node``; sequences whose
    caches one chip holds, ``cached``.
    """

    time: Array
    start: Array
    reduce: Array
    cross: Array
    moved: Array
    active: Array
    cache: Array
    arithmetic: Array
    cached: Array
    node: Array
    sparsity: Array


def _relative(x: Needs) -> Relative:
    """Return what groups of all sizes share: divisions are what the roofline spends its time on."""
    per_weights = 1.0 / x.weights
    return Relative(
        time=x.time * per_weights,
        start=x.start * per_weights,
        reduce=x.reduce * per_weights,
        cross=x.cross * per_weights,
        moved=x.moved * per_weights,
        active=x.active * per_weights,
        cache=x.cache * per_weights,
        arithmetic=x.arithmetic * per_weights,
        cached=1.0 / x.kept,
        node=jnp.log2(x.node),
        sparsity=x.sparsity,
    )


def _of_group(group: tuple[Array, Array, Array], x: Relative) -> Array:
    """Return the utilisation of a ``group``: its chips, their doublings, the room for caches.

    A step of decode must end within the time a token may take. What latency leaves of it reads
    weights and the caches of a batch of sequences, or computes, and moves their results; memory
    bounds the batch too. A step takes no longer than its batch needs. A batch is at least one
    sequence: where no group is fast or large enough, utilisation falls steeply, but stays above
    zero and smooth.
    """
    chips, doublings, room = group
    beyond = positive_part(doublings - x.node, EDGE)
    latency = x.start + x.reduce * doublings + x.cross * beyond
    left, moved = chips * excess(x.time, latency), x.moved * links(chips, x.sparsity)
    computed = LEAST_BATCH + left / (x.arithmetic + moved)
    limits = smooth_minimum(LEAST_BATCH + room * x.cached, computed)
    batch = smooth_minimum(LEAST_BATCH + _readable(x.active, x.cache + moved, left), limits)
    reading = smooth_minimum(x.active * batch, 1.0) + x.cache * batch
    arithmetic = x.arithmetic * batch
    step = chips * latency + moved * batch + smooth_maximum(reading, arithmetic)
    served = jnp.minimum(batch, MANY) ** STEEP
    # Two quotients: the derivative of one by its denominator squares it, out of float32's range.
    return arithmetic / step * (served / (1.0 + served))


def _readable(active: Array, cache: Array, left: Array) -> Array:
    """Return the batch whose weights and caches are read in the chip-time ``left``.

    The weights of all experts, 1, or ``active`` ones c of each sequence, are read, whichever is
    less: t, their smooth minimum, solves (1 - width^2) t^2 - (1 + c b) t + c b = 0. With t = left -
    k b, k the time for a sequence's ``cache`` and results, that is a quadratic in b; the larger
    root is the one below both.
    """
    q = 1.0 - WIDTH**2
    square = cache * (q * cache + active)
    linear = left * (active + 2.0 * q * cache) - (cache + active)
    constant = left * (1.0 - q * left)
    root, many = jnp.sqrt(linear**2 + 4.0 * square * constant), linear > 0.0
    # The same number in two forms: where one cancels the other does not.
    top = jnp.where(many, linear + root, 2.0 * constant)
    return top / jnp.where(many, 2.0 * square, root - linear)
