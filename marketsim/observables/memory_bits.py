"""Bits of DRAM that makers ship, as changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.memory_price import accumulated
from marketsim.observables.observable import Observable, Report

__all__ = ["MEMORY_BITS"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the runs of each maker of the group `memory_makers`."""
    rows = knowledge.select("memory_bit_growth")
    for entity in knowledge.universe.group("memory_makers"):
        yield from accumulated(f"bits of {entity}", rows[rows["entity"] == entity])


def measure(quarters: Quarter) -> Array:
    """Return the bits sold, [quarter]."""
    return quarters.memory_bits


MEMORY_BITS: Final = Observable(
    kind="memory_bits",
    meaning="bits of DRAM that a maker ships, changes on the quarter put together",
    quantities=("memory_bit_growth",),
    unit="EB",
    reports=reports,
    measure=measure,
    measured="the bits that all makers sell",
    floor=0.12,
    reason="makers gain and lose share, and hold bits back or clear stocks in different quarters",
    relative=True,
)
