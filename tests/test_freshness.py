"""How old data are on a decision date, and who is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.knowledge.table import KEY
from marketsim.prices import newest_close
from marketsim.reporting.page import report_html
from marketsim.runs.freshness import LIMITS, Freshness, _few, freshness, own_gaps
from tests.test_reporting import make_contents

AS_OF = pd.Timestamp("2025-12-31")


@pytest.fixture(scope="module")
def known() -> ms.Knowledge:
    return ms.load_facts(as_of=AS_OF)


def closes(last: str) -> pd.Timestamp:
    return pd.Timestamp(last)


def test_what_ships_is_fresh_on_its_date(known: ms.Knowledge) -> None:
    fresh = freshness(known, AS_OF, closes("2025-12-30"))
    assert fresh.warnings == []
    assert set(fresh.record()) == {"report", "statement", "price"}
    assert all("2025-1" in day for day in fresh.record().values())


@pytest.mark.parametrize("days", [0, 1])
def test_a_quarter_after_the_newest_report_it_is_old(known: ms.Knowledge, days: int) -> None:
    newest = freshness(known, AS_OF).newest["report"]
    late = newest + pd.Timedelta(days=LIMITS["report"] + days)
    warnings = [w for w in freshness(known, late).warnings if w.startswith("the newest")]
    assert len(warnings) == days
    assert all(f"the newest report is of {newest.date()}, 93 days before" in w for w in warnings)


def test_a_week_after_the_last_close_prices_are_old(known: ms.Knowledge) -> None:
    assert not freshness(known, AS_OF, closes("2025-12-24")).warnings
    (warning,) = freshness(known, AS_OF, closes("2025-12-23")).warnings
    assert warning.startswith("the newest price is of 2025-12-23, 8 days before 2025-12-31; add")


def test_the_newest_close_is_that_of_the_snapshot_or_of_the_file() -> None:
    """Closes of the snapshot are of a few companies only, its statistics of all."""
    shipped = ms.load_prices(as_of="2025-12-31")
    assert newest_close(shipped, None) == AS_OF
    early = ms.load_prices("NVDA", as_of="2025-01-28")
    assert newest_close(early, None) == pd.Timestamp("2025-01-28")
    days = pd.bdate_range("2023-01-02", "2025-06-30")
    chance = np.random.default_rng(0).normal(0.0, 0.01, len(days))
    panel = pd.DataFrame({"NVDA": 100.0 * np.exp(chance.cumsum())}, index=days)
    assert newest_close(ms.load_prices("NVDA", panel), "mine.csv") == days[-1]


def test_the_record_holds_days_alone(known: ms.Knowledge) -> None:
    """And warnings stand beside it: companies that did not report, a line in all."""
    late = freshness(known, pd.Timestamp("2026-03-31"), closes("2026-03-31"))
    assert set(late.record()) == {"report", "statement", "price"}
    old, overdue = late.warnings
    assert old.startswith("the newest report")
    assert overdue.startswith("reports are overdue on 2026-03-31: NVDA (quarter to 2026-01-25), ")
    assert overdue.endswith("more; add newer ones, or decide as of an earlier date")


def test_one_more_is_named() -> None:
    names = list("abcdefgh")
    assert _few(names[:7]) == "a, b, c, d, e, f, g"
    assert _few(names) == "a, b, c, d, e, f and 2 more"


def test_nothing_published_later_counts() -> None:
    late = freshness(ms.load_facts(), AS_OF).newest["report"]
    assert late > AS_OF
    assert freshness(ms.load_facts(as_of=AS_OF), AS_OF).newest["report"] <= AS_OF


def test_the_report_says_what_is_old() -> None:
    contents = make_contents()
    old = {**contents.meta, "warnings": ["the newest price is of 2024-01-02"]}
    assert "<strong>Beware:</strong> the newest price" in report_html(replace(contents, meta=old))
    assert "Beware" not in report_html(contents)


def test_companies_without_a_return_are_named_with_why() -> None:
    fresh = Freshness(AS_OF, {}, left_out={"XYZ": "last close on 2025-12-03"})
    assert fresh.warnings == ["no return and no weight of XYZ (last close on 2025-12-03)"]


def test_gaps_of_companies_of_ones_own_are_named_and_no_others(known: ms.Knowledge) -> None:
    rows = known.table[known.table["quantity"] == "quarterly_revenue"]
    new = rows[rows["entity"] == rows["entity"].iloc[-1]].assign(entity="XYZ.total")
    keys = new[list(KEY)].itertuples(index=False, name=None)
    table = pd.concat([known.table, new], ignore_index=True)
    mine = replace(known.with_facts(table), own=frozenset(keys))
    gaps = pd.Series({"XYZ": "net_debt", "NVDA": "fleet"})
    assert own_gaps(mine, gaps) == {"XYZ": "net_debt"}
    assert own_gaps(known, gaps) == {}
    assert (
        "XYZ has facts of its own without net_debt"
        in Freshness(AS_OF, {}, by_others=own_gaps(mine, gaps)).warnings[0]
    )
