"""Assumptions on the reported lines of revenue of companies."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, normal
from marketsim.model.tree import pytree

from .declare import assumption


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
