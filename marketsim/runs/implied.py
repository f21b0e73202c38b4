"""What prices assume at a date, and what they assumed quarter by quarter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.dates import Day, day_or_none
from marketsim.derivatives import Implied, implied
from marketsim.derivatives.story import rows_of
from marketsim.errors import InputError, MarketsimError

from .answers import keep
from .deciding import Question, valued
from .freshness import Freshness

__all__ = ["ImpliedHistory", "implied_history", "implied_now"]

Progress = Callable[[str], None]

QUARTER: Final = pd.Timedelta(days=92)
"""Older closes are of another quarter than the facts."""


@dataclass(frozen=True, eq=False, repr=False)
class ImpliedHistory:
    """What prices assumed at past dates, each as it was known then.

    Attributes
    ----------
    who
        The companies asked about, in words.
    beliefs
        By date and belief, one at a time: ``unit``, ``model``, ``implied``, ``deviations``,
        ``low``, ``high``, ``cut``, ``left``; see `Implied.alone`.
    regimes
        By date and regime: ``probability``, and what prices assumed, ``alone``.
    value_over_market
        By date.
    left_out
        Dates that say nothing, and why.
    newest_close
        Day of the newest close that prices of a date rest on, by date.
    warnings
        What was too old on a date, in words, by date.
    """

    who: str
    beliefs: pd.DataFrame
    regimes: pd.DataFrame
    value_over_market: pd.Series[float]
    left_out: dict[pd.Timestamp, str]
    newest_close: pd.Series
    warnings: dict[pd.Timestamp, tuple[str, ...]]

    @property
    def stale(self) -> pd.Series[bool]:
        """Whether the newest close is over a quarter older than the date, by date."""
        age = pd.DatetimeIndex(self.newest_close.index) - pd.DatetimeIndex(self.newest_close)
        return pd.Series(age > QUARTER, index=self.newest_close.index, name="stale")

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        return {
            "who": self.who,
            "value_over_market": {_day(d): x for d, x in self.value_over_market.items()},
            "beliefs": rows_of(self.beliefs),
            "regimes": rows_of(self.regimes),
            "left_out": {_day(date): why for date, why in self.left_out.items()},
            "newest_close": {_day(date): _day(day) for date, day in self.newest_close.items()},
            "stale": [_day(date) for date in self.stale.index[self.stale]],
            "warnings": {_day(date): list(said) for date, said in self.warnings.items()},
        }

    def __str__(self) -> str:
        wide = self.beliefs["implied"].where(self.beliefs["left"].isna()).unstack("belief")
        table = wide.assign(value_over_market=self.value_over_market)
        odds = self.regimes["alone"].unstack("regime").add_prefix("odds of ")
        table = table.join(odds.dropna(axis=1, how="all"))
        if self.stale.any():
            table["newest_close"] = self.newest_close.map(_day)
        table.index = pd.Index([_day(date) for date in table.index], name="date")
        lines = [
            f"What prices assumed, {self.who}, one belief at a time; nothing where none within its "
            "support explains the price:",
            table.to_string(float_format="{:.4g}".format, na_rep="-"),
            *(
                f"{_day(date)}: the newest close is of {_day(self.newest_close[date])}, over a "
                "quarter before; what is said is what prices assumed then"
                for date in self.stale.index[self.stale]
            ),
            *(f"{_day(date)}: {why}" for date, why in self.left_out.items()),
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"ImpliedHistory({self.who}, {len(self.value_over_market)} dates)"


def implied_now(
    companies: Iterable[str] | None = None,
    *,
    of: Sequence[str] | None = None,
    together: bool = True,
    out: Path | None = None,
    progress: Progress = lambda step: None,
    **asked: Any,
) -> tuple[Implied, tuple[str, ...]]:
    """Return what prices assume, and what was old on the date.

    Parameters
    ----------
    companies, of, together
        As in :func:`marketsim.implied`.
    out
        Folder for ``implied.json`` and ``implied.txt``; none is written by default.
    progress
        Called with the name of each step as it begins.
    **asked
        What of returns is asked, as in :func:`marketsim.runs.run`.

    Raises
    ------
    MarketsimError
        For anything the caller can put right.
    """
    found = valued(Question(**asked), progress)
    progress("asking prices what they assume")
    result = implied(found.returns, companies, of=of, together=together)
    keep(out, "implied", to_json(result), result)
    return result, tuple(found.fresh.warnings)


def implied_history(
    first: Day,
    last: Day,
    companies: Iterable[str] | None = None,
    *,
    of: Sequence[str] | None = None,
    progress: Progress = lambda step: None,
    **asked: Any,
) -> ImpliedHistory:
    """Return what prices assumed at the ends of quarters, each as known then.

    Parameters
    ----------
    first, last
        Days between which the quarters end, both included.
    companies, of, progress, **asked
        As in `implied_now`; facts, prices and rates are those of each date.

    Raises
    ------
    InputError
        Where no quarter ends between the days, or no date says anything; with the last reason.
    """
    dates = _quarter_ends(first, last)
    found: dict[pd.Timestamp, Implied] = {}
    fresh: dict[pd.Timestamp, Freshness] = {}
    left_out: dict[pd.Timestamp, str] = {}
    for date in dates:
        progress(f"asking prices of {_day(date)}")
        try:
            question = Question(**{**asked, "as_of": date})
            known = valued(question, lambda step: None)
            found[date] = implied(known.returns, companies, of=of, together=False)
            fresh[date] = known.fresh
        except MarketsimError as error:
            left_out[date] = str(error)
    if not found:
        date, why = list(left_out.items())[-1]
        raise InputError(f"implied: no date says anything; {_day(date)}: {why}")
    tables = {
        name: pd.concat({date: getattr(one, name) for date, one in found.items()}, names=["date"])
        for name in ("alone", "regimes")
    }
    value = pd.Series({date: float(np.exp(one.gap)) for date, one in found.items()})
    columns = ["unit", "model", "implied", "deviations", "low", "high", "cut", "left"]
    return ImpliedHistory(
        next(iter(found.values())).who,
        tables["alone"][columns],
        tables["regimes"],
        value.rename("value_over_market"),
        left_out,
        pd.Series({date: one.newest["price"] for date, one in fresh.items()}, name="newest_close"),
        {date: tuple(one.warnings) for date, one in fresh.items()},
    )


def to_json(result: Implied | ImpliedHistory) -> str:
    """Return what prices assume as JSON."""
    return json.dumps(result.record(), indent=2) + "\n"


def _quarter_ends(first: Day, last: Day) -> list[pd.Timestamp]:
    start, end = day_or_none(first, "first"), day_or_none(last, "last")
    if start is None or end is None:
        raise InputError("implied: give both days, as in first='2024-03-31', last='2025-12-31'")
    found = list(pd.date_range(start, end, freq="QE"))
    if not found:
        raise InputError(f"implied: no quarter ends from {_day(start)} to {_day(end)}")
    return found


def _day(date: Any) -> str:
    return str(pd.Timestamp(date).date())
