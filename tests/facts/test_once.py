"""What is read out of a knowledge once: the same again, and nobody's to spoil."""

from __future__ import annotations

import pickle
from dataclasses import dataclass

import pandas as pd
import pytest

from marketsim.errors import InputError
from marketsim.knowledge import load_facts, once
from marketsim.statements import company_series


@dataclass(frozen=True, eq=False)
class Book:
    """Something frozen to read from."""

    pages: int


@dataclass
class Reader:
    """Counts how often it reads."""

    times: int = 0


def test_what_was_read_is_not_read_again_of_the_same_book() -> None:
    reader = Reader()

    @once
    def table(book: Book, first: int, *, last: int = 3) -> pd.DataFrame:
        reader.times += 1
        return pd.DataFrame({"page": range(first, last)})

    book = Book(3)
    for _ in range(3):
        assert len(table(book, 1)) == 2
    assert reader.times == 1
    table(book, 0)
    table(book, 1, last=2)
    table(Book(3), 1)
    assert reader.times == 4


def test_who_writes_into_a_table_spoils_no_one_elses() -> None:
    facts = load_facts()
    mine = facts.select("quarterly_revenue")
    mine["value"] = -1.0
    mine.loc[0, "entity"] = "nobody"
    again = facts.select("quarterly_revenue")
    assert (again["value"] > 0.0).all()
    assert "nobody" not in set(again["entity"])


def test_copies_and_earlier_dates_read_for_themselves() -> None:
    facts = load_facts()
    whole = company_series(facts, "quarterly_revenue")
    assert company_series(facts, "quarterly_revenue") is whole
    table = facts.table.copy()
    table["value"] = table["value"] * 2.0
    doubled = company_series(facts.with_facts(table), "quarterly_revenue")
    assert doubled[0].values[-1] == 2.0 * whole[0].values[-1]
    earlier = company_series(facts.upto("2020-12-31"), "quarterly_revenue")
    assert earlier[0].dates[-1] < whole[0].dates[-1]


def test_an_error_is_raised_every_time() -> None:
    facts = load_facts()
    for _ in range(2):
        with pytest.raises(InputError, match="no quantity 'nonsense'"):
            facts.select("nonsense")


def test_nothing_that_was_read_goes_into_a_file() -> None:
    facts = load_facts(as_of="2019-12-31")
    own = set(vars(facts.facts))
    facts.select("quarterly_revenue")
    assert set(vars(facts.facts)) == own
    company_series(facts, "quarterly_revenue")
    again = pickle.loads(pickle.dumps(facts))
    assert again.digest == facts.digest
