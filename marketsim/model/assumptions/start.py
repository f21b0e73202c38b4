"""Assumptions on the first quarter of the calibration window."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree
from marketsim.model.units import ARCHITECTURES

from .declare import JUDGEMENT, assumption


@pytree
class StartAssumptions:
    """Where the window starts; regimes cannot shift what is past."""

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
    initial_cash_flow: Array = assumption(
        "USD bn per quarter",
        "operating cash flow of the four largest owners",
        lognormal(70.0, 0.1),
        "facts at the start",
    )
    initial_q: Array = assumption(
        "ratio", "expected rent over user cost", lognormal(1.1, 0.25), JUDGEMENT
    )
    initial_training_capital: Array = assumption(
        "share",
        "share of what compute costs that outside capital pays, for training",
        share(0.40, 0.4),
        "data/facts/inference_demand.csv: inference a third of compute in 2023, half in 2025",
    )
    initial_expected_growth: Array = assumption(
        "per year",
        "growth of demand, as rents fall, that investors expect at the start",
        normal(0.85, 0.20),
        "data/facts/installed_compute.csv: compute doubled each year",
    )
    initial_laboratory_share: Array = assumption(
        "share",
        "share of tokens that laboratories sell",
        share(0.06, 0.6),
        "data/facts/labs.csv: laboratories' spending on inference against all compute",
    )
    initial_tokens: Array = assumption(
        "trillion tokens per quarter",
        "tokens served in the world",
        lognormal(20.0, 1.0),
        "facts at the start",
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
    initial_relative_price: Array = assumption(
        "ratio",
        "price per H100e against a merchant GPU",
        lognormal((0.65, 2.5), (0.15, 0.35)),
        "an ASIC saves the merchant's margin; data/facts/chips.csv: a wafer-scale system asks 2.5 "
        "USD m for 12.6 H100e",
        ("asic", "low_latency"),
    )
    initial_relative_power: Array = assumption(
        "ratio",
        "kW per H100e against a merchant GPU",
        lognormal((0.95, 1.4), (0.15, 0.2)),
        "data/facts/chips.csv: TPUs; Groq 215 W for 188 TFLOP/s, Cerebras 23 kW for 12,500",
        ("asic", "low_latency"),
    )
    initial_bandwidth: Array = assumption(
        "TB/s per kW",
        "memory bandwidth per kW of server power",
        lognormal((2.4, 2.9, 300.0), (0.15, 0.25, 0.7)),
        "fitted to data/facts/chips.csv; the low-latency design reads SRAM",
        ARCHITECTURES,
    )
    initial_memory: Array = assumption(
        "GB per kW",
        "memory per kW of server power",
        lognormal((62.0, 90.0, 1.2), (0.15, 0.25, 0.5)),
        "fitted to data/facts/chips.csv",
        ARCHITECTURES,
    )
    initial_chip_size: Array = assumption(
        "kW",
        "server power of one chip",
        lognormal((1.0, 0.6, 0.4), (0.15, 0.3, 0.4)),
        "fitted to data/facts/chips.csv",
        ARCHITECTURES,
    )
    initial_node_size: Array = assumption(
        "chips",
        "chips per node",
        lognormal((8.0, 64.0, 64.0), (0.1, 0.8, 1.0)),
        "DGX A100 and H100; a cube of TPU v4; the rest judgement",
        ARCHITECTURES,
    )
    initial_batch_share: Array = assumption(
        "share",
        "batch work's share of what inference computes outside agents",
        share(0.45, 0.4),
        JUDGEMENT,
    )
    initial_agentic_share: Array = assumption(
        "share", "agents' share of inference compute", share(0.10, 0.5), JUDGEMENT
    )
    initial_electricity_price: Array = assumption(
        "kUSD per MWh",
        "industrial electricity price",
        lognormal(0.082, 0.1),
        "facts at the start: EIA, 8.0-8.6 c/kWh in 2022-2025",
    )
