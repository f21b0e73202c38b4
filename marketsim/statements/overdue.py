"""Which companies should have reported by a date and, as far as is known, have not.

A report is overdue once the next fiscal quarter has ended, the days have passed that the company
takes to report on it, and a fortnight more. Those days are the most that it took in the last years
for the same quarter of its year, since annual reports come later than others and many days of
publication are known as an upper bound alone.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from marketsim.knowledge import Knowledge

from .calendar import quarter_ends
from .series import quarter_number

__all__ = ["GRACE", "overdue"]

GRACE: Final = pd.Timedelta(days=14)
"""Days on top of the usual ones; judgement."""
YEARS: Final = 3
"""Reports on the same quarter of a year that tell the usual days; judgement."""
QUARTER: Final = 92
"""Days above which a figure was no report of its quarter but a later one's comparative."""
UNKNOWN: Final = 60
"""Days where no report tells: those from the end of a fiscal year to a filing."""


def overdue(knowledge: Knowledge, date: pd.Timestamp) -> dict[str, pd.Timestamp]:
    """Return the end of the quarter that is overdue by company, in the order of the universe.

    Parameters
    ----------
    knowledge
        What was known.
    date
        The decision date.
    """
    first = knowledge.first("quarterly_revenue")
    tickers = first["entity"].str.split(".").str[0]
    found = {}
    for ticker, month in knowledge.universe.companies["fiscal_year_end_month"].items():
        own = first[tickers == ticker]
        if len(own):
            reports = _longest(own)
            end = quarter_ends(pd.DatetimeIndex(reports["date"]), int(month), 1)[0]
            if date > end + _usual(reports, end) + GRACE:
                found[str(ticker)] = end
    return found


def _longest(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the reports of one entity of a company: of those that go on, that with the most."""
    going = rows.loc[rows["date"] == rows["date"].max(), "entity"]
    counts = rows["entity"].value_counts()
    longest: str = max(sorted(going), key=counts.__getitem__)
    return rows.loc[rows["entity"] == longest]


def _usual(reports: pd.DataFrame, end: pd.Timestamp) -> pd.Timedelta:
    """Return the time from the end of a quarter to its report, as known of a company."""
    days = (reports["published"] - reports["date"]).dt.days.to_numpy()
    numbers = quarter_number(pd.DatetimeIndex(reports["date"]))
    ahead = quarter_number(pd.DatetimeIndex([end]))[0] - numbers
    prompt = days <= QUARTER
    same = days[prompt & (ahead % 4 == 0) & (ahead <= 4 * YEARS)]
    recent = days[prompt & (ahead <= 4)]
    longest = max(same if len(same) else recent, default=UNKNOWN)
    return pd.Timedelta(days=int(longest))
