"""Mechanism 6: power. Starts pass a queue; equipment ramps; what is short earns a rent."""

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

    ``queue`` [stage]; ``energised``; logs of starts and of the capacity to equip sites, GW per
    quarter; ln of the electricity price, kUSD per MWh; ``log_short``, ln shortfall of equipment;
    ``rent``, the scarcity rent of a kW of IT load, kUSD per quarter; ``log_factor``, ln of what
    contracts for electricity and leases pay over their prices without scarcity.
    """

    queue: Array
    energised: Array
    log_starts: Array
    log_equipment: Array
    log_electricity: Array
    log_short: Array
    rent: Array
    log_factor: Array


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
        log_starts=jnp.log(starts),
        log_equipment=jnp.log(a.initial_equipment * added),
        log_electricity=jnp.log(a.initial_electricity_price),
        log_short=0.0 * used,
        rent=0.0 * used,
        log_factor=0.0 * used,
    )


def advance_power(a: Assumptions, now: Power, wanted: Array, shortage: Array, rent: Array) -> Power:
    """Return power a quarter on.

    Parameters
    ----------
    wanted
        GW that this quarter's desired deliveries would need.
    shortage
        Power scarcity: ln wanted over available, smooth positive part.
    rent
        This quarter's scarcity rent, kUSD per kW.

    Notes
    -----
    Starts move to what planners expect to be wanted when they finish. The outflow of the queue and
    supply behind the meter are energised as fast as cooling, switchgear and transformers allow;
    what they do not allow waits. Sites built for other uses come equipped.
    """
    flow = now.queue * leaving(a)
    inflow = jnp.concatenate([jnp.exp(now.log_starts)[None], flow[:-1]])
    own = a.behind_the_meter * shortage * now.energised
    ready = jnp.log(flow[-1] + own)
    energised = jnp.exp(log_minimum(ready, now.log_equipment))
    waiting = flow[-1] + own - energised
    plan = jnp.log(wanted) + a.power_foresight * a.power_lead_time
    short = positive_part(ready - now.log_equipment, 0.1)
    *earlier, last = now.queue - flow + inflow
    return Power(
        queue=jnp.stack([*earlier, last + waiting]),
        energised=now.energised + energised + a.general_capacity,
        log_starts=relax(now.log_starts, plan, a.power_response),
        log_equipment=now.log_equipment + a.equipment_growth * YEARS + a.equipment_response * short,
        log_electricity=now.log_electricity + a.electricity_growth * YEARS,
        log_short=scarcity(ready, now.log_equipment),
        rent=rent,
        log_factor=contracted(a, now, rent),
    )


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
