"""Mechanism 6, prices: the grid that load presses on, what it charges, and who builds supply.

Merchant generators sell energy and capacity in markets whose capacity grows slowly. As load comes
nearer to it, both prices rise and reprice the whole fleet, as hedges roll off and auctions come to
delivery. High prices bring orders of turbines, which take years; sites that cannot wait generate
their own power at a higher cost.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .power import Power, on_grid
from .smooth import bounded, log_minimum, positive_part, relax, sigmoid, smooth_minimum
from .tree import pytree
from .units import KILOHOURS, YEARS

BUYERS: Final = ("site", "grid")
"""Of turbines, engines and fuel cells: sites behind the meter, and generators on the grid."""

SITE, GRID = range(len(BUYERS))

HOURS: Final = 24.0
"""In a day."""


@pytree
class Grid:
    """State of the markets in which merchants sell, and of orders to supply them.

    ``log_firm``, ln firm capacity over what the peak load of all but AI requires; ``backlog`` GW
    and ``owed`` USD bn on order because of load [buyer]; ``energy``, what hedged energy sells for
    above its price at the start, USD per MWh; ``capacity``, what delivered capacity is paid, USD
    per MW-day; ``log_tariff``, ln price of electricity for industry, kUSD per MWh.
    """

    log_firm: Array
    backlog: Array
    owed: Array
    energy: Array
    capacity: Array
    log_tariff: Array


@pytree
class Settlement:
    """Prices, orders and payments of a quarter.

    ``wholesale`` USD per MWh at the fuel price of the start; ``capacity`` as an auction clears it,
    USD per MW-day; ``orders`` and ``arrivals`` GW, ``value`` of orders and ``paid`` USD bn [buyer].
    """

    wholesale: Array
    capacity: Array
    orders: Array
    arrivals: Array
    value: Array
    paid: Array


def initial_grid(a: Assumptions) -> Grid:
    """Return the grid at the start: reserves are ample, and orders have long been what they are."""
    none = 0.0 * a.grid_size
    orders = grid_orders(a, a.initial_capacity_price)
    backlog = jnp.stack([none, orders]) / fulfilled(a)
    return Grid(
        log_firm=jnp.log1p(a.initial_reserve),
        backlog=backlog,
        owed=backlog * turbine_price(a, backlog),
        energy=none,
        capacity=a.initial_capacity_price + none,
        log_tariff=jnp.log(a.initial_electricity_price),
    )


def tightness(a: Assumptions, log_firm: Array, load: Array) -> Array:
    """Return ln of required over firm capacity, at AI's ``load`` on the grid, GW of the world.

    Zero where firm capacity is just what the planning reserve requires.
    """
    return jnp.log1p(a.grid_share * load / a.grid_size) - log_firm


def wholesale_price(a: Assumptions, tight: Array) -> Array:
    """Return the price of energy at the fuel price of the start, USD per MWh.

    Convex: the merit order is flat while reserves are as ample as at the start, and steepens as
    they shrink.
    """
    rise = positive_part(tight + jnp.log1p(a.initial_reserve), 0.02)
    premium = bounded(a.wholesale_response * rise, a.premium_limit)
    return a.initial_wholesale_price * jnp.exp(premium)


def capacity_price(a: Assumptions, tight: Array) -> Array:
    """Return what an auction of capacity clears at, USD per MW-day.

    Convex as reserves shrink towards the requirement, and held below its limit beyond: the sloped
    demand curve of such an auction, and its cap.
    """
    height = jnp.log(a.capacity_price_limit / a.initial_capacity_price)
    return a.initial_capacity_price * jnp.exp(height * sigmoid(tight / a.capacity_width))


def settle(a: Assumptions, now: Grid, power: Power, rent: Array) -> Settlement:
    """Return the quarter's prices, orders and payments.

    ``power`` as the last quarter left it; ``rent`` of a kW of IT load, kUSD per quarter. Auctions
    look ahead to the load that planners foresee at delivery.
    """
    load = on_grid(power)
    later = load * jnp.exp(power.foreseen * a.capacity_lead)
    firm_later = now.log_firm + a.grid_growth * a.capacity_lead
    capacity = capacity_price(a, tightness(a, firm_later, later))
    orders = jnp.stack([own_orders(a, power, rent), grid_orders(a, capacity)])
    return Settlement(
        wholesale=wholesale_price(a, tightness(a, now.log_firm, load)),
        capacity=capacity,
        orders=orders,
        arrivals=arrivals(a, now),
        value=orders * turbine_price(a, now.backlog),
        paid=now.owed * fulfilled(a),
    )


def own_orders(a: Assumptions, power: Power, rent: Array) -> Array:
    """Return GW of generation that sites order for themselves in a quarter.

    Supply behind the meter answers to what a powered kW is worth, scarcity ``rent`` and electricity
    of the grid, over what it costs to generate.
    """
    worth = rent / (1.0 + a.power_overhead) / KILOHOURS + jnp.exp(power.log_electricity)
    gain = positive_part(jnp.log(worth / a.own_generation_cost), 0.2)
    return a.behind_the_meter * power.energised * gain


def grid_orders(a: Assumptions, capacity: Array) -> Array:
    """Return GW of firm capacity that generators order in a quarter, at an auction's price."""
    return a.grid_size * a.grid_response * YEARS * capacity / a.capacity_price_limit


