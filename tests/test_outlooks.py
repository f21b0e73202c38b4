"""The outlook: years of worlds, beside what was published by the date and never after it."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import InputError
from marketsim.model.units import LAYERS, LIMITS
from marketsim.outlooks import CATALOGUE
from marketsim.outlooks.begun import begun
from marketsim.outlooks.measures import memory_share
from marketsim.outlooks.published import Bound, Figures, Stated, Together, pooled
from marketsim.outlooks.row import YEARLY
from marketsim.outlooks.table import COLUMNS, outside

NAN = math.nan
YEARS = range(2025, 2036)
DRAWS = 30


def with_rows(facts: ms.Knowledge, *rows: tuple[str, str, str, str, float]) -> ms.Knowledge:
    """Knowledge that holds these rows alone: quantity, entity, date, published, value."""
    columns = ["quantity", "entity", "date", "published", "value"]
    table = pd.DataFrame(list(rows), columns=columns).assign(
        unit="", source="said", confidence="sourced", note="annual"
    )
    table["date"], table["published"] = (pd.to_datetime(table[c]) for c in ("date", "published"))
    return facts.with_facts(table.sort_values(columns[:4], ignore_index=True))


# ------------------------------------------------------------------------- what was published


def test_pooled_figures_span_the_lowest_and_the_highest_with_all_sources() -> None:
    bounds = [Bound(2030, 4.0, 5.0, "a"), Bound(2030, 3.0, 3.5, "b"), Bound(2031, NAN, 9.0, "c")]
    assert pooled(bounds)[2030] == Bound(2030, 3.0, 5.0, "a; b")
    assert math.isnan(pooled(bounds)[2031].low)
    assert pooled([]) == {}


def test_a_figure_published_after_the_date_is_not_seen(facts: ms.Knowledge) -> None:
    growth = next(row for row in CATALOGUE if row.name == "growth of compute")
    later = ms.load_facts(as_of="2026-06-30")

    def highest(knowledge: ms.Knowledge) -> float:
        bounds = (b for source in growth.published for b in source.bounds(knowledge, YEARS))
        return pooled(bounds)[2026].high

    world = later.select("trend", "stock: global AI compute capacity, all designers")
    assert world["published"].min() > pd.Timestamp("2025-12-31")
    assert highest(facts) < highest(later)
    assert highest(later.upto("2025-12-31")) == highest(facts)


def test_a_figure_speaks_for_its_own_year_and_those_it_is_carried_to(facts: ms.Knowledge) -> None:
    known = with_rows(
        facts,
        ("trend", "price", "2024-06-30", "2024-06-30", 3.0),
        ("trend", "price", "2025-06-30", "2025-06-30", 2.4),
        ("trend", "price", "2025-12-15", "2025-12-15", 2.0),
        ("trend", "other", "2025-12-15", "2025-12-15", 1.0),
    )
    source = Figures("trend", "price", carried=1)
    found = pooled(source.bounds(known, range(2024, 2030)))
    assert {year: (b.low, b.high) for year, b in found.items()} == {
        2024: (3.0, 3.0),
        2025: (2.0, 2.4),
        2026: (2.0, 2.4),
    }
    assert (found[2025].source, found[2026].source) == ("said: price", "of 2025: said: price")


def test_no_level_is_marked_by_that_of_another_year(facts: ms.Knowledge) -> None:
    """What goes on is a rate of change, as the row says, or a floor; and its year is named."""
    last = range(2026, 2029)
    for row in CATALOGUE:
        kept = [s for s in row.published if isinstance(s, Figures) and s.carried]
        assert all(s.side == "floor" or row.yearly in ("growth", "fall") for s in kept), row.name
        assert not any(s.side == "figure" for s in kept) or "taken to go on" in row.compared
        for bound in (b for s in kept for b in s.bounds(facts, last)):
            assert bound.source.startswith("of 20"), bound
    rows = {row.name: row for row in CATALOGUE}
    for name in ("revenue of memory makers", "rent of an H100e-hour", "inference share"):
        found = [b.year for s in rows[name].published for b in s.bounds(facts, YEARS)]
        assert found, name
        assert set(found) == {2025}, name


def test_a_rate_ahead_speaks_of_every_year_up_to_its_date(facts: ms.Knowledge) -> None:
    row = ("electricity_growth_forecast", "World/servers", "2030-12-31", "2025-12-31", 30.0)
    source = Figures(row[0], "World/*", scale=0.01, shift=1.0, spanning=True)
    found = pooled(source.bounds(with_rows(facts, row), YEARS))
    assert sorted(found) == list(range(2025, 2031))
    assert found[2027].low == found[2027].high == pytest.approx(1.3)


@pytest.mark.parametrize(
    ("side", "low", "high"), [("figure", 7.0, 7.0), ("floor", 7.0, NAN), ("ceiling", NAN, 7.0)]
)
def test_a_part_is_a_floor_and_a_whole_a_ceiling(
    facts: ms.Knowledge, side: str, low: float, high: float
) -> None:
    known = with_rows(facts, ("capex_guidance", "all", "2026-12-31", "2025-12-01", 7.0))
    (bound,) = Figures("capex_guidance", side=side).bounds(known, YEARS)  # type: ignore[arg-type]
    np.testing.assert_equal((bound.low, bound.high), (low, high))


def test_a_group_adds_up_the_last_word_of_each_member(facts: ms.Knowledge) -> None:
    first, second = facts.universe.group("laboratories")
    rows = [
        ("lab_revenue_run_rate", first, "2025-06-30", "2025-06-30", 10.0),
        ("lab_revenue_run_rate", first, "2025-12-31", "2025-12-31", 20.0),
        ("lab_revenue_run_rate", second, "2025-12-31", "2025-12-31", 9.0),
        ("lab_revenue_run_rate", second, "2026-12-31", "2025-12-31", 23.0),
        ("lab_revenue_run_rate", f"{first}/part", "2025-12-31", "2025-12-31", 1.0),
    ]
    whole, part = Together("lab_revenue_run_rate", "laboratories").bounds(
        with_rows(facts, *rows), YEARS
    )
    assert (whole.low, whole.high) == (29.0, 29.0)
    assert part.low == 23.0
    assert math.isnan(part.high)  # a member is missing


def test_the_ends_of_a_plan_are_those_published_with_it(facts: ms.Knowledge) -> None:
    """A range that a later figure replaced is gone; a floor may stand alone."""
    known = with_rows(
        facts,
        ("capex_plan", "AMZN", "2026-12-31", "2025-10-01", 120.0),
        ("capex_plan_low", "AMZN", "2026-12-31", "2025-02-01", 60.0),
        ("capex_plan", "GOOGL", "2026-12-31", "2025-10-01", 92.0),
        ("capex_plan_low", "GOOGL", "2026-12-31", "2025-10-01", 91.0),
        ("capex_plan_high", "GOOGL", "2026-12-31", "2025-10-01", 93.0),
        ("capex_plan_low", "META", "2026-12-31", "2025-10-01", 70.0),
    )
    ends = ("capex_plan_low", "capex_plan_high")
    found = {
        b.source: (b.low, b.high) for b in Figures("capex_plan", ends=ends).bounds(known, YEARS)
    }
    assert found == {
        "said: AMZN": (120.0, 120.0),
        "said: GOOGL": (91.0, 93.0),
        "said: META": (70.0, 70.0),
    }


def test_quarterly_plans_are_no_plans_of_a_year(facts: ms.Knowledge) -> None:
    """Microsoft's of 2025 is of the fiscal year, though one for a quarter came after it."""
    plans = next(row for row in CATALOGUE if row.name == "owners' capital spending")
    found = pooled(b for source in plans.published for b in source.bounds(facts, YEARS))
    assert 300.0 < found[2025].low <= found[2025].high < 450.0


