"""Mechanism 9: who is paid. Spending by layer, with premia for what is scarce."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import Assumptions
from .memory import Premia
from .smooth import bounded, relax
from .tree import pytree
from .units import ASIC, GPU, KILOHOURS, LAYERS, LOW_LATENCY, along, layer

RECOGNITION: Final = {
    "gpu": 0.85,
    "asic": 0.85,
    "low_latency": 0.85,
    "foundry": 0.90,
    "foundry_equipment": 0.60,
    "memory": 0.90,
    "networking": 0.75,
    "servers": 0.75,
    "power_equipment": 0.35,
    "turbines": 0.85,
    "construction": 0.35,
    "electricity": 0.50,
    "generation": 0.85,
    "operations": 0.85,
    "leases": 0.30,
    "cloud": 0.70,
    "own_use": 0.70,
}
"""Share of a change in layer spending that reaches revenue within the quarter, by layer: foundry
leads (it is paid on orders), power equipment lags by two quarters and leases, which begin with the
site, by more."""

TOOLS: Final = 0.35
"""Foundries' spending on equipment per dollar of wafers and packaging (TSMC: a third)."""


@pytree
class Prices:
    """Factors on prices, and the price of electricity before its own, kUSD per MWh.

    ``chips`` by scarcity, ``memory`` by what it adds to chips and servers, ``markup`` of chips by
    architecture, ``power`` of electricity and leases, ``equipment`` of power equipment.
    """

    chips: Array
    memory: Premia
    markup: Array
    power: Array
    equipment: Array
    electricity: Array


@pytree
class Flows:
    """What is bought in a quarter.

    ``chips`` delivered, USD bn at prices before factors [architecture]; ``load`` of the fleet,
    ``let`` by landlords and ``added`` by deliveries, GW of IT; ``rent`` of compute that ran, USD bn
    at the price of contracts; ``turbines`` paid for, earnings of ``generation`` and ``memory`` by
    all its buyers, USD bn; ``worth``, what compute would be worth to owners who used all of it, USD
    bn; ``independent``, the share of low-latency designs that no merchant incumbent owns.
    """

    chips: Array
    load: Array
    let: Array
    added: Array
    rent: Array
    worth: Array
    turbines: Array
    generation: Array
    memory: Array
    independent: Array


def scarce_price(a: Assumptions, chip_scarcity: Array) -> Array:
    """Return the factor on prices of chips when they are short; it has a limit."""
    return jnp.exp(bounded(a.chip_premium * chip_scarcity, a.premium_limit))


def markups(a: Assumptions, log_price: Array, log_markup: Array) -> Array:
    """Return factors on chip prices beyond their cost trends, [architecture].

    Parameters
    ----------
    log_price
        Cost trends, ln kUSD per H100e, [architecture].
    log_markup
        Of merchant GPUs, in logs.

    Notes
    -----
    Owners have their ASICs at cost. Sellers of low-latency designs follow the merchant's price with
    a part of theirs, so that they keep that part of what they gain on it in cost (Amiti, Itskhoki
    and Konings 2019).
    """
    ahead = log_price[GPU] + log_markup - log_price[LOW_LATENCY]
    gained = ahead + jnp.log(a.initial_relative_price[LOW_LATENCY - ASIC])
    return jnp.exp(jnp.stack([log_markup, 0.0 * gained, a.entrant_pricing * gained]))


def layer_spending(a: Assumptions, prices: Prices, flows: Flows) -> Array:
    """Return spending by layer as it accrues, USD bn per quarter, [layer].

    Accelerators, networking, what servers add to them, power equipment and construction are the
    capital spending on sites; electricity and operations the spending on running them. Foundry and
    its equipment are paid out of accelerators, for the wafers of those delivered and no others:
    what lacks fabs or power is not begun. Memory is paid out of them, of servers and by all others
    who buy it, leases by tenants of sites to their owners, cloud by those who compute. Own use is
    what it is worth to those who use; generation and turbines are paid by all users of the grid.
    """
    paid, absorbed = accelerators(prices, flows)
    total = paid.sum(axis=0)
    foundry = a.foundry_content * flows.chips.sum(axis=0) * prices.chips
    facility = (1.0 + a.power_overhead) * flows.load
    by_layer = {
        "gpu": paid[GPU] + absorbed,
        "asic": paid[ASIC],
        "low_latency": paid[LOW_LATENCY] - absorbed,
        "foundry": foundry,
        "foundry_equipment": TOOLS * foundry,
        "memory": flows.memory,
        "networking": a.networking_content * total,
        "servers": servers(a, prices, flows).total,
        "power_equipment": a.power_equipment_cost * flows.added * prices.equipment,
        "turbines": flows.turbines,
        "construction": a.shell_cost * flows.added,
        "electricity": facility * prices.electricity * KILOHOURS * prices.power,
        "generation": flows.generation,
        "operations": a.hosting_cost * flows.load,
        "leases": a.lease_rate * flows.let * prices.power,
        "cloud": a.cloud_markup * a.rented_share * flows.rent,
        "own_use": (1.0 - a.rented_share) * flows.worth,
    }
    return jnp.stack([by_layer[name] for name in LAYERS])


@pytree
class Servers:
    """Spending on servers, USD bn: in ``total``, and what is ``ordinary`` of it.

    That is without the accelerators inside, and with memory at its cost.
    """

    total: Array
    ordinary: Array


def servers(a: Assumptions, prices: Prices, flows: Flows) -> Servers:
    """Return spending on servers, which are invoiced with the merchant's accelerators inside."""
    paid, absorbed = accelerators(prices, flows)
    box = a.server_content * (paid * prices.memory.servers).sum(axis=0)
    return Servers(paid[GPU] + absorbed + box, a.server_content * paid.sum(axis=0))


def accelerators(prices: Prices, flows: Flows) -> tuple[Array, Array]:
    """Return what is paid for chips, USD bn [architecture], and for what a merchant absorbed."""
    paid = flows.chips * prices.chips * prices.memory.chips * prices.markup
    return paid, paid[LOW_LATENCY] * (1.0 - flows.independent)


def operating(spending: Array) -> Array:
    """Return what running sites costs, of ``spending`` [layer]."""
    return spending[layer("electricity")] + spending[layer("operations")]


def earned(a: Assumptions, spending: Array) -> Array:
    """Return what compute sold left over the cost of running it, of ``spending`` [layer]."""
    return spending[layer("cloud")] - a.rented_share * operating(spending)


def capital(spending: Array) -> Array:
    """Return what building sites costs, of ``spending`` [layer].

    The merchant's accelerators are counted inside servers.
    """
    names = ("asic", "low_latency", "networking", "servers", "power_equipment", "construction")
    return sum((spending[layer(name)] for name in names), start=jnp.zeros_like(spending[0]))


def merchant_margin(a: Assumptions, prices: Prices) -> Array:
    """Return the merchant's margin over wafers, packaging and memory, a share of the price."""
    content = a.foundry_content * prices.chips + prices.memory.hbm[GPU]
    return 1.0 - content / (prices.chips * prices.memory.chips[GPU] * prices.markup[GPU])


def recognise(last: Array, spending: Array) -> Array:
    """Return spending as revenue recognises it, [layer]: partial adjustment, layer by layer."""
    share = np.array([RECOGNITION[name] for name in LAYERS])
    return relax(last, spending, along(share, spending[0]))
