"""Assumptions on investment and on capacity to make chips."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


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
    spot_weight: Array = assumption(
        "share",
        "weight of the spot rent, beside that of contracts, in the rent that investors expect",
        share(0.35, 0.5),
        JUDGEMENT,
    )
    investment_response: Array = assumption(
        "share per quarter",
        "rise of desired additions, as a share of the fleet, per log unit of Tobin's q",
        lognormal(0.25, 0.35),
        "Hayashi 1982: the inverse of the cost of adjustment; at additions of a quarter of the "
        "fleet a quarter, an elasticity of one",
    )
    expectation_speed: Array = assumption(
        "share per quarter",
        "share of news on the growth of demand that enters what investors expect of it",
        share(0.30, 0.4),
        "adaptive expectations; plans for the year ahead were revised by 10-50 % within it, "
        "2024-25 (data/facts/guidance.csv)",
    )
    commitment: Array = assumption(
        "share per quarter",
        "share of the order book that does not come due within the quarter",
        share(0.60, 0.3),
        "lead times of 52 weeks for H100s in 2023, two to three quarters later "
        "(data/facts/supply.csv)",
    )
    retention: Array = assumption(
        "share",
        "share of operating cash flow that owners spend on capital before they borrow",
        share(0.75, 0.4),
        "data/facts/finance.csv: the four largest spent 0.6 of it in 2024 and 0.65 in 2025, and "
        "bought back shares with most of the rest",
    )
    borrower_share: Array = assumption(
        "share",
        "share of AI capital spending by builders without a cash flow of their own, who borrow it, "
        "were they funded as others are",
        share(0.20, 0.4),
        "data/facts/finance.csv, quarterly_capex.csv: CoreWeave and Oracle 45 USD bn in 2025, an "
        "eighth of all; laboratories' own sites and other neoclouds beside them; lenders hold back "
        "two fifths of it",
    )
    debt_repayment: Array = assumption(
        "share per quarter",
        "share of debt for AI that is repaid in a quarter",
        share(0.03, 0.4),
        "bonds of five to forty years, leases of five to fifteen, loans against chips of five",
    )
    external_premium: Array = assumption(
        "per year",
        "rise of the required return for debt of one year's operating cash flow",
        lognormal(0.025, 0.6),
        "Bernanke, Gertler, Gilchrist 1999; data/facts/finance.csv: 2.25 points over Treasuries "
        "for a site of Meta's, more than twice that for lenders against chips",
    )
    credit_rationing: Array = assumption(
        "elasticity",
        "fall of ln orders for debt of one year's operating cash flow, beyond what it costs; who "
        "has no cash flow owes a year more",
        lognormal(0.50, 0.6),
        "judgement: investment follows cash flow beyond the price of funds (Fazzari, Hubbard and "
        "Petersen 1988); no such leverage has been seen here",
    )
    cash_flow_growth: Array = assumption(
        "per year",
        "growth of the largest owners' operating cash flow but for what compute sold earns",
        normal(0.12, 0.03),
        "data/facts/finance.csv: 17 % a year from 2018 to 2025 with it",
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
