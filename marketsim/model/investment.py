"""Mechanism 7: investment by Tobin's q, and what can be delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .smooth import log_minimum, positive_part, relax, scarcity
from .tree import pytree
from .units import KILOHOURS, YEARS

MARGIN: Final = 0.10
"""Log margin of capacity over orders that foundries and memory makers aim at."""


@pytree
class Investment:
    """State of investment, scalars: logs of USD bn per quarter, and investors' appetite.

    ``log_other`` is capital spending of the largest owners on anything but AI.
    """

    log_spending: Array
    log_manufacturing: Array
    log_cash_flow: Array
    log_other: Array
    appetite: Array


@pytree
class Deliveries:
    """A quarter's chips, logs of million H100e, and what was short.

    ``log_wanted`` and ``log_powered``: what orders alone, and power alone, would allow.
    """

    log_wanted: Array
    log_powered: Array
    log_delivered: Array
    chip_scarcity: Array
    power_scarcity: Array


def initial_investment(a: Assumptions, cash_flow: Array, orders: Array) -> Investment:
    """Return investment at the start.

    ``cash_flow`` of the largest owners and ``orders`` of chips are USD bn per quarter.
    """
    return Investment(
        log_spending=jnp.log(a.initial_spending),
        log_manufacturing=jnp.log(orders * (1.0 + a.initial_manufacturing_slack)),
        log_cash_flow=jnp.log(cash_flow) + 0.0 * a.initial_q,
        log_other=jnp.log(a.initial_other_capex),
        appetite=0.0 * a.initial_q,
    )


def discount(a: Assumptions) -> Array:
    """Return the rate at which expected rent of running compute is capitalised, per quarter.

    Jorgenson's user cost: required return, attrition, and the expected fall of rent.
    """
    return (a.hurdle_rate + a.attrition + a.expected_rent_decline) * YEARS


def user_cost_rate(a: Assumptions) -> Array:
    """Return net rent over cost at which new compute just returns the hurdle, per quarter.

    Compute that earns nothing for `return_delay` years must earn more after.
    """
    late = a.return_delay * (a.hurdle_rate + a.expected_rent_decline)
    return discount(a) * jnp.exp(late)


def log_q(a: Assumptions, log_rent: Array, running: Array, cost: Array) -> Array:
    """Return ln Tobin's q: capitalised net rent of a new H100e over its ``cost``, both kUSD.

    ``running`` is its running cost, kUSD per quarter.
    """
    net = positive_part(jnp.exp(log_rent) * KILOHOURS - running, 0.05)
    return jnp.log(net / user_cost_rate(a)) - jnp.log(cost)


def surplus(a: Assumptions, log_q_now: Array) -> Array:
    """Return what rent leaves over user cost, per quarter and dollar of cost; never below zero."""
    return user_cost_rate(a) * positive_part(jnp.exp(log_q_now) - 1.0, 0.05)


def plan(
    a: Assumptions, now: Investment, log_q_now: Array, fleet: Array, cost: Array, news: Array
) -> Investment:
    """Return this quarter's plan for capital spending.

    Parameters
    ----------
    log_q_now
        ln Tobin's q.
    fleet
        Compute installed, million H100e.
    cost
        All-in cost of an H100e with its share of the site, kUSD.
    news
        Innovation to investors' appetite.

    Notes
    -----
    Desired additions are a share of the fleet that responds to q (Hayashi 1982); contracts carry
    part of last quarter's spending over; operating cash flow bounds what can be financed, and
    outside finance stretches the bound when q is high.
    """
    appetite = a.appetite_persistence * now.appetite + news
    rate = jnp.log(a.investment_rate) + a.investment_response * log_q_now + appetite
    desired = rate + jnp.log(fleet * cost)
    wanted = relax(desired, now.log_spending, a.commitment)
    limit = now.log_cash_flow + jnp.log(a.cash_limit) + a.external_finance * log_q_now
    return replace(
        now,
        log_spending=log_minimum(wanted, limit, sharpness=8.0),
        log_cash_flow=now.log_cash_flow + a.cash_flow_growth * YEARS,
        log_other=now.log_other + a.other_capex_growth * YEARS,
        appetite=appetite,
    )


def deliver(now: Investment, log_cost: Array, log_price: Array, log_powered: Array) -> Deliveries:
    """Return deliveries: the smooth minimum of desired, manufacturable and powered compute.

    Parameters
    ----------
    log_cost, log_price
        ln kUSD per H100e, of the whole site and of the chips alone.
    log_powered
        ln million H100e that free power can carry.
    """
    wanted = now.log_spending - log_cost
    makeable = now.log_manufacturing - log_price
    return Deliveries(
        log_wanted=wanted,
        log_powered=log_powered,
        log_delivered=log_minimum(wanted, makeable, log_powered),
        chip_scarcity=scarcity(wanted, makeable),
        power_scarcity=scarcity(wanted, log_powered),
    )


def expand(a: Assumptions, now: Investment, orders: Array) -> Investment:
    """Return investment with capacity to make chips moved towards ``orders``, USD bn of chips."""
    target = jnp.log(orders) + MARGIN
    moved = relax(now.log_manufacturing, target, a.manufacturing_response)
    return replace(now, log_manufacturing=moved + a.manufacturing_growth * YEARS)
