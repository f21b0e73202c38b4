"""Claims on capital: C11, C12."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model import ARCHITECTURES, Assumptions, State, fleet
from marketsim.model.investment import discount

from .claim import Finding, found
from .worlds import Worlds, revenue, slack

OLD: Final = 8
"""Quarters from which a vintage counts as old."""

EARLY: Final = 0
"""Quarter ahead in which the order of the cuts shows."""

LATE: Final = 8
"""Quarter ahead by which leases have caught up."""

LATER: Final = 11
"""Quarter ahead at whose rent vintages are valued."""


def stranded(worlds: Worlds) -> Finding:
    """C11. Faster efficiency brings write-downs before lives end, and old fleets lose most.

    Where supply is short or demand elastic, scarcity keeps rents above what books need: the claim
    is about the other side of the paradox, so there is slack and elasticity is 0.7.
    """
    a, worlds = worlds.assumptions, slack(worlds).with_(elasticity=0.7)
    faster = worlds.with_(
        compute_per_dollar_growth=a.compute_per_dollar_growth + 0.3,
        compute_per_watt_growth=a.compute_per_watt_growth + 0.3,
    )
    plain, fast = worlds.plain, faster.ahead()
    charged = [q.write_down.sum(axis=1) / q.book_value.mean(axis=1) for q in (plain, fast)]
    values = [jax.vmap(value)(a, worlds.state, q.rent[:, LATER]) for q in (plain, fast)]
    old, young = np.log(values[0] / values[1]).T
    return found(charged[1] - charged[0], (charged[1] > charged[0]) & (old > young) & (young > 0.0))


def value(a: Assumptions, now: State, rent: Array) -> Array:
    """Return what today's old vintages and young ones are worth per H100e at ``rent``, [2]."""
    electricity = jnp.exp(now.power.log_electricity + now.power.log_factor)
    cost = fleet.hourly_cost(a, now.fleet, electricity)
    worth = fleet.economic_value(now.fleet, rent, cost, discount(a))
    ages = (slice(OLD, None), slice(0, OLD))
    return jnp.stack([worth[age].sum() / now.fleet.compute[age].sum() for age in ages])


def lags(worlds: Worlds) -> Finding:
    """C12. A higher hurdle, or later returns, cut chips first, then power, then leases.

    Where supply binds investors want more than they get, and a hurdle cuts little: there is slack.
    """
    a, worlds = worlds.assumptions, slack(worlds)
    plain = worlds.plain
    hard = worlds.with_(hurdle_rate=1.6 * a.hurdle_rate).ahead()
    late = worlds.with_(return_delay=a.return_delay + 1.0).ahead()
    holds = np.ones(worlds.draws, dtype=bool)
    for worse in (hard, late):
        chips, plant, leases = (
            np.log(revenue(plain, *names) / revenue(worse, *names))
            for names in (ARCHITECTURES, ("power_equipment",), ("leases",))
        )
        first = (chips > plant)[:, EARLY] & (plant > leases)[:, EARLY]
        holds &= first & (leases[:, LATE] > leases[:, EARLY])
    cut = np.log(revenue(plain, *ARCHITECTURES) / revenue(hard, *ARCHITECTURES))[:, EARLY]
    return found(cut, holds)
