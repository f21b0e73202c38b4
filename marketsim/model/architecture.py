"""Mechanism 8: which architecture serves which class: a nested logit on cost, with inertia.

GPUs and ASICs are near substitutes and form a nest; low-latency designs stand beside it.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.nn import logsumexp

from .assumptions import Assumptions
from .roofline import Work
from .tree import pytree
from .units import CLASSES, YEARS


@pytree
class Choice:
    """State of choice: logs of shares of new tokens, and preferences; [architecture, class]."""

    log_share: Array
    preference: Array


def initial_choice(a: Assumptions, log_cost: Array) -> Choice:
    """Return shares at the start, and the preferences that explain them at the costs of then."""
    asic, fast = a.initial_asic_share, a.initial_low_latency_share
    start = jnp.log(jnp.stack([1.0 - asic, asic, fast]))
    log_share = jax.nn.log_softmax(start)[:, None] * jnp.ones((1, len(CLASSES)))
    utility = utilities(a, log_share)
    return Choice(log_share=log_share, preference=utility + a.choice_sensitivity * log_cost)


def advance_choice(a: Assumptions, now: Choice, log_cost: Array) -> Choice:
    """Move shares towards the logit of ``log_cost`` [architecture, class]; porting makes it slow.

    Preference drifts from GPUs: towards ASICs by vertical integration, to novel hardware by trust.
    """
    drift = jnp.concatenate([jnp.zeros(1), a.preference_drift])[:, None] * YEARS
    preference = now.preference + drift
    wanted = nested_logit(a, preference - a.choice_sensitivity * log_cost)
    moved = wanted + a.porting_inertia * (now.log_share - wanted)
    return Choice(log_share=jax.nn.log_softmax(moved, axis=0), preference=preference)


def nested_logit(a: Assumptions, utility: Array) -> Array:
    """Return ln shares [architecture, class] at ``utility`` of the same shape (McFadden 1978)."""
    nest, alone = utility[:2] / a.nest_dissimilarity, utility[2:]
    inclusive = logsumexp(nest, axis=0, keepdims=True)
    within = nest - inclusive
    between = jnp.concatenate([a.nest_dissimilarity * inclusive, alone])
    log_nests = jax.nn.log_softmax(between, axis=0)
    return jnp.concatenate([log_nests[:1] + within, log_nests[1:]])


def utilities(a: Assumptions, log_share: Array) -> Array:
    """Return utilities that give ``log_share``: the inverse of :func:`nested_logit`.

    Up to a constant for each class (Berry 1994).
    """
    log_nest = logsumexp(log_share[:2], axis=0, keepdims=True)
    within = log_share[:2] - log_nest
    return jnp.concatenate([log_nest + a.nest_dissimilarity * within, log_share[2:]])


def log_unit_cost(work: Work, capital: Array, running: Array, power: Array) -> Array:
    """Return ln cost per token [architecture, class] of new chips.

    Parameters
    ----------
    work
        ln H100e-seconds per token.
    capital, running
        User cost and bare running cost of one H100e for a quarter, kUSD, [architecture].
    power
        Scarcity rent of the power one H100e draws, kUSD per quarter, [architecture]: where power
        binds it dwarfs the chip, and chips are chosen by compute per watt.

    Notes
    -----
    Prefill of what a low-latency design decodes is done by GPUs.
    """
    log_cost = jnp.log(capital + running + power)[:, None]
    log_prefill = log_cost.at[2].set(log_cost[0])
    return jnp.logaddexp(work.decode + log_cost, work.prefill + log_prefill)


def mixture(choice: Choice, work: Work, class_weights: Array) -> Array:
    """Return shares of new compute [architecture].

    ``class_weights`` [class] of new compute. Shares of tokens become shares of compute by the work
    per token; the prefill of low-latency designs is work for GPUs.
    """
    compute = jax.nn.softmax(choice.log_share + work.total(), axis=0)
    prefill = jnp.exp(work.prefill - work.total())[2]
    mix = compute @ class_weights
    handed = (compute[2] * prefill) @ class_weights
    return mix + handed * jnp.array([1.0, 0.0, -1.0])


def bar(mix: Array, barred: Array) -> tuple[Array, Array]:
    """Return the mix of orders, and the share of them left, when ``barred`` of GPUs are refused.

    ``mix`` [architecture]; ``barred`` a share of merchant orders.
    """
    left = mix * jnp.array([1.0, 0.0, 0.0]) * (1.0 - barred) + mix * jnp.array([0.0, 1.0, 1.0])
    return left / left.sum(), left.sum()
