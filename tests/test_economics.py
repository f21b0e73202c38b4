"""Economics of companies: as reported, in their bands, gaps told, and nothing known too early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.knowledge.currency import EUR_USD
from marketsim.knowledge.table import KEY
from marketsim.model.tree import leaf
from marketsim.precision import precise
from marketsim.valuation import economics, valuation_assumptions
from marketsim.valuation.accounts import Accounts
from marketsim.valuation.costs import REPLACED, TAX_BAND, YEARS, net_debt, plant
from marketsim.valuation.past import Past
from marketsim.valuation.records import ITEMS, Record, Series
from marketsim.valuation.terms import NORMAL_SALES_TO_PLANT, middle, sales_to_plant
from tests.one_company import number

AS_OF = pd.Timestamp("2025-12-31")
KNOWN = ["revenue", "volume", "margin", "cost", "long_run_cost", "overhead"]
RATES = ["tax_rate", "sales_to_plant", "fleet", "spare", "at_home", "ai_share"]
STEPS = (0.95, 0.90)
OWNERS = {"AMZN", "MSFT", "GOOGL", "META", "ORCL", "CRWV"}

Economics = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def of(posterior: ms.Posterior) -> Economics:
    """Economics of all companies, of other facts than the calibrated ones where given."""

    def found(
        facts: pd.DataFrame | ms.Knowledge | None = None, upkeep: float | None = None
    ) -> pd.DataFrame:
        known = posterior.knowledge if facts is None else facts
        if isinstance(known, pd.DataFrame):
            known = posterior.knowledge.with_facts(known.reset_index(drop=True))
        with precise("float64"):
            assumed = valuation_assumptions(posterior.knowledge)
            if upkeep is not None:
                assumed = replace(assumed, lease_upkeep=number(upkeep))
            return economics(known, posterior, posterior.companies, assumed)

    return found


@pytest.fixture(scope="module")
def table(of: Economics) -> pd.DataFrame:
    return of()


def changed(facts: ms.Knowledge, ticker: str, factors: dict[str, float]) -> pd.DataFrame:
    """The facts with a company's quantities times a factor each."""
    rows = facts.table
    size = rows["quantity"].map(factors).where(rows["entity"] == ticker).fillna(1.0)
    return rows.assign(value=rows["value"] * size)


def without(facts: ms.Knowledge, ticker: str, *quantities: str) -> pd.DataFrame:
    rows = facts.table
    return rows[~((rows["entity"] == ticker) & rows["quantity"].isin(quantities))]


def last(facts: ms.Knowledge, quantity: str, ticker: str) -> float:
    return float(facts.series(quantity, ticker).iloc[-1]) / 1e3


# ----------------------------------------------------------------------- as reported


def test_every_company_has_finite_economics(table: pd.DataFrame, posterior: ms.Posterior) -> None:
    assert tuple(table.index) == posterior.companies
    assert np.isfinite(table[KNOWN + RATES].astype(float)).all(axis=None)
    assert table["tax_rate"].between(*TAX_BAND).all()
    assert (table["sales_to_plant"] > 0.0).all()
    assert (table["capital"] > 0.0).all()
    for name in ("revenue", "volume", "cost", "long_run_cost"):
        assert (table[name] > 0.0).all(), name
    for name in ("overhead", "fleet", "spare"):
        assert (table[name] >= 0.0).all(), name
    assert table["ai_share"].between(0.0, 1.0).all()


def test_margin_and_net_debt_are_the_reported_ones(
    facts: ms.Knowledge, table: pd.DataFrame
) -> None:
    """Where nothing acquired is written off beyond what is spent."""
    for ticker in ("NVDA", "MSFT", "AMZN"):
        income = facts.series("annual_operating_income", ticker)
        margin = (income / facts.series("annual_revenue", ticker)).dropna().sort_index()
        assert table.loc[ticker, "margin"] == pytest.approx(margin.iloc[-1]), ticker
        assert table.loc[ticker, "fiscal_year_end"] == margin.index[-1]
    debt = last(facts, "annual_total_debt", "NVDA")
    cash = last(facts, "annual_cash_and_st_investments", "NVDA")
    assert table.loc["NVDA", "net_debt"] == pytest.approx(debt - cash)


