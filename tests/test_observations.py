"""What calibration sees: only what was published, in the model's units, season apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration import HISTORY, SPAN, window_at
from marketsim.calibration.observations import (
    ENOUGH,
    OTHER_COMPANY,
    Series,
    observe,
)
from marketsim.knowledge import DOUBT
from marketsim.knowledge.currency import EUR_USD
from marketsim.observables import of_kind, seasons
from marketsim.observables.chip_price import SYSTEM_PRICE, chip_prices
from marketsim.observables.installed_compute import BAND, installed
from marketsim.observables.token_price import STUDIED, token_prices

AS_OF = pd.Timestamp("2025-12-31")
OWNERS = ("AMZN", "MSFT", "GOOGL", "META")
DESIGNERS = ("Nvidia", "Google", "Amazon", "AMD")
WINDOW = window_at(AS_OF)


@pytest.fixture(scope="module")
def seen(facts: ms.Knowledge) -> dict[str, Series]:
    return {s.name: s for s in observe(facts, WINDOW)}


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
    facts: ms.Knowledge, seen: dict[str, Series]
) -> None:
    known = facts.select("quarterly_revenue").set_index(["entity", "date"])
    for s in seen.values():
        if s.kind == "revenue":
            rows = known.loc[[(s.name, d) for d in s.dates]]
            scale = np.where(rows["unit"] == "EUR m", EUR_USD, 1.0) / 1e3
            np.testing.assert_allclose(s.value, rows["value"].to_numpy() * scale)
            assert (rows["published"] <= AS_OF).all()


def test_a_report_is_seen_from_the_day_it_is_published() -> None:
    every = ms.load_facts()
    rows = every.select("quarterly_revenue", "NVDA.data_center").set_index("date")
    quarter = pd.Timestamp("2025-07-27")
    day = rows["published"][quarter]
    for known, expected in ((day - pd.Timedelta(days=1), False), (day, True)):
        series = {s.name: s for s in observe(every.upto(known), WINDOW)}
        assert (quarter in series["NVDA.data_center"].dates) == expected


def test_installed_compute_of_2025_is_not_seen_before_it_was_published(
    seen: dict[str, Series],
) -> None:
    assert "installed_compute" not in seen
    later = {s.name for s in observe(ms.load_facts(as_of="2026-06-30"), WINDOW)}
    assert "installed_compute" in later


def test_figures_are_positive_and_lie_in_the_window(seen: dict[str, Series]) -> None:
    assert len(seen) > 40
    for s in seen.values():
        assert (s.value > 0.0).all()
        assert (s.season > 0.0).all()
        assert (s.doubt >= 1.0).all()
        assert s.weight.shape == (len(s.dates), SPAN)
        np.testing.assert_allclose(s.weight.sum(axis=1), 1.0)
        assert s.dates.max() <= AS_OF or of_kind(s.kind).horizon == "ahead"


def test_every_company_reports(facts: ms.Knowledge, seen: dict[str, Series]) -> None:
    assert {f"{ticker}.total" for ticker in facts.universe.revenue_map.companies} <= set(seen)


def test_owners_are_added_up_where_all_of_them_are_known(
    facts: ms.Knowledge, seen: dict[str, Series]
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
    without = facts.with_facts(facts.table[~gone].reset_index(drop=True))
    left = {s.name: s for s in observe(without, WINDOW)}["owner_capex"]
    assert date not in left.dates
    assert len(left.dates) == len(s.dates) - 1


SUMS = ("owner_capex", "owner_cash_flow", "laboratories", "multiple OpenAI", "capital raised")
"""Formed of several figures each, whose own doubt counts."""


def test_less_sure_figures_weigh_less(facts: ms.Knowledge) -> None:
    doubted = facts.with_facts(facts.table.assign(confidence="unverified"))
    trusted = facts.with_facts(facts.table.assign(confidence="sourced"))
    for less, more in zip(observe(doubted, WINDOW), observe(trusted, WINDOW), strict=True):
        if of_kind(less.kind).horizon == "ahead":
            assert (less.stated > more.stated).all()
        elif less.name not in SUMS:
            assert (less.doubt > more.doubt).all()


def test_an_h100_is_its_list_price_with_boards_and_systems(facts: ms.Knowledge) -> None:
    """With the price of whole systems of the same quarter, in the geometric mean."""
    rows = chip_prices(facts)
    listed = facts.select("chip_price").set_index("entity")["value"]
    (found,) = rows.loc[rows["entity"] == "gpu/NVIDIA/H100 SXM", "value"]
    system = facts.select("gpu_price", "H100").set_index("date")["value"]["2022-07-01"]
    price = listed["gpu/NVIDIA/H100 SXM"] * SYSTEM_PRICE
    assert found == pytest.approx((price * system) ** 0.5 / 1e3, rel=0.01)
    systems = rows[rows["entity"] == "H100"]
    assert (systems["date"] < pd.Timestamp("2024-10-01")).all()
    assert systems["value"].between(20.0, 60.0).all()


def test_chips_of_one_quarter_are_one_price(facts: ms.Knowledge) -> None:
    """H200, B200 and B100 came in the same weeks, at prices a factor of two apart."""
    assert not chip_prices(facts)["date"].dt.to_period("Q").duplicated().any()


# ----------------------------------------------------------------------- breaks in definition


def known_at(date: str) -> dict[str, Series]:
    day = pd.Timestamp(date)
    return {s.name: s for s in observe(ms.load_facts(date), window_at(day))}


def test_before_a_merger_it_was_another_company() -> None:
    """Broadcom without VMware counts less until four quarters with it are known, then not."""
    merged = pd.Timestamp("2024-02-04")
    early, late = known_at("2024-11-30"), known_at("2024-12-31")
    few, enough = early["AVGO.total"], late["AVGO.total"]
    old = few.dates < merged
    assert old.any()
    assert (~old).sum() < ENOUGH
    np.testing.assert_array_equal(few.doubt, np.where(old, OTHER_COMPANY, 1.0))
    assert (enough.dates >= merged).all()
    assert len(enough.dates) == ENOUGH
    for column in (enough.weight, enough.season, enough.doubt, enough.stated):
        assert len(column) == ENOUGH


def test_a_merger_to_come_marks_nothing() -> None:
    s = known_at("2023-12-31")["AVGO.total"]
    assert (s.doubt == 1.0).all()
    assert len(s.dates) == HISTORY - 1


def test_a_recast_past_is_kept_on_the_new_footing() -> None:
    s = known_at("2022-12-31")["DELL.total"]
    assert s.dates[0] < pd.Timestamp("2021-01-01")
    raw = ms.load_facts().series("quarterly_revenue", "DELL.total") / 1e3
    old = s.dates < pd.Timestamp("2022-01-28")
    ratio = s.value / raw[s.dates].to_numpy()
    assert (ratio[old] < 0.95).all()
    np.testing.assert_allclose(ratio[~old], 1.0)


# ----------------------------------------------------------------------- the world's quantities


def test_installed_compute_errs_as_its_publisher_says() -> None:
    """ln(p95 / p05) of a normal is 3.29 standard deviations; ends are added up."""
    facts = ms.load_facts("2026-06-30")
    rows = installed(facts).set_index("date")
    date = pd.Timestamp("2025-12-31")
    ends = []
    for end in ("p05", "p95"):
        told = facts.select(f"installed_h100e_{end}")
        at = told[(told["date"] == date) & told["entity"].isin(DESIGNERS)]
        assert len(at) == len(DESIGNERS)
        ends.append(at["value"].sum())
    expected = np.log(ends[1] / ends[0]) / BAND
    assert rows["stated"][date] == pytest.approx(expected)
    s = known_at("2026-06-30")["installed_compute"]
    assert (s.stated > 0.05).all()


def test_nothing_else_states_its_error(seen: dict[str, Series]) -> None:
    for s in seen.values():
        ahead = of_kind(s.kind).horizon == "ahead"
        assert ((s.stated > 0.0) == ahead).all()


def test_token_prices_fall_at_the_rate_of_the_study(facts: ms.Knowledge) -> None:
    rows = token_prices(facts)
    rates = facts.select("token_price_decline").set_index("entity")["value"]
    for study, name in facts.universe.labels("price_studies").items():
        if study in rates.index:
            value = rows[rows["entity"] == name].sort_values("date")["value"].to_numpy()
            assert (value[0] / value[1]) ** (1.0 / STUDIED) == pytest.approx(rates[study])


def test_levels_that_measure_something_else_count_as_changes(seen: dict[str, Series]) -> None:
    kinds = {s.kind for s in seen.values() if s.relative}
    changes = {"older_gpu_rent", "token_volume", "token_price", "memory_price", "memory_bits"}
    changes |= {
        "plans",
        "guidance",
        "wholesale_price",
        "turbine_backlog",
        "commitments",
        "debt",
        "debt_issued",
        "training_capital",
    }
    assert kinds == changes
    assert not {s.kind for s in seen.values() if not s.relative} & kinds


def test_a_price_of_a_year_is_a_mean_of_its_quarters(seen: dict[str, Series]) -> None:
    s = seen["electricity"]
    assert len(s.dates) == 3
    np.testing.assert_allclose(np.sort(s.weight, axis=1)[:, -4:], 0.25)
    np.testing.assert_allclose(s.weight[-1] @ np.arange(SPAN), 11 - 1.5)
    assert (s.value < 0.10).all()


def test_shares_of_single_owners_and_laboratories_are_left_out(
    facts: ms.Knowledge, seen: dict[str, Series]
) -> None:
    assert {s.name for s in seen.values() if s.kind == "inference_share"} == set(
        facts.universe.labels("inference_share").values()
    )
    assert max(DOUBT.values()) == seen["inference_share NVIDIA"].doubt
