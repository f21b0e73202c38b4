"""The series that are forecast, as they were known on a date, on one grid of quarters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Break, Knowledge
from marketsim.knowledge.currency import usd_per
from marketsim.observables import CATALOGUE

from .calendar import quarter_ends

__all__ = ["Panel", "Series", "panel", "quarter_number"]

OUTLOOKS: Final = tuple(one.outlook for one in CATALOGUE if one.outlook is not None)

QUARTERLY: Final = tuple(one.quantity for one in OUTLOOKS if one.by == "company")
"""What companies report by fiscal quarter."""

WORLD: Final = tuple(one.quantity for one in OUTLOOKS if one.by == "calendar")
"""What others measure, at any day; the last figure of a calendar quarter stands for it."""

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
        Month of the company's fiscal year end, 1 to 12.
    """

    quantity: str
    entity: str
    unit: str
    dates: pd.DatetimeIndex
    values: np.ndarray
    afresh: np.ndarray
    year_end_month: int = 12

    @property
    def ticker(self) -> str:
        """Of the company, or empty."""
        return self.entity.partition(".")[0] if self.quantity in QUARTERLY else ""

    @property
    def segment(self) -> str:
        """Of the company's revenue, ``total`` for the whole, or empty."""
        return self.entity.partition(".")[2] if self.quantity in QUARTERLY else ""

    def ends(self, periods: int) -> pd.DatetimeIndex:
        """Return the ends of the quarters after the last: the company's own, else calendar ones."""
        if self.quantity in QUARTERLY:
            return quarter_ends(self.dates, self.year_end_month, periods)
        last = self.dates[-1].to_period("Q-DEC")
        ahead = pd.period_range(last + 1, periods=periods)
        return pd.DatetimeIndex(ahead.end_time.normalize())


@dataclass(frozen=True, eq=False)
class Panel:
    """Series side by side.

    Attributes
    ----------
    series
        In the order of the rows.
    logs
        Logs of the values, [series, quarter], NaN where nothing was reported.
    breaks
        Where a series goes on by a new definition, [series, quarter].
    seasonal
        One where a series may have seasons, as what companies report; else zero, [series].
    """

    series: tuple[Series, ...]
    logs: np.ndarray
    breaks: np.ndarray
    seasonal: np.ndarray

    def of(self, chosen: np.ndarray) -> Panel:
        """Return the series for which ``chosen`` [series] is true."""
        kept = tuple(s for s, wanted in zip(self.series, chosen, strict=True) if wanted)
        return Panel(kept, self.logs[chosen], self.breaks[chosen], self.seasonal[chosen])


def panel(knowledge: Knowledge, date: pd.Timestamp) -> Panel:
    """Return every series that is known and that still goes on at ``date``."""
    listed = [*_companies(knowledge), *_measured(knowledge)]
    alive = tuple(s for s in listed if (date - s.dates[-1]).days <= STALE)
    rows = [quarter_number(s.dates) for s in alive]
    width = max((int(r[-1]) + 1 for r in rows), default=0)
    logs = np.full((len(alive), width), np.nan)
    breaks = np.zeros((len(alive), width), dtype=bool)
    for i, (s, row) in enumerate(zip(alive, rows, strict=True)):
        logs[i, row] = np.log(s.values)
        breaks[i, row] = s.afresh
    seasonal = np.array([float(s.quantity in QUARTERLY) for s in alive])
    return Panel(alive, logs, breaks, seasonal)


def _companies(knowledge: Knowledge) -> Iterator[Series]:
    universe = knowledge.universe
    year_ends = universe.companies["fiscal_year_end_month"].to_dict()
    known = set(knowledge.table["entity"])
    for quantity in QUARTERLY:
        for entity, rows in knowledge.reported(quantity).groupby("entity"):
            month = year_ends.get(str(entity).partition(".")[0])
            if month is not None:
                chosen = rows[rows["value"] > 0]
                own = chosen.assign(value=chosen["value"] / chosen["unit"].map(usd_per))
                afresh = _afresh(str(entity), own["date"], known, universe.breaks)
                yield _series(quantity, str(entity), own, afresh, int(month))


def _measured(knowledge: Knowledge) -> Iterator[Series]:
    for quantity in WORLD:
        for entity, rows in knowledge.select(quantity).groupby("entity"):
            ends = pd.PeriodIndex(rows["date"], freq="Q-DEC").end_time.normalize()
            last = rows.assign(date=ends).drop_duplicates("date", keep="last")
            if len(last) > 1:
                yield _series(quantity, str(entity), last, np.zeros(len(last), dtype=bool))


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


def _series(
    quantity: str, entity: str, rows: pd.DataFrame, afresh: np.ndarray, year_end_month: int = 12
) -> Series:
    return Series(
        quantity=quantity,
        entity=entity,
        unit=str(rows["unit"].iloc[-1]),
        dates=pd.DatetimeIndex(rows["date"]),
        values=rows["value"].to_numpy(dtype=float),
        afresh=afresh,
        year_end_month=year_end_month,
    )


def quarter_number(dates: pd.DatetimeIndex) -> np.ndarray:
    """Return consecutive numbers of the quarters that end near ``dates``, [report]."""
    return np.round((dates - EPOCH).days.to_numpy() / DAYS).astype(int)
