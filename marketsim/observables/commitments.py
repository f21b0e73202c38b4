"""Orders not yet due: commitments to suppliers, and leases signed that have not begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["COMMITMENTS"]

QUANTITIES: Final = {
    "purchase_commitments": "purchases",
    "leases_not_commenced": "leases",
}


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield a series for each company and kind of commitment."""
    for quantity, name in QUANTITIES.items():
        for company, rows in knowledge.select(quantity).groupby("entity"):
            yield Report(f"{name} {company}", rows)


def measure(quarters: Quarter) -> Array:
    """Return orders of sites that are not due yet, [quarter]."""
    return quarters.order_book


COMMITMENTS: Final = Observable(
    kind="commitments",
    meaning="commitments of a company to purchases and to leases that have not begun",
    quantities=tuple(QUANTITIES),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="orders of sites that are not due yet",
    floor=0.35,
    reason="leases bind for ten years and more, purchases for one, and what is counted has changed",
    relative=True,
)