def test_theory_binds_from_some_years_ahead_on(facts: ms.Knowledge) -> None:
    bounds = list(Stated(0.7, 1.5, "competition", after=5).bounds(facts, YEARS))
    assert [b.year for b in bounds] == list(range(2030, 2036))


@pytest.mark.parametrize(
    ("figures", "low", "high", "where"),
    [
        ((1.0, 2.0, 3.0), 1.5, 2.5, ""),
        ((1.0, 2.0, 3.0), 2.1, 2.5, "below"),
        ((1.0, 2.0, 3.0), NAN, 1.9, "above"),
        ((1.0, 2.0, 3.0), 2.1, NAN, "below"),
        ((1.0, 2.0, 3.0), NAN, NAN, ""),
        ((1.0, 2.0, 3.0), 2.9, 2.9, ""),  # a lone figure that one draw in ten passes
        ((1.0, 2.0, 3.0), 3.1, 3.1, "below"),
        ((1.0, 2.0, 3.0), 0.9, 0.9, "above"),
        ((1.0, 1.0, 1.0), 1.001, 2.0, ""),  # rounding
    ],
)
def test_a_median_lies_outside_a_range_and_most_draws_beside_a_figure(
    figures: tuple[float, float, float], low: float, high: float, where: str
) -> None:
    assert outside(*figures, Bound(2030, low, high, "")) == where


