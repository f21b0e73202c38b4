"""What was said, matched with what came: which statements are open, and what each changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.errors import InputError
from marketsim.forecasting.ahead import Ahead, ahead
from marketsim.forecasting.hearing import ERROR, beats, hear
from marketsim.forecasting.joint import Joint, coupled
from marketsim.forecasting.panel import Panel, panel
from marketsim.forecasting.trend import Trend, fit_form, follow
from marketsim.knowledge import Knowledge
from marketsim.statements import SAID, STATEMENTS, Statement, came_true, quarter_number, still_open

AS_OF = pd.Timestamp("2024-12-31")
KINDS = {one.kind: one for one in STATEMENTS}
Row = tuple[str, str, str, str, float]


@pytest.fixture(scope="module")
def known() -> Knowledge:
    return ms.load_facts(as_of=AS_OF)


@pytest.fixture(scope="module")
def listed(known: Knowledge) -> Panel:
    return panel(known, AS_OF)


@pytest.fixture(scope="module")
def trend(listed: Panel) -> Trend:
    return follow(listed, fit_form(listed))


@pytest.fixture(scope="module")
def own(trend: Trend) -> Ahead:
    return ahead(trend, 8)


@pytest.fixture(scope="module")
def apart(own: Ahead) -> Joint:
    """Every series for itself."""
    return coupled(own.location, own.covariance, np.eye(len(own.location)))


def without(known: Knowledge, *quantities: str) -> Knowledge:
    return known.with_facts(known.table[~known.table["quantity"].isin(quantities)])


def silent(known: Knowledge) -> Knowledge:
    return without(known, *(name for one in STATEMENTS for name in one.quantities))


def saying(known: Knowledge, *rows: Row, unit: str = "USD m") -> Knowledge:
    """Knowledge of these statements and no others."""
    columns = ["quantity", "entity", "date", "published", "value"]
    new = pd.DataFrame(rows, columns=columns).assign(unit=unit, confidence="sourced", source="x")
    days = {day: pd.to_datetime(new[day]) for day in ("date", "published")}
    table = pd.concat([silent(known).table, new.assign(**days, note="")], ignore_index=True)
    return known.with_facts(table)


def row_of(listed: Panel, entity: str, quantity: str = "quarterly_revenue") -> int:
    names = [(s.quantity, s.entity) for s in listed.series]
    return names.index((quantity, entity))


# ----------------------------------------------------------------------- what was said


@pytest.mark.parametrize("kind", STATEMENTS, ids=lambda one: one.kind)
def test_statements_are_rows_of_their_quantities_in_order(kind: Statement) -> None:
    every = ms.load_facts()
    rows = kind.rows(every)
    assert list(rows.columns) == SAID
    assert len(rows) > 2
    assert rows["published"].is_monotonic_increasing
    assert (rows["value"] > 0.0).all()
    assert len(kind.rows(without(every, *kind.quantities))) == 0


def test_a_bound_stands_alone_or_is_the_lower_end_of_a_range() -> None:
    """Of 2026 three owners gave a bound alone, of 2025 Meta a range."""
    rows = KINDS["plan"].rows(ms.load_facts())
    bounds = rows[rows["floor"]]
    assert set(bounds["entity"]) == {"AMZN", "GOOGL", "META", "ORCL"}
    meta = rows[(rows["entity"] == "META") & (rows["date"] == "2025-12-31")]
    assert not meta["floor"].any()
    assert meta["value"].iloc[-1] == 71_000.0


def test_a_result_told_early_is_not_guidance() -> None:
    every = ms.load_facts()
    early, guided = (KINDS[kind].rows(every) for kind in ("preliminary result", "guidance"))
    cut = early[(early["entity"] == "NVDA.total") & (early["date"] == "2022-07-31")]
    assert cut["value"].tolist() == [6_700.0]
    before = guided[(guided["entity"] == "NVDA.total") & (guided["date"] == "2022-07-31")]
    assert before["value"].tolist() == [8_100.0]


def test_two_months_tell_a_quarter_at_the_rate_of_the_last() -> None:
    """Months known by then, and the exchange rate of the last quarter reported by then."""
    every = ms.load_facts()
    months = every.series("monthly_revenue", "TSM.total")
    dollars = every.series("quarterly_revenue", "TSM.total")
    rows = KINDS["months"].rows(every).set_index(["date", "published"])["value"]
    two = rows.loc["2025-06-30"]
    first = two.index.min()
    assert first < pd.Timestamp("2025-06-30")
    rate = dollars["2025-03-31"] / months["2025-01-31":"2025-03-31"].sum()
    pace = months["2025-04-30":"2025-05-31"].mean() * 3.0
    assert two[first] == pytest.approx(pace * rate)


# ----------------------------------------------------------------------- matched with reports


def test_what_came_true_is_the_first_report_over_the_last_statement(known: Knowledge) -> None:
    told = saying(
        known,
        ("revenue_guidance", "NVDA.total", "2024-07-28", "2024-05-22", 20_000.0),
        ("revenue_guidance", "NVDA.total", "2024-07-28", "2024-06-22", 28_000.0),
        ("revenue_guidance", "NVDA.total", "2024-07-28", "2024-12-22", 99_000.0),
    )
    past = came_true(told, KINDS["guidance"])
    assert past["ratio"].tolist() == pytest.approx([np.log(30_040.0 / 28_000.0)])


def test_nothing_reported_later_teaches(known: Knowledge) -> None:
    """Rewriting all that was published after a date changes nothing learnt by it."""
    every = ms.load_facts()
    later = every.table["published"] > AS_OF
    other = every.with_facts(every.table.assign(value=every.table["value"].where(~later, 1.0)))
    for kind in STATEMENTS:
        pd.testing.assert_frame_equal(
            came_true(other.upto(AS_OF), kind), came_true(known, kind), check_exact=True
        )


def test_open_statements_are_the_last_on_quarters_not_reported(
    known: Knowledge, listed: Panel
) -> None:
    found = {
        (one.kind.kind, listed.series[one.row].entity): one
        for one in still_open(known, listed.series)
    }
    nvidia = found["guidance", "NVDA.total"]
    assert (nvidia.first, nvidia.last, nvidia.left, nvidia.floor) == (1, 1, 1.0, False)
    assert np.exp(nvidia.log) == pytest.approx(37_500.0)
    meta = found["plan", "META"]
    assert (meta.first, meta.last) == (-2, 1)
    assert meta.left == 0.25  # said in October, with the report of the third quarter
    assert all(one.last >= 1 for one in found.values())
    assert all(one.published <= AS_OF for one in found.values())


def test_another_unit_is_refused(known: Knowledge, listed: Panel) -> None:
    wrong = saying(
        known, ("revenue_guidance", "NVDA.total", "2025-01-26", "2024-11-20", 3e4), unit="EUR m"
    )
    with pytest.raises(InputError, match=r"guidance .* of NVDA.total, said on 2024-11-20, is in"):
        still_open(wrong, listed.series)


def test_what_is_far_from_any_report_is_refused(known: Knowledge, listed: Panel) -> None:
    """Billions for millions: heard, it would settle the quarter."""
    slip = saying(known, ("revenue_guidance", "NVDA.total", "2025-01-26", "2024-11-20", 37.5))
    words = r"said on 2024-11-20, is 37.5 USD m, where the last quarter reported was 35,082; see"
    with pytest.raises(InputError, match=words):
        still_open(slip, listed.series)


@pytest.mark.parametrize(
    ("date", "value", "words"),
    [
        (
            "2024-12-05",
            30_000.0,
            "is for a period to 2024-12-05, where its quarter ends on 2025-01",
        ),
        (
            "2025-01-26",
            0.0,
            "come to 0 by 2025-01-26; what is said of revenue or spending is above",
        ),
        ("2024-10-27", -3.0, "come to -3 by 2024-10-27; what is said"),
    ],
)
def test_what_cannot_be_said_is_refused(
    known: Knowledge, listed: Panel, date: str, value: float, words: str
) -> None:
    wrong = saying(known, ("revenue_guidance", "NVDA.total", date, "2024-10-20", value))
    with pytest.raises(InputError, match=words):
        still_open(wrong, listed.series)


def test_a_past_statement_far_from_what_came_is_refused(known: Knowledge) -> None:
    slip = saying(known, ("revenue_guidance", "NVDA.total", "2024-07-28", "2024-05-22", 28.0))
    with pytest.raises(InputError, match=r"said on 2024-05-22, is 28, where 30,040 came"):
        came_true(slip, KINDS["guidance"])


def test_two_ends_are_a_range_one_is_a_bound(known: Knowledge) -> None:
    low = ("revenue_guidance_low", "NVDA.total", "2025-01-26", "2024-11-20", 36_000.0)
    high = ("revenue_guidance_high", "NVDA.total", "2025-01-26", "2024-11-20", 40_000.0)
    both, one, none = (
        KINDS["guidance"].rows(saying(known, *x)) for x in ([low, high], [low], [high])
    )
    assert both[["value", "floor"]].to_numpy().tolist() == [[38_000.0, False]]
    assert one[["value", "floor"]].to_numpy().tolist() == [[36_000.0, True]]
    assert len(none) == 0


def test_a_bound_stands_beside_an_earlier_figure_and_gives_way_to_a_later_one(
    known: Knowledge, listed: Panel
) -> None:
    """Below the figure it is a cut, and takes its place."""
    figure = ("revenue_guidance", "NVDA.total", "2025-01-26", "2024-11-20", 37_500.0)
    early = ("revenue_guidance_low", "NVDA.total", "2025-01-26", "2024-11-01", 34_000.0)
    late = ("revenue_guidance_low", "NVDA.total", "2025-01-26", "2024-12-20", 38_000.0)
    cut = (*late[:-1], 34_000.0)
    after = [o.floor for o in still_open(saying(known, figure, early), listed.series)]
    before = [o.floor for o in still_open(saying(known, figure, late), listed.series)]
    assert after == [False]
    assert sorted(before) == [False, True]
    withdrawn = [o.floor for o in still_open(saying(known, figure, cut), listed.series)]
    assert withdrawn == [True]


# ----------------------------------------------------------------------- heard


def test_who_hears_nothing_forecasts_the_same(
    known: Knowledge, listed: Panel, trend: Trend, own: Ahead, apart: Joint
) -> None:
    quiet = silent(known)
    after, heard = hear(
        apart, still_open(quiet, listed.series), listed, own, beats(quiet, listed, trend)
    )
    assert heard == []
    np.testing.assert_array_equal(after.mean, apart.mean)


def test_guidance_takes_the_place_of_what_is_known_of_its_quarter(
    known: Knowledge, listed: Panel, trend: Trend, own: Ahead, apart: Joint
) -> None:
    told = saying(known, ("revenue_guidance", "NVDA.total", "2025-01-26", "2024-11-20", 60_000.0))
    learnt = beats(known, listed, trend)
    after, (heard,) = hear(apart, still_open(told, listed.series), listed, own, learnt)
    row = row_of(listed, "NVDA.total")
    gap = np.log(60_000.0) - own.location[row, 0]
    mean, variance = learnt["guidance"].of("NVDA.total", 1.0, 1.0, gap)
    assert after.mean[row, 0] == pytest.approx(np.log(60_000.0) + mean)
    assert after.variance[row, 0] == pytest.approx(variance)
    # Later quarters follow, others apart from it do not.
    assert (heard.shift[row] > 0.1).all()
    np.testing.assert_allclose(apart.mean + heard.shift, after.mean, rtol=1e-12)
    assert (np.delete(heard.shift, row, axis=0) == 0.0).all()


def test_guidance_for_a_year_pins_the_sum_of_what_is_left_of_it(
    known: Knowledge, listed: Panel, trend: Trend, own: Ahead, apart: Joint
) -> None:
    """Three quarters of Cisco's fiscal 2025 are open; the first is reported."""
    row = row_of(listed, "CSCO.total")
    series = listed.series[row]
    end = series.ends(3)[-1]
    reported = series.values[-1]
    coming = np.exp(own.location[row, :3])
    total = reported + coming.sum()
    told = saying(
        known,
        ("annual_revenue_guidance", "CSCO.total", str(end.date()), "2024-12-20", 1.05 * total),
    )
    learnt = beats(known, listed, trend)
    after, _ = hear(apart, still_open(told, listed.series), listed, own, learnt)
    mean, variance = learnt["annual guidance"].of("CSCO.total", 0.75, 1.0)
    share = coming / total
    spread = share @ own.covariance[row, :3, :3] @ share
    weight = spread / (spread + variance + ERROR**2)
    moved = np.log((reported + np.exp(after.mean[row, :3]).sum()) / total)
    assert moved == pytest.approx(weight * (np.log(1.05) + mean), rel=0.05)
    assert (after.variance[row, :3] < apart.variance[row, :3]).all()


