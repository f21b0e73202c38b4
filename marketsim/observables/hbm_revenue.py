"""Sales of high-bandwidth memory by year, as counted by its end or told within it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["HBM_REVENUE"]

YEAR: Final = pd.Timedelta(days=366)


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the market as the member of `hbm_market` sizes it.

    A year's volumes and prices are agreed before it begins, so that what is told within it counts;
    what was told before does not.
    """
    told = [knowledge.select(f"hbm_market_size{kind}") for kind in ("", "_forecast")]
    rows = pd.concat(told)
    by = rows["entity"] == knowledge.universe.only("hbm_market")
    rows = rows[by & (rows["published"] > rows["date"] - YEAR)]
    last = rows.sort_values("published", kind="stable").groupby("date").tail(1)
    yield Report("HBM revenue", last.sort_values("date"))


def measure(quarters: Quarter) -> Array:
    """Return revenue from high-bandwidth memory, [quarter]."""
    return quarters.hbm_revenue


HBM_REVENUE: Final = Observable(
    kind="hbm_revenue",
    meaning="sales of high-bandwidth memory, of a year",
    quantities=("hbm_market_size", "hbm_market_size_forecast"),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="the same, mean of the year",
    floor=0.20,
    reason="round figures of one maker, some told while the year still ran",
    scale=0.25,
    yearly=True,
)
