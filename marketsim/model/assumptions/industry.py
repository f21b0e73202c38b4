"""Assumptions on the structure of the industry: who sells, to whom, at what margin."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal, share
from marketsim.model.tree import pytree
from marketsim.model.units import CONTESTED

from .declare import JUDGEMENT, assumption


@pytree
class IndustryAssumptions:
    """How shares and margins drift: mechanism 10."""

    concentration: Array = assumption(
        "per year",
        "drift of a layer's shares towards its largest companies (exponent on shares); "
        "negative is fragmentation",
        normal((0.0,) * len(CONTESTED), (0.03,) * len(CONTESTED)),
        JUDGEMENT,
        CONTESTED,
    )
    contract_durability: Array = assumption(
        "elasticity",
        "lengthening of compute contracts as cloud concentrates, per unit of that exponent",
        lognormal(1.5, 0.4),
        "data/facts/accounting.csv: backlogs of the largest clouds grew faster than revenue",
    )
    merchant_markup_growth: Array = assumption(
        "per year",
        "drift of merchant accelerator prices beyond their cost",
        normal(0.0, 0.03),
        JUDGEMENT,
    )
    merchant_pricing: Array = assumption(
        "elasticity",
        "response of merchant accelerator prices to the merchant's share of new tokens",
        lognormal(0.4, 0.5),
        "judgement: in a logit a margin of 0.65 at a share of 0.7 is one of 0.25 at 0.2, 0.6 per "
        "log unit; buyers who cannot leave soon make it less",
    )
    entrant_pricing: Array = assumption(
        "share",
        "part of what low-latency designs gain in cost on the merchant's price that their sellers "
        "keep",
        share(0.7, 0.4),
        "Amiti, Itskhoki and Konings 2019: large sellers' prices follow half of a change of their "
        "own cost, and half of one of their rivals' prices",
    )
    absorption: Array = assumption(
        "per year",
        "rate at which the merchant incumbent takes over low-latency designs",
        lognormal(0.05, 0.8),
        JUDGEMENT,
    )
    restricted_region: Array = assumption(
        "share",
        "share of merchant accelerator demand from the region under export controls",
        share(0.13, 0.3),
        "NVIDIA 10-K: China 13 % of revenue of FY2025, 26 % of FY2022",
    )
    export_control: Array = assumption(
        "share",
        "share of that demand which controls bar",
        share(0.30, 0.5),
        "data/facts/installed_compute.csv: China's stock stops growing in 2025",
    )
    domestic_substitution: Array = assumption(
        "share",
        "share of barred compute that the region's own designs replace",
        share(0.35, 0.4),
        JUDGEMENT,
    )
