"""Revenue of companies and segments, by fiscal quarter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Outlook, Report

__all__ = ["REVENUE"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield every series of the revenue map that is reported, in its current definition."""
    known = knowledge.reported("quarterly_revenue")
    groups = {str(name): rows for name, rows in known.groupby("entity")}
    universe = knowledge.universe
    mergers = {cut.entity: cut.first for cut in universe.breaks if cut.kind == "merger"}
    for name, lines in universe.revenue_map.series().items():
        rows = groups.get(name)
        if rows is not None:
            before = rows["date"] < mergers.get(name, pd.Timestamp.min)
            yield Report(name, rows.assign(other=before & (rows["definition"] == 1)), lines)


def measure(quarters: Quarter) -> Array:
    """Return revenue by line, [quarter, line]."""
    return quarters.lines


REVENUE: Final = Observable(
    kind="revenue",
    meaning="revenue of companies and segments by fiscal quarter",
    quantities=("quarterly_revenue",),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="the lines that the series adds up",
    floor=0.035,
    reason="restatements, weeks in a quarter and currencies move reported revenue by a few percent",
    scale=1e-3,
    by_line=True,
    seasonal=True,
    outlook=Outlook("quarterly_revenue", by="company"),
)
