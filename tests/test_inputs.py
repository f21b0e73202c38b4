"""The date of a run: asked for, or the newest that facts and prices support."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketsim.errors import DataError, InputError, PriceError
from marketsim.prices import newest_close
from marketsim.runs.deciding import Question, valued
from marketsim.runs.freshness import freshness
from marketsim.runs.inputs import (
    chosen_among,
    dated_prices,
    known_by,
    market_of,
    own_tables,
    unpriced,
)
from tests.test_completeness import MAY, mine

COMPLETE = pd.Timestamp("2025-12-31")


def panel(place: Path, last: str, change: float = 0.0) -> str:
    """A file of closes of two companies to a day; those after 2025-12-31 may be changed."""
    days = pd.bdate_range("2022-01-03", last)
    chance = np.random.default_rng(0).normal(0.0, 0.01, (len(days), 2))
    closes = pd.DataFrame(100.0 * np.exp(chance.cumsum(axis=0)), days, ["NVDA", "AMD"])
    closes.loc["2026-01-01":] *= 1.0 + change
    path = place / f"closes-{last}-{change}.csv"
    closes.rename_axis("date").to_csv(path)
    return str(path)


def test_facts_are_taken_to_the_day_they_are_complete_to_by_default() -> None:
    known, date = known_by(None, None)
    assert date == known.as_of == COMPLETE
    assert known.table["published"].max() <= COMPLETE


@pytest.mark.parametrize(
    ("asked", "last"), [("2024-06-30", "2024-03-28"), ("2026-06-30", "2026-03-31")]
)
def test_a_date_that_was_asked_for_stays(asked: str, last: str, tmp_path: Path) -> None:
    known, date = known_by(asked, None)
    assert date == known.as_of == pd.Timestamp(asked)
    market, decided = dated_prices(known, panel(tmp_path, last), date, fixed=True)
    assert decided == market.as_of == date


def test_facts_that_were_added_move_it(tmp_path: Path) -> None:
    assert known_by(None, mine(tmp_path, MAY))[1] == pd.Timestamp("2026-05-20")


@pytest.mark.parametrize(
    ("last", "decided"), [("2025-12-23", "2025-12-23"), ("2026-03-31", "2025-12-31")]
)
def test_it_is_the_earlier_of_facts_and_closes(last: str, decided: str, tmp_path: Path) -> None:
    known, complete = known_by(None, None)
    source = panel(tmp_path, last)
    market, date = dated_prices(known, source, complete, fixed=False)
    assert date == market.as_of == pd.Timestamp(decided)
    assert market.closes.index[-1] <= date
    asked = dated_prices(known, source, date, fixed=True)[0]
    pd.testing.assert_frame_equal(market.statistics, asked.statistics)
    warnings = freshness(known.upto(date), date, newest_close(market, source)).warnings
    assert not any("price" in warning for warning in warnings)


def test_the_snapshot_holds_back_newer_facts(tmp_path: Path) -> None:
    known, complete = known_by(None, mine(tmp_path, MAY))
    market, date = dated_prices(known, None, complete, fixed=False)
    assert complete > date == market.as_of == pd.Timestamp("2025-12-31")


def test_closes_after_the_date_change_nothing(tmp_path: Path) -> None:
    known, complete = known_by(None, None)
    one, other = (
        dated_prices(known, panel(tmp_path, "2026-03-31", change), complete, fixed=False)
        for change in (0.0, 0.5)
    )
    assert one[1] == other[1]
    pd.testing.assert_frame_equal(one[0].statistics, other[0].statistics)
    pd.testing.assert_frame_equal(one[0].closes, other[0].closes)


def test_splits_of_ones_own_are_undone(tmp_path: Path) -> None:
    """Whenever they come: closes of a panel hold those of later too."""
    (tmp_path / "mine" / "facts").mkdir(parents=True)
    (tmp_path / "mine" / "facts" / "splits.csv").write_text(
        "quantity,entity,date,published,value,unit,source,confidence,note\n"
        "stock_split,AMD,2025-06-02,2025-05-01,5,new shares per old,invented,derived,\n"
    )
    known, date = known_by("2024-06-30", tmp_path / "mine")
    assert own_tables(None).splits is None
    plain, split = (
        dated_prices(known, panel(tmp_path, "2025-12-31"), date, fixed=True, splits=splits)[0]
        for splits in (None, own_tables(tmp_path / "mine").splits)
    )
    ratio = split.statistics["close"] / plain.statistics["close"]
    assert ratio.to_dict() == {"NVDA": 1.0, "AMD": 5.0}


@pytest.mark.parametrize("wrong", ["soon", "2025-02-30"])
def test_a_date_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="is not a day; write it as '2025-12-31'"):
        known_by(wrong, None)


def test_closes_of_ones_own_that_end_long_before_the_date_are_refused_by_name(
    tmp_path: Path,
) -> None:
    known, date = known_by("2025-12-31", None)
    old = panel(tmp_path, "2024-12-31")
    told = r"end 365 days before 2025-12-31 \(NVDA on 2024-12-31.*decide as of 2024-12-31"
    with pytest.raises(InputError, match=told):
        dated_prices(known, old, date, fixed=True)
    assert dated_prices(known, panel(tmp_path, "2025-10-31"), date, fixed=True)[1] == date


def test_a_market_that_goes_on_does_not_make_old_closes_new(tmp_path: Path) -> None:
    """Half a year is asked of companies; without any the reasons are told before the long steps."""
    known, date = known_by("2025-12-31", None)
    table = pd.read_csv(panel(tmp_path, "2025-12-31"), index_col="date", parse_dates=True)
    table["SPY"] = table["AMD"] ** 0.5
    table.loc["2024-07-01":, ["NVDA", "AMD"]] = np.nan
    file = str(tmp_path / "old.csv")
    table.to_csv(file)
    told = r"end 551 days before 2025-12-31 \(NVDA on 2024-06-28, AMD on 2024-06-28\)"
    with pytest.raises(InputError, match=told):
        dated_prices(known, file, date, fixed=True)
    assert dated_prices(known, file, date, fixed=False)[1] == pd.Timestamp("2024-06-28")
    lately = pd.read_csv(panel(tmp_path, "2025-12-31"), index_col="date", parse_dates=True)
    lately.loc["2025-10-01":] = np.nan
    lately.assign(SPY=table["SPY"]).to_csv(file)
    with pytest.raises(PriceError, match=r"no company has a price as of .*AMD \(last close on"):
        valued(Question(prices=file, as_of="2025-12-31", draws=2), lambda step: None)


def test_what_a_source_said_of_a_company_is_why_it_has_no_price(tmp_path: Path) -> None:
    known, date = known_by("2025-12-31", None)
    market, _ = dated_prices(known, panel(tmp_path, "2025-12-31"), date, fixed=True)
    asked = replace(market, left_out={"META": "Yahoo answers for FB now; ask for that"})
    assert unpriced(asked, ["META", "MU"]) == {**asked.left_out, "MU": "no close"}


def test_a_jump_that_is_believed_is_let_through(tmp_path: Path) -> None:
    known, date = known_by("2025-12-31", None)
    table = pd.read_csv(panel(tmp_path, "2025-12-31"), index_col="date", parse_dates=True)
    table.loc["2025-03-03":, "AMD"] /= 2.0
    file = str(tmp_path / "halved.csv")
    table.to_csv(file)
    with pytest.raises(DataError, match=r"column AMD: .*2 for 1"):
        dated_prices(known, file, date, fixed=True)
    market, _ = dated_prices(known, file, date, fixed=True, believe=["AMD"])
    assert "AMD" in market.statistics.index


def test_a_company_without_a_price_is_told_why(tmp_path: Path) -> None:
    known, date = known_by("2025-12-31", None)
    file = panel(tmp_path, "2025-12-31")
    table = pd.read_csv(file)
    table.loc[table.index[-20:], "AMD"] = np.nan
    table.to_csv(file, index=False)
    market, _ = dated_prices(known, file, date, fixed=True)
    told = unpriced(market, ["AMD", "MU"])
    assert told == {"AMD": "last close on 2025-12-03", "MU": "no close"}


def test_closes_under_a_former_ticker_of_ones_own_are_joined_and_told(tmp_path: Path) -> None:
    """Whatever the date: the file was kept after the rename, which the facts do not know yet."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "former_tickers.csv").write_text(
        "ticker,former,until,taken,source,confidence,note\n"
        "AMD,ADVN,2024-08-30,no,made up,sourced,\n",
        encoding="utf-8",
    )
    whole = panel(tmp_path, "2025-12-31")
    closes = pd.read_csv(whole, index_col="date", parse_dates=True)
    then = closes.index <= pd.Timestamp("2024-08-30")
    parts = closes.assign(ADVN=closes["AMD"].where(then), AMD=closes["AMD"].where(~then))
    parts.to_csv(tmp_path / "parts.csv")
    known, date = known_by("2024-06-28", tmp_path / "mine")
    assert "ADVN" not in {one.former for one in known.universe.renames}
    renames = own_tables(tmp_path / "mine").renames
    one, other = (
        dated_prices(known, str(file), date, fixed=True, renames=renames)[0]
        for file in (whole, tmp_path / "parts.csv")
    )
    pd.testing.assert_frame_equal(one.statistics, other.statistics, check_exact=True)
    fresh = freshness(known, date)
    told = replace(fresh, joined=other.joined).warnings
    assert told[:-1] == replace(fresh, joined=one.joined).warnings == fresh.warnings
    assert told[-1].startswith("ADVN is AMD since 2024-09-02: closes of ADVN up to 2024-08-30")


def test_what_is_left_out_of_the_choice_has_no_statistics(tmp_path: Path) -> None:
    known, date = known_by("2025-12-31", None)
    market, _ = dated_prices(known, panel(tmp_path, "2025-12-31"), date, fixed=True)
    companies = known.universe.revenue_map.companies
    wanted = chosen_among(companies, ["AMD"])
    assert list(market_of(market, companies, wanted).statistics.index) == ["AMD"]
    assert market_of(market, companies, chosen_among(companies, None)) is market
