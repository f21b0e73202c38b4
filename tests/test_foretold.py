"""What statements foretell, as the likelihood hears it: guidance, plans, backlogs, orders."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.ensemble import COMING
from marketsim.knowledge import Knowledge
from marketsim.knowledge.currency import usd_per
from marketsim.observables import Report
from marketsim.observables.guidance import GUIDANCE
from marketsim.observables.plans import PLANS, SHARE, TOGETHER
from marketsim.statements import STATEMENTS, Foretold, came_true, foretold, learnt, surest
from marketsim.statements.reckoned import LASTS, TURNS

EVERY = ms.load_facts()
KINDS = {one.kind: one for one in STATEMENTS}
AHEAD = GUIDANCE, PLANS


def known(date: str) -> Knowledge:
    return EVERY.upto(date)


def told(known: Knowledge, *kinds: str) -> dict[str, Foretold]:
    found = foretold(known, lambda kind: kind.kind in kinds)
    return {one.series.entity: one for one in found}


def named(reports: list[Report], start: str) -> Report:
    (found,) = (report for report in reports if report.name.startswith(start))
    return found


def with_rows(known: Knowledge, *rows: tuple[str, str, str, str, float]) -> Knowledge:
    new = pd.DataFrame(rows, columns=["quantity", "entity", "date", "published", "value"])
    days = {name: pd.to_datetime(new[name]) for name in ("date", "published")}
    new = new.assign(unit="USD m", confidence="sourced", source="x", note="", **days)
    kept = known.table[~known.table["quantity"].isin({row[0] for row in rows})]
    return known.with_facts(pd.concat([kept, new], ignore_index=True))


# ----------------------------------------------------------------------- what is foretold


def test_what_is_foretold_is_what_was_said_with_its_beat() -> None:
    at = known("2023-06-30")
    kind = KINDS["guidance"]
    one = told(at, "guidance")["NVDA.total"]
    past = came_true(at, kind).assign(gap=np.nan)
    mean, variance = learnt(kind, past).of("NVDA.total", 1.0, one.said.doubt)
    assert one.log == pytest.approx(np.log(11_000.0) + mean)
    assert one.variance == pytest.approx(variance)


def test_other_kinds_and_bounds_are_left_out() -> None:
    found = foretold(known("2024-04-30"), lambda kind: kind.kind == "plan")
    assert {one.said.kind.kind for one in found} == {"plan"}
    assert "GOOGL" not in {one.series.entity for one in found}, "it gave a lower end alone"
    assert "META" in {one.series.entity for one in found}


def test_of_two_statements_on_a_quarter_the_surer_counts() -> None:
    at = with_rows(
        known("2024-12-31"),
        ("revenue_guidance", "NVDA.total", "2025-01-26", "2024-11-20", 37_500.0),
    )
    one = told(at, "guidance")["NVDA.total"]
    vague = Foretold(one.said, one.series, one.log + 1.0, 4.0 * one.variance)
    assert surest([vague, one]) == surest([one, vague]) == [one]


# ----------------------------------------------------------------------- backlog and orders


def test_a_backlog_foretells_a_year_by_a_part_of_its_growth() -> None:
    rows = KINDS["backlog"].rows(known("2025-09-30")).set_index(["entity", "date"])["value"]
    revenue = EVERY.series("quarterly_revenue", "ORCL.total")["2024-11-01":"2025-08-31"]
    assert len(revenue) == 4
    backlog = EVERY.series("backlog", "Oracle")
    growth = backlog["2025-08-31"] / backlog["2024-08-31"]
    assert growth > 4.0
    before = EVERY.series("quarterly_revenue", "ORCL.total")["2023-11-01":"2024-08-31"]
    own = revenue.sum() / before.sum()
    expected = revenue.sum() * growth**TURNS * own ** (LASTS * (1.0 - TURNS))
    # Rounded otherwise when told anew.
    assert rows["ORCL.total", pd.Timestamp("2026-08-31")] == pytest.approx(expected, rel=1e-3)


def test_orders_of_four_quarters_foretell_a_year() -> None:
    rows = KINDS["orders"].rows(known("2025-12-31"))
    last = rows[rows["entity"] == "ASML.total"].iloc[-1]
    orders = EVERY.series("net_bookings", "ASML")["2024-10-01":"2025-09-30"]
    assert last["value"] == pytest.approx(orders.sum())
    assert last["date"] == pd.Timestamp("2026-09-30")
    assert last["published"] == pd.Timestamp("2025-10-15")


def test_a_gap_in_the_quarters_foretells_nothing() -> None:
    table = EVERY.table
    gone = (table["quantity"] == "net_bookings") & (table["date"] == "2024-12-31")
    rows = KINDS["orders"].rows(EVERY.with_facts(table[~gone]))
    years = set(rows["date"])
    assert pd.Timestamp("2025-09-30") in years
    assert not {pd.Timestamp(f"2025-{end}") for end in ("12-31",)} & years
    assert pd.Timestamp("2026-09-30") not in years


def test_a_backlog_takes_the_place_of_the_one_before() -> None:
    """They are of other quarters, and still one statement."""
    found = foretold(known("2025-12-31"), lambda kind: kind.rolls)
    names = [one.series.entity for one in found]
    assert len(names) == len(set(names))
    assert "ORCL.total" in names


def test_nothing_published_later_is_told() -> None:
    date = "2024-06-30"
    late = EVERY.table["published"] > pd.Timestamp(date)
    changed = EVERY.table.assign(value=EVERY.table["value"].where(~late, 7.0))
    rewritten = EVERY.with_facts(changed).upto(date)
    for kind in STATEMENTS:
        pd.testing.assert_frame_equal(kind.rows(rewritten), kind.rows(known(date)))
    for observable in AHEAD:
        both = [
            {report.name: report.rows for report in observable.reports(facts)}
            for facts in (rewritten, known(date))
        ]
        assert both[0].keys() == both[1].keys()
        for name, rows in both[0].items():
            pd.testing.assert_frame_equal(rows, both[1][name])


# ----------------------------------------------------------------------- what the model hears


def test_guidance_is_a_change_from_the_last_report_with_the_error_of_what_is_told() -> None:
    at = known("2023-06-30")
    rows = named(list(GUIDANCE.reports(at)), "guidance NVDA.total").rows
    one = told(at, "guidance")["NVDA.total"]
    assert rows["value"].tolist() == pytest.approx([7_192.0, np.exp(one.log)])
    assert rows["date"].tolist() == [pd.Timestamp("2023-04-30"), pd.Timestamp("2023-07-30")]
    # The mean of both is taken out: the change has the variance of both together.
    assert (rows["stated"] ** 2).sum() == pytest.approx(one.variance)


def test_seasons_of_guidance_are_those_of_the_reports() -> None:
    """Amazon's last quarter is a fifth above its third; guided so, it says nothing new."""
    rows = named(list(GUIDANCE.reports(known("2024-12-31"))), "guidance AMZN.total").rows
    third, fourth = rows["season"]
    assert fourth / third > 1.1
    change = np.log(rows["value"].iloc[1] / rows["value"].iloc[0])
    assert abs(change - np.log(fourth / third)) < 0.1


