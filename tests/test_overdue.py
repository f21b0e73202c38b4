"""Companies whose next report is overdue, and what of a user's nobody hears."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting.panel import ended, panel
from marketsim.runs.freshness import NAMED, Freshness, freshness
from marketsim.statements import STALE, overdue, unheard
from marketsim.statements.overdue import GRACE
from tests.test_completeness import mine, told, unit_of
from tests.test_knowledge import put

AS_OF = pd.Timestamp("2025-12-31")


def reporting(place: Path, lags: list[int], last: str = "2025-09-30") -> ms.Knowledge:
    """A made-up company whose quarters to ``last`` were reported so many days after their end."""
    ends = pd.date_range(end=last, periods=len(lags), freq="QE")
    rows = [
        f"quarterly_revenue,XYZ.total,{end:%Y-%m-%d},{end + pd.Timedelta(days=lag):%Y-%m-%d},"
        f"{1000 + i},USD m,made up,sourced,"
        for i, (end, lag) in enumerate(zip(ends, lags, strict=True))
    ]
    put(place, "companies.csv", "XYZ,Example Works,servers,12")
    put(place, "lines.csv", "XYZ,total,servers,0.005,0.03,made up")
    return ms.load_facts(add=put(place, "facts/mine.csv", *rows))


def due(known: ms.Knowledge, days: int) -> bool:
    """Whether the quarter to the end of 2025 is overdue so many days after its end and grace."""
    date = AS_OF + GRACE + pd.Timedelta(days=days)
    return overdue(known.upto(date), date).get("XYZ") == AS_OF


# ----------------------------------------------------------------------- overdue reports


@pytest.mark.parametrize(
    ("lags", "usual"),
    [
        ([30] * 12, 30),
        ([30, 30, 30, 60] * 3 + [30, 30, 30], 60),  # the year's report comes later
        ([30, 60, 30, 30] * 3, 30),  # that of another quarter
        ([30, 30, 30, 50, 30, 30, 30, 60, 30, 30, 30, 40, 30, 30, 30], 60),  # the most of three
        ([30, 30, 30, 80, *([30, 30, 30, 60] * 3), 30, 30, 30], 60),  # four years ago
        ([400, 400, 400, 400, 45, 40, 35], 45),  # before it was listed
        ([200, 150, 100], 60),  # nothing tells
    ],
)
def test_it_is_the_usual_days_and_a_fortnight_after_the_quarter(
    lags: list[int], usual: int, tmp_path: Path
) -> None:
    known = reporting(tmp_path, lags)
    assert not due(known, usual)
    assert due(known, usual + 1)


def test_a_report_ends_it(tmp_path: Path) -> None:
    known = reporting(tmp_path, [30] * 12, last="2025-12-31")
    assert not due(known, 40)
    assert due(known.upto("2026-01-29"), 40)


def test_what_was_published_later_does_not_end_it(tmp_path: Path) -> None:
    """Nor what was later said of the quarters before."""
    date = pd.Timestamp("2026-03-20")
    one = reporting(tmp_path / "a", [30] * 12).upto(date)
    other = reporting(tmp_path / "b", [*[30] * 12, 81, 5], last="2026-03-31").upto(date)
    assert overdue(one, date) == overdue(other, date)
    assert "XYZ" in overdue(one, date)


def test_what_ships_is_not_overdue_on_its_date_and_all_of_it_is_a_year_later() -> None:
    known = ms.load_facts(as_of=AS_OF)
    assert overdue(known, AS_OF) == {}
    late = overdue(known, AS_OF + pd.Timedelta(days=365))
    assert list(late) == list(known.universe.companies.index)
    assert late["NVDA"] == pd.Timestamp("2026-01-25")


def test_a_report_that_came_late_was_overdue() -> None:
    """Super Micro's annual report of 2024 was delayed for half a year."""
    date = pd.Timestamp("2024-11-30")
    assert overdue(ms.load_facts(as_of=date), date) == {"SMCI": pd.Timestamp("2024-06-30")}


def test_nobody_reports_before_there_are_facts() -> None:
    date = pd.Timestamp("2015-01-01")
    assert overdue(ms.load_facts(as_of=date), date) == {}


# ----------------------------------------------------------------------- series that ended