def fulfilled(a: Assumptions) -> Array:
    """Return the share of each backlog [buyer] that is delivered and paid in a quarter."""
    lead = jnp.stack([a.own_generation_lead, a.turbine_lead])
    share = jnp.log(YEARS / lead)
    return jnp.exp(log_minimum(share, jnp.zeros_like(share), sharpness=16.0))


def arrivals(a: Assumptions, now: Grid) -> Array:
    """Return GW delivered of each backlog in a quarter, [buyer]."""
    return now.backlog * fulfilled(a)


def turbine_price(a: Assumptions, backlog: Array) -> Array:
    """Return the price of new orders, kUSD per kW: slots are dearer the longer the line."""
    longer = backlog.sum(axis=0) / a.initial_turbine_backlog
    return a.turbine_cost * jnp.exp(a.turbine_premium * jnp.log1p(longer))


def advance_grid(a: Assumptions, now: Grid, settled: Settlement) -> Grid:
    """Return the grid a quarter on: hedges roll off, auctions come to delivery, plants open."""
    opened = jnp.log1p(settled.arrivals[GRID] / (a.grid_size * jnp.exp(now.log_firm)))
    above = settled.wholesale - a.initial_wholesale_price
    return Grid(
        log_firm=now.log_firm + a.grid_growth * YEARS + opened,
        backlog=now.backlog + settled.orders - settled.arrivals,
        owed=now.owed + settled.value - settled.paid,
        energy=relax(now.energy, above, a.hedge_turnover),
        capacity=relax(now.capacity, settled.capacity, YEARS / (YEARS + a.capacity_lead)),
        log_tariff=now.log_tariff + a.electricity_growth * YEARS,
    )


def premium(a: Assumptions, now: Grid) -> Array:
    """Return what a MWh that flows all day costs above its price at the start, USD."""
    return now.energy + (now.capacity - a.initial_capacity_price) / HOURS


def grid_electricity(a: Assumptions, now: Grid) -> Array:
    """Return what sites pay for electricity off the grid, kUSD per MWh."""
    return jnp.exp(now.log_tariff) + 1e-3 * premium(a, now)


def merchant_earnings(a: Assumptions, now: Grid, power: Power) -> Array:
    """Return what merchants earn above their base, USD bn per quarter.

    Energy on their output and capacity on their plants, whoever buys it; and where AI's sites pay
    for scarce power under contract, that too, on no more than their output and no more than it
    costs to generate at the site.
    """
    capacity = (now.capacity - a.initial_capacity_price) / HOURS
    sold = smooth_minimum(a.grid_share * on_grid(power), a.merchant_output)
    scarce = jnp.exp(power.log_electricity) * jnp.expm1(power.log_factor)
    contracts = sold * 1e3 * bounded(scarce, a.own_generation_cost)
    earned = a.merchant_output * now.energy + a.merchant_capacity * capacity + contracts
    return 1e-3 * KILOHOURS * earned
