"""Mechanism 6: power. Starts pass a queue; equipment ramps; what is short earns a rent.

Prices of the grid, and supply behind the meter, are in `grid`.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import Assumptions
from .smooth import SHARPNESS, bounded, log_minimum, positive_part, relax, scarcity
from .tree import pytree
from .units import KILOHOURS, YEARS, along

STAGES: Final = 3
"""Stages of the queue: waiting times are Erlang, with the mean of `power_lead_time`."""


@pytree
class Power:
    """State of power for AI, GW at the site unless stated.

    ``queue`` [stage]; ``energised``, of which ``own`` is generated behind the meter; logs of starts
    and of the capacity to equip sites, GW per quarter; ``log_load`` of the fleet; ``foreseen``, the
    growth of load that planners expect, per year; ``log_let``, ln GW of IT load that landlords
    house; ln of the electricity price, kUSD per MWh; ``log_short``, ln shortfall of equipment;
    ``rent``, the scarcity rent of a kW of IT load, kUSD per quarter; ``log_factor``, ln of what
    contracts for electricity and leases pay over their prices without scarcity.
    """

    queue: Array
    energised: Array
    own: Array
    log_starts: Array
    log_equipment: Array
    log_load: Array
    foreseen: Array
    log_let: Array
    log_electricity: Array
    log_short: Array
    rent: Array
    log_factor: Array


@pytree
class Loading:
    """What a quarter asks of power and brings to it.

    ``load`` of the fleet after it, and ``need``, what it would be had all that was wanted been
    delivered, GW; ``own`` generation that arrives, GW; ``electricity``, the price off the grid,
    kUSD per MWh; ``rent``, kUSD per kW.
    """

    load: Array
    need: Array
    own: Array
    electricity: Array
    rent: Array


def initial_power(a: Assumptions, used: Array, added: Array) -> Power:
    """Return power at the start, with a queue that planners sized for expected growth.

    Parameters
    ----------
    used
        GW the fleet draws at PUE.
    added
        GW that this quarter's deliveries will need.
    """
    stage = a.power_lead_time / STAGES
    starts = added * jnp.exp(a.power_foresight * a.power_lead_time)
    waits = along(np.arange(STAGES), stage) * stage
    queue = starts * (stage / YEARS) * jnp.exp(-a.power_foresight * (waits + 0.5 * stage))
    return Power(
        queue=queue,
        energised=used * (1.0 + a.initial_power_slack),
        own=0.0 * used,
        log_starts=jnp.log(starts),
        log_equipment=jnp.log(a.initial_equipment * added),
        log_load=jnp.log(used),
        foreseen=a.power_foresight + 0.0 * used,
        log_let=jnp.log(used / (1.0 + a.power_overhead)),
        log_electricity=jnp.log(a.initial_electricity_price),
        log_short=0.0 * used,
        rent=0.0 * used,
        log_factor=0.0 * used,
    )


def advance_power(a: Assumptions, now: Power, loading: Loading) -> Power:
    """Return power a quarter on.

    Notes
    -----
    The outflow of the queue and supply behind the meter are energised as fast as cooling,
    switchgear and transformers allow; what they do not allow waits. Sites built for other uses come
    equipped, and go back to other uses when AI leaves them idle.
    """
    flow = now.queue * leaving(a)
    inflow = jnp.concatenate([jnp.exp(now.log_starts)[None], flow[:-1]])
    came = flow[-1] + loading.own
    ready = jnp.log(came)
    energised = jnp.exp(log_minimum(ready, now.log_equipment))
    *earlier, last = now.queue - flow + inflow
    waiting = jnp.stack([*earlier, last + came - energised])
    taken, left = exchanged(a, now.energised, loading.need)
    capacity = now.energised * (1.0 - left) + energised + taken
    own = now.own * (1.0 - left) + energised * (loading.own / came)
    short = positive_part(ready - now.log_equipment, 0.1)
    log_load = jnp.log(loading.load)
    foreseen = relax(now.foreseen, (log_load - now.log_load) / YEARS, a.power_learning)
    started, withdrawn = planned(a, foreseen, loading.need, capacity, waiting.sum(axis=0))
    return Power(
        queue=waiting * (1.0 - withdrawn),
        energised=capacity,
        own=own,
        log_starts=jnp.log(started),
        log_equipment=now.log_equipment + a.equipment_growth * YEARS + a.equipment_response * short,
        log_load=log_load,
        foreseen=foreseen,
        log_let=let(a, now.log_let, log_load),
        log_electricity=jnp.log(mixed_price(a, own / capacity, loading.electricity)),
        log_short=scarcity(ready, now.log_equipment),
        rent=loading.rent,
        log_factor=contracted(a, now, loading.rent),
    )


def planned(
    a: Assumptions, foreseen: Array, need: Array, energised: Array, waiting: Array
) -> tuple[Array, Array]:
    """Return GW started in a quarter, and the share of what is waiting that is withdrawn.

    Planners count what is on its way: capacity energised and ``waiting`` grows with the growth
    ``foreseen`` and closes part of the gap to what will be needed after the lead time, margin
    included (stock adjustment with a supply line, Sterman 1989). Nobody starts what stands idle
    already, and projects that nobody will need are given up.
    """
    ahead = energised + waiting
    gap = jnp.log((1.0 + a.power_margin) * need / ahead) + expected_growth(a, foreseen)
    wanted = foreseen * YEARS + a.power_response * gap
    surplus = positive_part(-wanted, 0.02) * ahead / waiting
    return ahead * positive_part(wanted, 0.02), surplus / (1.0 + surplus)


def expected_growth(a: Assumptions, foreseen: Array) -> Array:
    """Return the growth of load that planners expect over the lead time, in logs.

    Growth ``foreseen`` for now, per year, is expected to fade.
    """
    return foreseen * -jnp.expm1(-a.growth_fading * a.power_lead_time) / a.growth_fading


def exchanged(a: Assumptions, energised: Array, need: Array) -> tuple[Array, Array]:
    """Return GW that AI takes over from other uses, and the share of its own that it leaves them.

    AI takes what it lacks, margin included, of what there is, `general_capacity`; of what it does
    not need others take a part each quarter.
    """
    wanted = (1.0 + a.power_margin) * need / energised
    short = energised * positive_part(wanted - 1.0)
    idle = a.site_release * positive_part(1.0 - wanted)
    return a.general_capacity * short / (a.general_capacity + short), idle


def let(a: Assumptions, log_let: Array, log_load: Array) -> Array:
    """Return ln GW of IT load that landlords house, a quarter on.

    Their share of the load is as it was at the start where their capital keeps up; where load grows
    faster they fall behind and follow, and tenants build for themselves. Leases outlast a fall.
    """
    return relax(log_let, log_load - jnp.log1p(a.power_overhead), a.landlord_response)


def mixed_price(a: Assumptions, own: Array, grid: Array) -> Array:
    """Return the price of electricity of sites that generate a share ``own``, kUSD per MWh."""
    return grid + own * (a.own_generation_cost - grid)


def on_grid(now: Power) -> Array:
    """Return GW that sites draw from the grid."""
    return jnp.exp(now.log_load) * (1.0 - now.own / now.energised)


def leaving(a: Assumptions) -> Array:
    """Return the share of each stage that leaves it in a quarter.

    A stage is left after a quarter over that share in the mean, so the stages together take the
    lead time; a stage shorter than a quarter takes a quarter, smoothly.
    """
    share = STAGES * YEARS / a.power_lead_time
    return jnp.exp(log_minimum(jnp.log(share), jnp.zeros_like(share), sharpness=16.0))


def scarcity_rent(log_delivered: Array, log_powered: Array, surplus: Array, kw: Array) -> Array:
    """Return the rent that a kW of powered site earns, kUSD per quarter.

    Parameters
    ----------
    log_delivered, log_powered
        ln million H100e delivered, and what could be were power the only limit.
    surplus
        Rent of an H100e over all its costs, kUSD per quarter, positive.
    kw
        IT load of an H100e, kW.

    Notes
    -----
    Deliveries are a smooth minimum, and the derivative of its log by the log of a limit is that
    limit's share in binding; by the envelope theorem the surplus of the marginal H100e is divided
    among the limits in these shares. Nothing is earned where power does not bind, and never more
    than the surplus.
    """
    binding = jnp.exp(SHARPNESS * (log_delivered - log_powered))
    return binding * surplus / kw


def contracted(a: Assumptions, now: Power, rent: Array) -> Array:
    """Return ln of the factor on electricity and leases under contract, a quarter on.

    New contracts pay their owners' part of the scarcity ``rent``, kUSD per kW and quarter; old ones
    turn over slowly.
    """
    electricity = (1.0 + a.power_overhead) * jnp.exp(now.log_electricity) * KILOHOURS
    spot = jnp.log1p(a.power_rent_share * rent / (a.lease_rate + electricity))
    return relax(now.log_factor, spot, a.power_contract_turnover)


def equipment_factor(a: Assumptions, now: Power) -> Array:
    """Return the factor on the price of power equipment when it is short."""
    return jnp.exp(bounded(a.equipment_premium * now.log_short, a.premium_limit))
