"""Priors of one calibration: those of the model, with the start of the window set by facts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import jax.numpy as jnp
import numpy as np
import pandas as pd

from marketsim.knowledge import Facts, Knowledge
from marketsim.model import Entry, coordinates, entries, unpack, values
from marketsim.model.demand import earned, laboratory_odds
from marketsim.model.units import ARCHITECTURES, H100_TFLOPS
from marketsim.observables.chip_price import SYSTEM_PRICE
from marketsim.observables.memory_revenue import DRAM
from marketsim.precision import precise

from .hardware import decimal_year, fit_chips
from .published import published
from .window import Window

MERCHANT_SHARE = 0.80
"""The merchant's part of all compute delivered before 2022."""

TOKENS_2026 = 15_000.0
TOKENS_GROWTH = 2.3
"""World tokens per quarter at the start of 2026, trillion, and their log growth per year before:
Google, OpenAI, ByteDance and Microsoft disclosures in data/facts/inference_demand.csv."""

FromFacts = dict[str, tuple[float, float | None]]
"""Linked prior centre and spread by assumption; None keeps the spread."""

TRENDS: Final = {
    "compute_per_dollar_growth": "compute_per_dollar",
    "compute_per_watt_growth": "compute_per_watt",
    "bandwidth_per_watt_growth": "bandwidth_per_watt",
    "chip_power_growth": "chip_power",
}
LEVELS: Final = {
    "initial_bandwidth": "bandwidth_per_watt",
    "initial_memory": "memory_per_watt",
    "initial_chip_size": "chip_power",
}
DRIFT: Final = 0.05
"""A trend of the past may go on faster or slower by this, per year."""
BREADTH: Final = 0.12
"""Chips of one date differ by this about the flagships' line, in logs."""
LATE: Final = 0.5
"""Years from release until a chip is what ships."""


def priors(knowledge: Knowledge, window: Window) -> list[Entry]:
    """Return the priors of every assumption, centred on what is known where that can tell.

    Published rates come before declared ones, and the trend of an architecture's own chips before
    rates that were published for all.
    """
    lines = knowledge.universe.revenue_map
    declared = entries(lines.lines)
    given = {
        **start_of_window(knowledge, window, reinvested(declared)),
        **books(knowledge),
        **hardware(knowledge, window),
    }
    studies = published(knowledge)
    listed = []
    for entry in declared:
        if entry.name in studies and entry.name not in given:
            found = studies[entry.name]
            entry = replace(entry, centre=found.centre, scale=found.scale, source=found.source)
        elif entry.name in given:
            centre, scale = given[entry.name]
            entry = replace(entry, centre=centre, scale=scale or entry.scale)
        elif entry.field == "base_growth":
            line = lines.lines.index(entry.name.partition("[")[2].rstrip("]"))
            entry = replace(entry, centre=float(lines.base_growth[line]))
        listed.append(entry)
    return listed


def hardware(knowledge: Knowledge, window: Window) -> FromFacts:
    """Return priors on chips from the trends of flagships."""
    trends = fit_chips(knowledge)
    year = 2025.0 + window.start_year - LATE
    given: FromFacts = {}
    for architecture in ARCHITECTURES:
        for field, quantity in TRENDS.items():
            fitted = trends.growth(quantity, architecture)
            given[f"{field}[{architecture}]"] = (fitted.value, math.hypot(fitted.error, DRIFT))
        for field, quantity in LEVELS.items():
            fitted = trends.level(quantity, architecture, year)
            given[f"{field}[{architecture}]"] = (fitted.value, math.hypot(fitted.error, BREADTH))
    # Scattered designs tell a level only where they agree on its order of magnitude.
    return {k: (x, s) for k, (x, s) in given.items() if s is not None and s < 1.0}


def books(knowledge: Knowledge) -> FromFacts:
    """Return the prior on accounting life: the owners' mean as they last stated it."""
    owners = list(knowledge.universe.labels("owners").values())
    lives = knowledge.latest("server_useful_life").reindex(owners).dropna()
    return {"accounting_life": (math.log(lives.mean()), None)} if len(lives) else {}


def reinvested(declared: list[Entry]) -> float:
    """Return training paid out of a dollar's worth of compute that answers, at the medians."""
    with precise("float64"):
        a = unpack(values(coordinates(declared), jnp.zeros(len(declared))))
        return float(earned(a, laboratory_odds(a)))


