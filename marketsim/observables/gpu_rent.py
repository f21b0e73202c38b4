"""Rental prices of an H100, the unit of compute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Outlook, Report

__all__ = ["GPU_RENT"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the rental price of an H100."""
    yield Report("H100 rental", knowledge.select("gpu_rental_price", "H100"))


def measure(quarters: Quarter) -> Array:
    """Return the rent that clears the market, [quarter]."""
    return quarters.rent


GPU_RENT: Final = Observable(
    kind="gpu_rent",
    meaning="rental price of an H100",
    quantities=("gpu_rental_price",),
    unit="USD per hour",
    reports=reports,
    measure=measure,
    measured="the rent of an H100e-hour",
    floor=0.20,
    reason="indices, offers and contracts of one month differ by a quarter",
    outlook=Outlook("gpu_rental_price", by="calendar"),
)
