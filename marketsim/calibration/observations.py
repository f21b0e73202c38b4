"""What calibration sees: reported figures of the window, and which model quantity each measures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from marketsim.facts import Facts
from marketsim.facts.currency import in_usd
from marketsim.model.units import H100_TFLOPS

from .book import Book
from .window import Window

OWNERS = ("AMZN", "MSFT", "GOOGL", "META")
DESIGNERS = ("Nvidia", "Google", "Amazon", "AMD")
SYSTEM_PRICE = 1.2
"""NVIDIA's revenue per chip over the list price of the chip: boards and systems."""

FLOOR = {
    "revenue": 0.035,
    "capital": 0.05,
    "compute": 0.10,
    "rent": 0.20,
    "tokens": 0.40,
    "share": 0.12,
    "price": 0.15,
}
"""Smallest standard deviation of a log error by kind: the model claims no better."""

DOUBT = {"sourced": 1.0, "derived": 1.2, "unverified": 1.6}
"""Standard deviations grow by these where a figure is less sure."""


@dataclass(frozen=True, eq=False)
class Series:
    """One reported series in the window.

    Attributes
    ----------
    name, kind, unit
        ``NVDA.data_center``, ``revenue``, ``USD bn``.
    dates
        Period ends, [observation].
    value
        Reported, in the model's units, positive.
    weight
        Mixture of model quarters, [observation, quarter].
    lines
        Which revenue lines it adds up, [line]; zeros for what is not revenue.
    season
        Factor of the season by which the model's smooth figure is multiplied.
    doubt
        Factor on the error's standard deviation, from `confidence`.
    relative
        Only changes within the series are compared: its level measures something else.
    """

    name: str
    kind: str
    unit: str
    dates: pd.DatetimeIndex
    value: np.ndarray
    weight: np.ndarray
    lines: np.ndarray
    season: np.ndarray
    doubt: np.ndarray
    relative: bool = False


def observe(facts: Facts, book: Book, window: Window) -> list[Series]:
    """Return every series of the window that ``facts`` know."""
    found = [*_revenue(facts, book, window), *_world(facts, book, window)]
    return [s for s in found if len(s.value) >= (2 if s.relative else 1)]


def _revenue(facts: Facts, book: Book, window: Window) -> Iterator[Series]:
    known = facts.select("quarterly_revenue")
    groups = {str(name): rows for name, rows in known.groupby("entity")}
    for name, lines in book.series().items():
        rows = groups.get(name)
        if rows is not None:
            rows = rows.assign(value=in_usd(rows))
            season = seasons(rows["date"], rows["value"].to_numpy())
            yield _series(name, "revenue", "USD bn", rows, 1e-3, window, lines, season)


def _world(facts: Facts, book: Book, window: Window) -> Iterator[Series]:
    none = np.zeros(len(book.lines))
    capex = _together(facts.select("quarterly_capex"), OWNERS)
    season = seasons(capex["date"], capex["value"].to_numpy())
    yield _series("owner_capex", "capital", "USD bn", capex, 1e-3, window, none, season)
    stock = _together(facts.select("installed_h100e"), DESIGNERS)
    yield _series("installed_compute", "compute", "M H100e", stock, 1e-6, window, none)
    rent = facts.select("gpu_rental_price", "H100")
    yield _series("H100 rental", "rent", "USD per hour", rent, 1.0, window, none)
    share = facts.select("inference_share")
    share = share[share["entity"] == "Deloitte"]
    yield _series("inference_share", "share", "share", share, 0.01, window, none)
    yield _series("chip price", "price", "kUSD per H100e", chip_prices(facts), 1.0, window, none)
    tokens = facts.select("token_volume")
    for name, rows in tokens.groupby("entity"):
        yield _series(
            f"tokens {name}", "tokens", "T per month", rows, 1.0, window, none, relative=True
        )


def chip_prices(facts: Facts) -> pd.DataFrame:
    """Return prices of merchant flagships per H100e, kUSD, as sold: with boards and systems.

    The yearly system price of an H100 until Blackwell, and list prices of NVIDIA's chips of at
    least the speed of an H100 at release.
    """
    compute = facts.select("chip_fp16").set_index("entity")["value"] / H100_TFLOPS
    lists = facts.select("chip_price")
    lists = lists[lists["entity"].str.startswith("gpu/NVIDIA/")]
    speed = lists["entity"].map(compute).to_numpy()
    lists = lists.assign(value=lists["value"] * SYSTEM_PRICE / speed / 1e3)[speed > 0.95]
    system = facts.select("gpu_price", "H100")
    system = system.assign(value=system["value"] / 1e3)[system["date"] < "2024-10-01"]
    return pd.concat([lists, system]).sort_values(["date", "entity"], kind="stable")


def _series(
    name: str,
    kind: str,
    unit: str,
    rows: pd.DataFrame,
    scale: float,
    window: Window,
    lines: np.ndarray,
    season: np.ndarray | None = None,
    relative: bool = False,
) -> Series:
    weight = window.weights(rows["date"])
    inside = weight.sum(axis=1) > 0.5
    season = np.ones(len(rows)) if season is None else season
    return Series(
        name=name,
        kind=kind,
        unit=unit,
        dates=pd.DatetimeIndex(rows["date"])[inside],
        value=(rows["value"].to_numpy() * scale)[inside],
        weight=weight[inside],
        lines=lines,
        season=season[inside],
        doubt=rows["confidence"].map(DOUBT).to_numpy(dtype=float)[inside],
        relative=relative,
    )


def _together(rows: pd.DataFrame, entities: tuple[str, ...]) -> pd.DataFrame:
    """Return sums over ``entities`` at the dates where all are known, as sure as the least sure."""
    chosen = rows[rows["entity"].isin(entities)]
    wide = chosen.pivot(index="date", columns="entity", values="value")
    complete = wide.dropna() if set(entities) <= set(wide.columns) else wide.iloc[:0]
    total = complete.sum(axis=1)
    doubt = chosen.assign(doubt=chosen["confidence"].map(DOUBT)).groupby("date")["doubt"].max()
    least = doubt.reindex(total.index).map({doubt: name for name, doubt in DOUBT.items()})
    return pd.DataFrame(
        {"date": total.index, "value": total.to_numpy(), "confidence": least.to_numpy(), "unit": ""}
    )


def seasons(dates: pd.Series, values: np.ndarray) -> np.ndarray:
    """Return the seasonal factor of each observation, from ratios to a centred yearly mean.

    Median ratios by quarter of the year, normalised to a geometric mean of one; all ones for fewer
    than ten observations. Uses only the observations given.
    """
    count = len(values)
    if count < 10:
        return np.ones(count)
    log = np.log(values)
    kernel = np.array([0.125, 0.25, 0.25, 0.25, 0.125])
    ratio = log[2:-2] - np.convolve(log, kernel, mode="valid")
    # A quarter of 13 weeks may end a day or two into the next month (AMD, 1 April 2023).
    quarter = ((pd.DatetimeIndex(dates) - pd.Timedelta(days=7)).month.to_numpy() - 1) // 3
    inner = quarter[2:-2]
    factors = np.array(
        [np.median(ratio[inner == q]) if (inner == q).any() else 0.0 for q in range(4)]
    )
    # Shrink towards none, as there are few years of each quarter.
    years = count / 4.0
    return np.asarray(np.exp((factors - factors.mean()) * years / (years + 1.0))[quarter])
