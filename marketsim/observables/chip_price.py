"""Prices of merchant accelerators, as sold: with boards and systems."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.model.units import H100_TFLOPS
from marketsim.observables.observable import Observable, Report

__all__ = ["CHIP_PRICE", "SYSTEM_PRICE", "chip_prices"]

SYSTEM_PRICE: Final = 1.2
"""Revenue of the merchant per chip over the list price of the chip: boards and systems."""


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the prices of flagships of the group `merchant_chips`."""
    yield Report("chip price", chip_prices(knowledge))


def chip_prices(knowledge: Knowledge) -> pd.DataFrame:
    """Return prices of merchant flagships per H100e, kUSD, as sold: with boards and systems.

    The yearly system price of an H100 until Blackwell, and list prices of the merchant's chips of
    at least the speed of an H100 at release. Those of one quarter are one figure, their geometric
    mean: an H200 asks twice a B200 for the same arithmetic, for its memory.
    """
    compute = knowledge.select("chip_fp16").set_index("entity")["value"] / H100_TFLOPS
    lists = knowledge.select("chip_price")
    lists = lists[lists["entity"].str.startswith(knowledge.universe.group("merchant_chips"))]
    speed = lists["entity"].map(compute).to_numpy()
    lists = lists.assign(value=lists["value"] * SYSTEM_PRICE / speed / 1e3)[speed > 0.95]
    system = knowledge.select("gpu_price", "H100")
    system = system.assign(value=system["value"] / 1e3)[system["date"] < "2024-10-01"]
    both = pd.concat([lists, system], ignore_index=True)
    prices = both.sort_values(["date", "entity"], kind="stable")
    quarter = prices["date"].dt.to_period("Q")
    logs = prices["value"].astype(float).map(math.log).groupby(quarter).transform("mean")
    each: pd.DataFrame = prices[~quarter.duplicated(keep="last")]
    return each.assign(value=logs.map(math.exp))


def measure(quarters: Quarter) -> Array:
    """Return the price of new merchant accelerators, [quarter]."""
    return quarters.chip_price


CHIP_PRICE: Final = Observable(
    kind="chip_price",
    meaning="price of merchant flagships per H100e, with boards and systems",
    quantities=("chip_price", "chip_fp16", "gpu_price"),
    unit="kUSD per H100e",
    reports=reports,
    measure=measure,
    measured="the price of new merchant accelerators",
    floor=0.15,
    reason="list, street and contract prices, with and without boards",
)
