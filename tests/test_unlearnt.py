"""What is said and not heard, since no bias of it is known yet: named, for a reason that is so."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.observables import NOT_OBSERVED
from marketsim.statements import COMMITTED, DEALS, STATEMENTS, company_series, still_open, unlearnt
from marketsim.statements.reckoned import covered

AS_OF = "2025-12-31"
EVERY = ms.load_facts()


def silenced(known: ms.Knowledge, quantity: str, entity: str) -> ms.Knowledge:
    table = known.table
    gone = (table["quantity"] == quantity) & (table["entity"] == entity)
    return known.with_facts(table[~gone].reset_index(drop=True))


@pytest.mark.parametrize("date", ["2020-12-31", "2022-12-31", AS_OF])
def test_whoever_is_named_is_heard_by_nobody(date: str) -> None:
    """Without the figures the same statements are open."""
    known = EVERY.upto(date)
    series = company_series(known, "quarterly_revenue")
    before = still_open(known, series, [kind for kind in STATEMENTS if kind.rolls])
    named = [pair for pair in unlearnt(known) if pair[0] not in DEALS]
    assert named
    for pair in named:
        left = silenced(known, *pair)
        assert still_open(left, series, [kind for kind in STATEMENTS if kind.rolls]) == before


def test_a_first_backlog_is_named_until_a_year_has_passed() -> None:
    said = "backlog", "Oracle"
    assert said in unlearnt(EVERY.upto("2023-12-31"))
    assert said not in unlearnt(EVERY.upto("2024-12-31"))
    assert said not in unlearnt(EVERY.upto("2023-05-31"))  # not yet said


def test_backlogs_of_companies_differ_by_more_than_a_year_of_theirs_may() -> None:
    """The reason why one alone is not heard, with the number that the facts of the date have."""
    known = EVERY.upto(AS_OF)
    ratios = covered(known, "backlog")
    between = ratios.groupby("entity")["ratio"].mean()
    assert between.std() > 0.4
    reason = unlearnt(known)["backlog", "CoreWeave"]
    (told,) = re.findall(r"deviation of (\d\.\d\d) in logs between (\d+) series", reason)
    assert told == (f"{between.std():.2f}", str(len(between)))


def test_what_a_backlog_came_to_is_the_revenue_of_the_year_after() -> None:
    rows = covered(EVERY.upto(AS_OF), "backlog").set_index(["entity", "date"])["ratio"]
    sold = EVERY.series("quarterly_revenue", "ORCL.total")
    year = sold[(sold.index > "2024-05-31") & (sold.index <= "2025-05-31")]
    assert len(year) == 4
    expected = np.log(year.sum() / 98_000.0)
    assert rows["ORCL.total", pd.Timestamp("2024-05-31")] == pytest.approx(expected)


def test_deals_are_named_once_they_are_told() -> None:
    said = "lab_compute_commitment", "OpenAI/Oracle"
    assert unlearnt(EVERY.upto(AS_OF))[said] == COMMITTED
    assert said not in unlearnt(EVERY.upto("2025-09-09"))
    assert set(DEALS) <= set(NOT_OBSERVED)


def test_the_future_is_not_read() -> None:
    date = pd.Timestamp("2024-06-30")
    later = EVERY.table["published"] > date
    values = EVERY.table["value"].where(~later, 3.7 * EVERY.table["value"])
    rewritten = EVERY.with_facts(EVERY.table.assign(value=values))
    assert unlearnt(rewritten.upto(date)) == unlearnt(EVERY.upto(date))
