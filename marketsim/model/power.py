"""Mechanism 6: power. Starts pass a queue; equipment ramps; what is short earns a premium."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from .assumptions import Assumptions
from .smooth import log_softmin, positive_part, relax
from .tree import pytree
from .units import YEARS

STAGES: Final = 3
"""Stages of the queue: waiting times are Erlang, with the mean of `power_lead_time`."""

EQUIPMENT_AT_START: Final = 6.0
"""Capacity to equip sites over what AI needed at the start: it equips all data centres."""

EQUIPMENT_RESPONSE: Final = 0.15
"""Share per quarter of a shortfall of equipment that its makers close."""


@pytree
class Power:
    """State of power for AI, GW at the site: queue [stage], energised, logs of the rest."""

    queue: Array
    energised: Array
    log_starts: Array
    log_equipment: Array
    log_electricity: Array


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
    waits = jnp.arange(STAGES) * stage
    queue = starts * (stage / YEARS) * jnp.exp(-a.power_foresight * (waits + 0.5 * stage))
    return Power(
        queue=queue,
        energised=used * (1.0 + a.initial_power_slack),
        log_starts=jnp.log(starts),
        log_equipment=jnp.log(EQUIPMENT_AT_START * added),
        log_electricity=jnp.log(a.electricity_price),
    )


def advance_power(a: Assumptions, now: Power, wanted: Array, shortage: Array) -> Power:
    """Return power a quarter on.

    Parameters
    ----------
    wanted
        GW that this quarter's desired deliveries would need.
    shortage
        Power scarcity: ln wanted over available, smooth positive part.

    Notes
    -----
    Starts move to what planners expect to be wanted when they finish. The outflow of the queue and
    supply behind the meter are energised as fast as cooling, switchgear and transformers allow.
    Sites built for other uses come equipped.
    """
    flow = now.queue * -jnp.expm1(-STAGES * YEARS / a.power_lead_time)
    inflow = jnp.concatenate([jnp.exp(now.log_starts)[None], flow[:-1]])
    own = a.behind_the_meter * shortage * now.energised
    ready = jnp.log(flow[-1] + own)
    energised = jnp.exp(log_softmin(jnp.stack([ready, now.log_equipment])))
    waiting = flow[-1] + own - energised
    plan = jnp.log(wanted) + a.power_foresight * a.power_lead_time
    return Power(
        queue=(now.queue - flow + inflow).at[-1].add(waiting),
        energised=now.energised + energised + a.general_capacity,
        log_starts=relax(now.log_starts, plan, a.power_response),
        log_equipment=now.log_equipment
        + a.equipment_growth * YEARS
        + EQUIPMENT_RESPONSE * positive_part(ready - now.log_equipment, 0.1),
        log_electricity=now.log_electricity + a.electricity_growth * YEARS,
    )


def premium(a: Assumptions, shortage: Array) -> Array:
    """Return the factor on prices of electricity and leases when power is short."""
    return jnp.exp(a.power_premium * shortage)