def inputs_of(posterior: ms.Posterior, ticker: str) -> float:
    """What a company passed on in its last fiscal year, as the model has it."""
    sold = posterior.knowledge.series("annual_revenue", ticker)
    past = Past.of(posterior, sold.index.to_numpy())
    passed = past.inputs[-1, past.companies.index(ticker)]
    return float(passed * sold.iloc[-1] / 1e3)


def test_costs_overhead_and_what_is_passed_on_leave_the_margin(
    facts: ms.Knowledge, posterior: ms.Posterior, table: pd.DataFrame
) -> None:
    """Of a company without a fleet, in a year no worse than those before it."""
    row = table.loc["NVDA"]
    kept = row["revenue"] - row["cost"] * row["volume"] - row["overhead"]
    assert kept - row["margin"] * row["revenue"] == pytest.approx(inputs_of(posterior, "NVDA"))
    gross, profit = (
        last(facts, name, "NVDA") for name in ("annual_gross_profit", "annual_operating_income")
    )
    assert row["overhead"] == pytest.approx(gross - profit)


def test_volumes_are_revenue_at_prices_that_cover_cost(table: pd.DataFrame) -> None:
    """The merchant's markup and dear memory are in revenue, not in volume; others stay at one."""
    price = table["volume"] / table["revenue"]
    assert 0.8 < price["NVDA"] < 1.1
    assert price["MU"] < 1.0
    assert price["CSCO"] == pytest.approx(1.0, abs=0.02)


def test_the_long_run_is_half_the_mean_of_years(
    facts: ms.Knowledge, of: Economics, table: pd.DataFrame
) -> None:
    """A company whose oldest years had cost twice as much comes back to dearer ones."""
    rows = facts.table
    old = facts.series("annual_operating_income", "ANET").index[-YEARS:-2]
    hit = (rows["entity"] == "ANET") & rows["date"].isin(old)
    hit &= rows["quantity"].isin(["annual_operating_income", "annual_gross_profit"])
    poorer = of(rows.assign(value=rows["value"].where(~hit, 0.5 * rows["value"])))
    assert poorer["cost"]["ANET"] == pytest.approx(table["cost"]["ANET"], rel=0.1)
    assert poorer["long_run_cost"]["ANET"] > table["long_run_cost"]["ANET"]


def test_amounts_are_in_dollars(facts: ms.Knowledge, table: pd.DataFrame) -> None:
    """ASML reports in euros; rates are what they are in either."""
    assert set(facts.select("annual_revenue", "ASML")["unit"]) == {"EUR m"}
    row = table.loc["ASML"]
    assert row["revenue"] == pytest.approx(EUR_USD * last(facts, "annual_revenue", "ASML"))
    income = last(facts, "annual_operating_income", "ASML")
    assert row["margin"] == pytest.approx(income / last(facts, "annual_revenue", "ASML"), abs=0.02)
    debt = last(facts, "annual_total_debt", "ASML")
    cash = last(facts, "annual_cash_and_st_investments", "ASML")
    assert row["net_debt"] == pytest.approx(EUR_USD * (debt - cash))


# ----------------------------------------------------------------------- what is told apart


def test_what_acquisitions_are_written_off_is_no_cost(
    facts: ms.Knowledge, table: pd.DataFrame
) -> None:
    """Nobody replaces it: Broadcom writes off a multiple of what it spends."""
    off, spent, revenue = (
        facts.series(f"annual_{name}", "AVGO").iloc[-3:].sum()
        for name in ("depreciation_amortisation", "capex", "revenue")
    )
    assert off > 3.0 * spent
    income = last(facts, "annual_operating_income", "AVGO")
    reported = income / last(facts, "annual_revenue", "AVGO")
    assert table.loc["AVGO", "margin"] == pytest.approx(reported + (off - spent) / revenue)