# ------------------------------------------------------------------------- years of worlds


def test_years_of_steady_growth_in_closed_form() -> None:
    g = 1.1
    path = g ** np.arange(20.0)[None]
    figures = {name: float(form(path)[0]) for name, (_, form) in YEARLY.items()}
    year = (g**20 - g**16) / (g - 1.0)
    assert figures["growth"] == pytest.approx(g**4)
    assert figures["fall"] == pytest.approx(g**-4)
    assert figures["last"] == pytest.approx(g**19)
    assert figures["sum"] == pytest.approx(year)
    assert figures["mean"] == pytest.approx(year / 4.0)
    assert figures["five years"] == pytest.approx((g**20 - 1.0) / (g - 1.0))


def test_memory_in_servers_is_what_is_paid_for_it_over_what_they_cost() -> None:
    """A third: 2 and 1 of high-bandwidth memory and DRAM in 5 of servers, 3 and 1 of chips."""
    spending = np.zeros((1, 1, len(LAYERS)))
    for name, spent in (("servers", 5.0), ("asic", 3.0), ("low_latency", 1.0), ("gpu", 4.0)):
        spending[..., LAYERS.index(name)] = spent
    hbm, dram = np.full((1, 1), 2.0), np.full((1, 1), 1.0)
    quarter = SimpleNamespace(spending=spending, hbm_revenue=hbm, server_dram_revenue=dram)
    share = memory_share(quarter)  # type: ignore[arg-type]
    np.testing.assert_allclose(share, 100.0 / 3.0)


def test_memory_in_servers_stands_beside_a_part_of_one_and_the_whole_of_others(
    facts: ms.Knowledge,
) -> None:
    """DRAM of a DGX H100 is a floor; servers whose accelerators are not dear hold more of it."""
    row = next(row for row in CATALOGUE if row.name == "memory in AI servers")

    def known(knowledge: ms.Knowledge) -> Bound:
        return pooled(b for s in row.published for b in s.bounds(knowledge, YEARS))[2025]

    now = known(facts)
    assert 0.0 < now.low < 5.0 < 20.0 < now.high < 60.0
    before = known(facts.upto("2025-11-15"))
    assert before.low == now.low
    assert math.isnan(before.high)  # the bank's note was not out


@pytest.fixture(scope="module")
def seen(scenarios: ms.Scenarios) -> ms.outlooks.Outlook:
    """Two years and a quarter ahead."""
    return ms.outlook(scenarios, quarters=9, draws=DRAWS, seed=0)


def test_every_regime_year_and_quantity_has_a_row(
    seen: ms.outlooks.Outlook, scenarios: ms.Scenarios
) -> None:
    table = seen.table
    assert tuple(table.columns) == COLUMNS
    assert seen.regimes == list(scenarios.names)
    assert sorted(table["year"].unique()) == [2025, 2026, 2027]  # whole years alone
    assert not table.duplicated(["regime", "year", "quantity"]).any()
    every = {row.name for row in CATALOGUE}
    assert set(table["quantity"]) == every
    assert (table["p10"] <= table["median"]).all()
    assert (table["median"] <= table["p90"]).all()
    assert np.isfinite(table[["median", "p10", "p90"]]).all(axis=None)


