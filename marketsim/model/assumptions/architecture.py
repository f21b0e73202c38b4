"""Assumptions on the choice of architecture."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


@pytree
class ArchitectureAssumptions:
    """Which architecture serves which class: mechanism 8."""

    choice_sensitivity: Array = assumption(
        "elasticity",
        "response of architecture shares to cost per token",
        lognormal(1.5, 0.3),
        JUDGEMENT,
    )
    nest_dissimilarity: Array = assumption(
        "share",
        "dissimilarity of GPUs and ASICs, one nest beside low-latency designs; 1: plain logit",
        share(0.65, 0.4),
        JUDGEMENT,
    )
    porting_inertia: Array = assumption(
        "share per quarter",
        "share of architecture choice carried over",
        share(0.88, 0.4),
        JUDGEMENT,
    )
    preference_drift: Array = assumption(
        "per year",
        "drift of preference from GPUs, beyond cost (ASICs: vertical integration)",
        normal((0.10, 0.0), (0.12, 0.12)),
        "data/facts/installed_compute.csv: TPU stock grew faster than NVIDIA's, 2023-2025",
        ("asic", "low_latency"),
    )
    drift_fading: Array = assumption(
        "per year",
        "rate at which that drift fades, as those who would build their own have done so",
        lognormal(0.15, 0.5),
        JUDGEMENT,
    )