def test_landlords_replace_a_part_of_what_they_write_off(
    facts: ms.Knowledge, of: Economics
) -> None:
    """Margins of landlords, and theirs alone, fall by what upkeep takes of depreciation."""
    low, high = of(upkeep=0.2), of(upkeep=0.6)
    gained = low["margin"] - high["margin"]
    landlords = facts.universe.companies["layer"].reindex(gained.index) == "leases"
    assert (gained[landlords] > 0.0).all()
    assert (gained[~landlords] == 0.0).all()
    off, revenue = (
        facts.series(f"annual_{name}", "EQIX").iloc[-3:].sum()
        for name in ("depreciation_amortisation", "revenue")
    )
    assert gained["EQIX"] == pytest.approx(0.4 * off / revenue)


def test_only_sellers_and_users_of_compute_own_fleets(table: pd.DataFrame) -> None:
    owners = set(table.index[table["fleet"] > 0.0])
    assert owners == OWNERS
    assert table["fleet"].sum() == pytest.approx(1.0, abs=0.35)
    assert set(table.index[table["at_home"] > 0.0]) <= OWNERS
    assert table.loc["META", "at_home"] == 1.0
    assert (table["spare"] <= table["fleet"]).all()
    assert (table.loc[list(set(table.index) - OWNERS), "ai_share"] == 0.0).all()


def test_a_fleet_is_what_was_spent_beyond_the_usual(
    facts: ms.Knowledge, of: Economics, table: pd.DataFrame
) -> None:
    """A twentieth less spent in the last year takes more than a twentieth of the fleet.

    What is usual is that of years before the window, so that all of it is missing in the fleet.
    """
    rows = facts.table
    recent = rows["quantity"] == "quarterly_capex"
    less = [of(rows.assign(value=rows["value"].where(~recent, x * rows["value"]))) for x in STEPS]
    fleet = pd.concat([table["fleet"], *(found["fleet"] for found in less)], axis=1)
    steps = -np.diff(fleet.loc[sorted(OWNERS)].to_numpy(), axis=1)
    np.testing.assert_allclose(steps[:, 1], steps[:, 0], rtol=1e-9)
    lost = pd.Series(steps[:, 0], sorted(OWNERS)) / table["fleet"]
    assert (lost.drop("CRWV")[sorted(OWNERS - {"CRWV"})] > 0.05).all()
    assert lost["CRWV"] == pytest.approx(0.05)  # which has no years before the window
    for found in less:
        pd.testing.assert_series_equal(found["margin"], table["margin"])


def test_owners_together_own_no_more_than_all_there_is(
    facts: ms.Knowledge, of: Economics, table: pd.DataFrame
) -> None:
    """Four times the spending is not all on AI: shares are scaled, and a word is said."""
    rows = facts.table
    recent = rows["quantity"] == "quarterly_capex"
    more = of(rows.assign(value=rows["value"].where(~recent, 4.0 * rows["value"])))
    assert more["fleet"].sum() == pytest.approx(1.0)
    assert more["gaps"][sorted(OWNERS)].str.contains("fleet").all()
    assert not more["gaps"].drop(sorted(OWNERS)).str.contains("fleet").any()
    assert not table["gaps"].str.contains("fleet").any()


# ----------------------------------------------------------------------- capital

YEAR_ENDS = pd.date_range("2019-12-31", periods=6, freq="YE").to_numpy()


def years(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)


def turned(revenue: np.ndarray, spent: np.ndarray, worn_out: np.ndarray | None) -> float:
    """Sales to plant of a company with that record, by itself."""
    none = Series(np.empty(0, dtype=YEAR_ENDS.dtype), np.empty(0))
    unknown = dict.fromkeys(ITEMS, np.full(len(revenue), np.nan))
    record = Record(YEAR_ENDS, unknown | {"revenue": revenue}, none, none)
    plain = dict.fromkeys((f.name for f in fields(Accounts)), np.zeros(1))
    own = {name: np.array([x]) for name, x in plant(record, spent, worn_out).items()}
    with precise("float64"):
        accounts = Accounts(**{name: leaf(x) for name, x in (plain | own).items()})
        return float(sales_to_plant(accounts, number([0.0]))[0])


