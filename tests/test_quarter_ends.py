"""Fiscal quarters ahead: rules companies keep, and the ends they then reported."""

from __future__ import annotations

import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting.calendar import last_weekday, nearest_weekday, quarter_ends

SUNDAY = 6


def ends(*days: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(days)


def test_books_that_close_with_the_month_go_on_so() -> None:
    known = ends("2023-11-30", "2024-02-29", "2024-05-31", "2024-08-31")
    assert list(quarter_ends(known, 5, 3)) == list(ends("2024-11-30", "2025-02-28", "2025-05-31"))


def test_nvidia_closes_its_year_on_the_last_sunday_of_january() -> None:
    known = ends("2022-01-30", "2022-05-01", "2022-07-31")
    ahead = quarter_ends(known, 1, 6)
    assert list(ahead) == list(
        ends("2022-10-30", "2023-01-29", "2023-04-30", "2023-07-30", "2023-10-29", "2024-01-28")
    )


def test_a_year_of_53_weeks_has_its_week_in_the_last_quarter() -> None:
    known = ends(
        *("2022-03-03", "2022-06-02", "2022-09-01", "2022-12-01", "2023-03-02", "2023-06-01"),
        *("2023-08-31", "2023-11-30", "2024-02-29", "2024-05-30", "2024-08-29", "2024-11-28"),
        *("2025-02-27", "2025-05-29", "2025-08-28", "2025-11-27"),
    )
    ahead = quarter_ends(known, 8, 4)  # Micron: the Thursday nearest to the end of August
    assert ahead[2] == pd.Timestamp("2026-09-03")
    assert (ahead[2] - ahead[1]).days == 98


@pytest.mark.parametrize("year", range(2018, 2031))
def test_the_two_rules_differ_by_a_week_or_not_at_all(year: int) -> None:
    last, near = last_weekday(year, 1, SUNDAY), nearest_weekday(year, 1, SUNDAY)
    assert last.weekday() == near.weekday() == SUNDAY
    assert (near - last).days in (0, 7)
    assert last.month == 1
    assert abs((near - pd.Timestamp(year, 1, 31)).days) <= 3


def test_nearly_all_quarters_that_companies_went_on_to_report_are_told_to_the_day() -> None:
    facts = ms.load_facts()
    companies = facts.universe.companies
    right = []
    for ticker, month in companies["fiscal_year_end_month"].items():
        dates = pd.DatetimeIndex(facts.select("quarterly_revenue", f"{ticker}.total")["date"])
        for known in range(8, len(dates)):
            ahead = quarter_ends(dates[:known], int(month), 4)
            right += [a == b for a, b in zip(ahead, dates[known:], strict=False)]
    assert len(right) > 2_000
    assert sum(right) / len(right) > 0.98


def test_without_a_report_there_is_nothing_to_go_on_from() -> None:
    with pytest.raises(ms.MarketsimError, match="no quarter was reported"):
        quarter_ends(ends(), 12, 4)
