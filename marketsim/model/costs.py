"""What a new H100e costs to buy, house and run, by architecture."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .fleet import running_cost
from .investment import user_cost_rate
from .layers import scarce_price
from .memory import Premia
from .power import Power, equipment_factor
from .tree import pytree


@pytree
class Costs:
    """Costs of new chips, kUSD per H100e, and kW per H100e; [architecture].

    ``chip`` as quoted; ``site`` all in, and ``ordinary`` were memory at its cost; for a quarter
    ``running`` as contracts have it, ``bare`` without what scarce power adds to them, and
    ``power``, the scarcity rent of the power it draws.
    """

    chip: Array
    site: Array
    ordinary: Array
    running: Array
    bare: Array
    power: Array
    kw: Array


def new_chip_costs(
    a: Assumptions,
    log_price: Array,
    log_power: Array,
    grid: Power,
    markup: Array,
    chip_scarcity: Array,
    memory: Premia,
) -> Costs:
    """Return costs of new chips at prices as quoted.

    Parameters
    ----------
    log_price, log_power
        ln kUSD and kW per H100e, [architecture].
    grid
        Power as the last quarter left it.
    markup
        Over their cost trend, [architecture].
    chip_scarcity
        As quoted, in logs.
    memory
        What it adds to prices as quoted.
    """
    kw = jnp.exp(log_power)
    bare = jnp.exp(log_price) * markup * scarce_price(a, chip_scarcity)
    chip, equipment = bare * memory.chips, equipment_factor(a, grid)
    electricity = jnp.exp(grid.log_electricity)
    return Costs(
        chip=chip,
        site=site_cost(a, chip, kw, equipment, memory.servers),
        ordinary=site_cost(a, bare, kw, equipment, 1.0),
        running=running_cost(a, electricity * jnp.exp(grid.log_factor), kw),
        bare=running_cost(a, electricity, kw),
        power=kw * grid.rent,
        kw=kw,
    )


def site_cost(
    a: Assumptions, chip: Array, kw: Array, equipment: Array, servers: Array | float
) -> Array:
    """Return the cost of a chip with its servers, network and share of the site, as ``chip``.

    ``equipment`` is the factor on the price of power equipment, ``servers`` that of memory on what
    servers add.
    """
    systems = chip * (1.0 + a.networking_content + a.server_content * servers)
    return systems + kw * (a.shell_cost + a.power_equipment_cost * equipment)


def capital_cost(a: Assumptions, costs: Costs) -> Array:
    """Return the user cost of capital of new chips, kUSD per H100e and quarter, [architecture]."""
    return costs.site * user_cost_rate(a)
