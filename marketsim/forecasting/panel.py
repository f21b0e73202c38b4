"""The series that are forecast, as they were known on a date, on one grid of quarters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.observables import CATALOGUE
from marketsim.statements import Series, company_series, quarter_number

__all__ = ["QUARTERLY", "WORLD", "Panel", "ended", "panel"]

OUTLOOKS: Final = tuple(one.outlook for one in CATALOGUE if one.outlook is not None)

QUARTERLY: Final = tuple(one.quantity for one in OUTLOOKS if one.by == "company")
"""What companies report by fiscal quarter."""

WORLD: Final = tuple(one.quantity for one in OUTLOOKS if one.by == "calendar")
"""What others measure, at any day; the last figure of a calendar quarter stands for it."""


SEASONS: Final = 8
"""Reports from which a company's series may have seasons: it saw each quarter of the year twice."""


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
        One where a series may have seasons, as what companies have reported for two years; else
        zero, [series].
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
    alive = tuple(s for s in _known(knowledge) if s.alive(date))
    rows = [quarter_number(s.dates) for s in alive]
    width = max((int(r[-1]) + 1 for r in rows), default=0)
    logs = np.full((len(alive), width), np.nan)
    breaks = np.zeros((len(alive), width), dtype=bool)
    for i, (s, row) in enumerate(zip(alive, rows, strict=True)):
        logs[i, row] = np.log(s.values)
        breaks[i, row] = s.afresh
    seasonal = [float(s.reported and len(s.values) >= SEASONS) for s in alive]
    return Panel(alive, logs, breaks, np.array(seasonal))


def ended(knowledge: Knowledge, date: pd.Timestamp) -> list[Series]:
    """Return the series that a panel leaves out, since they did not go on until ``date``."""
    return [s for s in _known(knowledge) if not s.alive(date)]


def _known(knowledge: Knowledge) -> Iterator[Series]:
    for quantity in QUARTERLY:
        yield from company_series(knowledge, quantity)
    yield from _measured(knowledge)


def _measured(knowledge: Knowledge) -> Iterator[Series]:
    for quantity in WORLD:
        for entity, rows in knowledge.select(quantity).groupby("entity"):
            ends = pd.PeriodIndex(rows["date"], freq="Q-DEC").end_time.normalize()
            last = rows.assign(date=ends).drop_duplicates("date", keep="last")
            if len(last) > 1:
                yield Series(
                    quantity=quantity,
                    entity=str(entity),
                    unit=str(last["unit"].iloc[-1]),
                    dates=pd.DatetimeIndex(last["date"]),
                    values=last["value"].to_numpy(dtype=float),
                    afresh=np.zeros(len(last), dtype=bool),
                    year_end_month=None,
                )
