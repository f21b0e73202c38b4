"""Assumptions on the installed fleet and its books."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


@pytree
class FleetAssumptions:
    """What the installed fleet costs to run and is worth in the books: mechanism 5."""

    attrition: Array = assumption(
        "per year", "physical failure and removal of chips", lognormal(0.05, 0.3), JUDGEMENT
    )
    hosting_cost: Array = assumption(
        "kUSD per kW per quarter",
        "staff, space and upkeep of a running kW",
        lognormal(0.25, 0.25),
        "data/facts/power.csv: a GB200 site costs 8.5 USD bn per GW-year, servers 5.0, energy 0.6",
    )
    power_overhead: Array = assumption(
        "ratio",
        "power drawn beyond the IT load (PUE less one)",
        lognormal(0.25, 0.2),
        "data/facts/power.csv: hyperscalers 0.08-0.16, world survey 0.54",
    )
    electricity_growth: Array = assumption(
        "per year",
        "trend of the electricity price",
        normal(0.025, 0.02),
        "data/facts/power.csv: EIA, industrial price, 3 % a year from 2018 to 2025 in leaps",
    )
    accounting_life: Array = assumption(
        "years",
        "straight-line life of servers in the books",
        lognormal(5.5, 0.08),
        "data/facts/accounting.csv, the mean of the owners by the decision date: Microsoft, "
        "Alphabet 6, Meta 5.5, Amazon 5 in 2025",
    )
    write_down_speed: Array = assumption(
        "share per quarter",
        "share of a gap of book over economic value that owners write down",
        share(0.10, 0.5),
        "data/facts/accounting.csv: Amazon retired 920 USD m early in 2024; assets are tested in "
        "groups, so that gaps stay in the books for years",
    )
