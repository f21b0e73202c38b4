"""Renamed shares: known from the day after, told to whoever writes a former ticker."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.curation.updating import update_facts
from marketsim.errors import DataError, InputError, nearest
from marketsim.forecasting.explanation import place_of, places_of
from marketsim.forecasting.panel import panel
from marketsim.knowledge.adding import add_company
from marketsim.renames import Rename, Tickers, present, renamed_among
from marketsim.runs.inputs import own_tables

HEADER = "ticker,former,until,taken,source,confidence,note\n"


def rename(ticker: str, former: str, until: str, *, taken: bool = False) -> Rename:
    return Rename(ticker, former, pd.Timestamp(until), taken, "made up")


@pytest.fixture(scope="module")
def shipped() -> tuple[Rename, ...]:
    return ms.load_facts().universe.renames


def test_every_renamed_company_is_called_by_its_present_ticker(shipped: tuple[Rename, ...]) -> None:
    companies = ms.load_facts().universe.companies.index
    assert {one.ticker for one in shipped} <= set(companies)
    assert {one.former for one in shipped}.isdisjoint(companies)
    assert all(one.until.day_of_week < 5 for one in shipped)
    assert all(a.until <= b.until for a, b in pairwise(shipped))


def test_a_rename_is_known_from_the_day_after_the_last_under_the_former_ticker(
    shipped: tuple[Rename, ...],
) -> None:
    facts = ms.load_facts()
    for one in shipped:
        assert one not in facts.upto(one.until).universe.renames
        assert one in facts.upto(one.until + pd.Timedelta(days=1)).universe.renames
        assert one not in ms.load_facts(as_of=one.until).universe.renames


def test_what_is_shown_on_a_day_does_not_change_with_a_later_rename(tmp_path: Path) -> None:
    row = "XYZ,ABC,{},no,made up,sourced,\n"
    known = ms.load_facts("2021-06-30")
    for until, same in (("2021-07-01", True), ("2021-06-30", True), ("2021-06-29", False)):
        (tmp_path / "former_tickers.csv").write_text(HEADER + row.format(until), encoding="utf-8")
        mine = ms.load_facts("2021-06-30", add=tmp_path)
        assert (mine.digest == known.digest) is same
        assert mine.added == ("former_tickers.csv: XYZ, once ABC added",)


def test_several_that_were_added_are_told_apart(tmp_path: Path) -> None:
    rows = "".join(f"{t},{f},2020-01-31,no,made up,sourced,\n" for t, f in (("B", "A"), ("D", "C")))
    (tmp_path / "former_tickers.csv").write_text(HEADER + rows, encoding="utf-8")
    (words,) = ms.load_facts(add=tmp_path).added
    assert words == "former_tickers.csv: B, once A; D, once C added"


def test_a_row_of_ones_own_takes_the_place_of_a_shipped_one(
    tmp_path: Path, shipped: tuple[Rename, ...]
) -> None:
    one = shipped[0]
    row = f"{one.ticker},{one.former},2019-01-31,yes,made up,unverified,\n"
    (tmp_path / "former_tickers.csv").write_text(HEADER + row, encoding="utf-8")
    mine = ms.load_facts(add=tmp_path).universe.renames
    assert len(mine) == len(shipped)
    assert renamed_among(shipped, mine) == mine
    (own,) = (r for r in mine if r.former == one.former)
    assert (own.until, own.taken) == (pd.Timestamp("2019-01-31"), True)


def test_a_rename_of_what_is_still_a_companys_ticker_is_refused_by_row(tmp_path: Path) -> None:
    rows = "NVDB,NVDA,2030-01-01,no,made up,unverified,\n"
    (tmp_path / "former_tickers.csv").write_text(HEADER + rows, encoding="utf-8")
    says = (
        r"/former_tickers.csv, line 2, column former: 'NVDA' is the company's ticker in "
        r"companies.csv; call the company NVDB there and in lines.csv, or leave the row out"
    )
    for read in (ms.load_facts, own_tables):
        with pytest.raises(DataError, match=says):
            read(add=tmp_path)


def test_a_company_may_be_called_as_another_share_was_before(
    tmp_path: Path, shipped: tuple[Rename, ...]
) -> None:
    (one,) = [r for r in shipped if r.former == "FB"]
    for until, right in ((one.until - pd.Timedelta(days=90), True), (one.until, False)):
        row = f"FUND,{one.ticker},{until:%Y-%m-%d},no,made up,unverified,\n"
        (tmp_path / "former_tickers.csv").write_text(HEADER + row, encoding="utf-8")
        if right:
            assert len(ms.load_facts(add=tmp_path).universe.renames) == len(shipped) + 1
        else:
            with pytest.raises(DataError, match="call the company FUND"):
                ms.load_facts(add=tmp_path)


def test_a_row_that_contradicts_a_shipped_one_is_refused(
    tmp_path: Path, shipped: tuple[Rename, ...]
) -> None:
    (one,) = [r for r in shipped if r.former == "FB"]
    for ticker, former in ((one.ticker, "FBK"), ("FACE", one.former)):
        row = f"{ticker},{former},{one.until:%Y-%m-%d},no,made up,unverified,\n"
        (tmp_path / "former_tickers.csv").write_text(HEADER + row, encoding="utf-8")
        with pytest.raises(DataError, match=r"/former_tickers.csv, line 2.* in another row, of"):
            ms.load_facts(add=tmp_path)


def test_a_company_is_not_added_under_a_former_ticker(facts: ms.Knowledge) -> None:
    said = {"name": "Once", "layer": "servers", "share": 0.1, "source": "made up"}
    with pytest.raises(InputError, match="FB is META since 2022-06-09; call the company META"):
        add_company(facts, "FB", revenue={"2025-09-30": 1.0}, published=30, **said)  # type: ignore[arg-type]


def test_the_last_of_several_names_is_the_present_one() -> None:
    chain = (rename("C", "B", "2020-12-31"), rename("B", "A", "2015-06-30"))
    assert present("A", chain) == present("B", chain) == chain[0]
    assert present("C", chain) is None
    assert nearest("A", Tickers(["C"], chain)) == " A is C since 2021-01-01: write C."
    back = (rename("B", "A", "2015-06-30"), rename("A", "B", "2020-12-31"))
    assert present("A", back) is None
    assert present("B", back) == back[1]


def test_a_ticker_that_another_share_has_now_is_no_former_one() -> None:
    given = (rename("OLD", "META", "2022-01-28"), rename("META", "FB", "2022-06-08"))
    assert present("META", given) is None
    assert present("FB", given) == given[1]
    again = (rename("VRT", "GSAH", "2020-02-07"), rename("MIR", "GSAH", "2021-10-20"))
    assert present("GSAH", again) == again[1]


def test_a_former_ticker_is_told_on_its_first_weekday_and_with_what_to_write() -> None:
    known = (rename("NEW", "OLD", "2020-02-07"),)  # a Friday
    assert (
        nearest("OLD", Tickers(["NEW", "X"], known)) == " OLD is NEW since 2020-02-10: write NEW."
    )
    assert nearest("OLD", Tickers(["X"], known)) == " OLD is NEW since 2020-02-10."
    assert nearest("NEWS", Tickers(["NEW"], known)) == " Did you mean 'NEW'?"
    assert nearest("OLD", Tickers(["OLD", "NEW"], known)) == " Did you mean 'OLD'?"


def test_tickers_are_their_names_and_keep_what_they_know() -> None:
    known = (rename("NEW", "OLD", "2020-02-07"),)
    names = Tickers(["NEW", "X"], known)
    more = names.beside("cash")
    for same in (names, pickle.loads(pickle.dumps(names)), more):
        assert "write NEW" in same.hint("OLD")
    assert {names: 1}[("NEW", "X")] == 1  # type: ignore[index]
    assert more == ("NEW", "X", "cash")


@pytest.fixture(scope="module")
def returns(shipped: tuple[Rename, ...]) -> ms.ReturnScenarios:
    draws = np.random.default_rng(0).normal(0.05, 0.2, (60, 2))
    return ms.ReturnScenarios(draws, Tickers(["META", "AMD"], shipped)).with_cash(0.02)


TOLD = "FB is META since 2022-06-09: write META"


class TestWhoeverNamesAFormerTickerIsTold:
    def test_by_caps_and_limits(self, returns: ms.ReturnScenarios) -> None:
        with pytest.raises(InputError, match=TOLD):
            ms.allocate(returns, ms.CVaR(0.95), max_weights={"FB": 0.1})
        group = ms.limits.Group("social", ["FB"], at_most=0.1)
        with pytest.raises(InputError, match=TOLD):
            ms.allocate(returns, ms.CVaR(0.95), limits=[group])

    def test_by_views(self, returns: ms.ReturnScenarios) -> None:
        with pytest.raises(InputError, match=TOLD):
            ms.view(returns, "mean(FB) >= 0.1")

    def test_by_forecasts(self, facts: ms.Knowledge) -> None:
        series, known = panel(facts, facts.last).series, facts.universe.renames
        with pytest.raises(InputError, match=TOLD):
            places_of(series, "FB", known)
        with pytest.raises(InputError, match=TOLD):
            place_of(series, "FB", "quarterly_revenue", known)

    def test_by_an_update_of_facts(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=TOLD):
            update_facts(tmp_path, tickers=["FB"], sources=["yahoo"])

    @pytest.mark.parametrize(
        "asked",
        [
            {"tickers": ["NVDA", "FB"]},
            {"max_weights": {"FB": 0.1}},
            {"limit": ["Group('social', ['FB'], at_most=0.1)"]},
            {"benchmark": {"FB": 1.0}},
        ],
        ids=lambda asked: next(iter(asked)),
    )
    def test_by_a_run_before_it_begins(self, asked: dict[str, object]) -> None:
        with pytest.raises(InputError, match=TOLD):
            ms.runs.run(as_of="2025-12-31", **asked)  # type: ignore[arg-type]

    @pytest.mark.parametrize("source", [None, "yahoo"])
    def test_by_prices_without_asking_the_network(
        self, source: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def asked(*given: object) -> None:
            pytest.fail(f"Yahoo was asked: {given}")

        monkeypatch.setattr("marketsim.prices.fetching.ask_yahoo", asked)
        with pytest.raises(InputError, match=TOLD):
            ms.load_prices(["NVDA", "FB"], source=source, cache=tmp_path)
        with pytest.raises(ms.MarketsimError, match=TOLD):
            ms.prices.load_universe(["FB"], source)

    def test_and_each_ticker_that_is_known_is_listed_once(self) -> None:
        with pytest.raises(InputError, match=TOLD) as told:
            ms.load_prices(["FB"])
        listed = str(told.value).partition("Known: ")[2].rstrip(".").split(", ")
        assert len(listed) == len(set(listed)) > len(ms.load_prices().statistics)