def test_growth_takes_what_is_spent_beyond_what_wears_out() -> None:
    """Revenue of 100 doubles for 150 of spending, of which 100 replaces what was there."""
    revenue = years(100, 120, 140, 160, 180, 200)
    spent, worn_out = years(0, 30, 30, 30, 30, 30), years(0, 20, 20, 20, 20, 20)
    found = turned(revenue, spent, worn_out)
    assert found == pytest.approx((100.0 + 25.0) / (50.0 + 25.0 / NORMAL_SALES_TO_PLANT))
    assert turned(revenue, spent, None) == turned(revenue, spent, REPLACED * spent)


def test_a_record_counts_as_far_as_revenue_grew() -> None:
    """Who hardly grew is taken for usual, who grew tenfold without plant needs none."""
    still, steep = (years(*np.linspace(100.0, last, 6)) for last in (100.0, 1_000.0))
    nothing = years(*np.zeros(6))
    assert turned(still, nothing, nothing) == pytest.approx(NORMAL_SALES_TO_PLANT)
    assert turned(steep, nothing, nothing) > 30.0 * NORMAL_SALES_TO_PLANT


def test_two_years_are_no_record() -> None:
    assert turned(years(100, 900), years(10, 90), None) == NORMAL_SALES_TO_PLANT


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.booleans()), min_size=1, max_size=7))
def test_the_middle_is_the_median_of_what_is_known(pairs: list[tuple[float, bool]]) -> None:
    values, known = (np.array(x) for x in zip(*pairs, strict=True))
    with precise("float64"):
        found = float(middle(leaf(values), leaf(known)))
    if known.any():
        assert found == pytest.approx(float(np.median(values[known])))


def test_chip_designers_grow_on_little_capital_and_foundries_on_much(table: pd.DataFrame) -> None:
    of_plant = table["sales_to_plant"]
    assert of_plant["NVDA"] > 8.0
    assert 0.5 < of_plant["TSM"] < 3.0
    assert of_plant["EQIX"] < 0.6


# ----------------------------------------------------------------------- gaps


def test_gaps_take_the_median_of_their_layer_and_are_told(
    facts: ms.Knowledge, of: Economics, table: pd.DataFrame
) -> None:
    blank = of(without(facts, "CSCO", "annual_effective_tax_rate"))
    assert blank.loc["CSCO", "gaps"] == "tax_rate"
    layers = facts.universe.companies["layer"].reindex(blank.index)
    known = ~blank["gaps"].str.contains("tax_rate") & (layers == layers["CSCO"])
    assert blank.loc["CSCO", "tax_rate"] == pytest.approx(blank.loc[known, "tax_rate"].median())
    assert table.loc["CSCO", "gaps"] == ""


def test_a_company_whose_gross_profit_is_unknown_says_so(
    facts: ms.Knowledge, of: Economics, table: pd.DataFrame
) -> None:
    """All that it spends goes with what it sells."""
    blank = of(without(facts, "CSCO", "annual_gross_profit"))
    assert blank.loc["CSCO", "gaps"] == "gross profit"
    assert blank["overhead"]["CSCO"] == 0.0
    assert blank["margin"]["CSCO"] == table["margin"]["CSCO"]
    assert blank["cost"]["CSCO"] > table["cost"]["CSCO"]


def test_unknown_debt_is_unknown_and_never_cash(facts: ms.Knowledge, of: Economics) -> None:
    blank = of(without(facts, "CSCO", "annual_total_debt"))
    assert np.isnan(blank["net_debt"]["CSCO"])
    told = blank["gaps"].str.contains("net_debt")
    assert told["CSCO"]
    pd.testing.assert_series_equal(blank["net_debt"].isna(), told, check_names=False)


