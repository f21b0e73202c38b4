"""Mechanism 8: which architecture serves which class: a logit on cost per token, with inertia."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .tree import pytree
from .units import CLASSES, YEARS


@pytree
class Choice:
    """State of choice: log shares and preferences, [architecture, class]."""

    log_share: Array
    preference: Array


def initial_choice(a: Assumptions, log_cost: Array) -> Choice:
    """Return shares at the start, and the preferences that explain them at the costs of then."""
    asic, fast = a.initial_asic_share, a.initial_low_latency_share
    start = jnp.stack([1.0 - asic, asic, fast])
    log_share = jax.nn.log_softmax(jnp.log(start))[:, None] * jnp.ones((1, len(CLASSES)))
    return Choice(log_share=log_share, preference=log_share + a.choice_sensitivity * log_cost)


def advance_choice(a: Assumptions, now: Choice, log_cost: Array) -> Choice:
    """Move shares towards the logit of ``log_cost`` [architecture, class]; porting makes it slow.

    Vertical integration drifts preference towards ASICs.
    """
    drift = jnp.array([0.0, 1.0, 0.0])[:, None] * a.asic_preference * YEARS
    preference = now.preference + drift
    wanted = jax.nn.log_softmax(preference - a.choice_sensitivity * log_cost, axis=0)
    moved = wanted + a.porting_inertia * (now.log_share - wanted)
    return Choice(log_share=jax.nn.log_softmax(moved, axis=0), preference=preference)


def log_unit_cost(
    log_compute: Array, capital: Array, running: Array, power_scarcity: Array
) -> Array:
    """Return ln cost per token [architecture, class] of new chips.

    Parameters
    ----------
    log_compute
        ln H100e-seconds per token, [architecture, class].
    capital, running
        User cost and running cost of one H100e for a quarter, kUSD, [architecture].
    power_scarcity
        ln of power wanted over power available: a kW then has a shadow price, so that chips are
        chosen by compute per watt rather than per dollar.
    """
    shadow = 1.0 + 8.0 * power_scarcity
    return log_compute + jnp.log(capital + running * shadow)[:, None]


def mixture(choice: Choice, class_weights: Array) -> Array:
    """Return shares of new compute [architecture] when classes have ``class_weights`` [class]."""
    return jnp.exp(choice.log_share) @ class_weights
