"""Mechanism 9: who is paid. Spending by layer, with premia for what is scarce."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .investment import Deliveries
from .power import premium
from .smooth import relax
from .units import KILOHOURS

RECOGNITION: Final = (0.85, 0.85, 0.85, 0.90, 0.60, 0.80, 0.75, 0.75, 0.35, 0.50, 0.20, 0.70, 0.70)
"""Share of a change in layer spending that reaches revenue within the quarter, by layer: foundry
leads (it is paid on orders), power equipment lags by two quarters and leases, which reprice as they
end, by four."""


def layer_spending(
    a: Assumptions,
    deliveries: Deliveries,
    chips: Array,
    orders: Array,
    load: Array,
    added_load: Array,
    electricity: Array,
    rent: Array,
) -> Array:
    """Return spending by layer, USD bn per quarter, [layer].

    Parameters
    ----------
    chips
        Accelerators delivered at prices before premia, USD bn, [architecture].
    orders
        Accelerators ordered at those prices, USD bn.
    load, added_load
        IT load of the fleet and of this quarter's deliveries, GW.
    electricity
        Price before premia, kUSD per MWh.
    rent
        Compute that ran, at the price of contracts, USD bn.
    """
    chip_factor = jnp.exp(a.chip_premium * deliveries.chip_scarcity)
    power_factor = premium(a, deliveries.power_scarcity)
    open_market = jnp.array([1.0, 0.0, 0.0]) * -a.export_control + 1.0
    accelerators = chips * chip_factor * open_market
    total = accelerators.sum()
    foundry = a.foundry_content * orders * chip_factor
    memory = a.memory_content * total * jnp.exp(a.memory_premium * deliveries.chip_scarcity)
    # Servers are invoiced with the merchant accelerators inside.
    facility = (1.0 + a.power_overhead) * load
    parts = (
        foundry,
        0.35 * foundry,
        memory,
        a.networking_content * total,
        accelerators[0] + a.server_content * total,
        a.power_equipment_cost * added_load * power_factor,
        facility * electricity * KILOHOURS * power_factor,
        a.lease_rate * load * power_factor,
        a.cloud_markup * a.rented_share * rent,
        (1.0 - a.rented_share) * rent,
    )
    return jnp.concatenate([accelerators, jnp.stack(parts)])


def recognise(last: Array, spending: Array) -> Array:
    """Return spending as revenue recognises it, [layer]: partial adjustment, layer by layer."""
    return relax(last, spending, jnp.array(RECOGNITION))
