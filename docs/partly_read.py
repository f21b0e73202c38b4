"""Whose figures no measure reads, of quantities that one does read, and why.

Entities are named as in the facts; `*` stands for any letters. Where it would bring something to
observe them, the reason says what.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

__all__ = ["PARTLY_READ", "PRIOR_OF_CHIPS", "left_out", "partly_read"]

PRIOR_OF_CHIPS: Final = "read by the priors of chips: trends of flagships, and of merchants' prices"

PARTLY_READ: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    PRIOR_OF_CHIPS: {
        "chip_fp16": (
            "gpu/AMD/MI250X",
            "gpu/AMD/MI300X",
            "gpu/NVIDIA/A100 SXM *",
            "gpu/NVIDIA/H20",
            "gpu/NVIDIA/L4",
            "gpu/NVIDIA/L40S",
            "gpu/NVIDIA/P100 SXM2",
            "gpu/NVIDIA/V100 *",
            "lpu_sram/*",
            "tpu_asic/Google/TPU v2",
            "tpu_asic/Google/TPU v3",
            "tpu_asic/Google/TPU v4",
            "tpu_asic/Google/TPU v5p",
            "tpu_asic/Google/TPU v6e Trillium",
            "tpu_asic/Google/TPU v7 Ironwood",
            "wafer/*",
        ),
        "chip_price": (
            "gpu/AMD/*",
            "gpu/NVIDIA/A100 SXM *",
            "gpu/NVIDIA/H20",
            "gpu/NVIDIA/L4",
            "gpu/NVIDIA/L40S",
            "gpu/NVIDIA/V100 *",
        ),
    },
    "designs that lead no architecture, or whose price nobody lists: an architecture follows its "
    "flagships": {
        "chip_fp16": (
            "gpu/AMD/MI3?5X",
            "gpu/AMD/MI350X",
            "gpu/NVIDIA/A10G",
            "gpu/NVIDIA/B300",
            "gpu/NVIDIA/H100 PCIe",
            "gpu/NVIDIA/L40",
            "gpu/NVIDIA/P100 PCIe",
            "gpu/NVIDIA/T4",
            "tpu_asic/[!G]*",
            "tpu_asic/Google/TPU v4i",
            "tpu_asic/Google/TPU v5e",
        ),
        "chip_price": (
            "gpu/NVIDIA/P100 *",
            "gpu/NVIDIA/T4",
            "tpu_asic/*",
            "wafer/*",
        ),
    },
    "a part of the largest maker's chips, by owner; all of them are in the sum that is observed": {
        "installed_h100e*": ("Nvidia/*",),
    },
    "debt for all that they do, 262 USD bn as last reported in 2025: Microsoft's rose by 24 with "
    "one takeover and fell again, Oracle's stayed between 84 and 97 for three years; what they "
    "lack for AI is cash flow less spending, and both are observed": {
        "debt_outstanding": ("AMZN", "GOOGL", "META", "MSFT", "ORCL"),
    },
    "Alphabet's holds commercial paper that is rolled over (13.6 USD bn came in through 2024, when "
    "its debt rose by 1.3); Amazon's is two quarters without any; Oracle's four quarters that do "
    "not follow one another, the largest of which (20.0) paid for a takeover": {
        "quarterly_debt_proceeds": ("AMZN", "GOOGL", "ORCL"),
    },
    "no member of the group of the largest owners, whose sums are observed; forecast by their own "
    "reports and plans": {
        "quarterly_capex": ("CRWV", "ORCL"),
        "quarterly_operating_cash_flow": ("CRWV", "ORCL"),
    },
    "segments that are part of a line of revenue that is observed; forecast by their own reports": {
        "quarterly_revenue": (
            "AVGO.semiconductor_solutions",
            "MSFT.intelligent_cloud*",
            "MU.*_bu",
            "NVDA.data_center_networking",
        ),
    },
    "makers of memory and of wafers, whose capital spending no quarter of the facts tells": {
        "capex_plan*": ("MU", "TSM"),
        "quarterly_capex_plan*": ("MU",),
    },
    "said of a part, or of a segment as it was drawn before, of which no report follows": {
        "annual_revenue_guidance*": ("AMD.data_center_gpu", "DELL.ai_servers"),
        "revenue_guidance*": ("AMD.data_center_gpu", "MSFT.intelligent_cloud_pre_fy25"),
    },
    "orders of a part of which no report follows, of companies that are not followed, or of a "
    "whole beside the part that is read": {
        "backlog": (
            "Alphabet",
            "Broadcom/AI",
            "Dell/AI servers",
            "HPE/AI systems",
            "Microsoft",
            "Mitsubishi Heavy/energy",
            "Siemens Energy",
        ),
    },
    "no two figures lie a year apart yet, and one alone says too little: between nine series the "
    "log of revenue of the year after over a backlog has a standard deviation of 0.93 at the end "
    "of 2025 (of Google Cloud's own three to 2022 it is 0.44), where without it that year is "
    "known to 0.05 to 0.27; `marketsim.statements.unlearnt` names them at any date": {
        "backlog": ("ASML", "Alphabet/Google Cloud", "CoreWeave"),
    },
    "what an auction would have cleared at without its cap": {"capacity_price": ("PJM/uncapped",)},
    "what one study assumes for one site": {"electricity_price": ("US/1 GW site",)},
    "part of a year that is observed whole": {
        "wholesale_electricity_price": ("PJM/half-year",),
    },
    "one maker's orders and slots apart, which are observed together; of Siemens Energy there are "
    "two figures, a quarter apart, which would add one change (50 to 58 GW)": {
        "turbine_backlog": ("GE Vernova", "GE Vernova/slots", "Siemens Energy*"),
    },
    "another count of the same years, told in 2024 (18.2 and 46.7 USD bn); it would add the spread "
    "between counts, which the noise has already": {
        "hbm_market_size_forecast": ("HBM/TrendForce",),
    },
    "shares of one laboratory's spending, of one owner's energy and of enterprises' spending, "
    "which are not the world's": {
        "inference_share": ("Google", "Menlo Ventures", "OpenAI"),
    },
    "parts of the revenue of the industry, which is observed for each of their quarters since "
    "the end of 2018: Micron, SK hynix and Samsung are 92 % of it; by maker they would tell "
    "shares, which the model has not": {
        "memory_revenue": ("Micron DRAM", "SK hynix DRAM", "Samsung DRAM"),
    },
    "two makers' revenue in won, with flash, and of one of them logic and foundry: 27 quarters of "
    "each, a quarter of them unverified, that would tell once more, and with more noise, what the "
    "industry's 27 of DRAM do; the third maker's is observed as a company's": {
        "memory_revenue": ("SK hynix", "SK hynix, in USD", "Samsung", "Samsung Device Solutions"),
    },
    "flash memory, of which the model has no market": {
        "memory_bit_growth": ("* NAND", "NAND *"),
        "memory_price_change": ("* NAND", "NAND *"),
        "memory_revenue": ("NAND *", "enterprise SSD*"),
    },
    "two or three quarters of one maker or one product, beside a maker that tells every quarter; "
    "each would add one change or two": {
        "memory_bit_growth": ("SK hynix DRAM",),
        "memory_price_change": (
            "DRAM average contract",
            "DRAM industry",
            "PC DRAM contract",
            "SK hynix DRAM*",
            "Samsung DRAM (TrendForce)",
            "conventional DRAM contract",
            "mobile DRAM contract",
            "server DRAM DDR? contract",
        ),
    },
    "revenue of years of which no cost of inference is told": {"lab_annual_revenue": ("OpenAI",)},
    "spending on training and in all; the margin that is observed wants inference alone, and of "
    "the same laboratory and year the revenue": {
        "lab_compute_spend": ("Anthropic/training", "OpenAI/*"),
        "lab_compute_spend_forecast": ("Anthropic/*", "OpenAI/t*"),
    },
    "one product's part, a mean of half a year, sales of an owner, and a laboratory of a fortieth "
    "of the sum, which would shorten it to the eight months in which all three are told": {
        "lab_revenue_run_rate": (
            "Anthropic/Claude Code",
            "Microsoft",
            "OpenAI/first half",
            "xAI",
        ),
    },
    "declines at one level of quality, chosen where prices had just begun to fall (9x to 900x a "
    "year); those that pool all levels are observed": {
        "token_price_decline": (
            "LLM inference: decline at GPT-4 level*",
            "LLM inference: decline at MMLU*",
            "LLM inference: decline at fixed performance, *",
        ),
    },
    "one figure of its kind: its level measures a share, and there is no change to compare": {
        "leases_not_commenced": ("GOOGL",),
        "token_volume": (
            "DeepSeek*",
            "Google first-party*",
            "Microsoft*",
            "OpenAI All products",
            "OpenAI GPT-5-Codex",
            "OpenRouter*",
            "Together.ai",
        ),
    },
}
"""Entities by quantity, by the reason for which no measure reads them."""


def left_out(quantity: str, entity: str) -> Iterator[str]:
    """Yield the reasons for which the figures of an entity are not read: one at the most."""
    for reason, quantities in PARTLY_READ.items():
        for name, patterns in quantities.items():
            if fnmatchcase(quantity, name) and any(fnmatchcase(entity, p) for p in patterns):
                yield reason


def partly_read() -> Iterator[str]:
    """Yield the lines of a table of them, in Markdown."""
    yield "| of what is observed, not | why |"
    yield "|---|---|"
    for reason, quantities in PARTLY_READ.items():
        parts = (
            f"`{name}` of {', '.join(f'`{one}`' for one in entities)}"
            for name, entities in quantities.items()
        )
        yield f"| {'; '.join(parts)} | {reason} |"
