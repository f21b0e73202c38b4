"""Assumptions on the memory market: bits wanted, bits made, and what they cost."""

from __future__ import annotations

from typing import Final

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption

FACTS: Final = "data/facts/memory.csv"


@pytree
class MemoryAssumptions:
    """What memory AI takes, who else wants it, and how slowly more is made: mechanism 9."""

    hbm_content: Array = assumption(
        "ratio",
        "high-bandwidth memory bought per bit that accelerators hold: losses of stacking, stocks "
        "and chips that are not counted",
        lognormal(1.4, 0.25),
        f"{FACTS}: 0.29 EB wanted in 2023 (TrendForce), three times that in 2024; stacks yielded "
        "half in 2024",
    )
    server_memory: Array = assumption(
        "ratio",
        "server DRAM bought with an accelerator, per bit of its high-bandwidth memory",
        lognormal(1.5, 0.4),
        "a DGX H100 holds 2 TB beside 0.64, a GB200 board 0.48 beside 0.37",
    )
    hbm_trade_ratio: Array = assumption(
        "ratio",
        "bits of other DRAM that a wafer would have made for one of high-bandwidth memory",
        lognormal(3.0, 0.12),
        "Micron, call of March 2024: three times the wafers of DDR5 for the same bits",
    )
    hbm_premium: Array = assumption(
        "ratio",
        "price of high-bandwidth memory over what its wafers earn elsewhere, once contracts follow",
        lognormal(1.5, 0.2),
        f"{FACTS}: five times the price of DDR5 in 2024, over four in 2025, for three times the "
        "wafers",
    )
    hbm_repricing: Array = assumption(
        "share per quarter",
        "share of its contracts that are priced anew in a quarter",
        share(0.20, 0.3),
        "volumes and prices of a year are agreed in the autumn before it",
    )
    memory_demand_growth: Array = assumption(
        "per year",
        "growth of the bits that phones, PCs and general servers want at the price of the trend",
        normal(0.13, 0.03),
        f"{FACTS}: DRAM bit demand grew 11 % in 2023 and 18 % in 2024 with AI (Micron)",
    )
    memory_elasticity: Array = assumption(
        "elasticity",
        "fall of those bits, and of server DRAM, with price within the quarter",
        lognormal(0.18, 0.3),
        f"{FACTS}: prices fell by half in 2022-23 and bits wanted rose by a tenth",
    )
    memory_utilisation: Array = assumption(
        "elasticity",
        "bits made from given plant, with price over cost: makers cut wafers when it is low",
        lognormal(0.08, 0.5),
        "makers cut wafer starts by a fifth to a third in 2023, after prices had halved",
    )
    memory_cash_cost: Array = assumption(
        "share",
        "cash cost of a bit over its cost with a normal return: below it plant stands idle",
        share(0.45, 0.25),
        "depreciation is near half of what makers' sales cost (Micron's annual reports)",
    )
    memory_idling: Array = assumption(
        "elasticity",
        "bits not made, with price below cash cost",
        lognormal(0.6, 0.4),
        "makers stopped a third to a half of flash wafers in 2023, sold below cash cost",
    )
    memory_repricing: Array = assumption(
        "share per quarter",
        "share of the gap to the price that would clear the market that contracts close",
        share(0.45, 0.35),
        "contracts are priced each quarter or month, on prices of the last",
    )
    memory_stock: Array = assumption(
        "quarters",
        "stocks of makers and buyers that they hold as normal, in quarters of output",
        share(0.65, 0.3),
        JUDGEMENT,
    )
    restocking: Array = assumption(
        "share per quarter",
        "share of a gap in stocks that they try to close in a quarter",
        share(0.50, 0.3),
        JUDGEMENT,
    )
    memory_stocking: Array = assumption(
        "elasticity",
        "bits bought ahead, or put off, per log unit of the last quarter's change of price",
        lognormal(0.10, 0.4),
        JUDGEMENT,
    )
    memory_lead_time: Array = assumption(
        "years",
        "mean time from a decision to invest to the bits",
        lognormal(1.75, 0.12),
        "six to eight quarters for a fab or a node; Kalouptsidi 2014 on time to build and cycles",
    )
    memory_supply_growth: Array = assumption(
        "per year",
        "growth of bits that makers build for when prices return their cost",
        lognormal(0.14, 0.2),
        f"{FACTS}: bit supply grew 18 % in 2022 (TrendForce), shipments 20 % in 2025 (Micron)",
    )
    memory_investment: Array = assumption(
        "elasticity",
        "response of what makers start to build to price over cost",
        lognormal(1.3, 0.3),
        f"{FACTS}: Micron spent 7.7 USD bn in fiscal 2023 and 13.8 in 2025, SK hynix halved 2023",
    )
    memory_cost_decline: Array = assumption(
        "per year",
        "fall of the cost of a bit, with a normal return",
        normal(0.12, 0.04),
        f"{FACTS}: industry revenue of 2021-25 grew 5 % a year, bits by some 17 %",
    )
    flash_ratio: Array = assumption(
        "ratio",
        "revenue of flash over that of DRAM without high-bandwidth memory",
        lognormal(0.78, 0.12),
        f"{FACTS}: 0.71 to 0.89 in 2020-24 (TrendForce), up and down together",
    )
    initial_memory_revenue: Array = assumption(
        "USD bn per quarter", "revenue of the DRAM industry", lognormal(24.0, 0.06), FACTS
    )
    initial_memory_price: Array = assumption(
        "USD per GB",
        "contract price of DRAM",
        lognormal(3.5, 0.25),
        f"{FACTS}: in 2023 high-bandwidth memory, 0.29 EB, was 2 % of DRAM bits and 8 % of 52 USD "
        "bn",
    )
    initial_memory_margin: Array = assumption(
        "log", "ln price over cost at the start", normal(0.10, 0.25), JUDGEMENT
    )
    initial_memory_momentum: Array = assumption(
        "log per quarter",
        "change of the contract price that stocks at the start imply",
        normal(0.0, 0.06),
        FACTS,
    )
    initial_memory_pipeline: Array = assumption(
        "ratio",
        "capacity under construction at the start, over what normal growth needs",
        lognormal(1.2, 0.35),
        JUDGEMENT,
    )
