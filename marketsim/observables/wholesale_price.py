"""The price of energy in a wholesale market, over that of the gas that sets it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["WHOLESALE_PRICE", "heat_rates"]

PERIODS: Final = ("year", "nine months")
"""A year's figure, or where it is not out yet, that of its first nine months."""


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the implied heat rate of PJM: what gas explains is taken out, as in 2022."""
    yield Report("PJM energy over gas", heat_rates(knowledge))


def heat_rates(knowledge: Knowledge) -> pd.DataFrame:
    """Return energy over gas prices, million BTU per MWh, one a year."""
    years = [_over_gas(knowledge, period) for period in PERIODS]
    both = pd.concat(years).assign(year=lambda rows: rows["date"].dt.year)
    return both.drop_duplicates("year").sort_values("date", ignore_index=True).drop(columns="year")


def _over_gas(knowledge: Knowledge, period: str) -> pd.DataFrame:
    power = knowledge.select("wholesale_electricity_price", f"PJM/{period}")
    gas = knowledge.select("natural_gas_price", f"Henry Hub/{period}")
    both = power.merge(gas[["date", "value"]], on="date", suffixes=("", "_gas"))
    return both.assign(value=both["value"] / both["value_gas"])[["date", "value", "confidence"]]


def measure(quarters: Quarter) -> Array:
    """Return the wholesale price at one price of fuel, [quarter]."""
    return quarters.wholesale_price


WHOLESALE_PRICE: Final = Observable(
    kind="wholesale_price",
    meaning="price of energy in the PJM market over the price of gas, mean of a year",
    quantities=("wholesale_electricity_price", "natural_gas_price"),
    unit="index",
    reports=reports,
    measure=measure,
    measured="the wholesale price of energy at one price of fuel",
    floor=0.15,
    reason="gas sets the price in most hours only, and weather moves heat rates by a tenth",
    relative=True,
    yearly=True,
)
