"""Operating cash flow of the largest owners of compute, added up, by calendar quarter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report
from marketsim.observables.totals import together

__all__ = ["CASH_FLOW"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the sum over the group `owners`, where all of them are known."""
    owners = knowledge.universe.group("owners")
    yield Report(
        "owner_cash_flow", together(knowledge.select("quarterly_operating_cash_flow"), owners)
    )


def measure(quarters: Quarter) -> Array:
    """Return the owners' operating cash flow, that of compute sold included, [quarter]."""
    return quarters.owner_cash_flow


CASH_FLOW: Final = Observable(
    kind="cash_flow",
    meaning="operating cash flow of the largest owners together",
    quantities=("quarterly_operating_cash_flow",),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="their cash flow from other business, and their part of what compute sold earns",
    floor=0.06,
    reason="taxes, bonuses and working capital move by the quarter",
    scale=1e-3,
    seasonal=True,
)
