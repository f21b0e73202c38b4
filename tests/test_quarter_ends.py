"""Fiscal quarters ahead: rules companies keep, and the ends they then reported."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.tseries.offsets import FY5253Quarter

import marketsim as ms
from marketsim.statements import company_series
from marketsim.statements.calendar import quarter_ends


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


def test_a_young_segment_keeps_the_calendar_of_its_company() -> None:
    """By two reports alone Micron's would end its year on the last Thursday of August."""
    facts = ms.load_facts(as_of="2025-12-31")
    listed = {s.entity: s for s in company_series(facts, "quarterly_revenue") if s.ticker == "MU"}
    young = min(listed.values(), key=lambda s: len(s.values))
    assert len(young.values) < 4
    last = young.dates[-1]
    alone = quarter_ends(young.dates, 8, 4)
    assert pd.Timestamp("2026-09-03") not in alone
    assert list(young.ends(4)) == [end for end in listed["MU.total"].ends(5) if end > last][:4]
    assert pd.Timestamp("2026-09-03") in young.ends(4)


def test_broadcom_puts_its_53rd_week_into_the_first_quarter() -> None:
    known = ends(
        *("2018-11-04", "2019-02-03", "2019-05-05", "2019-08-04", "2019-11-03", "2020-02-02"),
        *("2020-05-03", "2020-08-02", "2020-11-01", "2021-01-31", "2021-05-02", "2021-08-01"),
        *("2021-10-31", "2022-01-30", "2022-05-01", "2022-07-31", "2022-10-30", "2023-01-29"),
        *("2023-04-30", "2023-07-30", "2023-10-29"),
    )
    ahead = quarter_ends(known, 10, 4)
    assert list(ahead) == list(ends("2024-02-04", "2024-05-05", "2024-08-04", "2024-11-03"))


def test_a_quarter_that_ended_off_the_calendar_is_followed_by_a_whole_one() -> None:
    """Books closed a week early, and the calendar seen in the years before goes on."""
    kept = ("2022-01-30", "2022-05-01", "2022-07-31", "2022-10-30", "2023-01-29")
    ahead = quarter_ends(ends(*kept, "2023-04-23"), 1, 2)
    assert list(ahead) == list(ends("2023-07-30", "2023-10-29"))


@pytest.mark.parametrize("month", [1, 6, 8, 12])
@pytest.mark.parametrize("weekday", range(7))
def test_a_calendar_is_known_by_the_quarters_it_made(month: int, weekday: int) -> None:
    """Whichever rule made twelve years of quarters, the two years after are those it makes."""
    for variation, quarter in (("last", 4), ("nearest", 1), ("last", 2), ("nearest", 4)):
        calendar = FY5253Quarter(  # type: ignore[call-arg]  # the stubs know its base alone
            startingMonth=month,
            weekday=weekday,
            variation=variation,
            qtr_with_extra_week=quarter,
        )
        days = pd.DatetimeIndex([pd.Timestamp("2013-01-01") + n * calendar for n in range(1, 57)])
        assert list(quarter_ends(days[:-8], month, 8)) == list(days[-8:])


def test_nearly_all_quarters_that_companies_went_on_to_report_are_met_to_the_day() -> None:
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
