"""Claims on capital: C11, C12."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model import ARCHITECTURES, Assumptions, State, fleet
from marketsim.model.investment import discount

from .claim import Finding, found
from .where import CALIBRATED, INELASTIC, SLACK, WHERE, measured
from .worlds import Worlds, revenue

OLD: Final = 8
"""Quarters from which a vintage counts as old."""

EARLY: Final = 0
"""Quarter ahead in which the order of the cuts shows."""

LATE: Final = 8
"""Quarter ahead by which power and leases have caught up."""

LATER: Final = 11
"""Quarter ahead at whose rent vintages are valued."""

SOLD: Final = {"chips": ARCHITECTURES, "power": ("power_equipment",), "leases": ("leases",)}
"""Layers whose order the lags show."""


@measured(CALIBRATED, INELASTIC)
def stranded(worlds: Worlds) -> Finding:
    """C11. Faster efficiency brings write-downs before lives end, and old fleets lose most.

    Where supply is short or demand elastic, scarcity keeps rents above what books need: the claim
    is about the other side of the paradox.
    """
    a = worlds.assumptions
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
    """C12. A higher hurdle, or later returns, cut chips first, power and leases later.

    With limits slack power also falls before leases. Where supply binds investors want more than
    they get, and at once a hurdle cuts little of either.
    """
    cuts, loose = (_cuts(kind) for kind in (worlds, WHERE[SLACK](worlds)))
    ordered = _lagged(loose) & np.all([x["power"] > x["leases"] for x in _at(loose, EARLY)], axis=0)
    decides, beside = (
        found(_at(kind, EARLY)[0]["chips"], holds, slice(0, LATE))
        for kind, holds in ((cuts, _lagged(cuts)), (loose, ordered))
    )
    return replace(decides, beside={SLACK: beside})


Cut = dict[str, np.ndarray]
"""How much is cut, in logs, by what is sold."""


def _cuts(worlds: Worlds) -> list[Cut]:
    """Return cuts [draw, quarter] by a hurdle 1.6 times as high, and by returns a year later."""
    a, plain = worlds.assumptions, worlds.plain
    dear = worlds.with_(hurdle_rate=1.6 * a.hurdle_rate)
    late = worlds.with_(return_delay=a.return_delay + 1.0)
    return [
        {
            name: np.log(revenue(plain, *layers) / revenue(after, *layers))
            for name, layers in SOLD.items()
        }
        for after in (dear.ahead(), late.ahead())
    ]


def _at(cuts: list[Cut], quarter: int) -> list[Cut]:
    """Return the cuts of a quarter ahead, each [draw]."""
    return [{name: cut[:, quarter] for name, cut in each.items()} for each in cuts]


def _lagged(cuts: list[Cut]) -> np.ndarray:
    """Return whether chips are cut most at once, and power and leases more later, [draw]."""
    holds = [
        (now["chips"] > now[name]) & (later[name] > now[name])
        for now, later in zip(_at(cuts, EARLY), _at(cuts, LATE), strict=True)
        for name in ("power", "leases")
    ]
    return np.asarray(np.all(holds, axis=0))
