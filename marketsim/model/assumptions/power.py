"""Assumptions on power, its queue and what it earns when short."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


@pytree
class PowerAssumptions:
    """How fast power arrives, and who earns what when it is short: mechanism 6."""

    power_lead_time: Array = assumption(
        "years",
        "mean time from start to energised capacity",
        lognormal(2.4, 0.2),
        "data/facts/power.csv: transformers 128 weeks, switchgear 46; queue to operation 5 years "
        "for a new connection, two for a site that has one",
    )
    general_capacity: Array = assumption(
        "GW per quarter",
        "data-centre power built for other uses that AI takes over",
        lognormal(0.5, 0.3),
        "data/facts/power.csv: the world's 55 GW of data centres grow by 12 % a year, 1.6 GW a "
        "quarter; AI takes a third of what others built",
    )
    power_foresight: Array = assumption(
        "per year",
        "growth of capacity that planners of power expect",
        lognormal(0.55, 0.2),
        "data/facts/installed_compute.csv: power of AI chips doubled each year, 2023-2025, more "
        "than utilities or owners had planned for",
    )
    power_response: Array = assumption(
        "share per quarter", "speed at which starts move to plan", share(0.25, 0.4), JUDGEMENT
    )
    behind_the_meter: Array = assumption(
        "share per quarter",
        "own generation added per log unit of power scarcity, share of energised capacity",
        lognormal(0.04, 0.5),
        JUDGEMENT,
    )
    equipment_growth: Array = assumption(
        "per year",
        "growth of capacity to make cooling, switchgear and transformers",
        normal(0.20, 0.05),
        JUDGEMENT,
    )
    equipment_response: Array = assumption(
        "share per quarter",
        "share of a shortfall of that equipment that its makers close",
        share(0.15, 0.4),
        JUDGEMENT,
    )
    equipment_premium: Array = assumption(
        "elasticity",
        "rise of its price per log unit of shortfall",
        lognormal(0.30, 0.4),
        JUDGEMENT,
    )
    power_rent_share: Array = assumption(
        "share",
        "part of the scarcity rent of power that generators and landlords take from its users",
        share(0.20, 0.5),
        "data/facts/power.csv: PJM capacity price rose ninefold in one auction; leases reprice "
        "slowly",
    )
    power_contract_turnover: Array = assumption(
        "share per quarter",
        "share of contracts for electricity and leases that turn over in a quarter",
        share(0.08, 0.3),
        "leases of powered shell run for five to fifteen years, hedges of generators for two",
    )
    initial_power_slack: Array = assumption(
        "ratio",
        "energised capacity above what the fleet used at the start",
        lognormal(1.5, 0.5),
        "AI drew a small part of data centres then and took over general capacity",
    )
    initial_equipment: Array = assumption(
        "ratio",
        "capacity to equip sites over what AI needed at the start: it equips all data centres",
        lognormal(6.0, 0.3),
        "data/facts/power.csv: the world adds 1.6 GW of data centres a quarter",
    )