def test_the_last_quarter_of_one_year_moves_no_other_company(
    known: Knowledge, listed: Panel, trend: Trend, own: Ahead
) -> None:
    """What is said of two open quarters and more does, be it a figure or a bound."""
    related = 0.5 + 0.5 * np.eye(len(own.location))
    together = coupled(own.location, own.covariance, related)
    learnt, row = beats(known, listed, trend), row_of(listed, "META", "quarterly_capex")
    series, moved = listed.series[row], []
    for open_ones in (1, 2):
        end = series.ends(open_ones)[-1]
        year = series.values[open_ones - 4 :].sum() + np.exp(own.location[row, :open_ones]).sum()
        plan = ("capex_plan", "META", str(end.date()), "2024-12-20", 0.9 * year)
        said = still_open(saying(known, plan), listed.series)
        after, _ = hear(together, said, listed, own, learnt)
        moved.append(after.mean - together.mean)
    floor = ("capex_plan_low", "META", str(end.date()), "2024-12-20", 1.2 * year)
    said = still_open(saying(known, floor), listed.series)
    moved.append(hear(together, said, listed, own, learnt)[0].mean - together.mean)
    others = [s.ticker != "META" for s in listed.series]
    assert (moved[0][row] < 0.0).all()
    assert (moved[0][others] == 0.0).all()
    assert (moved[1][others][:, 1:] < 0.0).all()
    assert (moved[2][others][:, 1:] > 0.0).all()


