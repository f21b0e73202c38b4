"""What calibration sees: reports of the window as series, in the model's units.

What is reported, what it measures and how sure it can be stands in `marketsim.observables`, with
what is not used and why. Here figures meet the window: quarters are weighed, seasons taken out, a
merger marked, and what lies outside is kept beside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.errors import DataError
from marketsim.knowledge import DOUBT, Knowledge
from marketsim.observables import CATALOGUE, Observable, Report, seasons

from .window import Window

OTHER_COMPANY: Final = 2.0
"""Standard deviations grow by this before a merger, where the company was another."""

ENOUGH: Final = 4
"""Figures since a merger from which on those before it are left out."""

FEWEST: Final = {True: 2, False: 1}
"""Figures that a series needs, by whether only its changes count."""


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
        Factor on the error's standard deviation, from `confidence` and breaks in definition.
    stated
        Standard deviation of the log error that the source itself states: the least there is;
        zeros where it states none.
    relative
        Only changes within the series are compared: its level measures something else.
    outside
        What is reported and not compared: `date`, `value` in the model's units, and `where`:
        ``before`` the window or ``after`` what is modelled, or ``other`` company before a merger.
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
    stated: np.ndarray
    relative: bool
    outside: pd.DataFrame

    @property
    def used(self) -> bool:
        """Whether there are enough figures to compare."""
        return len(self.value) >= FEWEST[self.relative]

    def left_out(self, where: str) -> int:
        """Return how many figures lie ``before`` or ``after`` the window, or are of ``other``."""
        return int((self.outside["where"] == where).sum())


def observe(knowledge: Knowledge, window: Window) -> list[Series]:
    """Return every series that is compared in the window."""
    return [s for s in series(knowledge, window) if s.used]


def survey(knowledge: Knowledge, window: Window) -> pd.DataFrame:
    """Return how much of every series that is known is compared, and how much is left out.

    Returns
    -------
    DataFrame
        By series: `kind`, `inside` the window and compared, `before` and `after` it, `other`
        company before a merger, and whether it is `used`: a series needs one figure inside, or
        two where only changes count.
    """
    columns = ("before", "after", "other")
    rows = {
        s.name: {
            "kind": s.kind,
            "inside": len(s.value),
            **{where: s.left_out(where) for where in columns},
            "used": s.used,
        }
        for s in series(knowledge, window)
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("series")


def series(knowledge: Knowledge, window: Window) -> Iterator[Series]:
    """Yield every series of the catalogue that is known, with what of it the window holds."""
    none = np.zeros(len(knowledge.universe.revenue_map.lines))
    for observable in CATALOGUE:
        for one in observable.reports(knowledge):
            if len(one.rows):
                yield _series(observable, one, window, none, knowledge.as_of)


def _check_positive(one: Report, values: np.ndarray) -> None:
    """Refuse what has no logarithm: the model compares ratios."""
    for row in np.flatnonzero(~(values > 0.0)):
        day = one.rows["date"].iloc[row].date()
        raise DataError(
            f"{one.name}, {day}: the figure is {values[row]:g}, and what is observed must be above "
            "0; correct the row, or leave it out"
        )


def _series(
    observable: Observable,
    one: Report,
    window: Window,
    none: np.ndarray,
    known: pd.Timestamp | None,
) -> Series:
    rows = one.rows
    dates, raw = rows["date"], rows["value"].to_numpy(dtype=float)
    weight = window.yearly(dates) if observable.yearly else window.weights(dates)
    _check_positive(one, raw)
    inside = (weight.sum(axis=1) > 0.99) & _said_in_time(observable, dates, known)
    season = _seasons(observable, rows, dates, raw)
    stated = rows["stated"] if "stated" in rows else pd.Series(0.0, index=rows.index)
    value = raw * observable.scale
    found = Series(
        name=one.name,
        kind=observable.kind,
        unit=observable.unit,
        dates=pd.DatetimeIndex(dates)[inside],
        value=value[inside],
        weight=weight[inside],
        lines=none if one.lines is None else one.lines,
        season=season[inside],
        doubt=rows["confidence"].map(DOUBT).to_numpy(dtype=float)[inside],
        stated=stated.to_numpy(dtype=float)[inside],
        relative=observable.relative,
        outside=_outside(dates, value, inside, window),
    )
    return _since_merger(found, rows["other"].to_numpy()[inside]) if "other" in rows else found


def _said_in_time(
    observable: Observable, dates: pd.Series, known: pd.Timestamp | None
) -> np.ndarray:
    """Return which figures are of days that were over: of later ones there were forecasts alone."""
    if observable.horizon == "ahead" or known is None:
        return np.full(len(dates), True)
    return (dates <= known).to_numpy()


def _seasons(
    observable: Observable, rows: pd.DataFrame, dates: pd.Series, raw: np.ndarray
) -> np.ndarray:
    """Return the seasons that rows bring with them, or have among themselves where they may."""
    if "season" in rows:
        return rows["season"].to_numpy(dtype=float)
    return seasons(dates, raw) if observable.seasonal else np.ones(len(rows))


def _outside(
    dates: pd.Series, value: np.ndarray, inside: np.ndarray, window: Window
) -> pd.DataFrame:
    """Return what the window does not hold whole, and on which side of it."""
    beyond = ~inside
    late = (dates > window.history_ends[-1]).to_numpy()[beyond]
    columns = {
        "date": dates.to_numpy()[beyond],
        "value": value[beyond],
        "where": np.where(late, "after", "before").astype(object),
    }
    return pd.DataFrame(columns)


def _since_merger(s: Series, other: np.ndarray) -> Series:
    """Return a series without its rows of an ``other`` company, or with doubts about them."""
    if (~other).sum() < ENOUGH:
        return replace(s, doubt=s.doubt * np.where(other, OTHER_COMPANY, 1.0))
    gone = pd.DataFrame({"date": s.dates[other], "value": s.value[other], "where": "other"})
    columns = ("dates", "value", "weight", "season", "doubt", "stated")
    kept: dict[str, Any] = {name: getattr(s, name)[~other] for name in columns}
    beside = [table for table in (s.outside, gone) if len(table)]
    outside = pd.concat(beside, ignore_index=True) if beside else s.outside
    return replace(s, **kept, outside=outside)
