"""Capital spending of the largest owners of compute, added up, by calendar quarter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Outlook, Report
from marketsim.observables.totals import together

__all__ = ["CAPITAL_SPENDING"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the sum over the group `owners`, where all of them are known."""
    owners = knowledge.universe.group("owners")
    yield Report("owner_capex", together(knowledge.reported("quarterly_capex"), owners))


def measure(quarters: Quarter) -> Array:
    """Return the owners' capital spending, for AI and else, [quarter]."""
    return quarters.owner_capex


CAPITAL_SPENDING: Final = Observable(
    kind="capital_spending",
    meaning="cash capital spending of the largest owners together",
    quantities=("quarterly_capex",),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="the owners' part of AI capital spending, and their other",
    floor=0.05,
    reason="timing of payments, and finance leases, which cash spending leaves out",
    scale=1e-3,
    seasonal=True,
    outlook=Outlook("quarterly_capex", by="company"),
)
