"""Orders not yet due: commitments to suppliers, and leases signed that have not begun."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["COMMITMENTS"]

QUANTITIES: Final = {
    "purchase_commitments": "purchases",
    "supply_commitments": "supply",
    "leases_not_commenced": "leases",
}

PART_OF: Final = {"supply_commitments": "purchase_commitments"}
"""Which commitments are part of others: of a day on which both are told, the whole alone counts."""


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield a series for each company and kind of commitment."""
    for quantity, name in QUANTITIES.items():
        for company, rows in told_once(knowledge, quantity).groupby("entity"):
            yield Report(f"{name} {company}", rows)


def told_once(knowledge: Knowledge, quantity: str) -> pd.DataFrame:
    """Return the rows of a quantity that are in no other that the company tells of the same day."""
    rows = knowledge.select(quantity)
    if quantity not in PART_OF:
        return rows
    key = ["entity", "date"]
    whole = pd.MultiIndex.from_frame(knowledge.select(PART_OF[quantity])[key])
    return rows[~pd.MultiIndex.from_frame(rows[key]).isin(whole)]


def measure(quarters: Quarter) -> Array:
    """Return orders of sites that are not due yet, [quarter]."""
    return quarters.order_book


COMMITMENTS: Final = Observable(
    kind="commitments",
    meaning="commitments of a company to purchases, or to supplies where it tells those alone, and "
    "to leases that have not begun",
    quantities=tuple(QUANTITIES),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="orders of sites that are not due yet",
    floor=0.35,
    reason="leases bind for ten years and more, purchases for one, and what is counted has changed",
    relative=True,
)
