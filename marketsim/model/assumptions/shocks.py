"""Assumptions on news."""

from __future__ import annotations

from jax import Array

from marketsim.model.priors import lognormal, share
from marketsim.model.tree import pytree

from .declare import JUDGEMENT, assumption


@pytree
class ShockAssumptions:
    """News of a quarter that no mechanism explains."""

    appetite_persistence: Array = assumption(
        "share per quarter", "persistence of investors' appetite", share(0.75, 0.3), JUDGEMENT
    )
    appetite_volatility: Array = assumption(
        "log per quarter", "standard deviation of news on appetite", lognormal(0.10, 0.2), JUDGEMENT
    )
    demand_volatility: Array = assumption(
        "log per quarter", "standard deviation of news on demand", lognormal(0.08, 0.2), JUDGEMENT
    )
    memory_persistence: Array = assumption(
        "share per quarter",
        "persistence of what others want of memory above their trend",
        share(0.80, 0.3),
        JUDGEMENT,
    )
    memory_volatility: Array = assumption(
        "log per quarter",
        "standard deviation of news on what they want",
        lognormal(0.035, 0.3),
        "data/facts/memory.csv: prices move by 13 % a quarter and 39 % over four, 2018-2025",
    )
