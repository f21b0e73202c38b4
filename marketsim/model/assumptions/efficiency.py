"""Assumptions on hardware, algorithms and serving software."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal
from marketsim.model.tree import pytree
from marketsim.model.units import ARCHITECTURES

from .declare import JUDGEMENT, TRENDS, assumption


@pytree
class EfficiencyAssumptions:
    """How fast computing gets better: mechanism 1."""

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
        "fitted to data/facts/chips.csv: flagships 1.385x, TPUs 1.359x a year to 2025; H100 to "
        "GB300 only 1.26x in all",
        ARCHITECTURES,
    )
    bandwidth_per_watt_growth: Array = assumption(
        "per year",
        "growth of memory bandwidth and capacity per watt of new chips",
        normal((0.11, 0.14, 0.11), (0.03, 0.03, 0.05)),
        "fitted to data/facts/chips.csv: flagships 1.113x, TPUs 1.156x a year",
        ARCHITECTURES,
    )
    chip_power_growth: Array = assumption(
        "per year",
        "growth of power per chip: what a generation gains by size rather than efficiency",
        normal((0.17, 0.09, 0.10), (0.03, 0.05, 0.06)),
        "fitted to data/facts/chips.csv: flagships 1.184x, TPUs 1.093x a year",
        ARCHITECTURES,
    )
    node_size_growth: Array = assumption(
        "per year",
        "growth of chips per node, which reach one another without leaving its switches",
        normal((0.50, 0.10, 0.10), (0.15, 0.10, 0.10)),
        "8 with H100 in 2022, 72 with GB200, which shipped from 2025 beside nodes of eight",
        ARCHITECTURES,
    )
    hardware_decay: Array = assumption(
        "per year",
        "rate at which hardware trends slow towards a plateau of growth over decay",
        lognormal((0.03, 0.03, 0.03), (0.6, 0.6, 0.6)),
        JUDGEMENT,
        ARCHITECTURES,
    )
    learning: Array = assumption(
        "elasticity",
        "compute per dollar gained per log unit of cumulative deliveries, far from the plateau",
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
