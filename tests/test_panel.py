"""The panel of what is forecast: point in time, on the company's own quarters, breaks marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.forecasting.panel import SEASONS, Panel, panel
from marketsim.statements import quarter_number


@pytest.fixture(scope="module")
def known(facts: ms.Knowledge) -> Panel:
    return panel(facts, pd.Timestamp("2025-12-31"))


def row(known: Panel, quantity: str, entity: str) -> int:
    (found,) = [
        i for i, s in enumerate(known.series) if (s.quantity, s.entity) == (quantity, entity)
    ]
    return found


def test_every_company_and_every_capital_budget_is_there(facts: ms.Knowledge, known: Panel) -> None:
    totals = {s.ticker for s in known.series if s.segment == "total"}
    assert totals >= {"NVDA", "ASML", "TSM", "MSFT", "CRWV", "TLN"}
    assert len(totals) == 30
    budgets = {s.entity for s in known.series if s.quantity == "quarterly_capex"}
    assert budgets == set(facts.select("quarterly_capex")["entity"])


def test_rows_hold_what_was_reported_in_its_own_unit(facts: ms.Knowledge, known: Panel) -> None:
    i = row(known, "quarterly_revenue", "ASML.total")
    reported = facts.series("quarterly_revenue", "ASML.total")
    assert known.series[i].unit == "EUR m"
    logs = known.logs[i][~np.isnan(known.logs[i])]
    np.testing.assert_allclose(np.exp(logs), reported.to_numpy(), rtol=1e-12)


def test_quarters_are_consecutive_whatever_the_weekday_they_end_on(known: Panel) -> None:
    for entity in ("NVDA.total", "AMD.total", "MU.total", "EQIX.total"):
        dates = known.series[row(known, "quarterly_revenue", entity)].dates
        assert (np.diff(quarter_number(dates)) == 1).all()


def test_a_missing_quarter_is_a_gap(known: Panel) -> None:
    logs = known.logs[row(known, "quarterly_capex", "ORCL")]
    seen = np.flatnonzero(~np.isnan(logs))
    assert np.isnan(logs[seen[0] : seen[-1]]).any()


def test_nothing_published_later_is_in_it() -> None:
    every = ms.load_facts()
    date = pd.Timestamp("2023-06-30")
    early = panel(every.upto(date), date)
    for s in early.series:
        rows = every.select(s.quantity, s.entity)
        published = rows.set_index("date")["published"]
        assert published[s.dates[s.dates.isin(published.index)]].max() <= date


def test_mergers_start_a_level_afresh_and_recast_figures_do_not(known: Panel) -> None:
    assert known.breaks[row(known, "quarterly_revenue", "NRG.total")].sum() == 1
    assert known.breaks[row(known, "quarterly_revenue", "MSFT.intelligent_cloud")].sum() == 0
    assert known.breaks[row(known, "quarterly_revenue", "META.total")].sum() == 0


def test_series_that_ended_are_left_out(known: Panel) -> None:
    later = panel(ms.load_facts(), pd.Timestamp("2028-12-31"))
    assert later.series == ()
    assert all((pd.Timestamp("2025-12-31") - s.dates[-1]).days < 365 for s in known.series)


def test_only_companies_have_seasons_and_tickers(known: Panel) -> None:
    for s, seasonal in zip(known.series, known.seasonal, strict=True):
        assert bool(s.ticker) == s.quantity.startswith("quarterly_")
        assert bool(seasonal) == (bool(s.ticker) and len(s.values) >= SEASONS)
        assert (s.segment != "") == (s.quantity == "quarterly_revenue")


def test_a_part_of_it_keeps_its_rows_together(known: Panel) -> None:
    chosen = known.seasonal == 0
    part = known.of(chosen)
    assert len(part.series) == len(part.logs) == len(part.breaks) == chosen.sum()
    np.testing.assert_array_equal(part.logs, known.logs[chosen])
