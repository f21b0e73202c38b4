"""Mechanism 3: demand for tokens by speed class, within a budget, and what pays for training.

Buyers spend on tokens out of income: the more of it they spend already, the less does anything but
income add to it. Training is paid out of what tokens earned, and of capital raised outside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import Assumptions
from .smooth import relax, sigmoid
from .tree import pytree
from .units import KILOHOURS, TOKENS_PER_SECOND, YEARS, along

WORLD_OUTPUT: Final = 117_000.0 * YEARS
"""USD bn a quarter in 2025, when the model's clock starts (IMF, World Economic Outlook)."""


@pytree
class Demand:
    """State of demand; arrays [class] unless scalar.

    ``log_tokens`` trillion per quarter, and what buyers would want of them in the end
    (``log_desired``); ``log_price`` USD bn per trillion; ``log_answer`` tokens per useful answer
    against the start, checking included; ``log_speed`` tokens per second required. Scalars:
    ``adoption`` and ``task_speed``; ``log_income``, ln USD bn per quarter of world output;
    ``laboratory``, log odds that a token is sold by a laboratory; ``log_capital``, ln outside
    capital for training at neutral appetite, USD bn per quarter, and the ``capital_speed`` left of
    its growth; ``log_training``, ln of the training budget; ``log_outlook``, ln compute that would
    be wanted in the end at the last quarter's rent, million H100e.
    """

    log_tokens: Array
    log_desired: Array
    log_price: Array
    log_answer: Array
    log_speed: Array
    adoption: Array
    task_speed: Array
    log_income: Array
    laboratory: Array
    log_capital: Array
    capital_speed: Array
    log_training: Array
    log_outlook: Array


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
    bill = available * jnp.exp(log_rent) * KILOHOURS
    laboratory = laboratory_odds(a)
    capital = a.initial_training_capital * bill
    inference = (1.0 - a.initial_training_capital) / (1.0 + earned(a, laboratory))
    shares = initial_class_shares(a)
    log_tokens = jnp.log(a.initial_tokens * shares)
    log_compute = jnp.log(inference * available * shares) - log_tokens
    log_price = log_target_price(a, log_compute) + log_rent
    state = Demand(
        log_tokens=log_tokens,
        log_desired=log_tokens,
        log_price=log_price,
        log_answer=0.0 * a.task_growth,
        log_speed=along(np.log(TOKENS_PER_SECOND), log_rent) + 0.0 * a.speed_growth,
        adoption=a.adoption_speed * (start_year - a.adoption_midpoint),
        task_speed=1.0 + 0.0 * a.task_decay,
        log_income=np.log(WORLD_OUTPUT) + a.income_growth * start_year,
        laboratory=laboratory,
        log_capital=jnp.log(capital),
        capital_speed=1.0 + 0.0 * a.training_decay,
        log_training=jnp.log(capital + earned(a, laboratory) * inference * bill),
        log_outlook=0.0 * log_rent,
    )
    return replace(state, log_outlook=outlook(a, state, log_compute, log_rent)), log_compute


def laboratory_odds(a: Assumptions) -> Array:
    """Return the log odds that a token is sold by a laboratory, at the start."""
    return jnp.log(a.initial_laboratory_share) - jnp.log1p(-a.initial_laboratory_share)


def earned(a: Assumptions, laboratory: Array) -> Array:
    """Return training paid out of a dollar's worth of compute that answers.

    Tokens that laboratories sell earn their price, those that owners use are worth their cost.
    """
    return a.training_reinvestment * (1.0 + sigmoid(laboratory) * (a.token_markup - 1.0))


def initial_class_shares(a: Assumptions) -> Array:
    """Return classes' shares of inference compute at the start, [class]."""
    agents, batch = a.initial_agentic_share, a.initial_batch_share
    return jnp.stack([(1.0 - agents) * batch, (1.0 - agents) * (1.0 - batch), agents])


def spending(a: Assumptions, now: Demand) -> tuple[Array, Array]:
    """Return spending on tokens, USD bn per quarter: laboratories' revenue, and own use at cost."""
    at_price = jnp.exp(now.log_tokens + now.log_price).sum(axis=0)
    sold = sigmoid(now.laboratory)
    return sold * at_price, (1.0 - sold) * at_price / a.token_markup


def worth_in_use(a: Assumptions, now: Demand) -> Array:
    """Return what compute would be worth to owners who used all of it, USD bn per quarter.

    Tokens at cost, valued at the price at which as many would be wanted in the end: on the day on
    which tokens get cheaper, those in use are worth what they were, and their user keeps what is
    saved. Training is worth its budget.
    """
    unmet = (now.log_desired - now.log_tokens) / elasticity_at(a, saturated(a, now))
    tokens = jnp.exp(now.log_tokens + now.log_price + unmet).sum(axis=0)
    return tokens / a.token_markup + jnp.exp(now.log_training)


