"""Prices of DRAM, as changes of contracts and of makers' average selling prices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["MEMORY_PRICE", "accumulated"]

QUARTER: Final = pd.Timedelta(days=91)
NEXT: Final = pd.Timedelta(days=110)
"""A change told later than this after the last is of no quarter that follows it."""


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the runs of each price of the group `memory_prices`."""
    rows = knowledge.select("memory_price_change")
    for entity in knowledge.universe.group("memory_prices"):
        yield from accumulated(f"price of {entity}", rows[rows["entity"] == entity])


def accumulated(name: str, rows: pd.DataFrame) -> Iterator[Report]:
    """Yield an index for each run of quarters whose changes, in percent, are told without a gap.

    It stands at 1 a quarter before the first of them. One change makes an index of two figures.
    """
    rows = rows.sort_values("date", kind="stable")
    run = (rows["date"].diff() > NEXT).cumsum()
    for _, told in rows.groupby(run):
        start = told.iloc[:1].assign(date=told["date"].iloc[0] - QUARTER, value=0.0)
        index = pd.concat([start, told])
        index = index.assign(value=np.exp(np.log1p(index["value"] / 100.0).cumsum()))
        yield Report(f"{name} from {told['date'].iloc[0]:%Y-%m}", index)


def measure(quarters: Quarter) -> Array:
    """Return the contract price, [quarter]."""
    return quarters.memory_price


MEMORY_PRICE: Final = Observable(
    kind="memory_price",
    meaning="prices of DRAM, changes on the quarter put together",
    quantities=("memory_price_change",),
    unit="USD per GB",
    reports=reports,
    measure=measure,
    measured="the contract price of DRAM without high-bandwidth memory",
    floor=0.06,
    reason="ranges told in words, products and makers differ by some per cent in a quarter",
    relative=True,
)
