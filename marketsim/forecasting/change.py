"""Why a forecast changed between two dates: reports, the model, statements, in parts that add up.

The log of every quarter's forecast is a sum of what it rests on (see `explanation`), and so is its
change: each statement by what it moves now less what it moved before. What that adds to a quarter,
and to a year, is the integral of its derivative along the straight way in logs, which has a closed
form: times the logarithmic mean of the quarter before and after (Ang 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from marketsim.errors import InputError
from marketsim.statements import Series

from .explanation import MODEL, OTHERS, PARTS, REGIMES, SMALL, place_of
from .listing import figure

if TYPE_CHECKING:
    from .result import Forecast

__all__ = ["Cause", "ForecastChange", "forecast_change"]

REPORTS: Final = "its own reports and their trend"

SHOWN: Final = 8
"""Statements that are named, the largest first."""


class Rest(NamedTuple):
    """What forecasts of quarters rest on: days of statements, and what it adds, [quarter]."""

    days: frozenset[pd.Timestamp]
    logs: np.ndarray


class Cause(NamedTuple):
    """What a forecast changed for, and by how much, in the unit of the series."""

    label: str
    added: float


@dataclass(frozen=True, eq=False)
class ForecastChange:
    """Why the forecast of one figure changed.

    Attributes
    ----------
    series
        What is forecast, as it was known later.
    quarter_ends
        Of the quarters that are forecast, together.
    before, after
        The sum of their medians, in the series' unit.
    causes
        What the sum has changed for, largest first; what they added sums to the change.
    """

    series: Series
    quarter_ends: pd.DatetimeIndex
    before: float
    after: float
    causes: tuple[Cause, ...]

    @property
    def change(self) -> float:
        """As a share of what was forecast before."""
        return self.after / self.before - 1.0

    def record(self) -> dict[str, Any]:
        """Return it as plain numbers, texts and lists, for JSON."""
        return {
            "quantity": self.series.quantity,
            "entity": self.series.entity,
            "unit": self.series.unit,
            "quarter_ends": [str(end.date()) for end in self.quarter_ends],
            "before": self.before,
            "after": self.after,
            "change": self.change,
            "causes": {cause.label: cause.added for cause in self.causes},
        }

    def __repr__(self) -> str:
        return (
            f"ForecastChange({self.series.quantity} of {self.series.entity}, "
            f"{100 * self.change:+.1f} %, {len(self.causes)} causes)"
        )

    def __str__(self) -> str:
        ends, s = self.quarter_ends, self.series
        span = (
            f"{len(ends)} quarters to {ends[-1].date()}" if len(ends) > 1 else str(ends[0].date())
        )
        lines = [
            f"{s.entity}, {s.quantity}, {span}: {figure(self.before)} to {figure(self.after)} "
            f"{s.unit} ({100 * self.change:+.1f} %):",
            *(f"{100 * x / self.before:+8.1f}  {label}" for label, x in self.causes),
        ]
        return "\n".join(lines)


def forecast_change(
    before: Forecast,
    after: Forecast,
    entity: str,
    quantity: str = "quarterly_revenue",
    quarters: int = 4,
) -> ForecastChange:
    """Return why the forecast of a series changed from one date to another.

    Parameters
    ----------
    before, after
        From :func:`marketsim.forecast`, of the two dates.
    entity, quantity
        As in the facts; a ticker is its company's whole.
    quarters
        How many, from the first that both forecast, or as many as both do.

    Raises
    ------
    InputError
        Nothing is forecast of it on one of the dates, or no quarter on both; no quarters.
    """
    if not isinstance(quarters, int | np.integer) or isinstance(quarters, bool) or quarters < 1:
        raise InputError(f"forecast_change: quarters is {quarters!r}; give a whole number from 1")
    for said in (before, after):
        if not hasattr(said, "joint"):
            raise InputError(
                f"forecast_change: {type(said).__name__} is no forecast; give two that ms.forecast "
                "returned"
            )
    rows = [place_of(one.series, entity, quantity, one.renames) for one in (before, after)]
    one, other = before.series[rows[0]], after.series[rows[1]]
    if one.unit != other.unit:
        raise InputError(
            f"forecast_change: {quantity} of '{entity}' is in {one.unit} on one date and in "
            f"{other.unit} on the other"
        )
    ends = [s.ends(_reach(f)) for s, f in ((one, before), (other, after))]
    shared = ends[0].intersection(ends[1])[:quarters]
    if not len(shared):
        raise InputError(
            f"forecast_change: no quarter of '{entity}' is forecast on both dates; the forecasts "
            f"begin at {ends[0][0].date()} and {ends[1][0].date()}"
        )
    first, last = (
        _rests_on(f, row, e.get_indexer(shared))
        for f, row, e in zip((before, after), rows, ends, strict=True)
    )
    none = Rest(frozenset(), np.zeros(len(shared)))
    moved = {
        _label(name, first.get(name, none), last.get(name, none)): (
            last.get(name, none).logs - first.get(name, none).logs
        )
        for name in dict.fromkeys([*first, *last])
    }
    start, end = (np.exp(sum((x.logs for x in y.values()), none.logs)) for y in (first, last))
    counts = _log_mean(start, end)
    added = {label: float(x @ counts) for label, x in moved.items()}
    return ForecastChange(
        series=other,
        quarter_ends=shared,
        before=float(start.sum()),
        after=float(end.sum()),
        causes=tuple(_told(added, float(start.sum()))),
    )


def _reach(said: Forecast) -> int:
    """Return how many quarters are forecast, those of regimes where there are any."""
    return int((said.joint.mean if said.shifted is None else said.shifted).shape[1])


def _rests_on(said: Forecast, row: int, places: np.ndarray) -> dict[str, Rest]:
    """Return what forecasts of some quarters rest on, by name."""
    own, apart, unheard = (
        one.location[row, places] for one in (said.own, said.apart, said.unheard)
    )
    found = {REPORTS: Rest(frozenset(), own), MODEL: Rest(frozenset(), apart - own)}
    if (unheard != apart).any():
        found[PARTS] = Rest(frozenset(), unheard - apart)
    for one in said.heard:
        name = f"{one.said.kind.kind} of {said.series[one.said.row].entity}"
        before, shift = found.get(name), one.shift[row, places]
        days = frozenset([one.said.published])
        if before is not None:
            days, shift = before.days | days, before.logs + shift
        found[name] = Rest(days, shift)
    if said.shifted is not None:
        found[REGIMES] = Rest(frozenset(), said.shifted[row, places])
    return found


def _label(name: str, before: Rest, after: Rest) -> str:
    """Return what is said of statements of one kind and source, with the day of the newest."""
    was, now = (max(one.days, default=None) for one in (before, after))
    if now is None:
        return name if was is None else f"{name} of {was.date()}, no longer open"
    if was is None:
        return f"{name} of {now.date()}"
    if before.days == after.days:
        return f"{name} of {now.date()}, as before"
    return f"{name} of {now.date()} after that of {was.date()}"


def _log_mean(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (other - one) / ln(other / one), and either where they are equal."""
    log = np.log(other / one)
    near = np.abs(log) < 1e-7
    return np.asarray(
        np.where(near, np.sqrt(one * other), (other - one) / np.where(near, 1.0, log))
    )


def _told(added: Mapping[str, float], size: float) -> Iterator[Cause]:
    """Yield causes, the largest first, and statements that moved little together."""
    order = sorted(added, key=lambda label: -abs(added[label]))
    fixed = {REPORTS, MODEL, PARTS, REGIMES}
    said = [label for label in order if label not in fixed]
    named = {x for x in said[:SHOWN] if abs(added[x]) >= SMALL * size} | (fixed & set(added))
    yield from (Cause(label, float(added[label])) for label in order if label in named)
    if len(named) < len(added):
        yield Cause(OTHERS, float(sum(added[x] for x in order if x not in named)))
