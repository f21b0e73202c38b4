"""What calibration sees: only what was published, in the model's units, season apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration import HISTORY, Book, load_book, window_at
from marketsim.calibration.observations import (
    OWNERS,
    SYSTEM_PRICE,
    Series,
    chip_prices,
    observe,
    seasons,
)
from marketsim.facts.currency import EUR_USD

AS_OF = pd.Timestamp("2025-12-31")
WINDOW = window_at(AS_OF)


@pytest.fixture(scope="module")
def book() -> Book:
    return load_book()


@pytest.fixture(scope="module")
def seen(facts: ms.Facts, book: Book) -> dict[str, Series]:
    return {s.name: s for s in observe(facts, book, WINDOW)}


def ends(count: int, first: str = "2015-03-31") -> pd.Series:
    return pd.Series(pd.date_range(first, periods=count, freq="QE"))


# ----------------------------------------------------------------------- season


def test_smooth_growth_has_no_season() -> None:
    smooth = 3.0 * np.exp(0.07 * np.arange(40))
    np.testing.assert_allclose(seasons(ends(40), smooth), 1.0, rtol=1e-12)


def test_an_injected_season_is_found_less_its_shrinkage() -> None:
    pattern = np.array([0.10, -0.04, -0.12, 0.06])
    log = 0.02 * np.arange(40) + np.tile(pattern, 10)
    found = np.log(seasons(ends(40), np.exp(log)))
    np.testing.assert_allclose(found, np.tile(pattern, 10) * 10 / 11, atol=1e-12)


def test_fewer_years_shrink_a_season_further() -> None:
    pattern = np.array([0.10, -0.04, -0.12, 0.06])

    def largest(years: int) -> float:
        values = np.exp(np.tile(pattern, years))
        return float(np.abs(np.log(seasons(ends(4 * years), values))).max())

    assert largest(3) < largest(5) < largest(20) < 0.12


def test_one_odd_quarter_is_no_season() -> None:
    values = np.exp(0.02 * np.arange(40))
    values[21] *= 2.0
    np.testing.assert_allclose(seasons(ends(40), values), 1.0, atol=0.01)


def test_too_short_a_series_has_no_season() -> None:
    values = np.exp(np.tile([0.2, -0.2, 0.1, -0.1], 3))[:9]
    np.testing.assert_array_equal(seasons(ends(9), values), np.ones(9))


def test_thirteen_week_quarters_keep_their_season() -> None:
    pattern = np.array([0.10, -0.04, -0.12, 0.06])
    values = np.exp(np.tile(pattern, 8))
    dates = ends(32)
    moved = dates + pd.to_timedelta(np.resize([1, 0, -2, 1], 32), unit="D")
    np.testing.assert_array_equal(seasons(moved, values), seasons(dates, values))


# ----------------------------------------------------------------------- what is seen


def test_every_revenue_figure_is_a_fact_published_by_the_date(
    facts: ms.Facts, seen: dict[str, Series]
) -> None:
    known = facts.select("quarterly_revenue").set_index(["entity", "date"])
    for s in seen.values():
        if s.kind == "revenue":
            rows = known.loc[[(s.name, d) for d in s.dates]]
            scale = np.where(rows["unit"] == "EUR m", EUR_USD, 1.0) / 1e3
            np.testing.assert_allclose(s.value, rows["value"].to_numpy() * scale)
            assert (rows["published"] <= AS_OF).all()


def test_a_report_is_seen_from_the_day_it_is_published(book: Book) -> None:
    every = ms.load_facts()
    rows = every.select("quarterly_revenue", "NVDA.data_center").set_index("date")
    quarter = pd.Timestamp("2025-07-27")
    day = rows["published"][quarter]
    for known, expected in ((day - pd.Timedelta(days=1), False), (day, True)):
        series = {s.name: s for s in observe(every.upto(known), book, WINDOW)}
        assert (quarter in series["NVDA.data_center"].dates) == expected


def test_installed_compute_of_2025_is_not_seen_before_it_was_published(
    seen: dict[str, Series], book: Book
) -> None:
    assert "installed_compute" not in seen
    later = {s.name for s in observe(ms.load_facts(as_of="2026-06-30"), book, WINDOW)}
    assert "installed_compute" in later


def test_figures_are_positive_and_lie_in_the_window(seen: dict[str, Series]) -> None:
    assert len(seen) > 40
    for s in seen.values():
        assert (s.value > 0.0).all()
        assert (s.season > 0.0).all()
        assert (s.doubt >= 1.0).all()
        assert s.weight.shape == (len(s.dates), HISTORY)
        np.testing.assert_allclose(s.weight.sum(axis=1), 1.0)
        assert s.dates.max() <= AS_OF


def test_every_company_reports(seen: dict[str, Series], book: Book) -> None:
    assert {f"{ticker}.total" for ticker in book.companies} <= set(seen)


def test_owners_are_added_up_where_all_of_them_are_known(
    facts: ms.Facts, seen: dict[str, Series], book: Book
) -> None:
    capex = facts.select("quarterly_capex")
    date = pd.Timestamp("2025-09-30")
    at = capex[(capex["date"] == date) & capex["entity"].isin(OWNERS)]
    assert len(at) == len(OWNERS)
    s = seen["owner_capex"]
    assert s.value[s.dates == date] == pytest.approx(at["value"].sum() / 1e3)
    gone = (
        (facts.table["quantity"] == "quarterly_capex")
        & (facts.table["entity"] == "META")
        & (facts.table["date"] == date)
    )
    without = ms.Facts(facts.table[~gone].reset_index(drop=True), facts.as_of)
    left = {s.name: s for s in observe(without, book, WINDOW)}["owner_capex"]
    assert date not in left.dates
    assert len(left.dates) == len(s.dates) - 1


def test_less_sure_figures_weigh_less(facts: ms.Facts, book: Book) -> None:
    doubted = ms.Facts(facts.table.assign(confidence="unverified"), facts.as_of)
    trusted = ms.Facts(facts.table.assign(confidence="sourced"), facts.as_of)
    for less, more in zip(
        observe(doubted, book, WINDOW), observe(trusted, book, WINDOW), strict=True
    ):
        if less.name != "owner_capex":  # a sum of four
            assert (less.doubt > more.doubt).all()


def test_an_h100_is_its_list_price_with_boards_and_systems(facts: ms.Facts) -> None:
    rows = chip_prices(facts)
    listed = facts.select("chip_price").set_index("entity")["value"]
    (h100,) = rows.loc[rows["entity"] == "gpu/NVIDIA/H100 SXM", "value"]
    price = listed["gpu/NVIDIA/H100 SXM"]
    assert h100 == pytest.approx(price * SYSTEM_PRICE / 1e3, rel=0.01)
    systems = rows[rows["entity"] == "H100"]
    assert (systems["date"] < pd.Timestamp("2024-10-01")).all()
    assert systems["value"].between(20.0, 60.0).all()
