"""What the model assumes: every number in it that can be argued with.

Each field of :class:`Assumptions` carries its unit, a one-line meaning, a prior and where the prior
comes from. Growth rates are logarithmic, per year. `initial_*` fields describe the first quarter of
the calibration window; calibration centres their priors on the facts of that date.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from jax import Array

from .priors import Prior, lognormal, normal, share
from .tree import pytree
from .units import ARCHITECTURES, CLASSES

TRENDS = "data/facts/trends.csv"
JUDGEMENT = "judgement"


def assumption(
    unit: str, meaning: str, prior: Prior, source: str, entries: tuple[str, ...] = ()
) -> Any:
    """Declare a field of :class:`Assumptions`; a vector one names its ``entries``."""
    return field(
        metadata={
            "unit": unit,
            "meaning": meaning,
            "prior": prior,
            "source": source,
            "entries": entries,
        }
    )


@pytree
class Assumptions:
    """Everything one world hangs from; scalars are 0-d arrays, vectors follow their entries."""

    # Efficiency
    compute_per_dollar_growth: Array = assumption(
        "per year",
        "growth of H100e per dollar of new chips",
        normal((0.30, 0.30, 0.35), (0.06, 0.06, 0.10)),
        f"{TRENDS}: Epoch, 30 % a year at fixed precision",
        ARCHITECTURES,
    )
    compute_per_watt_growth: Array = assumption(
        "per year",
        "growth of H100e per watt of new chips",
        normal((0.26, 0.29, 0.30), (0.06, 0.06, 0.10)),
        f"{TRENDS}: flagships 1.385x, TPUs 1.359x a year; Hopper to Blackwell Ultra far less",
        ARCHITECTURES,
    )
    bandwidth_per_watt_growth: Array = assumption(
        "per year",
        "growth of memory bandwidth per watt of new chips",
        normal((0.11, 0.14, 0.11), (0.03, 0.03, 0.05)),
        f"{TRENDS}: flagships 1.113x, TPUs 1.156x a year",
        ARCHITECTURES,
    )
    hardware_decay: Array = assumption(
        "per year",
        "rate at which hardware trends slow towards a plateau",
        lognormal(0.03, 0.6),
        JUDGEMENT,
    )
    learning: Array = assumption(
        "elasticity",
        "compute per dollar gained per log unit of cumulative deliveries",
        lognormal(0.03, 0.5),
        "Davidson 2023, law of motion with r times a ceiling; small beside the trend",
    )
    algorithmic_growth: Array = assumption(
        "per year",
        "fall of FLOP per token at fixed quality",
        normal(1.10, 0.20),
        f"{TRENDS}: about 3x a year, arXiv 2511.23455; 2.8x in pre-training, Ho et al. 2024",
    )
    algorithmic_decay: Array = assumption(
        "per year", "rate at which algorithmic progress slows", lognormal(0.08, 0.5), JUDGEMENT
    )
    software_growth: Array = assumption(
        "per year",
        "growth of tokens per FLOP from serving software",
        normal(0.15, 0.06),
        "data/facts/inference_demand.csv: Microsoft, +30 % at equal power; half of it counted here",
    )

    # Demand
    elasticity: Array = assumption(
        "elasticity",
        "price elasticity of token demand while unsaturated (positive number)",
        lognormal((1.10, 1.20, 1.35), (0.18, 0.18, 0.20)),
        f"{TRENDS}: -1.1 short run (NBER 34608); computers, DRAM, traffic -1.3 to -1.8",
        CLASSES,
    )
    saturated_elasticity: Array = assumption(
        "elasticity",
        "price elasticity once demand is saturated",
        lognormal(0.60, 0.25),
        f"{TRENDS}: UK lighting in the 2000s -0.6, Fouquet and Pearson 2012",
    )
    saturation: Array = assumption(
        "trillion tokens per quarter",
        "tokens per class at which elasticity is half-way down",
        lognormal(2.0e5, 0.8),
        JUDGEMENT,
    )
    demand_adjustment: Array = assumption(
        "share per quarter",
        "speed at which token demand moves to its desired level",
        share(0.35, 0.40),
        f"{TRENDS}: electricity adjusts over two years, Deryugina et al. 2020; software faster",
    )
    passthrough: Array = assumption(
        "share per quarter",
        "share of a change in unit cost passed into price within a quarter",
        share(0.50, 0.40),
        JUDGEMENT,
    )
    task_growth: Array = assumption(
        "per year",
        "growth of tokens per task (reasoning, agents, verification of answers)",
        normal((0.10, 0.30, 0.70), (0.10, 0.12, 0.20)),
        "data/facts/inference_demand.csv: OpenRouter prompts 4x, completions 3x in two years",
        CLASSES,
    )
    task_decay: Array = assumption(
        "per year", "rate at which growth of tokens per task slows", lognormal(0.20, 0.4), JUDGEMENT
    )
    adoption_speed: Array = assumption(
        "per year", "speed of the logistic of adoption", lognormal(0.80, 0.25), JUDGEMENT
    )
    adoption_midpoint: Array = assumption(
        "years since 2025",
        "date at which half of final adoption is reached",
        normal(3.0, 1.2),
        JUDGEMENT,
    )
    training_growth: Array = assumption(
        "per year",
        "growth of training budgets",
        normal(0.85, 0.15),
        f"{TRENDS}: cost of frontier runs 2.4x a year, 1.9-2.9 at 90 %",
    )
    training_decay: Array = assumption(
        "per year", "rate at which training budgets slow", lognormal(0.15, 0.4), JUDGEMENT
    )

    # Fleet
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
    electricity_price: Array = assumption(
        "kUSD per MWh",
        "industrial electricity price at the start of the window",
        lognormal(0.082, 0.1),
        "data/facts/power.csv: EIA, 8.0-8.6 c/kWh",
    )
    electricity_growth: Array = assumption(
        "per year", "trend of the electricity price", normal(0.025, 0.01), "EIA, 2018-2025"
    )
    accounting_life: Array = assumption(
        "years",
        "straight-line life of servers in the books",
        lognormal(5.5, 0.08),
        "data/facts/accounting.csv: Microsoft, Alphabet 6, Meta 5.5, Amazon 5",
    )

    # Power
    power_lead_time: Array = assumption(
        "years",
        "mean time from start to energised capacity",
        lognormal(2.0, 0.2),
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
        lognormal(0.75, 0.15),
        "data/facts/installed_compute.csv: power of AI chips doubled each year, 2023-2025",
    )
    power_response: Array = assumption(
        "share per quarter", "speed at which starts move to plan", share(0.25, 0.4), JUDGEMENT
    )
    behind_the_meter: Array = assumption(
        "share per quarter",
        "own generation added per unit of power scarcity, share of energised capacity",
        lognormal(0.04, 0.5),
        JUDGEMENT,
    )
    equipment_growth: Array = assumption(
        "per year",
        "growth of capacity to make cooling, switchgear and transformers",
        normal(0.20, 0.05),
        JUDGEMENT,
    )
    power_premium: Array = assumption(
        "elasticity",
        "rise of electricity and lease prices per log unit of power scarcity",
        lognormal(0.60, 0.3),
        "data/facts/power.csv: PJM capacity price rose ninefold in one auction",
    )
    initial_power_slack: Array = assumption(
        "ratio",
        "energised capacity above what the fleet used at the start",
        lognormal(2.5, 0.5),
        "AI drew a small part of data centres then and took over general capacity",
    )

    # Investment
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
    investment_rate: Array = assumption(
        "share per quarter",
        "compute added, as a share of the fleet, when expected rent equals user cost",
        lognormal(0.20, 0.2),
        f"{TRENDS}: installed compute grew 2.3x to 3.3x a year",
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
    chip_premium: Array = assumption(
        "elasticity",
        "rise of chip prices per log unit of manufacturing scarcity",
        lognormal(0.40, 0.25),
        JUDGEMENT,
    )
    memory_premium: Array = assumption(
        "elasticity",
        "further rise of memory prices per log unit of manufacturing scarcity",
        lognormal(1.20, 0.3),
        "DRAM contract prices double within a year of shortage and halve after",
    )

    # Architecture
    choice_sensitivity: Array = assumption(
        "elasticity",
        "response of architecture shares to cost per token",
        lognormal(1.5, 0.3),
        JUDGEMENT,
    )
    porting_inertia: Array = assumption(
        "share per quarter",
        "share of architecture choice carried over",
        share(0.88, 0.4),
        JUDGEMENT,
    )
    initial_asic_share: Array = assumption(
        "share",
        "ASIC share of new compute at the start",
        share(0.20, 0.4),
        "data/facts/installed_compute.csv: TPU and Trainium are a quarter of what NVIDIA ships",
    )
    initial_low_latency_share: Array = assumption(
        "share", "low-latency share of new compute at the start", share(0.004, 0.6), JUDGEMENT
    )
    asic_preference: Array = assumption(
        "per year",
        "drift of preference towards ASICs beyond cost (vertical integration)",
        normal(0.10, 0.12),
        "data/facts/installed_compute.csv: TPU stock grew faster than NVIDIA's, 2023-2025",
    )

    # Layers
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
    memory_content: Array = assumption(
        "ratio", "HBM, DRAM and flash per dollar of accelerators", lognormal(0.20, 0.2), JUDGEMENT
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
        "ratio", "token price over unit cost of compute", lognormal(2.0, 0.25), JUDGEMENT
    )
    export_control: Array = assumption(
        "share",
        "share of merchant accelerator sales barred by export controls",
        share(0.04, 0.5),
        "data/facts/installed_compute.csv: China's stock stops growing in 2025",
    )
    concentration: Array = assumption(
        "per year",
        "drift of cloud shares towards the largest owners (exponent on shares)",
        normal(0.0, 0.03),
        JUDGEMENT,
    )

    # Shocks
    appetite_persistence: Array = assumption(
        "share per quarter", "persistence of investors' appetite", share(0.75, 0.3), JUDGEMENT
    )
    appetite_volatility: Array = assumption(
        "log per quarter", "standard deviation of news on appetite", lognormal(0.10, 0.2), JUDGEMENT
    )
    demand_volatility: Array = assumption(
        "log per quarter", "standard deviation of news on demand", lognormal(0.08, 0.2), JUDGEMENT
    )

    # Where the window starts
    initial_compute: Array = assumption(
        "million H100e", "AI compute installed", lognormal(0.5, 0.3), "facts at the start"
    )
    initial_chip_price: Array = assumption(
        "kUSD per H100e",
        "price of new merchant accelerators",
        lognormal(45.0, 0.2),
        "facts at the start",
    )
    initial_chip_power: Array = assumption(
        "kW per H100e",
        "server power of new accelerators",
        lognormal(1.2, 0.1),
        "facts at the start",
    )
    initial_spending: Array = assumption(
        "USD bn per quarter", "capital spending on AI", lognormal(8.0, 0.25), "facts at the start"
    )
    initial_other_capex: Array = assumption(
        "USD bn per quarter",
        "capital spending of the four largest owners that is not for AI",
        lognormal(26.0, 0.2),
        "facts at the start",
    )
    initial_q: Array = assumption(
        "ratio", "expected rent over user cost", lognormal(1.1, 0.25), JUDGEMENT
    )
    initial_training_share: Array = assumption(
        "share",
        "training's share of compute",
        share(0.55, 0.35),
        "data/facts/inference_demand.csv: inference a third of compute in 2023, half in 2025",
    )
    initial_tokens: Array = assumption(
        "trillion tokens per quarter",
        "tokens served in the world",
        lognormal(20.0, 1.0),
        "facts at the start",
    )

    lines: LineAssumptions = field(metadata={"lines": True})


@pytree
class LineAssumptions:
    """Revenue lines of companies; every field is an array [line]."""

    base_level: Array = assumption(
        "USD bn per quarter",
        "revenue not tied to AI at the start of the window",
        lognormal(1.0, 0.3),
        "first quarters of the window",
    )
    base_growth: Array = assumption(
        "per year", "growth of revenue not tied to AI", normal(0.05, 0.05), "data/lines.csv"
    )
    exposure: Array = assumption(
        "ratio",
        "multiple of the stated share of each AI layer",
        lognormal(1.0, 0.35),
        "data/lines.csv",
    )
