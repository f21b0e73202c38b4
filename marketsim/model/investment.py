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
    """State of investment, scalars: logs of USD bn per quarter unless stated.

    ``log_due``, what earlier orders and new ones make due; ``log_manufacturing``;
    ``log_cash_flow`` of the largest owners but for what AI earns; ``log_other``, their capital
    spending on anything but AI; ``debt`` that owners owe for AI, USD bn; ``leverage``, that debt
    and a year of the last quarter's borrowing over a year's cash flow; ``expected_growth`` of
    demand, ln a quarter; and investors' ``appetite``.
    """

    log_due: Array
    log_manufacturing: Array
    log_cash_flow: Array
    log_other: Array
    debt: Array
    leverage: Array
    expected_growth: Array
    appetite: Array


@pytree
class Plan:
    """What owners decide in a quarter.

    The new ``state``; ``book``, orders that will be due later, USD bn; ``by_money`` and
    ``by_memory``, the shares of desired additions that funds, dear and rationed, and dear memory
    hold back; ``borrowers``, the share of what is left that builders without a cash flow of their
    own add.
    """

    state: Investment
    book: Array
    by_money: Array
    by_memory: Array
    borrowers: Array


@pytree
class Funds:
    """A quarter's funds of the largest owners, USD bn: cash flow, and what is borrowed for AI."""

    cash_flow: Array
    borrowed: Array


@pytree
class Deliveries:
    """A quarter's chips, logs of million H100e, and what was short.

    ``log_wanted``, ``log_makeable`` and ``log_powered``: what orders, manufacturing, power would
    allow alone.
    """

    log_wanted: Array
    log_makeable: Array
    log_powered: Array
    log_delivered: Array
    chip_scarcity: Array
    power_scarcity: Array


def initial_investment(a: Assumptions, orders: Array) -> Investment:
    """Return investment at the start, given ``orders`` of chips, USD bn per quarter."""
    none = 0.0 * a.initial_q
    return Investment(
        log_due=jnp.log(a.initial_spending),
        log_manufacturing=jnp.log(orders * (1.0 + a.initial_manufacturing_slack)),
        log_cash_flow=jnp.log(a.initial_cash_flow),
        log_other=jnp.log(a.initial_other_capex),
        debt=none,
        leverage=none,
        expected_growth=a.initial_expected_growth * YEARS,
        appetite=none,
    )


def discount(a: Assumptions) -> Array:
    """Return the rate at which expected rent of running compute is capitalised, per quarter.

    Jorgenson's user cost: required return, attrition, and the expected fall of rent.
    """
    return (a.hurdle_rate + a.attrition + a.expected_rent_decline) * YEARS


def user_cost_rate(a: Assumptions, premium: Array | float = 0.0) -> Array:
    """Return net rent over cost at which new compute just returns the hurdle, per quarter.

    Compute that earns nothing for `return_delay` years must earn more after. The ``premium`` on
    outside funds adds to the hurdle, per year.
    """
    late = a.return_delay * (a.hurdle_rate + premium + a.expected_rent_decline)
    return (discount(a) + premium * YEARS) * jnp.exp(late)


def log_q(a: Assumptions, log_rent: Array, running: Array, cost: Array) -> Array:
    """Return ln Tobin's q: capitalised net rent of a new H100e over its ``cost``, both kUSD.

    ``running`` is its running cost, kUSD per quarter.
    """
    net = positive_part(jnp.exp(log_rent) * KILOHOURS - running, 0.05)
    return jnp.log(net / user_cost_rate(a)) - jnp.log(cost)


def surplus(a: Assumptions, log_q_now: Array) -> Array:
    """Return what rent leaves over user cost, per quarter and dollar of cost; never below zero."""
    return user_cost_rate(a) * positive_part(jnp.exp(log_q_now) - 1.0, 0.05)


def expected_rent(a: Assumptions, log_rent: Array, log_contract: Array) -> Array:
    """Return ln rent that investors expect of new compute, between that of contracts and spot."""
    return relax(log_contract, log_rent, a.spot_weight)


