"""From accounts and assumptions to what turns revenue into cash; in JAX."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from .accounts import Accounts, Quotes
from .assumptions import ValuationAssumptions
from .statement import Terms

__all__ = ["LEAST_COST", "MOST_SERVED", "NORMAL_SALES_TO_PLANT", "standing", "terms_of"]

LEAST_COST: Final = 0.02
"""Cost of a dollar of volume, at the least."""

NORMAL_SALES_TO_PLANT: Final = 1.5
"""Where a company's own record says nothing (Damodaran, US median: 1.2 of all capital, of which
working capital is a sixth)."""

MOST_SERVED: Final = 0.9
"""Share of a volume that own fleets serve, at the most: they were smaller then."""

BEYOND: Final = 1e30
"""Above anything whose middle is looked for."""


def terms_of(a: ValuationAssumptions, accounts: Accounts, quotes: Quotes) -> Terms:
    """Return what turns revenue into cash, [company]; unknown debt is none.

    Smooth in the assumptions but for kinks at what accounts say: see :func:`standing`.
    """
    found = standing(a, accounts)
    del found["margin"]
    debt = jnp.where(jnp.isnan(accounts.net_debt), 0.0, accounts.net_debt)
    return Terms(**found, net_debt=debt, beta=quotes.beta, equity_share=quotes.equity_share)


def standing(a: ValuationAssumptions, accounts: Accounts) -> dict[str, Array]:
    """Return what accounts say of `Terms`, by name, and the ``margin``, [company].

    Notes
    -----
    Linear or nearly so in ``lease_upkeep``, ``letting_price`` and ``working_capital``, the
    assumptions that it reads, but for kinks: where all depreciation that is not replaced is of
    buildings, where overhead or the plant built net of it is nothing, where a fleet just serves
    what its lines sell or 0.9 of a volume, or lines show just what own use brings, where cost is
    the least there may be, and where another year is the middle one of three, or dearer than it.
    """
    x = accounts
    lasting = lasting_share(a, x)
    overhead = jnp.maximum(x.overhead - lasting, 0.0)
    # Who sells more than it owns rents the rest: its cost is in the cost of sales.
    spare = jnp.maximum(x.fleet - x.sold / a.letting_price, 0.0)
    # What own use brings shows in lines, as far as it goes.
    shown = x.at_home * jnp.minimum(x.used / a.letting_price, spare)
    sells = (x.fleet - spare + shown) * a.letting_price
    served = jnp.minimum(sells[:, None] * x.let, MOST_SERVED * x.price)
    now, mean = costs(x, lasting + overhead, served)
    turned = sales_to_plant(x, lasting)
    volume, by_fleet = x.revenue * x.price[:, -1], x.revenue * served[:, -1]
    hidden = jnp.where(spare > 0.0, 1.0 - shown / jnp.where(spare > 0.0, spare, 1.0), 0.0)
    stocks = a.working_capital * x.revenue
    return {
        "margin": x.margin[:, -1] + lasting,
        "volume": volume,
        "since": x.since,
        "served": by_fleet,
        "inputs": x.revenue * x.inputs[:, -1],
        "cost": now,
        "long_run_cost": 0.5 * (now + mean),
        "overhead": x.revenue * overhead,
        "tax_rate": x.tax_rate,
        "sales_to_plant": turned,
        "fleet": x.fleet,
        "spare": spare,
        "at_home": x.at_home,
        "hidden": x.at_home * hidden,
        "borrowed": x.borrowed,
        "builders": x.builders,
        "holders": x.holders,
        "ai_share": x.ai_share,
        "exposure": x.exposure,
        "capital": (volume - by_fleet) / turned + stocks + x.fleet * x.book,
    }


def lasting_share(a: ValuationAssumptions, x: Accounts) -> Array:
    """Return depreciation that nothing is spent to replace, a share of revenue, [company].

    What was acquired; of landlords' buildings at least what ``lease_upkeep`` leaves.
    """
    upkeep = jnp.where(x.landlord, a.lease_upkeep, 1.0)
    return jnp.maximum(x.unreplaced, (1.0 - upkeep) * x.written)


def costs(x: Accounts, apart: Array, served: Array) -> tuple[Array, Array]:
    """Return cost by dollar of volume that fleets do not serve, now and in the mean of years.

    Without what is set ``apart`` of revenue, [company]. ``served`` by volume, [company, year].
    """
    spent = 1.0 - x.margin - apart[:, None] - x.inputs - x.fleet[:, None] * x.fleets
    by_volume = jnp.maximum(spent / (x.price - served), LEAST_COST)
    # Charges come once and gains hardly ever: the better of the last year and the middle of three.
    now = jnp.minimum(by_volume[:, -1], middle(by_volume[:, -3:], x.known[:, -3:]))
    count = jnp.maximum(x.known.sum(axis=1), 1)
    return now, jnp.where(x.known, by_volume, 0.0).sum(axis=1) / count


def sales_to_plant(x: Accounts, lasting: Array) -> Array:
    """Return revenue gained per dollar of plant, net of what replaces what is worn out, [company].

    By the record of five years, which counts as far as revenue grew, and what is normal. Without a
    record it is the median of the layer, else of all.
    """
    replaced = jnp.maximum(x.worn - lasting[:, None] * x.turnover, 0.0).sum(axis=1)
    built = jnp.maximum(x.built - replaced, 0.0)
    own = (x.gained + x.usual) / (built + x.usual / NORMAL_SALES_TO_PLANT)
    peers = (x.layer[:, None] == x.layer) & (x.layer >= 0) & x.recorded
    near = middle(jnp.broadcast_to(own, peers.shape), peers)
    every = jnp.where(x.recorded.any(), middle(own, x.recorded), NORMAL_SALES_TO_PLANT)
    return jnp.where(x.recorded, own, jnp.where(peers.any(axis=1), near, every))


def middle(values: Array, known: Array) -> Array:
    """Return the median of what is ``known`` over the last axis; of nothing, no number to use."""
    ordered = jnp.sort(jnp.where(known, values, BEYOND), axis=-1)
    count = known.sum(axis=-1, keepdims=True)
    low, high = jnp.maximum(count - 1, 0) // 2, count // 2
    pair = [jnp.take_along_axis(ordered, place, axis=-1)[..., 0] for place in (low, high)]
    return 0.5 * (pair[0] + pair[1])