def start_of_window(knowledge: Knowledge, window: Window, reinvested: float) -> FromFacts:
    """Return priors of the `initial_*` assumptions from facts of about then.

    ``reinvested`` is what training is paid out of a dollar's worth of compute that answers.
    """
    year = 2025.0 + window.start_year
    facts, universe = knowledge.facts, knowledge.universe
    price_level, price_slope = _price_trend(facts, year)
    revenue = facts.series("quarterly_revenue", universe.only("merchant_line")) / 1e3
    chips = _first_quarter(revenue, window) * 0.75
    price = SYSTEM_PRICE * math.exp(price_level)
    sites = 1.8
    training = min(0.75, max(0.30, 0.55 - 0.05 * (year - 2022.0)))
    outside = 1.0 - (1.0 - training) * (1.0 + reinvested)
    capex = facts.select("quarterly_capex")
    owners = (
        capex[capex["entity"].isin(universe.group("owners"))].groupby("date")["value"].sum() / 1e3
    )
    centres = {
        "initial_chip_price": math.log(price),
        "initial_compute": math.log(_stock(revenue, window, price, price_slope)),
        "initial_spending": math.log(chips * sites),
        "initial_cash_flow": math.log(owners_cash_flow(knowledge, window)),
        "initial_other_capex": math.log(0.8 * _first_quarter(owners, window)),
        "initial_training_capital": math.log(outside / (1.0 - outside)),
        "initial_tokens": math.log(TOKENS_2026) + TOKENS_GROWTH * (year - 2026.0),
    }
    electricity = facts.series("electricity_price", "US/industrial") / 100.0
    if len(electricity):
        centres["initial_electricity_price"] = math.log(_first_quarter(electricity, window))
    auctions = facts.select("capacity_price", "PJM").set_index("published")["value"]
    if len(auctions):
        centres["initial_capacity_price"] = math.log(_first_quarter(auctions, window))
    makers = facts.series("memory_revenue", DRAM)
    if len(makers):
        centres["initial_memory_revenue"] = math.log(_first_quarter(makers, window))
    changes = facts.series("memory_price_change", universe.group("memory_prices")[0])
    if len(changes):
        centres["initial_memory_momentum"] = math.log1p(_first_quarter(changes, window) / 100.0)
    power = fit_chips(knowledge).level("compute_per_watt", "gpu", year - LATE).value
    if not math.isnan(power):
        centres["initial_chip_power"] = -power
    return {name: (centre, None) for name, centre in centres.items()}


def owners_cash_flow(knowledge: Knowledge, window: Window) -> float:
    """Return operating cash flow of the largest owners at the start, USD bn per quarter."""
    owners = knowledge.universe.group("owners")
    rows = knowledge.select("annual_operating_cash_flow")
    before = rows[rows["entity"].isin(owners) & (rows["date"] <= window.start)]
    latest = before.sort_values("date").groupby("entity")["value"].last()
    return float(latest.sum()) / 4e3 if len(latest) == len(owners) else 40.0


def _price_trend(facts: Facts, year: float) -> tuple[float, float]:
    """Return ln kUSD per H100e at ``year`` and its slope per year, over merchant accelerators."""
    both = (facts.select(q).set_index("entity") for q in ("chip_price", "chip_fp16"))
    chips, compute = (t[t.index.str.startswith("gpu/")] for t in both)
    table = chips.join(compute["value"].rename("tflops"), how="inner")
    table = table[table["tflops"] > 100.0]
    ratio = np.log(table["value"] / table["tflops"] * H100_TFLOPS / 1e3)
    slope, level = np.polyfit(decimal_year(table["date"]) - year, ratio, 1)
    return float(level - LATE * slope), float(slope)


def _stock(revenue: pd.Series, window: Window, price: float, slope: float) -> float:
    """Return compute installed at the start, from what the merchant had sold and its price."""
    before = revenue[revenue.index <= window.start + pd.Timedelta(days=30)]
    age = np.asarray((window.start - pd.DatetimeIndex(before.index)).days) / 365.25
    sold = 0.75 * before.to_numpy() / (price * np.exp(-slope * age)) * np.exp(-0.05 * age)
    return float(sold.sum()) / MERCHANT_SHARE


def _first_quarter(series: pd.Series, window: Window) -> float:
    """Return the mean of the two quarters nearest the start of the window."""
    gap = np.abs((pd.DatetimeIndex(series.index) - window.history_ends[0]).days)
    return float(series.iloc[np.argsort(gap, kind="stable")[:2]].mean())
