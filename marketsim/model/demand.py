"""Mechanism 3: demand for tokens by speed class, and training as a budget."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import Assumptions
from .smooth import relax, sigmoid
from .tree import pytree
from .units import KILOHOURS, TOKENS_PER_SECOND, YEARS, along


@pytree
class Demand:
    """State of demand; arrays [class] unless scalar.

    ``log_tokens`` trillion per quarter, and what buyers would want of them in the end
    (``log_desired``); ``log_price`` USD bn per trillion; ``log_answer`` tokens per useful answer
    against the start, checking included; ``log_speed`` tokens per second required; ``adoption`` and
    ``task_speed`` scalars; training budget in USD bn per quarter.
    """

    log_tokens: Array
    log_desired: Array
    log_price: Array
    log_answer: Array
    log_speed: Array
    adoption: Array
    task_speed: Array
    log_training: Array
    training_speed: Array


@pytree
class Schedule:
    """A quarter's demand for compute against the rental price.

    ln compute_k = intercept_k - slope_k * ln rent for classes; training spends exp(log_training).
    Price and tokens of class k are log-linear in ln rent too.
    """

    intercept: Array
    slope: Array
    log_training: Array


def initial_demand(
    a: Assumptions, start_year: Array, log_rent: Array, available: Array
) -> tuple[Demand, Array]:
    """Return demand at the start, and ln compute per token [class] that makes it use the fleet.

    Parameters
    ----------
    start_year
        Start of the window, years since 2025.
    log_rent
        ln rental price, USD per H100e-hour.
    available
        Compute that runs, million H100e.
    """
    inference = available * (1.0 - a.initial_training_share)
    shares = initial_class_shares(a)
    log_tokens = jnp.log(a.initial_tokens * shares)
    log_compute = jnp.log(inference * shares) - log_tokens
    log_price = log_target_price(a, log_compute) + log_rent
    training = a.initial_training_share * available * jnp.exp(log_rent) * KILOHOURS
    state = Demand(
        log_tokens=log_tokens,
        log_desired=log_tokens,
        log_price=log_price,
        log_answer=0.0 * a.task_growth,
        log_speed=along(np.log(TOKENS_PER_SECOND), log_rent) + 0.0 * a.speed_growth,
        adoption=a.adoption_speed * (start_year - a.adoption_midpoint),
        task_speed=1.0 + 0.0 * a.task_decay,
        log_training=jnp.log(training),
        training_speed=1.0 + 0.0 * a.training_decay,
    )
    return state, log_compute


def initial_class_shares(a: Assumptions) -> Array:
    """Return classes' shares of inference compute at the start, [class]."""
    agents, batch = a.initial_agentic_share, a.initial_batch_share
    return jnp.stack([(1.0 - agents) * batch, (1.0 - agents) * (1.0 - batch), agents])


def elasticity_at(a: Assumptions, log_tokens: Array) -> Array:
    """Return the price elasticity [class], falling as ``log_tokens`` passes saturation.

    Fouquet and Pearson 2012 found the same fall, from -1.7 to -0.6, for lighting.
    """
    saturated = sigmoid(log_tokens - jnp.log(a.saturation))
    return a.elasticity + (a.saturated_elasticity - a.elasticity) * saturated


def shift_demand(a: Assumptions, now: Demand, news: Array) -> Demand:
    """Return demand after a quarter of adoption, growth of tokens per answer and ``news``.

    Tokens that make an answer better are wanted as they come. Tokens that check it raise its price,
    of which reliability is worth a part: answers fall by elasticity x (1 - worth) for each log
    unit, so that tokens rise, the more surely the less elastic demand is.
    """
    adoption = now.adoption + a.adoption_speed * YEARS
    adopted = jax.nn.log_sigmoid(adoption) - jax.nn.log_sigmoid(now.adoption)
    better = a.task_growth * now.task_speed * YEARS
    checks = a.verification_growth * now.task_speed * YEARS
    lost = elasticity_at(a, now.log_tokens) * (1.0 - a.verification_worth)
    return replace(
        now,
        log_desired=now.log_desired + adopted + better + checks * (1.0 - lost) + news,
        log_answer=now.log_answer + better + checks,
        log_speed=now.log_speed + a.speed_growth * YEARS,
        adoption=adoption,
        task_speed=now.task_speed * jnp.exp(-a.task_decay * YEARS),
        log_training=now.log_training + a.training_growth * now.training_speed * YEARS,
        training_speed=now.training_speed * jnp.exp(-a.training_decay * YEARS),
    )


def schedule(a: Assumptions, now: Demand, log_compute: Array) -> Schedule:
    """Return the demand for compute of a shifted quarter as a function of ln rent.

    Tokens adjust partially to desired tokens, and prices partially to cost, so a change in rent
    moves compute by adjustment x elasticity x passthrough within the quarter.
    """
    elasticity = elasticity_at(a, now.log_tokens)
    at_unit_rent = log_target_price(a, log_compute)
    price_gap = a.passthrough * (at_unit_rent - now.log_price)
    desired = now.log_desired - elasticity * price_gap
    tokens = relax(now.log_tokens, desired, a.demand_adjustment)
    return Schedule(
        intercept=tokens + log_compute,
        slope=a.demand_adjustment * elasticity * a.passthrough,
        log_training=now.log_training - jnp.log(KILOHOURS),
    )


def settle_demand(a: Assumptions, now: Demand, log_compute: Array, log_rent: Array) -> Demand:
    """Return demand once the rental price is known."""
    target = log_target_price(a, log_compute) + log_rent
    log_price = relax(now.log_price, target, a.passthrough)
    change = log_price - now.log_price
    log_desired = now.log_desired - elasticity_at(a, now.log_tokens) * change
    log_tokens = relax(now.log_tokens, log_desired, a.demand_adjustment)
    return replace(now, log_tokens=log_tokens, log_desired=log_desired, log_price=log_price)


def log_target_price(a: Assumptions, log_compute: Array) -> Array:
    """Return ln of the token price [class], USD bn per trillion, at a rent of 1 USD per hour."""
    return jnp.log(a.token_markup * KILOHOURS) + log_compute


def class_weights(log_inference: Array, log_training: Array) -> Array:
    """Return classes' weights in new compute [class]; training runs on what serves batch."""
    batch, interactive, agentic = jnp.exp(log_inference)
    compute = jnp.stack([batch + jnp.exp(log_training), interactive, agentic])
    return compute / compute.sum(axis=0)