def log_use(now: Demand) -> Array:
    """Return ln tokens over all classes, each by its share of what buyers spend."""
    spent = jnp.exp(now.log_tokens + now.log_price)
    return (spent * now.log_tokens).sum(axis=0) / spent.sum(axis=0)


def saturated(a: Assumptions, now: Demand) -> Array:
    """Return how far demand is saturated, between 0 and 1: half at the stated share of income.

    In a logit of spending on tokens against everything else, this is what tokens have of the budget
    that they compete for; it damps all that shifts demand but income.
    """
    spent, budget = sum(spending(a, now)), a.saturation * jnp.exp(now.log_income)
    return spent / (spent + budget)


def elasticity_at(a: Assumptions, saturation: Array) -> Array:
    """Return the price elasticity [class] at a ``saturation`` between 0 and 1.

    Fouquet and Pearson 2012 found the same fall, from -1.7 to -0.6, for lighting.
    """
    return a.elasticity + (a.saturated_elasticity - a.elasticity) * saturation


def shift_demand(a: Assumptions, now: Demand, news: Array, appetite: Array) -> Demand:
    """Return demand after a quarter of adoption, growth of tokens per answer and ``news``.

    Tokens that make an answer better are wanted as they come, within the budget. Tokens that check
    it raise its price, of which reliability is worth a part: answers fall by elasticity x (1 -
    worth) for each log unit, so that tokens rise, the more surely the less elastic demand is.
    Investors' ``appetite``, in logs, moves outside capital for training.
    """
    full = saturated(a, now)
    adoption = now.adoption + a.adoption_speed * YEARS
    adopted = jax.nn.log_sigmoid(adoption) - jax.nn.log_sigmoid(now.adoption)
    better = a.task_growth * now.task_speed * YEARS
    checks = a.verification_growth * now.task_speed * YEARS
    lost = elasticity_at(a, full) * (1.0 - a.verification_worth)
    income = a.income_growth * YEARS
    wanted = (1.0 - full) * (adopted + better + news) + full * income + checks * (1.0 - lost)
    log_capital = now.log_capital + a.training_growth * now.capital_speed * YEARS
    outside = jnp.exp(log_capital + a.training_appetite * appetite)
    own = a.training_reinvestment * sum(spending(a, now))
    return replace(
        now,
        log_desired=now.log_desired + wanted,
        log_answer=now.log_answer + better + checks,
        log_speed=now.log_speed + a.speed_growth * YEARS,
        adoption=adoption,
        task_speed=now.task_speed * jnp.exp(-a.task_decay * YEARS),
        log_income=now.log_income + income,
        laboratory=now.laboratory + a.laboratory_growth * YEARS,
        log_capital=log_capital,
        capital_speed=now.capital_speed * jnp.exp(-a.training_decay * YEARS),
        log_training=jnp.log(outside + own),
    )


def outlook(a: Assumptions, now: Demand, log_compute: Array, log_rent: Array) -> Array:
    """Return ln compute that would be wanted once tokens had answered to ``log_rent`` in full.

    Its growth at an unchanged rent is what investors learn of demand: news of the quarter counts in
    full, efficiency for more than it saves or less as demand is elastic or not.
    """
    gap = log_target_price(a, log_compute) + log_rent - now.log_price
    desired = now.log_desired - elasticity_at(a, saturated(a, now)) * gap
    training = now.log_training - jnp.log(KILOHOURS) - log_rent
    return jnp.log(jnp.exp(desired + log_compute).sum(axis=0) + jnp.exp(training))


def schedule(a: Assumptions, now: Demand, log_compute: Array) -> Schedule:
    """Return the demand for compute of a shifted quarter as a function of ln rent.

    Tokens adjust partially to desired tokens, and prices partially to cost, so a change in rent
    moves compute by adjustment x elasticity x passthrough within the quarter.
    """
    elasticity = elasticity_at(a, saturated(a, now))
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
    change = elasticity_at(a, saturated(a, now)) * (log_price - now.log_price)
    log_desired = now.log_desired - change
    log_tokens = relax(now.log_tokens, log_desired, a.demand_adjustment)
    after = replace(now, log_tokens=log_tokens, log_desired=log_desired, log_price=log_price)
    return replace(after, log_outlook=outlook(a, after, log_compute, log_rent))


def log_target_price(a: Assumptions, log_compute: Array) -> Array:
    """Return ln of the token price [class], USD bn per trillion, at a rent of 1 USD per hour."""
    return jnp.log(a.token_markup * KILOHOURS) + log_compute


def class_weights(log_inference: Array, log_training: Array) -> Array:
    """Return classes' weights in new compute [class]; training runs on what serves batch."""
    batch, interactive, agentic = jnp.exp(log_inference)
    compute = jnp.stack([batch + jnp.exp(log_training), interactive, agentic])
    return compute / compute.sum(axis=0)