@pytest.mark.parametrize("days", [0, 1])
def test_a_series_that_forecasts_leave_out_is_named(days: int, tmp_path: Path) -> None:
    known = reporting(tmp_path, [30] * 12, last="2025-03-31")
    date = pd.Timestamp("2025-03-31") + pd.Timedelta(days=STALE + days)
    names = freshness(known.upto(date), date).ended
    assert ("quarterly_revenue of XYZ.total" in names) == bool(days)
    kept = {s.entity for s in panel(known.upto(date), date).series}
    assert ("XYZ.total" in kept) != bool(days)


def test_what_forecasts_leave_out_and_what_they_keep_is_all_there_is() -> None:
    known = ms.load_facts(as_of="2024-12-31")
    date = pd.Timestamp("2024-12-31")
    out, kept = ended(known, date), panel(known, date).series
    never = pd.Timestamp("2015-12-31")
    assert len(out) + len(kept) == len(panel(known, never).series)
    assert all((date - s.dates[-1]).days > STALE for s in out)


# ----------------------------------------------------------------------- what nobody hears


@pytest.mark.parametrize(
    ("quantity", "entity", "meant"),
    [
        ("revenue_guidance", "NVIDIA", "NVDA.total"),
        ("revenue_guidance", "NVDA", "NVDA.total"),
        ("revenue_guidance", "nvda.data_centre", "NVDA.data_center"),
        ("annual_revenue_guidance_low", "Super Micro", "SMCI.total"),
        ("capex_plan", "MSFT.total", "MSFT"),
        ("capex_plan_high", "Microsoft", "MSFT"),
        ("monthly_revenue", "TSMC", "TSM.total"),
        ("revenue_guidance", "QQQQQQ.total", ""),
    ],
)
def test_a_statement_of_nobody_is_named_with_whom_it_may_be_of(
    quantity: str, entity: str, meant: str, tmp_path: Path
) -> None:
    row = told(quantity, entity, "2025-12-31", "2025-12-31", unit_of(quantity))
    known = ms.load_facts(as_of=AS_OF, add=mine(tmp_path, row))
    assert unheard(known) == {(quantity, entity): meant}
    (warning,) = freshness(known, AS_OF).warnings
    assert warning.startswith(f"no forecast hears {quantity} of {entity}")
    assert f"did you mean '{meant}'?" in warning or not meant
    assert unheard(known.upto("2025-12-30")) == {}  # not yet said


def test_a_statement_that_is_heard_is_not_named(tmp_path: Path) -> None:
    row = told("revenue_guidance", "NVDA.total", "2026-01-25", "2025-12-20")
    assert unheard(ms.load_facts(as_of=AS_OF, add=mine(tmp_path, row))) == {}


def test_nor_is_one_on_a_company_of_ones_own(tmp_path: Path) -> None:
    reporting(tmp_path, [30] * 12)
    row = told("revenue_guidance", "XYZ.total", "2025-12-31", "2025-11-20")
    put(tmp_path, "facts/said.csv", row)
    assert unheard(ms.load_facts(as_of=AS_OF, add=tmp_path)) == {}


def test_what_ships_of_others_needs_no_warning(tmp_path: Path) -> None:
    """Rows of companies that are not followed, whether as they ship or corrected."""
    every = ms.load_facts(as_of=AS_OF)
    assert unheard(every) == {}
    plans = every.table[every.table["quantity"] == "revenue_guidance"]
    followed = plans["entity"].str.partition(".")[0].isin(every.universe.companies.index)
    for row in plans[~followed].head(1).to_dict("records"):
        again = told(
            *(row["quantity"], row["entity"], f"{row['date']:%Y-%m-%d}"),
            *(f"{row['published']:%Y-%m-%d}", row["unit"]),
        )
        assert unheard(ms.load_facts(as_of=AS_OF, add=mine(tmp_path, again))) == {}


# ----------------------------------------------------------------------- in words


def test_a_warning_names_a_few_and_counts_the_rest() -> None:
    late = {f"C{i}": AS_OF for i in range(NAMED + 2)}
    (warning,) = Freshness(AS_OF, {}, overdue=late).warnings
    assert "C5 (quarter to 2025-12-31) and 2 more; add" in warning
    assert "C6" not in warning
    (warning,) = Freshness(AS_OF, {}, ended=[f"x of S{i}" for i in range(NAMED)]).warnings
    assert "x of S5: last figures" in warning
    assert "more;" not in warning
