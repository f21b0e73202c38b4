"""Mechanism 11: what a dollar of each layer's spending costs those who are paid it.

Where quantity cannot answer, price does, and what a seller's costs do not share in is margin: the
markup of a merchant, dear memory, scarce wafers, turbines and powered shells. Volumes are what
lines would earn at ordinary prices on what they add themselves, so that costs follow volumes and
margins prices; inputs that are passed on come on top, dollar for dollar, whatever the seller's own
margin is.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .grid import Settlement
from .layers import Flows, Prices, servers
from .memory import Sales, memory_revenue, revenue_at_cost
from .tree import pytree
from .units import ARCHITECTURES, LAYERS


@pytree
class Costs:
    """What sets costs apart from prices in a quarter.

    ``sales`` of memory and its ``log_cost``, ln USD per GB; what turbines ``settled`` at; what was
    ``bought``.
    """

    sales: Sales
    log_cost: Array
    settled: Settlement
    bought: Flows


@pytree
class Content:
    """What a dollar of spending holds, by layer, [layer].

    ``volumes``: what sellers add themselves, at ordinary prices. ``inputs`` that they pass on: what
    scarce wafers and dear memory cost more than ordinarily, and accelerators inside servers.
    ``ordinary``: what is left of the dollar, without such inputs, when scarcity has ended and
    memory and turbines are back at their cost; a markup stays, and so does what electricity and
    leases cost under contract.
    """

    volumes: Array
    inputs: Array
    ordinary: Array


def content(a: Assumptions, prices: Prices, costs: Costs) -> Content:
    """Return what a dollar of each layer's spending holds.

    Makers of accelerators pay for wafers and memory, and keep what is left of their price;
    foundries and makers of power equipment keep all that scarcity pays; memory and turbines have
    their cost in the long run. What merchant generators earn above their base costs them nothing
    more. Server makers earn on the box: accelerators inside, and what its memory costs more, they
    pass on. Layers that pass on their costs with a margin stay at one.
    """
    one, none = jnp.ones_like(prices.chips), jnp.zeros_like(prices.chips)
    scarce = prices.chips * prices.memory.chips
    price = scarce * prices.markup
    more = a.foundry_content * (prices.chips - 1.0) + prices.memory.hbm - prices.memory.hbm_at_cost
    memory = revenue_at_cost(a, costs.sales, costs.log_cost) / memory_revenue(a, costs.sales)
    arrived, paid = (x.sum(axis=0) for x in (costs.settled.arrivals, costs.settled.paid))
    sold = servers(a, prices, costs.bought)
    box = sold.ordinary / sold.total
    same = {
        "foundry": 1.0 / prices.chips,
        "memory": memory,
        "servers": box,
        "power_equipment": 1.0 / prices.equipment,
        "turbines": arrived * a.turbine_cost / paid,
    }
    volumes = {**same, **_chips(1.0 / price), "generation": none, "leases": 1.0 / prices.power}
    inputs = {**_chips(more / price), "servers": 1.0 - box}
    ordinary = {**same, **_chips(1.0 / scarce)}
    return Content(_stacked(volumes, one), _stacked(inputs, none), _stacked(ordinary, one))


def _chips(of: Array) -> dict[str, Array]:
    """Return what is ``of`` architectures [architecture] by the name of their layer."""
    return dict(zip(ARCHITECTURES, of, strict=True))


def _stacked(by_layer: dict[str, Array], other: Array) -> Array:
    return jnp.stack([by_layer.get(name, other) for name in LAYERS])
