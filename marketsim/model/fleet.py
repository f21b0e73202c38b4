"""Mechanism 5: the installed fleet and its books, by age and architecture."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .smooth import positive_part
from .tree import pytree
from .units import KILOHOURS, YEARS

AGES: Final = 28
"""Quarters of age told apart; the last holds everything older."""

RUNNING_WIDTH: Final = 0.25
"""Log width over which a vintage stops, and is retired, as rent falls below its running cost."""

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
    ages = jnp.arange(AGES)[:, None]
    weights = jnp.exp(-growth * ages)
    compute = a.initial_compute * weights / weights.sum() * shares
    older = YEARS * ages
    power = compute * jnp.exp(log_power + a.compute_per_watt_growth * older)
    paid = compute * jnp.exp(log_price + a.compute_per_dollar_growth * older)
    unworn = positive_part(1.0 - older / a.accounting_life, 0.02)
    return Fleet(compute=compute, power=power, book=paid * unworn)


def running_cost(a: Assumptions, electricity: Array, kw: Array) -> Array:
    """Return energy at PUE and hosting, kUSD per quarter per H100e that draws ``kw``."""
    return kw * ((1.0 + a.power_overhead) * electricity * KILOHOURS + a.hosting_cost)


def log_running_cost(a: Assumptions, fleet: Fleet, electricity: Array) -> Array:
    """Return ln USD per H100e-hour of running each vintage, [age, architecture]."""
    kw = (fleet.power + TINY) / (fleet.compute + TINY)
    return jnp.log(running_cost(a, electricity, kw) / KILOHOURS)


def log_compute(fleet: Fleet) -> Array:
    """Return ln million H100e of each vintage, [age, architecture]."""
    return jnp.log(fleet.compute + TINY)


def retire(a: Assumptions, fleet: Fleet, log_rent: Array, log_cost: Array) -> tuple[Fleet, Removal]:
    """Remove what failed and what no longer earns its running cost, smoothly."""
    economic = RETIREMENT * jax.nn.sigmoid((log_cost - log_rent) / RUNNING_WIDTH)
    removed = 1.0 - (1.0 - economic) * jnp.exp(-a.attrition * YEARS)
    kept = Fleet(
        compute=fleet.compute * (1.0 - removed),
        power=fleet.power * (1.0 - removed),
        book=fleet.book * (1.0 - removed),
    )
    return kept, Removal(
        compute=(removed * fleet.compute).sum(),
        power=(removed * fleet.power).sum(),
        book=(removed * fleet.book).sum(),
    )


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
    years = YEARS * jnp.arange(AGES)[:, None]
    left = YEARS + positive_part(a.accounting_life - years - YEARS, 0.05)
    depreciation = fleet.book * (YEARS / left)
    book = fleet.book - depreciation
    gap = book * positive_part(1.0 - value / (book + TINY), 0.05)
    write_down = a.write_down_speed * gap
    kept = Fleet(compute=fleet.compute, power=fleet.power, book=book - write_down)
    return kept, Accounts(
        depreciation=depreciation.sum(),
        write_down=write_down.sum(),
        unrecognised=(gap - write_down).sum(),
    )


def economic_value(fleet: Fleet, log_rent: Array, log_cost: Array, rate: Array) -> Array:
    """Return the present value of net rent by vintage, USD bn, at ``rate`` per quarter.

    ``rate`` holds the hurdle, attrition and the expected fall of rent.
    """
    net = positive_part(jnp.exp(log_rent) - jnp.exp(log_cost), 0.05) * KILOHOURS
    return fleet.compute * net / rate