def test_a_bound_lifts_who_expected_less_and_leaves_who_expected_more(
    known: Knowledge, listed: Panel, trend: Trend, own: Ahead, apart: Joint
) -> None:
    row = row_of(listed, "GOOGL", "quarterly_capex")
    series = listed.series[row]
    end = series.ends(1)[0]
    year = series.values[-3:].sum() + np.exp(own.location[row, 0])
    learnt = beats(known, listed, trend)
    moved = {}
    for factor in (0.7, 1.0, 1.1):
        bound = ("capex_plan_low", "GOOGL", str(end.date()), "2024-10-29", factor * year)
        after, (heard,) = hear(
            apart, still_open(saying(known, bound), listed.series), listed, own, learnt
        )
        assert heard.said.floor
        moved[factor] = heard.shift[row, 0]
        assert after.variance[row, 0] <= apart.variance[row, 0]
    assert moved[0.7] == pytest.approx(0.0, abs=1e-3)
    assert 0.0 < moved[1.0] < moved[1.1]


def test_a_bound_told_after_guidance_lifts_what_guidance_settled(
    known: Knowledge, listed: Panel, trend: Trend, own: Ahead, apart: Joint
) -> None:
    """And the less the worse its kind kept what it said."""
    learnt = beats(known, listed, trend)
    row = row_of(listed, "NVDA.total")
    guided = ("revenue_guidance", "NVDA.total", "2025-01-26", "2024-11-20", 37_500.0)
    means = []
    for day in (None, "2024-12-20", "2025-01-20"):
        bound = ("revenue_guidance_low", "NVDA.total", "2025-01-26", day, 43_000.0)
        rows = [guided] if day is None else [guided, bound]
        after, _ = hear(apart, still_open(saying(known, *rows), listed.series), listed, own, learnt)
        means.append(np.exp(after.mean[row, 0]))
    assert means[0] < means[1] < means[2]
    assert means[2] > 42_000.0


