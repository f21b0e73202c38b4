"""Company facts as reports: the first filing of a period, and fourth quarters as what is left."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from marketsim.sources.companyfacts import reports_in
from marketsim.sources.reports import CAPEX, REVENUE, SHARES, Report
from tests.facts.filings import company, entry

TODAY = pd.Timestamp("2026-06-30")
QUARTERS = (
    ("2025-01-01", "2025-03-31", "2025-05-01"),
    ("2025-04-01", "2025-06-30", "2025-08-01"),
    ("2025-07-01", "2025-09-30", "2025-11-01"),
)
YEAR = ("2025-01-01", "2025-12-31", "2026-02-20")


def quarters(*values: float) -> list[dict[str, Any]]:
    return [
        entry(start, end, value * 1e6, filed)
        for (start, end, filed), value in zip(QUARTERS, values, strict=False)
    ]


def to_date(*values: float) -> list[dict[str, Any]]:
    """Figures from the start of the year."""
    rows = [
        entry("2025-01-01", end, value * 1e6, filed)
        for (_, end, filed), value in zip(QUARTERS, values, strict=False)
    ]
    return [*rows, *(entry(*YEAR[:2], value * 1e6, YEAR[2], "10-K") for value in values[3:])]


def year(value: float) -> dict[str, Any]:
    return entry(*YEAR[:2], value * 1e6, YEAR[2], "10-K", "0-26-9")


def read(quantity: str, **tags: list[dict[str, Any]]) -> list[Report]:
    found = reports_in(company(**tags), "AAA", 7, TODAY)
    return [report for report in found if report.quantity == quantity]


def values(reports: list[Report]) -> dict[str, float]:
    return {f"{report.date:%Y-%m-%d}": report.value for report in reports}


def test_a_quarter_is_in_millions_with_the_day_and_the_number_of_its_filing() -> None:
    (first, *_) = read(REVENUE, Revenues=quarters(100.25))
    assert (first.value, first.unit, first.ticker) == (100.25, "USD m", "AAA")
    assert first.published == pd.Timestamp("2025-05-01")
    assert first.source == "SEC companyfacts CIK0000000007, accn 0-25-1; Revenues; " + (
        "retrieved 2026-06-30"
    )
    assert not first.derived
    assert first.first


def test_a_later_restatement_is_not_what_was_known_then() -> None:
    rows = quarters(100.0)
    restated = entry(*QUARTERS[0][:2], 80e6, "2026-05-01")
    amended = entry(*QUARTERS[0][:2], 90e6, "2025-06-01", "10-Q/A")
    for order in ([restated, amended, *rows], [*rows, amended, restated]):
        (found,) = read(REVENUE, Revenues=order)
        assert (found.value, found.published) == (100.0, pd.Timestamp("2025-05-01"))


def test_the_fourth_quarter_is_the_year_less_three_quarters_when_the_year_is_filed() -> None:
    found = read(REVENUE, Revenues=[*quarters(100, 110, 120), year(460)])
    assert values(found)["2025-12-31"] == pytest.approx(130.0)
    assert found[-1].published == pd.Timestamp("2026-02-20")
    assert found[-1].derived
    assert "fourth quarter" in found[-1].note
    assert "0-26-9" in found[-1].source


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_no_fourth_quarter_of_two_quarters(missing: int) -> None:
    rows = quarters(100, 110, 120)
    del rows[missing]
    assert "2025-12-31" not in values(read(REVENUE, Revenues=[*rows, year(460)]))


def test_no_fourth_quarter_at_or_below_nothing() -> None:
    assert "2025-12-31" not in values(read(REVENUE, Revenues=[*quarters(100, 110, 120), year(330)]))


def test_cash_flows_from_the_start_of_the_year_are_told_by_quarter() -> None:
    found = read(CAPEX, PaymentsToAcquirePropertyPlantAndEquipment=to_date(10, 25, 45, 70))
    assert list(values(found).values()) == pytest.approx([10, 15, 20, 25])
    assert [report.derived for report in found] == [False, True, True, True]
    assert [f"{report.published:%m-%d}" for report in found] == ["05-01", "08-01", "11-01", "02-20"]


def test_differences_are_within_one_fiscal_year_alone() -> None:
    rows = [
        entry("2024-10-01", "2025-03-31", 60e6, "2025-05-01"),
        entry("2025-01-01", "2025-06-30", 25e6, "2025-08-01"),
    ]
    assert not read(CAPEX, PaymentsToAcquireProductiveAssets=rows)


def test_a_quarter_told_by_itself_counts_before_the_difference() -> None:
    rows = [*to_date(10, 25), entry(*QUARTERS[1][:2], 15.2e6, QUARTERS[1][2])]
    found = read(CAPEX, PaymentsToAcquireProductiveAssets=rows)
    assert values(found)["2025-06-30"] == 15.2


def test_a_part_of_revenue_is_no_revenue() -> None:
    """Rents beside contracts: the part goes on where the whole is not told, and is left out."""
    part = quarters(80, 88, 96)
    found = read(
        REVENUE,
        Revenues=quarters(100, 110),
        RevenueFromContractWithCustomerExcludingAssessedTax=part,
    )
    assert values(found) == {"2025-03-31": 100.0, "2025-06-30": 110.0}


def test_a_tag_that_says_the_same_goes_on_where_another_ends() -> None:
    found = read(
        REVENUE,
        Revenues=quarters(100, 110),
        RevenueFromContractWithCustomerExcludingAssessedTax=quarters(100, 110, 120),
    )
    assert list(values(found).values()) == [100.0, 110.0, 120.0]


def test_shares_are_a_years_of_an_annual_report() -> None:
    tag = "WeightedAverageNumberOfDilutedSharesOutstanding"
    rows = [
        entry(*YEAR[:2], 2_500e6, YEAR[2], "10-K"),
        entry(*QUARTERS[0][:2], 2_400e6, QUARTERS[0][2]),
        entry("2024-04-01", "2025-03-31", 2_450e6, "2025-05-01", "10-Q"),
    ]
    (found,) = read(SHARES, **{tag: rows})
    assert (found.value, found.unit, found.date) == (2_500.0, "m shares", pd.Timestamp(YEAR[1]))


def test_another_currency_is_told_as_such() -> None:
    facts = {"us-gaap": {"Revenues": {"units": {"EUR": quarters(7.0)}}}}
    (found,) = reports_in(facts, "AAA", 7, TODAY)
    assert found.unit == "EUR m"


@pytest.mark.parametrize(
    "row",
    [
        {},
        None,
        "x",
        entry("2025-01-01", "2025-03-31", float("nan"), "2025-05-01"),
        entry("2025-01-01", "2025-03-31", -5.0, "2025-05-01"),
        entry("2025-03-31", "2025-01-01", 5.0, "2025-05-01"),
        entry("soon", "2025-03-31", 5.0, "2025-05-01"),
        entry("2025-01-01", "2025-03-31", "many", "2025-05-01"),  # type: ignore[arg-type]
        {"end": "2025-03-31", "val": 5.0, "filed": "2025-05-01"},
    ],
)
def test_what_is_no_figure_is_passed_over(row: Any) -> None:
    found = read(REVENUE, Revenues=[row, *quarters(100.0)])
    assert values(found) == {"2025-03-31": 100.0}


@pytest.mark.parametrize(
    "facts", [{}, {"us-gaap": None}, {"us-gaap": {"Revenues": 3}}, {"ifrs-full": {}}]
)
def test_no_figures_are_no_reports(facts: dict[str, Any]) -> None:
    assert reports_in(facts, "AAA", 7, TODAY) == []
