"""Rows of what is built and runs: compute, power, memory."""

from __future__ import annotations

from typing import Final

from .measures import electricity, field, memory_share, spent_on
from .published import Figures, Stated, Together
from .row import Row

__all__ = ["COMPUTE", "MEMORY", "POWER"]

OF_DATA_CENTRES: Final = "AI is a part of data centres, whose figures are ceilings"
TRENDS: Final = ("trend_lo", "trend_hi")

COMPUTE: Final = (
    Row(
        "compute installed",
        "M H100e",
        field("compute"),
        "last",
        (
            Together(
                "installed_h100e",
                "designers",
                ends=("installed_h100e_p05", "installed_h100e_p95"),
                scale=1e-6,
            ),
        ),
        "the sum of the 90 % bands of designers",
    ),
    Row(
        "growth of compute",
        "x per year",
        field("compute"),
        "growth",
        (
            Figures("trend", "stock: NVIDIA installed compute", ends=TRENDS, carried=3),
            Figures("trend", "stock: global AI compute capacity*", ends=TRENDS, carried=2),
        ),
        "trends of the past, taken to go on",
    ),
    Row(
        "inference share",
        "percent",
        lambda quarters: 100.0 * quarters.inference_share,
        "last",
        (Figures("inference_share", group="inference_share"),),
        "shares of compute, and of what the largest maker sold",
    ),
    Row(
        "rent of an H100e-hour",
        "USD",
        field("rent"),
        "mean",
        (Figures("gpu_rental_price", "H100"),),
        "indices and offers of the year",
    ),
)

POWER: Final = (
    Row(
        "power of the AI fleet",
        "GW",
        field("load"),
        "last",
        (
            Figures("ai_power_capacity", "World"),
            Figures("ai_load_forecast", "World/training", side="floor"),
            Figures("data_centre_capacity_forecast", "World", side="ceiling"),
        ),
        f"at the site; training is a part of AI; {OF_DATA_CENTRES}",
    ),
    Row(
        "electricity of the AI fleet",
        "TWh per year",
        electricity,
        "sum",
        (
            Figures("data_centre_electricity", "World", side="ceiling"),
            Figures("data_centre_electricity_forecast", "World/*", side="ceiling"),
        ),
        f"at full load, which no fleet runs at; {OF_DATA_CENTRES}",
    ),
    Row(
        "growth of electricity",
        "x per year",
        electricity,
        "growth",
        (
            Figures(
                "electricity_growth_forecast",
                "World/accelerated servers*",
                scale=0.01,
                shift=1.0,
                spanning=True,
            ),
        ),
        "that of accelerated servers",
    ),
    Row(
        "energised over used",
        "ratio",
        lambda quarters: quarters.energised / quarters.load,
        "last",
        (
            Stated(
                1.0,
                1.6,
                "nothing is used that is not energised; judgement that nobody holds more idle",
            ),
        ),
    ),
)

MEMORY: Final = (
    Row(
        "high-bandwidth memory",
        "USD bn per year",
        field("hbm_revenue"),
        "sum",
        (
            Figures("hbm_market_size", "HBM/*"),
            Figures("hbm_market_size_forecast", "HBM/*"),
        ),
        "sizes of the market by makers and analysts",
    ),
    Row(
        "high-bandwidth memory in accelerators",
        "percent",
        lambda quarters: (
            100.0 * quarters.hbm_revenue / (spent_on("gpu")(quarters) + spent_on("asic")(quarters))
        ),
        "mean",
    ),
    Row(
        "memory in AI servers",
        "percent",
        memory_share,
        "mean",
        (
            Figures("server_memory_share", "AI server/*", side="floor", carried=2),
            Figures("server_memory_share", "*/memory", side="ceiling"),
        ),
        "high-bandwidth memory and server DRAM, not flash, of servers with their accelerators; "
        "DRAM alone of one machine is a floor, and of servers without dear accelerators all "
        "memory, flash with it, a ceiling",
    ),
    Row("contract price of memory", "USD per GB", field("memory_price"), "mean"),
    Row(
        "revenue of memory makers",
        "USD bn per quarter",
        field("memory_revenue"),
        "mean",
        (Figures("memory_revenue", "DRAM industry"),),
        "DRAM of all uses, quarters of the year",
    ),
)
