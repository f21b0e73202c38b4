"""Assumptions on investment and on capacity to make chips."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, TRENDS, assumption


@pytree
class InvestmentAssumptions:
    """How owners decide to build, and what can be made: mechanism 7."""

    hurdle_rate: Array = assumption(
        "per year",
        "required return on AI capital",
        lognormal(0.14, 0.2),
        "data/facts/accounting.csv: H100 rental of 2.85 USD to beat equity returns",
    )
    expected_rent_decline: Array = assumption(
        "per year",
        "fall of the rental price of a chip that investors expect",
        lognormal(0.32, 0.2),
        "data/facts/accounting.csv: H100 rental 3.06 to 2.00 USD in 15 months",
    )
    return_delay: Array = assumption(
        "years",
        "time from paying for compute until it earns its rent",
        lognormal(0.4, 0.4),
        "sites are filled, powered and sold over a few quarters; the bubble debate is about this",
    )
    investment_rate: Array = assumption(
        "share per quarter",
        "compute added, as a share of the fleet, when expected rent equals user cost",
        lognormal(0.23, 0.2),
        f"{TRENDS}: installed compute grew 2.3x (NVIDIA, 2019-24) to 3.3x a year (all, 2022-25), "
        "0.25 a quarter, while rents stood a tenth above user cost",
    )
    investment_response: Array = assumption(
        "elasticity",
        "response of desired additions to Tobin's q",
        lognormal(1.20, 0.25),
        "Hayashi 1982: the inverse of the cost of adjustment",
    )
    commitment: Array = assumption(
        "share per quarter",
        "share of capital spending fixed by contracts of the quarter before",
        share(0.50, 0.4),
        JUDGEMENT,
    )
    cash_limit: Array = assumption(
        "ratio",
        "AI capital spending that can be financed, over operating cash flow of the four largest",
        lognormal(0.9, 0.2),
        "data/facts/annual_fundamentals.csv: operating cash flow of AMZN, MSFT, GOOGL, META",
    )
    external_finance: Array = assumption(
        "elasticity",
        "response of that limit to Tobin's q: debt and vendors lend when returns are high",
        lognormal(0.25, 0.3),
        JUDGEMENT,
    )
    cash_flow_growth: Array = assumption(
        "per year", "growth of that operating cash flow", normal(0.15, 0.03), "same, 2018-2025"
    )
    owner_share: Array = assumption(
        "share",
        "share of AI capital spending by AMZN, MSFT, GOOGL and META",
        share(0.57, 0.25),
        "data/facts/installed_compute.csv: their part of NVIDIA's stock, and all TPU and Trainium",
    )
    other_capex_growth: Array = assumption(
        "per year",
        "growth of those four's other capital spending",
        normal(0.04, 0.04),
        "data/facts/quarterly_capex.csv, 2018-2022",
    )
    manufacturing_response: Array = assumption(
        "share per quarter",
        "speed at which foundry and memory capacity follows orders",
        share(0.40, 0.4),
        "CoWoS packaging about doubled each year, 2023-2025",
    )
    manufacturing_growth: Array = assumption(
        "per year", "trend of that capacity, in dollars of chips", normal(0.35, 0.10), JUDGEMENT
    )
    initial_manufacturing_slack: Array = assumption(
        "ratio", "capacity to make chips above orders at the start", lognormal(0.40, 0.4), JUDGEMENT
    )
