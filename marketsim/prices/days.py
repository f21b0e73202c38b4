"""The day of a close, as its own exchange has it."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from marketsim.prices.shapes import Raw
from marketsim.tables import Fault

__all__ = ["session_days"]

UTC: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ](\d{2}):?(\d{2}).*(?:Z|[+-]00:?00|UTC)$")
DAY: Final = 10
"""Letters of a day; what is longer has an hour."""
NEW_YORK_SHUTS: Final = {20, 21}
FIRST_DOUBTFUL: Final = 15
"""From this hour of UTC on it is tomorrow somewhere in Asia, and later in Europe."""


def session_days(raw: Raw, faults: list[Fault]) -> pd.Series:
    """Return the day of each row of a named table; NaT where there is none.

    The day that is written is taken, whatever hour stands behind it. A time in UTC at which it is
    the next day in Asia or Europe is refused: by UTC's day the close would be known a day early.
    """
    given = raw.table["date"]
    stamps = given.astype(str).str.strip()
    if isinstance(given.dtype, pd.DatetimeTZDtype):
        given = given.dt.tz_localize(None)
    text = given.astype(str).str.strip().str.slice(0, DAY)
    days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    for row in days.index[days.isna()]:
        says = f"'{raw.table['date'][row]}' is no YYYY-MM-DD"
        faults.append(Fault(raw.place(row), "date", says))
    long = stamps[stamps.str.len() > DAY]
    hours = long.str.extract(UTC)[0].dropna().astype(int)
    doubtful = hours[(hours >= FIRST_DOUBTFUL) & ~hours.isin(NEW_YORK_SHUTS)]
    if not doubtful.empty:
        row = doubtful.index[0]
        says = (
            f"'{stamps[row]}' is a time in UTC, when it is the next day where the share may trade, "
            f"so that its close would be known a day early ({len(doubtful):,} such); write the "
            "exchange's own date"
        )
        faults.append(Fault(raw.place(row), "date", says))
    return days
