"""Priors of one calibration: those of the model, with the start of the window set by facts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from marketsim.facts import Facts
from marketsim.model import Entry, entries
from marketsim.model.units import H100_TFLOPS

from .book import Book
from .observations import OWNERS, SYSTEM_PRICE
from .window import Window

SERVER_POWER = 1.25
"""Power of a server over that of its accelerators."""

MERCHANT_SHARE = 0.80
"""NVIDIA's part of all compute delivered before 2022."""

TOKENS_2026 = 15_000.0
TOKENS_GROWTH = 2.3
"""World tokens per quarter at the start of 2026, trillion, and their log growth per year before:
Google, OpenAI, ByteDance and Microsoft disclosures in data/facts/inference_demand.csv."""


def priors(facts: Facts, book: Book, window: Window) -> list[Entry]:
    """Return the priors of every assumption, the initial ones centred on ``facts``."""
    starts = start_of_window(facts, window)
    listed = []
    for entry in entries(book.lines):
        if entry.field in starts:
            entry = replace(entry, centre=starts[entry.field])
        elif entry.field == "base_growth":
            line = book.lines.index(entry.name.partition("[")[2].rstrip("]"))
            entry = replace(entry, centre=float(book.base_growth[line]))
        listed.append(entry)
    return listed


def start_of_window(facts: Facts, window: Window) -> dict[str, float]:
    """Return linked prior centres of the `initial_*` assumptions, from facts of about then."""
    year = 2025.0 + window.start_year
    price_level, price_slope = _chip_trend(facts, "chip_price", year)
    power_level, _ = _chip_trend(facts, "chip_power", year)
    revenue = facts.series("quarterly_revenue", "NVDA.data_center") / 1e3
    chips = _first_quarter(revenue, window) * 0.75
    price = SYSTEM_PRICE * math.exp(price_level)
    sites = 1.8
    training = min(0.75, max(0.30, 0.55 - 0.05 * (year - 2022.0)))
    capex = facts.select("quarterly_capex")
    owners = capex[capex["entity"].isin(OWNERS)].groupby("date")["value"].sum() / 1e3
    return {
        "initial_chip_price": math.log(price),
        "initial_chip_power": math.log(SERVER_POWER * math.exp(power_level)),
        "initial_compute": math.log(_stock(revenue, window, price, price_slope)),
        "initial_spending": math.log(chips * sites),
        "initial_other_capex": math.log(0.8 * _first_quarter(owners, window)),
        "initial_training_share": math.log(training / (1.0 - training)),
        "initial_tokens": math.log(TOKENS_2026) + TOKENS_GROWTH * (year - 2026.0),
    }


def owners_cash_flow(facts: Facts, window: Window) -> float:
    """Return operating cash flow of the largest owners at the start, USD bn per quarter."""
    rows = facts.select("annual_operating_cash_flow")
    before = rows[rows["entity"].isin(OWNERS) & (rows["date"] <= window.start)]
    latest = before.sort_values("date").groupby("entity")["value"].last()
    return float(latest.sum()) / 4e3 if len(latest) == len(OWNERS) else 40.0


def _chip_trend(facts: Facts, quantity: str, year: float) -> tuple[float, float]:
    """Return ln level per H100e at ``year`` and its slope per year, over merchant accelerators.

    Chips ship for a year or more after release, so the mix of a date is half a year older.
    """
    both = (facts.select(q).set_index("entity") for q in (quantity, "chip_fp16"))
    chips, compute = (t[t.index.str.startswith("gpu/")] for t in both)
    table = chips.join(compute["value"].rename("tflops"), how="inner")
    table = table[table["tflops"] > 100.0]
    ratio = np.log(table["value"] / table["tflops"] * H100_TFLOPS / 1e3)
    when = _years(table["date"])
    slope, level = np.polyfit(when - year, ratio, 1)
    return float(level - 0.5 * slope), float(slope)


def _stock(revenue: pd.Series, window: Window, price: float, slope: float) -> float:
    """Return compute installed at the start, from what NVIDIA had sold and the price of then."""
    before = revenue[revenue.index <= window.start + pd.Timedelta(days=30)]
    age = np.asarray((window.start - pd.DatetimeIndex(before.index)).days) / 365.25
    sold = 0.75 * before.to_numpy() / (price * np.exp(-slope * age)) * np.exp(-0.05 * age)
    return float(sold.sum()) / MERCHANT_SHARE


def _first_quarter(series: pd.Series, window: Window) -> float:
    """Return the mean of the two quarters nearest the start of the window."""
    gap = np.abs((pd.DatetimeIndex(series.index) - window.history_ends[0]).days)
    return float(series.iloc[np.argsort(gap, kind="stable")[:2]].mean())


def _years(dates: pd.Series) -> np.ndarray:
    stamps = pd.DatetimeIndex(dates)
    return np.asarray(stamps.year + (stamps.day_of_year - 0.5) / 365.25, dtype=float)
