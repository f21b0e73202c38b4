"""Mechanism 8: which architecture serves which class: a nested logit on cost, with inertia.

GPUs and ASICs are near substitutes and form a nest; low-latency designs stand beside it.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .roofline import Work
from .smooth import log_sum, sum_by_halves
from .tree import pytree
from .units import ASIC, GPU, LOW_LATENCY, YEARS


@pytree
class Choice:
    """State of choice: logs of shares of new tokens, and preferences; [architecture, class].

    ``drifting`` is the share of the drift of preferences that is left.
    """

    log_share: Array
    preference: Array
    drifting: Array


def initial_choice(a: Assumptions, log_cost: Array) -> Choice:
    """Return shares at the start, and the preferences that explain them at the costs of then."""
    asic, fast = a.initial_asic_share, a.initial_low_latency_share
    start = jnp.log(jnp.stack([1.0 - asic, asic, fast]) / (1.0 + fast))
    log_share = start[:, None] + 0.0 * log_cost
    utility = utilities(a, log_share)
    return Choice(
        log_share=log_share,
        preference=utility + a.choice_sensitivity * log_cost,
        drifting=1.0 + 0.0 * asic,
    )


def advance_choice(a: Assumptions, now: Choice, log_cost: Array) -> Choice:
    """Move shares towards the logit of ``log_cost`` [architecture, class]; porting makes it slow.

    Preference drifts from GPUs: towards ASICs by vertical integration, to novel hardware by trust;
    less and less, as those who would move have moved.
    """
    drift = jnp.stack([0.0 * a.attrition, *a.preference_drift]) * now.drifting
    preference = now.preference + YEARS * drift[:, None]
    wanted = nested_logit(a, preference - a.choice_sensitivity * log_cost)
    moved = wanted + a.porting_inertia * (now.log_share - wanted)
    return Choice(
        log_share=moved - log_sum(*moved),
        preference=preference,
        drifting=now.drifting * jnp.exp(-a.drift_fading * YEARS),
    )


def nested_logit(a: Assumptions, utility: Array) -> Array:
    """Return ln shares [architecture, class] at ``utility`` of the same shape (McFadden 1978)."""
    gpu, asic = utility[GPU] / a.nest_dissimilarity, utility[ASIC] / a.nest_dissimilarity
    inclusive = log_sum(gpu, asic)
    nest, alone = a.nest_dissimilarity * inclusive, utility[LOW_LATENCY]
    together = jnp.stack([nest + gpu - inclusive, nest + asic - inclusive, alone])
    return together - log_sum(nest, alone)


def utilities(a: Assumptions, log_share: Array) -> Array:
    """Return utilities that give ``log_share``: the inverse of :func:`nested_logit`.

    Up to a constant for each class (Berry 1994).
    """
    gpu, asic, alone = log_share[GPU], log_share[ASIC], log_share[LOW_LATENCY]
    nest = log_sum(gpu, asic)
    within = a.nest_dissimilarity * (gpu - nest), a.nest_dissimilarity * (asic - nest)
    return jnp.stack([nest + within[GPU], nest + within[ASIC], alone])


def log_unit_cost(work: Work, capital: Array, running: Array, power: Array) -> Array:
    """Return ln cost per token [architecture, class] of new chips.

    Parameters
    ----------
    work
        H100e-seconds per token.
    capital, running
        User cost and bare running cost of one H100e for a quarter, kUSD, [architecture].
    power
        Scarcity rent of the power one H100e draws, kUSD per quarter, [architecture]: where power
        binds it dwarfs the chip, and chips are chosen by compute per watt.

    Notes
    -----
    Prefill of what a low-latency design decodes is done by GPUs.
    """
    cost = capital + running + power
    prefill = jnp.stack([cost[GPU], cost[ASIC], cost[GPU]])
    return jnp.log(work.decode * cost[:, None] + work.prefill * prefill[:, None])


def mixture(choice: Choice, work: Work, class_weights: Array) -> Array:
    """Return shares of new compute [architecture].

    ``class_weights`` [class] of new compute. Shares of tokens become shares of compute by the work
    per token; the prefill of low-latency designs is work for GPUs.
    """
    share = jnp.exp(choice.log_share)
    decode, prefill = share * work.decode, share * work.prefill
    weights = class_weights / sum_by_halves(decode + prefill)
    decoding, (gpu, asic, handed) = (decode * weights).sum(axis=1), (prefill * weights).sum(axis=1)
    return decoding + jnp.stack([gpu + handed, asic, 0.0 * handed])


def bar(mix: Array, barred: Array) -> tuple[Array, Array]:
    """Return the mix of orders, and the share of them left, when ``barred`` of GPUs are refused.

    ``mix`` [architecture]; ``barred`` a share of merchant orders.
    """
    left = jnp.stack([mix[GPU] * (1.0 - barred), mix[ASIC], mix[LOW_LATENCY]])
    total = left.sum(axis=0)
    return left / total, total


def mean(mix: Array, levels: Array) -> Array:
    """Return the mean of ``levels`` [architecture, ...] in the shares of ``mix``."""
    return sum_by_halves(mix * levels)
