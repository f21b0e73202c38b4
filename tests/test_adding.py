"""A company of one's own, added in memory: the same checks, and the others stay as they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms

ENDS = pd.date_range("2022-03-31", "2025-09-30", freq="QE")
GIVEN: dict[str, Any] = {
    "name": "Example Works",
    "layer": "servers",
    "share": 0.005,
    "revenue": pd.Series(900 * 1.035 ** np.arange(len(ENDS)), ENDS),
    "published": 40,
    "source": "example",
}


@pytest.fixture(scope="module")
def known() -> ms.Knowledge:
    return ms.load_facts(as_of="2025-12-31")


def test_it_stands_beside_the_others(known: ms.Knowledge) -> None:
    mine = ms.add_company(known, "XYZ", **GIVEN)
    assert mine.universe.revenue_map.companies == (*known.universe.revenue_map.companies, "XYZ")
    assert mine.universe.companies.loc["XYZ", "company"] == "Example Works"
    assert len(mine) == len(known) + len(ENDS)
    assert mine.series("quarterly_revenue", "XYZ.total").iloc[0] == pytest.approx(900.0)
    rest = mine.table[mine.table["entity"] != "XYZ.total"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, known.table)
    assert set(mine.added_facts(["quarterly_revenue"])["entity"]) == {"XYZ.total"}


def test_what_was_published_later_is_not_in_it(known: ms.Knowledge) -> None:
    mine = ms.add_company(known.upto("2025-06-30"), "XYZ", **GIVEN)
    last = mine.series("quarterly_revenue", "XYZ.total").index[-1]
    assert last == pd.Timestamp("2025-03-31")  # told on 2025-05-10; the next on 2025-08-09


def test_what_of_accounts_is_missing_is_said(known: ms.Knowledge) -> None:
    bare = "\n".join(ms.add_company(known, "XYZ", **GIVEN).added)
    assert "XYZ without annual_revenue and annual_operating_income: it gets no value" in bare
    accounts = pd.DataFrame(
        {"annual_revenue": 4000.0, "annual_operating_income": 400.0, "annual_diluted_shares": 90.0},
        pd.DatetimeIndex(["2024-12-31"]),
    )
    full = ms.add_company(known, "XYZ", **GIVEN, accounts=accounts)
    told = "\n".join(full.added)
    assert "it gets no value" not in told
    assert "market value" not in told
    assert "annual_total_debt: it is taken for free of debt" in told
    assert full.latest("annual_diluted_shares")["XYZ"] == 90.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ticker": "NVDA"}, "'NVDA' is there already"),
        ({"ticker": "A.B"}, "holds a dot"),
        ({"layer": "server"}, "layer 'server' is none.*Did you mean 'servers'"),
        ({"share": 5.0}, "share"),
        ({"share": float("nan")}, "share"),
        ({"name": ""}, "column company: is empty"),
        ({"revenue": 5.0}, "revenue is no series"),
        ({"revenue": {}}, "revenue is no series"),
        ({"revenue": {"2025-03-31": -5.0}}, "value"),
        ({"revenue": {"soon": 5.0}}, "soon"),
        ({"published": {"2025-03-31": "2025-05-01"}}, "no day for the report to 2022-03-31"),
        ({"published": -4}, "published is -4"),
        ({"published": None}, "published is None"),
        ({"confidence": "sure"}, "'sure' is not a confidence"),
        ({"accounts": pd.DataFrame({"anual_revenue": [1.0]}, ["2024-12-31"])}, "annual_revenue"),
        ({"fiscal_year_end_month": 13}, "13"),
    ],
)
def test_what_cannot_be_is_refused(known: ms.Knowledge, change: dict[str, Any], told: str) -> None:
    given = {"ticker": "XYZ", **GIVEN, **change}
    with pytest.raises(ms.MarketsimError, match=told):
        ms.add_company(known, given.pop("ticker"), **given)


@pytest.mark.slow
def test_it_leaves_the_others_forecasts_but_for_what_it_teaches(
    known: ms.Knowledge,
) -> None:
    """Means move by less than a fifth of a standard deviation, most by less than a fiftieth."""
    mine = ms.calibrate(ms.add_company(known, "XYZ", **GIVEN, confidence="sourced"))
    key = ["quantity", "entity", "quarter_end"]
    before, after = (
        ms.forecast(ms.load_scenarios(one), quarters=4).table.set_index(key)
        for one in (ms.calibrate(known), mine)
    )
    assert set(after.index) - set(before.index) == {
        one for one in after.index if one[1] == "XYZ.total"
    }
    spread = (before["p95"] - before["p05"]) / 3.29
    moved = ((after["mean"].reindex(before.index) - before["mean"]) / spread).abs()
    assert moved.max() < 0.2
    assert moved.median() < 0.02
