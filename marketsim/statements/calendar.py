"""When a company's next fiscal quarters end, from those it has reported.

Most companies close their books at the end of a month. Those with 52 or 53 weeks close their year
on one weekday, either the last in a month or the one nearest to its end, and every quarter after
13 weeks but one, to which the 53rd week goes. Which of these a company does is seen from what it
has reported; the dates are pandas' own.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Final, Literal

import pandas as pd
from pandas.tseries.offsets import FY5253Quarter, QuarterEnd

from marketsim.errors import InputError

__all__ = ["fiscal_quarter", "quarter_ends"]

VARIATIONS: Final[tuple[Literal["last", "nearest"], ...]] = ("last", "nearest")
LONG_QUARTERS: Final = (4, 1, 2, 3)
"""Quarters to which the 53rd week may go, the usual one first."""

HALF: Final = pd.Timedelta(weeks=6)
"""About half a quarter."""


def quarter_ends(
    reported: pd.DatetimeIndex,
    year_end_month: int,
    periods: int,
    closed: pd.DatetimeIndex | None = None,
) -> pd.DatetimeIndex:
    """Return the ends of the fiscal quarters that follow the last reported one.

    Parameters
    ----------
    reported
        Ends of the quarters known, in order, at least one.
    year_end_month
        Month in or next to which the fiscal year ends, 1 to 12.
    periods
        How many to return.
    closed
        Ends of all quarters known of the company, of which a young segment reports few; by default
        those reported.

    Raises
    ------
    InputError
        Nothing was reported.
    """
    if len(reported) == 0:
        raise InputError("quarter_ends: no quarter was reported, so there is none to go on from")
    quarter = fiscal_quarter(reported if closed is None else closed, year_end_month)
    # A quarter that ended a few days off the calendar is no reason for one of a few days.
    last = quarter.rollback(reported[-1] + HALF)
    return pd.DatetimeIndex([last + n * quarter for n in range(1, periods + 1)])


def fiscal_quarter(reported: pd.DatetimeIndex, year_end_month: int) -> QuarterEnd | FY5253Quarter:
    """Return the calendar that a company keeps: the one on which most of its quarters ended.

    Ends of months where the last year's quarters ended with their months. On a tie the year ends on
    the last weekday of its month, and the 53rd week goes to the fourth quarter.
    """
    if reported[-4:].is_month_end.all():
        return QuarterEnd(startingMonth=int(reported[-1].month))
    choices = product(LONG_QUARTERS, VARIATIONS)
    weekday = int(reported[-1].weekday())
    calendars = [_calendar(year_end_month, weekday, *choice) for choice in choices]
    return max(calendars, key=lambda calendar: sum(_closes(calendar, day) for day in reported))


@cache
def _closes(calendar: FY5253Quarter, day: pd.Timestamp) -> bool:
    """Whether a quarter ends on a day; every series of a company asks it again at every origin."""
    return bool(calendar.is_on_offset(day))


def _calendar(
    month: int, weekday: int, long_quarter: int, variation: Literal["last", "nearest"]
) -> FY5253Quarter:
    return FY5253Quarter(  # type: ignore[call-arg]  # the stubs know its base alone
        startingMonth=month,
        weekday=weekday,
        variation=variation,
        qtr_with_extra_week=long_quarter,
    )
