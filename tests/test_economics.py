"""Economics of companies: as reported, in their bands, gaps told, and nothing known too early."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.knowledge.table import KEY
from marketsim.valuation import economics
from marketsim.valuation.economics import MARGIN_FLOOR, SALES_TO_CAPITAL, TAX_BAND

AS_OF = pd.Timestamp("2025-12-31")
RATES = ("margin", "long_run_margin", "tax_rate", "sales_to_capital", "net_cash")


@pytest.fixture(scope="module")
def companies(posterior: ms.Posterior) -> tuple[str, ...]:
    return posterior.companies


@pytest.fixture(scope="module")
def table(facts: ms.Knowledge, companies: tuple[str, ...]) -> pd.DataFrame:
    return economics(facts, companies)


def test_every_company_has_finite_economics(
    table: pd.DataFrame, companies: tuple[str, ...]
) -> None:
    assert tuple(table.index) == companies
    assert np.isfinite(table[list(RATES)]).all(axis=None)
    assert (table[["margin", "long_run_margin"]] >= MARGIN_FLOOR).all(axis=None)
    assert (table["margin"] < 0.75).all()
    assert table["tax_rate"].between(*TAX_BAND).all()
    assert table["sales_to_capital"].between(*SALES_TO_CAPITAL).all()


def test_margins_and_cash_are_the_reported_ones(facts: ms.Knowledge, table: pd.DataFrame) -> None:
    for ticker in ("NVDA", "MSFT", "AVGO"):
        income = facts.series("annual_operating_income", ticker)
        revenue = facts.series("annual_revenue", ticker)
        margin = (income / revenue).dropna().sort_index()
        assert table.loc[ticker, "margin"] == pytest.approx(margin.iloc[-1])
        mean = 0.5 * (margin.iloc[-1] + margin.iloc[-5:].mean())
        assert table.loc[ticker, "long_run_margin"] == pytest.approx(mean)
        assert table.loc[ticker, "fiscal_year_end"] == margin.index[-1]
    cash = facts.series("annual_cash_and_st_investments", "NVDA").iloc[-1]
    debt = facts.series("annual_total_debt", "NVDA").iloc[-1]
    assert table.loc["NVDA", "net_cash"] == pytest.approx((cash - debt) / 1e3)


def test_a_year_is_known_from_the_day_it_is_published(companies: tuple[str, ...]) -> None:
    every = ms.load_facts()
    table, year = every.table, pd.Timestamp("2025-01-26")
    rows = table[(table["entity"] == "NVDA") & (table["date"] == year)]
    first = rows.groupby("quantity")["published"].min()
    day = first[["annual_revenue", "annual_operating_income"]].max()
    before = economics(every.upto(day - pd.Timedelta(days=1)), companies)
    after = economics(every.upto(day), companies)
    assert before["fiscal_year_end"]["NVDA"] < year
    assert after["fiscal_year_end"]["NVDA"] == year


def test_what_was_published_later_does_not_count(
    table: pd.DataFrame, companies: tuple[str, ...]
) -> None:
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
    again = economics(ms.knowledge.Facts(rewritten).upto(AS_OF), companies)
    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_years_end_before_the_date_and_not_long_ago(table: pd.DataFrame) -> None:
    age = (AS_OF - pd.DatetimeIndex(table["fiscal_year_end"])).days
    assert (age > 0).all()
    assert (age < 2 * 366).all()


def test_gaps_take_the_median_of_the_others_and_are_told(
    facts: ms.Knowledge, table: pd.DataFrame, companies: tuple[str, ...]
) -> None:
    gone = (facts.table["entity"] == "CSCO") & facts.table["quantity"].str.startswith("annual_")
    without = economics(facts.with_facts(facts.table[~gone].reset_index(drop=True)), companies)
    assert without.loc["CSCO", "gaps"] == "margin, tax_rate, sales_to_capital, net_cash, debt"
    others = without.drop(index="CSCO")
    known = others[~others["gaps"].str.contains("tax_rate")]
    assert without.loc["CSCO", "tax_rate"] == pytest.approx(known["tax_rate"].median())
    assert without.loc["CSCO", "net_cash"] == 0.0
    assert table.loc["CSCO", "gaps"] == ""