def test_euros_are_guided_in_dollars() -> None:
    rows = named(list(GUIDANCE.reports(known("2024-12-31"))), "guidance ASML.total").rows
    reported = EVERY.series("quarterly_revenue", "ASML.total")["2024-09-30"]
    assert rows["value"].iloc[0] == pytest.approx(reported * usd_per("EUR m"))


def test_a_planned_year_is_set_beside_the_last() -> None:
    at = with_rows(
        known("2025-03-31"), ("capex_plan", "META", "2025-12-31", "2025-01-29", 62_500.0)
    )
    rows = named(list(PLANS.reports(at)), "plans META to 2025-12-31").rows
    one, spent = told(at, "plan")["META"], EVERY.series("quarterly_capex", "META")
    last = spent["2024-03-31":"2024-12-31"]
    assert rows["value"].tolist() == pytest.approx([last.mean(), np.exp(one.log) / 4.0])
    error = one.variance + SHARE**2 + TOGETHER**2
    assert (rows["stated"] ** 2).sum() == pytest.approx(error)


def test_plans_of_several_err_together_and_each_for_itself() -> None:
    plans = [
        ("capex_plan", name, "2025-12-31", "2025-02-10", 80_000.0) for name in ("META", "AMZN")
    ]
    one, both = (
        named(list(PLANS.reports(with_rows(known("2025-03-31"), *rows))), "plans").rows
        for rows in (plans[:1], plans)
    )
    alone, together = ((rows["stated"] ** 2).sum() for rows in (one, both))
    assert TOGETHER**2 < together < alone


