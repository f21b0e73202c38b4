"""Assumptions on power, its queue and what it earns when short."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


@pytree
class PowerAssumptions:
    """How fast power arrives, and who earns what when it is short: mechanism 6.

    What history of compute and spending tells of them is how much power there must have been: on
    equipment, on contracts and on what idle sites become no series bears.
    """

    power_lead_time: Array = assumption(
        "years",
        "mean time from start to energised capacity",
        lognormal(2.4, 0.2),
        "data/facts/power.csv: transformers 128 weeks, switchgear 46; queue to operation 5 years "
        "for a new connection, two for a site that has one",
    )
    general_capacity: Array = assumption(
        "GW per quarter",
        "most data-centre power built for other uses that AI can take over",
        lognormal(1.6, 0.3),
        "data/facts/power.csv: the world's 55 GW of data centres grow by 12 % a year, 1.6 GW a "
        "quarter",
    )
    power_foresight: Array = assumption(
        "per year",
        "growth of load that planners of power expect at the start",
        lognormal(0.55, 0.2),
        "data/facts/installed_compute.csv: power of AI chips doubled each year, 2023-2025, more "
        "than utilities or owners had planned for",
    )
    power_response: Array = assumption(
        "share per quarter",
        "share of a gap between capacity on its way and what will be needed that starts close",
        share(0.25, 0.4),
        JUDGEMENT,
    )
    power_learning: Array = assumption(
        "share per quarter",
        "speed at which the growth that planners expect follows the growth they see",
        share(0.25, 0.4),
        JUDGEMENT,
    )
    growth_fading: Array = assumption(
        "per year",
        "rate at which planners expect growth of load to fade",
        lognormal(0.40, 0.4),
        JUDGEMENT,
    )
    power_margin: Array = assumption(
        "ratio",
        "capacity that owners want energised above what their fleet draws",
        lognormal(0.20, 0.4),
        "rated loads are never drawn at once; data/facts/power.csv: 1 to 4 % of colocation vacant",
    )
    site_release: Array = assumption(
        "share per quarter",
        "share of energised capacity that AI leaves idle which other uses take",
        share(0.10, 0.4),
        JUDGEMENT,
    )
    landlord_response: Array = assumption(
        "share per quarter",
        "share of a gap between AI's load and what they house of it that landlords' capital closes",
        share(0.04, 0.4),
        "data/facts/quarterly_revenue.csv: Equinix and Digital Realty grew by 8 to 10 % a year in "
        "all while the power of AI chips doubled each year",
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
        lognormal(0.30, 0.5),
        "vacancy was 3 to 4 % and sites fill over years; AI took over general capacity besides",
    )
    initial_equipment: Array = assumption(
        "ratio",
        "capacity to equip sites over what AI needed at the start: it equips all data centres",
        lognormal(6.0, 0.3),
        "data/facts/power.csv: the world adds 1.6 GW of data centres a quarter",
    )
