"""What companies report by fiscal quarter, series by series, as it was known on a date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from marketsim.knowledge import Break, Knowledge, once
from marketsim.knowledge.currency import usd_per

from .calendar import quarter_ends

__all__ = [
    "STALE",
    "FirstReport",
    "Series",
    "company_series",
    "first_reports",
    "quarter_number",
    "unbroken",
]

EPOCH: Final = pd.Timestamp("2015-01-01")
DAYS: Final = 365.25 / 4.0

STALE: Final = 330
"""Days after its last figure on which a series counts as ended."""


@dataclass(frozen=True, eq=False)
class Series:
    """One series as known on a date.

    Attributes
    ----------
    quantity, entity
        As in the facts: ``quarterly_revenue`` and ``NVDA.data_center``.
    unit
        As in the facts.
    dates
        Period ends, in order, [report].
    values
        Positive, in ``unit``, [report].
    afresh
        Whether a report is the first of another definition, so that its level says nothing of the
        one before, [report].
    year_end_month
        Month of the company's fiscal year end, 1 to 12; None for what others measure by calendar
        quarter.
    closed
        Ends of all quarters known of the company, in order, by which its calendar is told.
    """

    quantity: str
    entity: str
    unit: str
    dates: pd.DatetimeIndex
    values: np.ndarray
    afresh: np.ndarray
    year_end_month: int | None = 12
    closed: pd.DatetimeIndex | None = None

    def __repr__(self) -> str:
        said = (
            f"{len(self.values)} reports to {self.dates[-1].date()}" if len(self.values) else "none"
        )
        return f"Series({self.quantity} of {self.entity}, {said})"

    @property
    def reported(self) -> bool:
        """Whether a company reports it, by its own quarters."""
        return self.year_end_month is not None

    @property
    def ticker(self) -> str:
        """Of the company, or empty."""
        return self.entity.partition(".")[0] if self.reported else ""

    @property
    def segment(self) -> str:
        """Of the company's revenue, ``total`` for the whole, or empty."""
        return self.entity.partition(".")[2] if self.reported else ""

    @cached_property
    def numbers(self) -> np.ndarray:
        """Consecutive numbers of its quarters, [report]; see :func:`quarter_number`."""
        return quarter_number(self.dates)

    def alive(self, date: pd.Timestamp) -> bool:
        """Return whether it still goes on."""
        return (date - self.dates[-1]).days <= STALE

    def ends(self, periods: int) -> pd.DatetimeIndex:
        """Return the ends of the quarters after the last: the company's own, else calendar ones."""
        if self.year_end_month is not None:
            return quarter_ends(self.dates, self.year_end_month, periods, self.closed)
        last = self.dates[-1].to_period("Q-DEC")
        ahead = pd.period_range(last + 1, periods=periods)
        return pd.DatetimeIndex(ahead.end_time.normalize())


@once
def company_series(knowledge: Knowledge, quantity: str) -> tuple[Series, ...]:
    """Return every series of a quantity that companies report, in USD where it is in EUR."""
    return tuple(_company_series(knowledge, quantity))


def _company_series(knowledge: Knowledge, quantity: str) -> Iterator[Series]:
    universe = knowledge.universe
    year_ends = universe.companies["fiscal_year_end_month"].to_dict()
    known = set(knowledge.table["entity"])
    reported = knowledge.reported(quantity)
    tickers = reported["entity"].astype(str).str.split(".").str[0]
    closed = {
        str(ticker): pd.DatetimeIndex(np.unique(dates))
        for ticker, dates in reported["date"].groupby(tickers)
    }
    for entity, rows in reported.groupby("entity"):
        ticker = str(entity).partition(".")[0]
        month = year_ends.get(ticker)
        if month is not None:
            chosen = rows[rows["value"] > 0]
            own = chosen.assign(value=chosen["value"] / chosen["unit"].map(usd_per))
            afresh = _afresh(str(entity), own["date"], known, universe.breaks)
            yield Series(
                quantity=quantity,
                entity=str(entity),
                unit=str(own["unit"].iloc[-1]),
                dates=pd.DatetimeIndex(own["date"]),
                values=own["value"].to_numpy(dtype=float),
                afresh=afresh,
                year_end_month=int(month),
                closed=closed[ticker],
            )


def _afresh(
    entity: str, dates: pd.Series, known: set[str], breaks: tuple[Break, ...]
) -> np.ndarray:
    """Return which reports come first after a break that no recast figures bridge, [report].

    ``known`` are the entities of all facts, among them those that recast the past.
    """
    first = np.zeros(len(dates), dtype=bool)
    for b in breaks:
        if b.entity == entity and b.recast not in known:
            after = (dates >= b.first).to_numpy()
            first[1:] |= after[1:] & ~after[:-1]
    return first


class FirstReport(NamedTuple):
    """A figure as it was first published: of the quarter that ended on ``date``, and when."""

    date: pd.Timestamp
    value: float
    published: pd.Timestamp


@once
def first_reports(knowledge: Knowledge, quantity: str) -> dict[str, dict[int, FirstReport]]:
    """Return every figure above zero of a quantity as first published, by entity and quarter."""
    rows = knowledge.table[knowledge.table["quantity"] == quantity]
    rows = rows[rows["value"] > 0.0].drop_duplicates(["entity", "date"])
    numbers = quarter_number(pd.DatetimeIndex(rows["date"]))
    found: dict[str, dict[int, FirstReport]] = {}
    for entity, number, date, value, published in zip(
        rows["entity"], numbers, rows["date"], rows["value"], rows["published"], strict=True
    ):
        of_entity = found.setdefault(str(entity), {})
        of_entity[int(number)] = FirstReport(date, float(value), published)
    return found


def unbroken(dates: pd.DatetimeIndex, quarters: int) -> np.ndarray:
    """Return whether a report ends so many ``quarters`` that follow one another, [report]."""
    number, whole = quarter_number(dates), np.zeros(len(dates), dtype=bool)
    whole[quarters - 1 :] = number[quarters - 1 :] - number[: len(number) - quarters + 1] == (
        quarters - 1
    )
    return whole


def quarter_number(dates: pd.DatetimeIndex) -> np.ndarray:
    """Return consecutive numbers of the quarters that end near ``dates``, [report]."""
    days = (dates.to_numpy() - EPOCH.to_datetime64()) // np.timedelta64(1, "D")
    return np.round(days / DAYS).astype(int)