def test_a_year_with_a_quarter_missing_is_no_base() -> None:
    at = with_rows(
        known("2025-03-31"), ("capex_plan", "META", "2025-12-31", "2025-01-29", 62_500.0)
    )
    assert len(list(PLANS.reports(at))) == 1
    table = at.table
    gone = (table["quantity"] == "quarterly_capex") & (table["entity"] == "META")
    gone &= table["date"] == "2024-06-30"
    assert not list(PLANS.reports(at.with_facts(table[~gone])))


def test_a_year_that_ends_sooner_errs_less() -> None:
    plan = ("capex_plan", "META", "2025-12-31", "2025-01-29", 62_500.0)
    errors = [
        (
            named(list(PLANS.reports(with_rows(known(date), plan))), "plans").rows["stated"] ** 2
        ).sum()
        for date in ("2025-03-31", "2025-12-31")
    ]
    assert errors[1] < errors[0]


def test_a_mistaken_statement_of_another_kind_is_none_of_its_business() -> None:
    wrong = ("annual_revenue_guidance", "CSCO.total", "2025-07-31", "2024-12-20", 7.0)
    at = with_rows(known("2024-12-31"), wrong)
    assert list(GUIDANCE.reports(at))
    assert list(PLANS.reports(known("2025-12-31")))


def test_who_is_no_owner_plans_for_himself() -> None:
    names = [report.name for report in PLANS.reports(known("2025-12-31"))]
    assert names
    assert not [name for name in names if {"TSM", "MU", "ORCL", "CRWV"} & set(name.split())]


@pytest.fixture(scope="module")
def posteriors() -> dict[float, ms.Posterior]:
    """Calibrations by the factor on the plans that are open; at zero nothing is said."""
    at, said = known("2025-03-31"), [name for one in STATEMENTS for name in one.quantities]
    silent = at.with_facts(at.table[~at.table["quantity"].isin(said)])
    plans = at.table["quantity"].str.startswith("capex_plan") & (at.table["date"] > "2025-03-31")
    raised = at.table.assign(value=at.table["value"].where(~plans, 1.4 * at.table["value"]))
    several = {0.0: silent, 1.0: at, 1.4: at.with_facts(raised)}
    return {factor: ms.calibrate(facts) for factor, facts in several.items()}


@pytest.mark.slow
def test_plans_move_what_the_model_spends(posteriors: dict[float, ms.Posterior]) -> None:
    """By a part of it: plans err, and chips and power set bounds to what is delivered."""
    names = {
        factor: [s for s in posterior.fit["series"] if s.startswith("plans")]
        for factor, posterior in posteriors.items()
    }
    assert names[0.0] == []
    assert names[1.4] == names[1.0] != []
    modelled = {
        factor: posterior.fit_paths.set_index("series").loc[names[1.0][-1], "modelled"]
        for factor, posterior in posteriors.items()
        if factor
    }
    assert 0.02 < np.log(modelled[1.4].iloc[-1] / modelled[1.0].iloc[-1]) < np.log(1.4)


@pytest.mark.slow
def test_where_nothing_was_said_coming_news_are_as_they_are_drawn(
    posteriors: dict[float, ms.Posterior],
) -> None:
    posterior = posteriors[0.0]
    first = len(posterior.entries)
    size = (len(posterior.mode) - first) // 3
    coming = first + np.add.outer(size * np.arange(3), np.arange(size - COMING, size)).ravel()
    np.testing.assert_allclose(posterior.mode[coming], 0.0, atol=1e-7)
    block = posterior.covariance[coming]
    expected = np.zeros_like(block)
    expected[np.arange(len(coming)), coming] = 1.0
    np.testing.assert_allclose(block, expected, atol=1e-9)
