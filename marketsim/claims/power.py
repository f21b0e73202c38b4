"""Claims on power: C2, C3, C6."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax
import numpy as np
from jax import Array

from marketsim.model import Assumptions, Quarter, State
from marketsim.model.costs import capital_cost, site_cost
from marketsim.model.power import equipment_factor
from marketsim.model.steps import quoted_costs

from .claim import Finding, found
from .where import CALIBRATED, SLACK, TIGHT, measured
from .worlds import Worlds, layer, pinched

YEAR: Final = slice(0, 4)
NUDGE: Final = 0.05
"""Log change of an efficiency to value it by."""

FAR: Final = 10.0
"""Gap in compute per watt that no two designs on sale are apart."""


@measured(TIGHT, CALIBRATED, SLACK)
def rebound(worlds: Worlds) -> Finding:
    """C2. While power binds, half the watts of new chips are twice the compute and as many GW."""
    frugal = worlds.with_(new_chips(worlds.state, power=-np.log(2.0))).ahead()
    plain = worlds.plain
    gigawatts = np.abs(np.log(frugal.load / plain.load))[:, YEAR].max(axis=1)
    ratio = added(frugal) / added(plain)
    return found(ratio, (gigawatts < 0.01) & (ratio > 1.8), YEAR)


def new_chips(now: State, power: float = 0.0, price: float = 0.0) -> State:
    """Return a state whose chips to come change in ln kW and ln price per H100e."""
    t = now.technology
    return replace(
        now,
        technology=replace(t, log_power=t.log_power + power, log_price=t.log_price + price),
    )


def ceiling(worlds: Worlds) -> Finding:
    """C3. When power binds a watt saved is worth more than a dollar, and power owners earn more."""
    bound = pinched(worlds)
    gain, calibrated = (watts_before_dollars(kind) for kind in (bound, worlds))
    pays = [paid_per_gigawatt(kind.plain)[:, YEAR].mean(axis=1) for kind in (worlds, bound)]
    beside = found(calibrated, calibrated > 0.0, YEAR)
    decides = found(gain, (gain > 0.0) & (pays[1] > pays[0]), YEAR)
    return replace(decides, where=TIGHT, beside={CALIBRATED: beside})


def watts_before_dollars(worlds: Worlds) -> np.ndarray:
    """Return the elasticity of compute added to watts saved, less that to dollars, [draw]."""
    per_watt, per_dollar = (
        np.log(added(worlds.with_(new_chips(worlds.state, **saved)).ahead()) / added(worlds.plain))
        for saved in ({"power": -NUDGE}, {"price": -NUDGE})
    )
    return np.asarray((per_watt - per_dollar) / NUDGE)


def added(q: Quarter) -> Array:
    """Return compute delivered in a year, million H100e, [draw]."""
    return q.delivered[:, YEAR].sum(axis=1)


def paid_per_gigawatt(q: Quarter) -> Array:
    """Return what generators and landlords are paid per GW, [draw, quarter]."""
    return (layer(q, "electricity") + layer(q, "leases")) / q.load


def free_chips(worlds: Worlds) -> Finding:
    """C6. A chip that costs nothing loses to a dear one beyond some gap in compute per watt."""
    rents = [kind.ahead().power_rent[:, YEAR].mean(axis=1) for kind in (pinched(worlds), worlds)]
    bound, free = (jax.vmap(break_even)(worlds.assumptions, worlds.state, r) for r in rents)
    decides = found(bound, (bound < free) & (bound < FAR), YEAR)
    return replace(decides, where=TIGHT, beside={CALIBRATED: found(free, free < FAR, YEAR)})


def break_even(a: Assumptions, now: State, rent: Array) -> Array:
    """Return the gap in compute per watt at which a free GPU costs as much as one at its price.

    All but the chip grows with its power: site, running cost and the scarcity ``rent`` of power,
    kUSD per kW and quarter.
    """
    costs = quoted_costs(a, replace(now, power=replace(now.power, rent=rent)))
    dear = capital_cost(a, costs) + costs.bare + costs.power
    none, plant = 0.0 * costs.chip, equipment_factor(a, now.power)
    bare = replace(costs, site=site_cost(a, none, costs.kw, plant, servers=1.0 + none))
    free = capital_cost(a, bare) + costs.bare + costs.power
    return (dear / free)[0]
