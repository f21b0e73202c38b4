"""Statements as a table: they add up, and belong to the world they are of."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import InputError
from marketsim.runs.tables import value_table
from marketsim.valuation import Statement, Valuation
from marketsim.valuation.valuation import NAMES


@pytest.fixture(scope="module")
def valuation(returns: ms.ReturnScenarios) -> Valuation:
    assert isinstance(returns.world, Valuation)
    return returns.world


def items(rows: pd.DataFrame) -> pd.DataFrame:
    """A column for each item, by ticker and year."""
    return rows.pivot(index=["ticker", "year"], columns="item", values="usd_bn")


@pytest.fixture(scope="module")
def said(valuation: Valuation) -> pd.DataFrame:
    return items(valuation.statements())


def test_every_company_has_every_item_in_every_year(valuation: Valuation) -> None:
    rows = valuation.statements()
    years = valuation.paths.quarter_ends[3::4]
    assert list(rows.columns) == ["ticker", "year", "item", "usd_bn"]
    assert list(dict.fromkeys(rows["ticker"])) == list(valuation.economics.index)
    assert all(list(own) == list(years) for _, own in rows.groupby(["ticker", "item"])["year"])
    assert list(dict.fromkeys(rows["item"])) == [
        NAMES.get(f.name, f.name) for f in fields(Statement)
    ]
    assert np.isfinite(rows["usd_bn"]).all()


def test_profit_is_what_is_earned_less_every_cost(said: pd.DataFrame) -> None:
    costs = said[["cost", "overhead", "running", "depreciation", "write_down"]].sum(axis=1)
    np.testing.assert_allclose(said["profit"], said["revenue"] + said["from_fleets"] - costs)


def test_cash_is_profit_after_tax_with_what_no_cash_was_paid_for(said: pd.DataFrame) -> None:
    kept = said["profit"] - said["tax"] + said["depreciation"] + said["write_down"]
    spent = said["capital_spending"] + said["other_investment"]
    np.testing.assert_allclose(said["free_cash_flow"], kept - spent, atol=1e-9)


def test_debt_grows_by_interest_after_tax_and_shrinks_by_cash(
    said: pd.DataFrame, valuation: Valuation
) -> None:
    tickers = said.index.get_level_values("ticker")
    owed, rate = (valuation.economics[name].reindex(tickers) for name in ("net_debt", "tax_rate"))
    left = said["net_debt_before_payouts"]  # of which nothing is paid out
    before = left.groupby("ticker", sort=False).shift()
    before = before.fillna(owed.set_axis(said.index)).fillna(0.0)  # unknown debt is none
    kept = said["interest"] * (1.0 - rate.to_numpy())
    after = before + kept - said["free_cash_flow"]
    np.testing.assert_allclose(left, after, atol=1e-9)


def test_revenue_is_that_of_the_world_it_is_of(valuation: Valuation) -> None:
    """Four quarters a year of the calibrated world, or of a regime's central one."""
    paths = valuation.paths
    place = paths.scenarios.names.index("bear")
    for regime, quarters in (
        (None, paths.calibrated.revenue[0]),
        ("bear", paths.centres.revenue[place]),
    ):
        revenue = items(valuation.statements(regime))["revenue"].unstack("year")
        sums = quarters[:, valuation.columns].reshape(-1, 4, len(valuation.columns)).sum(axis=1)
        expected = pd.DataFrame(sums.T, index=valuation.economics.index)
        np.testing.assert_allclose(revenue, expected.loc[revenue.index])


def test_a_regime_that_is_none_names_the_nearest(valuation: Valuation) -> None:
    with pytest.raises(InputError, match="Did you mean 'bear'"):
        valuation.statements("beer")


def test_a_run_keeps_value_with_company_and_layer(valuation: Valuation) -> None:
    """Expected return is the sum of its parts, as on the page."""
    table = value_table(valuation)
    assert list(table.columns[:2]) == ["company", "layer"]
    assert (table.loc["NVDA", "company"], table.loc["NVDA", "layer"]) == ("NVIDIA", "accelerators")
    parts = table[["carry", "regimes", "pull"]].sum(axis=1)
    np.testing.assert_allclose(table["expected_return"], parts, atol=1e-12)