def test_its_worlds_are_those_of_simulate(
    seen: ms.outlooks.Outlook, paths: ms.Paths, scenarios: ms.Scenarios
) -> None:
    """The same draws of a regime give the same sums of its first year."""
    base = scenarios.names.index("base")
    those = (paths.regime == base) & (paths.index < DRAWS)
    assert those.sum() == DRAWS
    spent = paths.world["capital_spending"][those, :4].sum(axis=1)
    row = seen.table.query("regime == 'base' and year == 2026").set_index("quantity")
    assert row.loc["capital spending on AI", "median"] == pytest.approx(np.median(spent))
    ratio = (paths.world["energised"] / paths.world["load"])[those, 3]
    assert row.loc["energised over used", "p90"] == pytest.approx(np.percentile(ratio, 90))


def test_what_owners_spend_is_as_reported_and_then_as_it_is_forecast(
    posterior: ms.Posterior, published: ms.forecasting.Forecast
) -> None:
    """A world that grows as the model does on average spends what is forecast."""
    owners = posterior.knowledge.universe.group("owners")
    rows = [i for i, s in enumerate(published.series) if s.entity in owners]
    chosen = [published.series[i] for i in rows]
    assert {s.quantity for s in chosen} == {"quarterly_capex"}
    logs, centre = published.logs.location[rows], published.lines.centre[rows]
    sums = 1e-3 * np.exp(logs).sum(axis=0)
    grown = (np.exp(logs) * centre).sum(axis=0) / np.exp(logs).sum(axis=0)
    at = posterior.window.position(chosen[0].dates[-1:])[0].round().astype(int)
    path = np.ones((2, 3, at + 21))
    path[:, :, at + 1 : at + 13] = np.exp(grown)
    path[1] *= 7.0  # a level that was never reported
    found = begun(path, posterior, published)
    np.testing.assert_allclose(found[:, :, at + 1 : at + 13], np.tile(sums, (2, 3, 1)), rtol=1e-9)
    reported = 1e-3 * sum(s.values[-2:] for s in chosen)
    np.testing.assert_allclose(found[:, :, at - 1 : at + 1], np.tile(reported, (2, 3, 1)))
    after = found[0, 0, at + 13 :]
    np.testing.assert_allclose(after, after[0], rtol=1e-12)


def test_memory_in_servers_rises_with_its_price_and_stays_a_part(
    seen: ms.outlooks.Outlook,
) -> None:
    share = seen.table.query("quantity == 'memory in AI servers'")
    assert share[["p10", "median", "p90"]].gt(0.0).all(axis=None)
    assert share[["p10", "median", "p90"]].lt(100.0).all(axis=None)
    base = share[share["regime"] == "base"].set_index("year")["median"]
    assert base[2026] > base[2025]  # contract prices of 2025's end are paid in 2026


def test_regimes_share_history_and_differ_after(seen: ms.outlooks.Outlook) -> None:
    compute = seen.table.query("quantity == 'compute installed'").pivot(
        index="regime", columns="year", values="median"
    )
    assert compute[2025].nunique() == 1
    assert compute[2027].nunique() == len(compute)


def test_what_binds_adds_up_to_one(seen: ms.outlooks.Outlook) -> None:
    shares = seen.binding[list(LIMITS)]
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-6)
    assert (shares >= 0.0).all(axis=None)
    assert len(seen.binding) == 9 * len(seen.regimes)
    assert seen.binding["quarter_end"].min() == pd.Timestamp("2026-03-31")
    by_draw = seen.binding_by_draw
    np.testing.assert_allclose(by_draw.sum(axis=-1), 1.0, atol=1e-6)
    means = by_draw.mean(axis=1).reshape(-1, len(LIMITS))
    np.testing.assert_allclose(means, shares, atol=1e-12)


def test_the_text_marks_what_lies_outside_and_gives_its_source(seen: ms.outlooks.Outlook) -> None:
    assert repr(seen).startswith("Outlook(2025 to 2027; regimes: bull, ")
    text = str(seen)
    for regime in seen.regimes:
        assert regime.upper() in text
    first = seen.outside.iloc[0]
    assert first["source"] in text
    assert f"{first['regime']} {first['year']}, {first['quantity']}" in text
    assert text.count("bound by power") == len(seen.regimes)


@pytest.mark.parametrize(
    ("asked", "named"), [({"quarters": 3}, "3 quarters"), ({"draws": 9}, "9 draws")]
)
def test_too_little_is_refused(scenarios: ms.Scenarios, asked: dict[str, int], named: str) -> None:
    with pytest.raises(InputError, match=named):
        ms.outlook(scenarios, **asked)
