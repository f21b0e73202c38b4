"""Mechanism 11: what a dollar of each layer's spending costs those who are paid it.

Where quantity cannot answer, price does, and what a seller's costs do not share in is margin: the
markup of a merchant, dear memory, scarce wafers, turbines and powered shells. Volumes are what
lines would earn at prices that just cover cost, so that costs follow volumes and margins prices.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .grid import Settlement
from .layers import Prices, merchant
from .memory import Sales, memory_revenue, revenue_at_cost
from .tree import pytree
from .units import ARCHITECTURES, LAYERS


@pytree
class Costs:
    """What sets costs apart from prices in a quarter.

    ``sales`` of memory and its ``log_cost``, ln USD per GB; what turbines ``settled`` at.
    """

    sales: Sales
    log_cost: Array
    settled: Settlement


def content(a: Assumptions, prices: Prices, costs: Costs) -> Array:
    """Return cost over price by layer, one at ordinary prices, [layer].

    Accelerators cost their wafers and memory, and foundries what wafers cost before scarcity;
    memory and turbines their cost in the long run. What merchant generators earn above their base
    costs them nothing more. Layers that pass on what they pay stay at one.
    """
    chips = accelerators(a, prices)
    memory = revenue_at_cost(a, costs.sales, costs.log_cost) / memory_revenue(a, costs.sales)
    arrived, paid = (x.sum(axis=0) for x in (costs.settled.arrivals, costs.settled.paid))
    one = jnp.ones_like(prices.chips)
    by_layer = {
        **dict(zip(ARCHITECTURES, chips, strict=True)),
        "foundry": 1.0 / prices.chips,
        "memory": memory,
        "power_equipment": 1.0 / prices.equipment,
        "turbines": arrived * a.turbine_cost / paid,
        "generation": 0.0 * one,
        "leases": 1.0 / prices.power,
    }
    return jnp.stack([by_layer.get(name, one) for name in LAYERS])


def ordinary(prices: Prices, content_now: Array) -> Array:
    """Return what ordinary prices are of those paid, by layer, [layer].

    Scarcity of chips and of equipment ends, and memory and turbines come back to cost; a markup
    stays, and so does what electricity and leases cost under contract.
    """
    one = jnp.ones_like(prices.chips)
    accelerator = 1.0 / (prices.chips * prices.memory.chips)
    by_layer = {
        **dict(zip(ARCHITECTURES, accelerator, strict=True)),
        "generation": one,
        "leases": one,
    }
    return jnp.stack([by_layer.get(n, content_now[i]) for i, n in enumerate(LAYERS)])


def accelerators(a: Assumptions, prices: Prices) -> Array:
    """Return cost over price of accelerators, one at ordinary prices, [architecture]."""
    cost = a.foundry_content * prices.chips + prices.memory.hbm
    price = prices.chips * prices.memory.chips * merchant(prices.markup)
    return cost / (a.foundry_content + prices.memory.hbm_at_cost) / price
