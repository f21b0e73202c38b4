"""Assumptions on what a dollar of accelerators brings with it."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


@pytree
class LayerAssumptions:
    """Who else is paid when chips, sites and compute are: mechanism 9."""

    chip_premium: Array = assumption(
        "elasticity",
        "rise of chip prices per log unit of manufacturing scarcity",
        lognormal(0.40, 0.25),
        JUDGEMENT,
    )
    premium_limit: Array = assumption(
        "log",
        "largest rise of ln price that scarcity alone brings",
        lognormal(1.2, 0.2),
        "data/facts/accounting.csv: H100 rental of 8.5 USD in mid-2023 against 2 later",
    )
    networking_content: Array = assumption(
        "ratio",
        "networking and optics per dollar of accelerators",
        lognormal(0.26, 0.15),
        "data/facts/quarterly_revenue.csv: NVIDIA networking 8.2 of 51.2 USD bn, and other makers",
    )
    server_content: Array = assumption(
        "ratio",
        "server and rack value added per dollar of accelerators",
        lognormal(0.22, 0.2),
        JUDGEMENT,
    )
    foundry_content: Array = assumption(
        "ratio", "wafers and packaging per dollar of accelerators", lognormal(0.14, 0.2), JUDGEMENT
    )
    power_equipment_cost: Array = assumption(
        "kUSD per kW",
        "power and cooling equipment per kW of IT load",
        lognormal(4.5, 0.15),
        "data/facts/power.csv: shell with plant 11.7 USD m per MW",
    )
    shell_cost: Array = assumption(
        "kUSD per kW",
        "building without power and cooling equipment, per kW of IT load",
        lognormal(7.0, 0.15),
        "data/facts/power.csv: shell with plant 11.7 USD m per MW",
    )
    lease_rate: Array = assumption(
        "kUSD per kW per quarter",
        "rent of powered shell",
        lognormal(0.48, 0.15),
        "about 160 USD per kW-month",
    )
    rented_share: Array = assumption(
        "share",
        "share of compute sold as cloud, the rest used by its owner",
        share(0.28, 0.25),
        JUDGEMENT,
    )
    contract_turnover: Array = assumption(
        "share per quarter",
        "share of compute contracts repriced to the market in a quarter",
        share(0.15, 0.3),
        "cloud commitments of three to five years, and on-demand beside them",
    )
    cloud_markup: Array = assumption(
        "ratio", "cloud revenue per dollar of contracted compute", lognormal(1.30, 0.15), JUDGEMENT
    )
    token_markup: Array = assumption(
        "ratio",
        "price of sold tokens over the cost of the compute that they take",
        lognormal(2.0, 0.25),
        "data/facts/labs.csv: laboratories' revenue over their spending on inference",
    )