def test_of_two_statements_on_one_quarter_the_surer_counts(
    known: Knowledge, listed: Panel, trend: Trend, own: Ahead, apart: Joint
) -> None:
    guided = ("revenue_guidance", "NVDA.total", "2025-01-26", "2024-11-20", 37_500.0)
    early = ("revenue_guidance", "NVDA.total", "2025-01-26", "2025-01-20", 30_000.0)
    late = saying(known, guided, early)
    assert {o.kind.kind for o in still_open(late, listed.series)} == {
        "guidance",
        "preliminary result",
    }
    after, heard = hear(
        apart, still_open(late, listed.series), listed, own, beats(known, listed, trend)
    )
    assert [one.said.kind.kind for one in heard] == ["preliminary result"]
    row = row_of(listed, "NVDA.total")
    assert np.exp(after.mean[row, 0]) == pytest.approx(30_000.0, rel=0.02)


def test_gaps_are_what_was_said_over_what_the_trend_expected(
    known: Knowledge, listed: Panel, trend: Trend
) -> None:
    """A slope is learnt: companies leave out a part of what is new."""
    learnt = beats(known, listed, trend)["guidance"]
    assert 0.02 < learnt.slope < 0.3
    numbers = quarter_number(listed.series[row_of(listed, "NVDA.total")].dates)
    assert numbers[-1] < trend.error.shape[1]
    assert 0.02 < learnt.company["NVDA.total"][0] < 0.08
    assert learnt.company["CSCO.total"][1] < learnt.company["NVDA.total"][1]
