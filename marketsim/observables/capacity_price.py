"""The price of capacity, as auctions clear it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["CAPACITY_PRICE"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield PJM's auctions, each at the day of its result: facts date it by its delivery year."""
    auctions = knowledge.select("capacity_price", "PJM")
    held = auctions.assign(date=auctions["published"])
    yield Report("PJM capacity auction", held.sort_values("date", ignore_index=True))


def measure(quarters: Quarter) -> Array:
    """Return what an auction in the quarter clears at, [quarter]."""
    return quarters.capacity_price


CAPACITY_PRICE: Final = Observable(
    kind="capacity_price",
    meaning="price of capacity that an auction of PJM clears, by the day of its result",
    quantities=("capacity_price",),
    unit="USD per MW-day",
    reports=reports,
    measure=measure,
    measured="the price of capacity for delivery a year or two on",
    floor=0.25,
    reason="one market of several, whose rules on accreditation and caps changed with each auction",
)
