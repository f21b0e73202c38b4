"""When a company's next fiscal quarters end, from those it has reported.

Most companies close their books at the end of a month. Those with 52 or 53 weeks close their year
on one weekday, either the last in a month or the one nearest to its end, and every other quarter
13 weeks after the one before; a 53rd week falls into the fourth quarter.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from marketsim.errors import InputError

WEEKS = pd.Timedelta(days=91)
"""Thirteen weeks."""

NEAR = 10
"""Days by which a year may end off its month's end."""

YearEnd = Callable[[int, int, int], pd.Timestamp]
"""Year, month and weekday (Monday is 0) to the last day of a fiscal year."""


def quarter_ends(reported: pd.DatetimeIndex, year_end_month: int, periods: int) -> pd.DatetimeIndex:
    """Return the ends of the fiscal quarters that follow the last reported one.

    Parameters
    ----------
    reported
        Ends of the quarters known, in order, at least one.
    year_end_month
        Month in or next to which the fiscal year ends, 1 to 12.
    periods
        How many to return.

    Raises
    ------
    InputError
        Nothing was reported.
    """
    if len(reported) == 0:
        raise InputError("quarter_ends: no quarter was reported, so there is none to go on from")
    if _month_ends(reported):
        first = reported[-1].to_period("M")
        months = pd.PeriodIndex([first + 3 * i for i in range(1, periods + 1)], freq="M")
        return months.to_timestamp(how="end").normalize()
    rule, weekday = _year_end(reported, year_end_month), int(reported[-1].weekday())
    ends, last = [], reported[-1]
    for _ in range(periods):
        last = _next(last, rule, year_end_month, weekday)
        ends.append(last)
    return pd.DatetimeIndex(ends)


def last_weekday(year: int, month: int, weekday: int) -> pd.Timestamp:
    """Return the last such weekday of a month: NVIDIA's year ends on the last Sunday of January."""
    end = _month_end(year, month)
    return end - pd.Timedelta(days=(end.weekday() - weekday) % 7)


def nearest_weekday(year: int, month: int, weekday: int) -> pd.Timestamp:
    """Return such a weekday nearest to a month's end: Broadcom's year, Sunday and October."""
    end = _month_end(year, month)
    ahead = (weekday - end.weekday()) % 7
    return end + pd.Timedelta(days=ahead if ahead <= 3 else ahead - 7)


def _month_ends(reported: pd.DatetimeIndex) -> bool:
    """Whether the last year's quarters ended with their months."""
    return bool(reported[-4:].is_month_end.all())


def _month_end(year: int, month: int) -> pd.Timestamp:
    return pd.Timestamp(year, month, 1) + pd.offsets.MonthEnd(0)


def _year_end(reported: pd.DatetimeIndex, month: int) -> YearEnd:
    """Return the rule that more of the reported fiscal years kept, the last weekday on a tie."""

    def kept(rule: YearEnd) -> int:
        return sum(_closing(d, month, rule, d.weekday()) == d for d in reported)

    return max((last_weekday, nearest_weekday), key=kept)


def _closing(date: pd.Timestamp, month: int, rule: YearEnd, weekday: int) -> pd.Timestamp:
    """Return the end of the fiscal year that closes nearest to ``date``."""
    years = (date.year - 1, date.year, date.year + 1)
    closings = [rule(year, month, weekday) for year in years]
    return min(closings, key=lambda closing: abs(closing - date))


def _next(last: pd.Timestamp, rule: YearEnd, month: int, weekday: int) -> pd.Timestamp:
    """Return the quarter after ``last``: 13 weeks on, or the year's end where that is near."""
    plain = last + WEEKS
    closing = _closing(plain, month, rule, weekday)
    return closing if abs((closing - plain).days) < NEAR else plain
