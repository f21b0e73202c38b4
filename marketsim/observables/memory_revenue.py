"""Revenue of the DRAM industry, high-bandwidth memory included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["DRAM", "MEMORY_REVENUE"]

DRAM: Final = "DRAM industry"


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the revenue of all makers of DRAM."""
    yield Report("memory revenue", knowledge.select("memory_revenue", DRAM))


def measure(quarters: Quarter) -> Array:
    """Return revenue of the DRAM industry, [quarter]."""
    return quarters.memory_revenue


MEMORY_REVENUE: Final = Observable(
    kind="memory_revenue",
    meaning="revenue of the DRAM industry",
    quantities=("memory_revenue",),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="the same, high-bandwidth memory included",
    floor=0.05,
    reason="one count of what makers report in other currencies and fiscal quarters",
)
