"""The price of electricity for industry, by year."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["ELECTRICITY"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the industrial price of the United States."""
    yield Report("electricity", knowledge.select("electricity_price", "US/industrial"))


def measure(quarters: Quarter) -> Array:
    """Return the price of electricity before what scarcity adds for AI, [quarter]."""
    return quarters.electricity_price


ELECTRICITY: Final = Observable(
    kind="electricity",
    meaning="price of electricity for industry, mean of a year",
    quantities=("electricity_price",),
    unit="kUSD per MWh",
    reports=reports,
    measure=measure,
    measured="the same, before what scarcity adds for AI",
    floor=0.06,
    reason="all industry of one country, where owners buy in many and under contracts",
    scale=0.01,
    yearly=True,
)
