"""Gas turbines on order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["TURBINE_BACKLOG"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the backlog of one large maker, slots that are reserved included."""
    rows = knowledge.select("turbine_backlog", "GE Vernova/with slots")
    yield Report("turbine backlog GE Vernova", rows)


def measure(quarters: Quarter) -> Array:
    """Return turbines on order in the world, [quarter]."""
    return quarters.turbine_backlog


TURBINE_BACKLOG: Final = Observable(
    kind="turbine_backlog",
    meaning="gas turbines on order at a large maker, with slots reserved",
    quantities=("turbine_backlog",),
    unit="GW",
    reports=reports,
    measure=measure,
    measured="turbines on order in the world",
    floor=0.20,
    reason="one maker of three; most of what it has on order is for no data centre",
    relative=True,
)
