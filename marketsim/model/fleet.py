"""Mechanism 5: the installed fleet and its books, by age and architecture."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import Assumptions
from .smooth import positive_part, sum_by_halves
from .tree import pytree
from .units import KILOHOURS, YEARS, along

AGES: Final = 28
"""Quarters of age told apart; the last holds everything older."""

RUNNING_POWER: Final = 4
"""Of rent over running cost in the odds that a vintage runs, and is kept."""

RETIREMENT: Final = 0.30
"""Share of a vintage retired per quarter when rent is far below its running cost."""

TINY: Final = 1e-9


@pytree
class Fleet:
    """Surviving vintages, arrays [age, architecture].

    ``compute`` million H100e, ``power`` GW of IT load, ``book`` USD bn not yet written off.
    """

    compute: Array
    power: Array
    book: Array


@pytree
class Removal:
    """What left the fleet in a quarter: million H100e, GW, and USD bn of book value."""

    compute: Array
    power: Array
    book: Array


@pytree
class Accounts:
    """A quarter's charges and the loss not yet charged, USD bn.

    ``depreciation``, ``write_down``, and ``unrecognised``: what book value has over economic value.
    """

    depreciation: Array
    write_down: Array
    unrecognised: Array


def initial_fleet(a: Assumptions, shares: Array, log_price: Array, log_power: Array) -> Fleet:
    """Return a fleet grown at a steady rate up to the start, given shares [architecture]."""
    growth = 0.15
    ages = along(np.arange(AGES)[:, None], a.attrition)
    weights = jnp.exp(-growth * ages)
    compute = a.initial_compute * weights / weights.sum(axis=0) * shares
    older = YEARS * ages
    power = compute * jnp.exp(log_power + a.compute_per_watt_growth * older)
    paid = compute * jnp.exp(log_price + a.compute_per_dollar_growth * older)
    unworn = positive_part(1.0 - older / a.accounting_life, 0.02)
    return Fleet(compute=compute, power=power, book=paid * unworn)


def running_cost(a: Assumptions, electricity: Array, kw: Array) -> Array:
    """Return energy at PUE and hosting, kUSD per quarter per H100e that draws ``kw``."""
    return kw * ((1.0 + a.power_overhead) * electricity * KILOHOURS + a.hosting_cost)


def hourly_cost(a: Assumptions, fleet: Fleet, electricity: Array) -> Array:
    """Return USD per H100e-hour of running each vintage, [age, architecture]."""
    kw = (fleet.power + TINY) / (fleet.compute + TINY)
    return kw * (running_cost(a, electricity, jnp.ones_like(electricity)) / KILOHOURS)


def running_share(rent: Array, cost: Array) -> Array:
    """Return the share of a vintage that runs at ``rent``, both USD per H100e-hour.

    Its running ``cost`` differs from site to site: the logistic function of ln rent less ln cost.
    """
    rent, cost = rent**RUNNING_POWER, cost**RUNNING_POWER
    return rent / (rent + cost)


def retire(a: Assumptions, fleet: Fleet, rent: Array, cost: Array) -> tuple[Fleet, Removal]:
    """Remove what failed and what no longer earns its running cost, smoothly."""
    economic = RETIREMENT * running_share(cost, rent)
    removed = 1.0 - (1.0 - economic) * jnp.exp(-a.attrition * YEARS)
    kept = Fleet(
        compute=fleet.compute * (1.0 - removed),
        power=fleet.power * (1.0 - removed),
        book=fleet.book * (1.0 - removed),
    )
    return kept, Removal(
        compute=total(removed * fleet.compute),
        power=total(removed * fleet.power),
        book=total(removed * fleet.book),
    )


def total(vintages: Array) -> Array:
    """Return the sum of ``vintages`` [age, architecture]."""
    if vintages.ndim == 2:  # of one world: the many tangents of calibration are slow in halves
        return vintages.sum(axis=(0, 1))
    return sum_by_halves(vintages.reshape(-1, *vintages.shape[2:]))


def newest(fleet: Fleet) -> Array:
    """Return the share of the compute that was added last, and is let at the price of the day."""
    return fleet.compute[0].sum(axis=0) / total(fleet.compute)


def add_vintage(fleet: Fleet, compute: Array, power: Array, paid: Array) -> Fleet:
    """Age the fleet by a quarter and add a new vintage, arrays [architecture]."""

    def push(old: Array, new: Array) -> Array:
        oldest = old[-1] + old[-2]
        return jnp.concatenate([new[None], old[:-2], oldest[None]])

    return Fleet(
        compute=push(fleet.compute, compute),
        power=push(fleet.power, power),
        book=push(fleet.book, paid),
    )


def keep_books(a: Assumptions, fleet: Fleet, value: Array) -> tuple[Fleet, Accounts]:
    """Charge a quarter's depreciation, and part of what book has over economic ``value``.

    Straight-line: what is left of a vintage is spread over what is left of its accounting life, so
    that a vintage written down early is charged less later. ``value`` USD bn, [age, architecture].
    """
    years = along(YEARS * np.arange(AGES)[:, None], a.attrition)
    left = YEARS + positive_part(a.accounting_life - years - YEARS, 0.05)
    depreciation = fleet.book * (YEARS / left)
    book = fleet.book - depreciation
    gap = book * positive_part(1.0 - value / (book + TINY), 0.05)
    write_down = a.write_down_speed * gap
    kept = Fleet(compute=fleet.compute, power=fleet.power, book=book - write_down)
    return kept, Accounts(
        depreciation=total(depreciation),
        write_down=total(write_down),
        unrecognised=total(gap - write_down),
    )


def economic_value(fleet: Fleet, rent: Array, cost: Array, rate: Array) -> Array:
    """Return the present value of net rent by vintage, USD bn, at ``rate`` per quarter.

    ``rent`` and running ``cost`` USD per H100e-hour; ``rate`` holds the hurdle, attrition and the
    expected fall of rent.
    """
    return fleet.compute * positive_part(rent - cost, 0.05) * (KILOHOURS / rate)