def plan(
    a: Assumptions,
    now: Investment,
    log_q_now: Array,
    dear_memory: Array,
    growth: Array,
    cost: Array,
    news: Array,
) -> Plan:
    """Return this quarter's plan.

    Parameters
    ----------
    log_q_now
        ln Tobin's q at own funds.
    dear_memory
        ln of the cost of a site over what it would be with memory at its own cost.
    growth
        Of the compute wanted in the end, ln a quarter, were rents to fall as expected.
    cost
        USD bn of sites that would replace the fleet.
    news
        Innovation to investors' appetite.

    Notes
    -----
    Desired additions, as a share of the fleet, replace what fails, follow the growth of demand that
    investors expect, which they learn (adaptive expectations), and respond to q (Hayashi 1982: they
    are linear in it). Debt makes funds dearer and scarcer, both smoothly in leverage; builders
    without a cash flow of their own owe a year of it more, so that lenders who hold back hold back
    from them first (Stiglitz and Weiss 1981; Gertler and Gilchrist 1994). A share of
    the order book comes due each quarter, so that what is due adjusts partially to what is desired
    and the book stands in proportion to it; orders take up the whole change at once.
    """
    appetite = a.appetite_persistence * now.appetite + news
    expected = relax(now.expected_growth, growth, a.expectation_speed)
    free = additions(a, expected, log_q_now, 0.0)
    cheap = additions(a, expected, log_q_now + positive_part(dear_memory, 0.005), 0.0)
    owners = (1.0 - a.borrower_share) * funded(a, expected, log_q_now, now.leverage)
    borrowers = a.borrower_share * funded(a, expected, log_q_now, 1.0 + now.leverage)
    wanted = owners + borrowers
    due = relax(wanted * cost * jnp.exp(appetite), jnp.exp(now.log_due), a.commitment)
    state = replace(
        now,
        log_due=jnp.log(due),
        log_cash_flow=now.log_cash_flow + a.cash_flow_growth * YEARS,
        log_other=now.log_other + a.other_capex_growth * YEARS,
        expected_growth=expected,
        appetite=appetite,
    )
    return Plan(
        state,
        book=booked(a, state),
        by_money=(free - wanted) / cheap,
        by_memory=1.0 - free / cheap,
        borrowers=borrowers / (owners + borrowers),
    )


def additions(a: Assumptions, expected: Array, log_q_now: Array, leverage: Array | float) -> Array:
    """Return desired additions, a share of the fleet per quarter; above zero, smoothly.

    Funds cost more by the external premium times ``leverage``, which lowers q.
    """
    dearer = user_cost_rate(a, a.external_premium * leverage) / user_cost_rate(a)
    q = log_q_now - jnp.log(dearer)
    return positive_part(a.attrition * YEARS + expected + a.investment_response * q, 0.05)


def funded(a: Assumptions, expected: Array, log_q_now: Array, leverage: Array) -> Array:
    """Return additions for which there are funds at a ``leverage``: what lenders hold back is off.

    A share of the fleet per quarter.
    """
    return additions(a, expected, log_q_now, leverage) * jnp.exp(-a.credit_rationing * leverage)


def first_borrowers(a: Assumptions) -> Array:
    """Return the share of builders without a cash flow of their own where nobody owes yet."""
    lent = a.borrower_share * jnp.exp(-a.credit_rationing)
    return lent / (1.0 - a.borrower_share + lent)


def booked(a: Assumptions, now: Investment) -> Array:
    """Return orders that are not due yet, USD bn: each quarter `commitment` of the book stays."""
    return jnp.exp(now.log_due) * a.commitment / (1.0 - a.commitment)


def raise_funds(a: Assumptions, due: Plan, paid: Array, earned: Array) -> Funds:
    """Return the largest owners' cash flow, and what all owners borrow to pay for AI, USD bn.

    Parameters
    ----------
    paid
        Capital spending on AI of the quarter.
    earned
        What compute sold left over running costs.

    Notes
    -----
    Own funds come first: the share of cash flow that is kept, less capital spending on other things
    (the pecking order of Myers 1984). Some builders have none. Owners beside them and the largest
    are taken to have funds in proportion to what they spend.
    """
    now = due.state
    cash_flow = jnp.exp(now.log_cash_flow) + a.owner_share * earned
    own = a.retention * cash_flow - jnp.exp(now.log_other)
    needed = a.owner_share * paid - own
    scale = jnp.exp(now.log_cash_flow)
    short = scale * positive_part(needed / scale, 0.05) / a.owner_share
    return Funds(cash_flow, due.borrowers * paid + (1.0 - due.borrowers) * short)


def settle(a: Assumptions, now: Investment, funds: Funds) -> Investment:
    """Return investment with what was borrowed in debt, and what leverage follows."""
    debt = now.debt * (1.0 - a.debt_repayment) + funds.borrowed
    yearly = funds.cash_flow / (YEARS * a.owner_share)
    return replace(now, debt=debt, leverage=(debt + funds.borrowed / YEARS) / yearly)


def deliver(now: Investment, log_cost: Array, log_price: Array, log_powered: Array) -> Deliveries:
    """Return deliveries: the smooth minimum of desired, manufacturable and powered compute.

    Parameters
    ----------
    log_cost, log_price
        ln kUSD per H100e, of the whole site and of the chips alone.
    log_powered
        ln million H100e that free power can carry.
    """
    wanted = now.log_due - log_cost
    makeable = now.log_manufacturing - log_price
    return Deliveries(
        log_wanted=wanted,
        log_makeable=makeable,
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