def test_debt_of_long_ago_less_cash_of_today_is_no_net_debt(
    facts: ms.Knowledge, of: Economics, table: pd.DataFrame
) -> None:
    """Super Micro's last debt that is known is of 2023, its cash of two years later."""
    assert facts.series("annual_total_debt", "SMCI").index[-1] == pd.Timestamp("2023-06-30")
    assert np.isnan(table["net_debt"]["SMCI"])
    assert "net_debt" in table["gaps"]["SMCI"]
    richer = of(changed(facts, "SMCI", {"annual_cash_and_equivalents": 2.0}))
    assert np.isnan(richer["net_debt"]["SMCI"])


def test_what_is_owed_of_a_company_without_a_fiscal_year_is_known() -> None:
    none, owed = np.empty(0), Series(np.array(["2025-09-30"], "datetime64[us]"), np.array([7.0]))
    blank = Series(np.empty(0, "datetime64[us]"), none)
    record = Record(blank.ends, dict.fromkeys(ITEMS, none), spent=blank, owed=owed)
    assert net_debt(record) == (7.0, False)


def test_cash_is_of_the_time_of_the_debt(facts: ms.Knowledge, table: pd.DataFrame) -> None:
    """Cisco's debt of 2024 stands beside its cash and investments of 2024, not of 2025."""
    debt, cash = (
        facts.series(name, "CSCO")
        for name in ("annual_total_debt", "annual_cash_and_st_investments")
    )
    assert debt.index[-1] == cash.index[-1] < facts.series("annual_revenue", "CSCO").index[-1]
    assert table["net_debt"]["CSCO"] == pytest.approx((debt.iloc[-1] - cash.iloc[-1]) / 1e3)


def test_cash_of_an_earlier_quarter_than_the_debt_is_told(table: pd.DataFrame) -> None:
    told = table["gaps"].str.contains("newer cash")
    assert {"META", "ORCL"} <= set(table.index[told]) <= OWNERS
    assert table["net_debt"][told].notna().all()


def test_debt_of_the_quarter_takes_the_place_of_the_years(
    facts: ms.Knowledge, of: Economics, table: pd.DataFrame
) -> None:
    newest = facts.series("debt_outstanding", "ORCL")
    assert newest.index[-1] > facts.series("annual_total_debt", "ORCL").index[-1]
    doubled = of(changed(facts, "ORCL", {"debt_outstanding": 2.0}))
    more = doubled["net_debt"]["ORCL"] - table["net_debt"]["ORCL"]
    assert more == pytest.approx(newest.iloc[-1] / 1e3)


# ----------------------------------------------------------------------- point in time


def test_a_year_is_known_from_the_day_it_is_published(
    posterior: ms.Posterior, of: Economics
) -> None:
    every = ms.load_facts()
    rows, year = every.table, pd.Timestamp("2025-01-26")
    own = rows[(rows["entity"] == "NVDA") & (rows["date"] == year)]
    first = own.groupby("quantity")["published"].min()
    day = first[["annual_revenue", "annual_operating_income"]].max()
    before, after = of(every.upto(day - pd.Timedelta(days=1))), of(every.upto(day))
    assert before["fiscal_year_end"]["NVDA"] < year
    assert after["fiscal_year_end"]["NVDA"] == year


def test_what_was_published_later_does_not_count(of: Economics, table: pd.DataFrame) -> None:
    every = ms.load_facts().table
    known = every["published"] <= AS_OF
    assert (~known & every["quantity"].str.startswith("annual_")).any()
    revised = every[known].assign(published=AS_OF + pd.Timedelta(days=1), value=-every["value"])
    future = every[~known].assign(value=lambda t: -5.0 * t["value"])
    rewritten = (
        pd.concat([every[known], revised, future])
        .drop_duplicates(list(KEY))
        .sort_values(list(KEY), kind="stable", ignore_index=True)
    )
    again = of(ms.load_facts().with_facts(rewritten).upto(AS_OF))
    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_years_end_before_the_date_and_not_long_ago(table: pd.DataFrame) -> None:
    age = (AS_OF - pd.DatetimeIndex(table["fiscal_year_end"])).days
    assert (age > 0).all()
    assert (age < 2 * 366).all()
