"""Rental prices of an older chip, as changes: the A100."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from marketsim.knowledge import Knowledge
from marketsim.observables.gpu_rent import measure
from marketsim.observables.observable import Observable, Report

__all__ = ["OLDER_GPU_RENT"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the rental price of an A100."""
    yield Report("A100 rental", knowledge.select("gpu_rental_price", "A100 80GB"))


OLDER_GPU_RENT: Final = Observable(
    kind="older_gpu_rent",
    meaning="rental price of an A100",
    quantities=("gpu_rental_price",),
    unit="USD per hour",
    reports=reports,
    measure=measure,
    measured="the rent of an H100e-hour",
    floor=0.30,
    reason="as for an H100, and its price need not move with that of new compute",
    relative=True,
)
