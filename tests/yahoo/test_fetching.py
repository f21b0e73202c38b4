"""Answers in the cache: added to, fetched again where the past has changed, checked when read."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yfinance

from marketsim.errors import InputError, PriceError
from marketsim.prices import load_prices, load_universe
from marketsim.prices.cache import Kept, change_kept, read_kept
from marketsim.prices.fetching import last_finished_day, yahoo_closes
from tests.yahoo.asking import DAYS, LAST, QUICK, Ask, close, shorten, walk
from tests.yahoo.server import TOO_MANY, ZONE, Fault, Listing, Yahoo


def first_asked(yahoo: Yahoo) -> list[str]:
    """First days of the histories that were asked for."""
    moments = [
        path.split("period1=")[1].split("&")[0] for _, path in yahoo.asked if "period1" in path
    ]
    return [
        f"{pd.Timestamp(int(m), unit='s', tz='UTC').tz_convert(ZONE):%Y-%m-%d}" for m in moments
    ]


class TestCache:
    def test_later_days_are_added(self, yahoo: Yahoo, ask: Ask, tmp_path: Path) -> None:
        whole, _ = ask("AAA")
        until = shorten(tmp_path, "AAA", 30)
        yahoo.asked.clear()
        pd.testing.assert_frame_equal(ask("AAA")[0], whole, rtol=1e-12)
        assert first_asked(yahoo) == [f"{until - pd.Timedelta(days=14):%Y-%m-%d}"]
        assert ask("AAA", start=DAYS[50])[0].index[0] == DAYS[50]
        assert len(first_asked(yahoo)) == 1

    @pytest.mark.parametrize("what", ["split", "revision", "dividend", "hole"])
    def test_all_is_fetched_again_where_the_past_has_changed(
        self, yahoo: Yahoo, ask: Ask, tmp_path: Path, what: str
    ) -> None:
        ask("AAA")
        until = shorten(tmp_path, "AAA", 30)
        traded, day = walk(1), DAYS[-10 if what == "split" else -33]
        if what == "split":
            traded = traded.where(day > DAYS, traded / 10.0)
        if what == "hole":
            traded = traded.where(day != DAYS)
        if what == "revision":
            traded = traded.where(day != DAYS, traded * 1.01)
        yahoo.listings["AAA"] = Listing(
            traded,
            {str(day.date()): 10.0} if what == "split" else {},
            {str(day.date()): 2.0} if what == "dividend" else {},
        )
        yahoo.asked.clear()
        closes, splits = ask("AAA")
        assert first_asked(yahoo) == [f"{until - pd.Timedelta(days=14):%Y-%m-%d}", "2014-12-31"]
        assert closes["AAA"].iloc[-1] == pytest.approx(traded.iloc[-1])
        assert len(splits) == (what == "split")
        assert np.abs(np.diff(np.log(close(closes)))).max() < 0.06
        assert len(closes) == len(DAYS) - (what == "hole")

    def test_a_last_bar_that_is_late_is_asked_for_again(
        self, yahoo: Yahoo, ask: Ask, tmp_path: Path
    ) -> None:
        """Yahoo tells of a trade of that day, and has no bar of it yet."""
        moment = LAST.tz_localize(ZONE) + pd.Timedelta("16h")
        meta = {"regularMarketTime": int(moment.timestamp())}
        yahoo.listings["AAA"] = Listing(walk(1).iloc[:-1], meta=meta)
        assert ask("AAA")[0].index[-1] == DAYS[-2]
        kept = read_kept(tmp_path, "AAA")
        assert kept is not None
        assert kept.until == DAYS[-2]
        yahoo.listings["AAA"] = Listing(walk(1))
        assert ask("AAA")[0].index[-1] == LAST

    def test_an_earlier_start_is_fetched(self, yahoo: Yahoo, ask: Ask) -> None:
        ask("AAA")
        yahoo.asked.clear()
        ask("AAA", start="2010-06-01")
        assert first_asked(yahoo) == ["2010-06-01"]

    def test_what_is_damaged_is_fetched_again(self, yahoo: Yahoo, ask: Ask, tmp_path: Path) -> None:
        whole, _ = ask("AAA")
        (path,) = tmp_path.rglob("*.parquet")
        damaged = bytearray(path.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        path.write_bytes(damaged)
        pd.testing.assert_frame_equal(ask("AAA")[0], whole)
        assert yahoo.charts() == ["AAA", "AAA"]

    def test_what_lies_in_the_cache_is_checked_like_an_answer(
        self, yahoo: Yahoo, ask: Ask, tmp_path: Path
    ) -> None:
        """Whoever kept it, and whatever was checked then."""
        whole, _ = ask("AAA")

        def spoil(kept: Kept | None) -> Kept:
            assert kept is not None
            factor = pd.Series(np.where(DAYS[99] > DAYS, 7.0, 1.0), DAYS)
            bars = kept.bars.assign(close=kept.bars["close"] * factor)
            return Kept(bars, kept.first, kept.until, kept.zone)

        change_kept(tmp_path, "AAA", spoil)
        pd.testing.assert_frame_equal(ask("AAA")[0], whole)

    def test_a_folder_that_cannot_be_written_is_told(self, yahoo: Yahoo, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_text("in the way")
        with pytest.raises(PriceError, match=r"AAA have come and cannot be kept in .*file \("):
            yahoo_closes(["AAA"], DAYS[0], LAST, file, QUICK)

    def test_threads_may_ask_at_once(self, yahoo: Yahoo, ask: Ask) -> None:
        """One of them is refused while the others are answered."""
        yahoo.always.append(Fault(429, where="/chart/BBB"))
        found: dict[str, object] = {}

        def one(ticker: str) -> None:
            try:
                found[ticker] = len(ask(ticker)[0])
            except PriceError as error:
                found[ticker] = "429" in str(error)

        threads = [threading.Thread(target=one, args=(name,)) for name in ("AAA", "BBB", "SPY")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == {"AAA": 400, "BBB": True, "SPY": 400}

    def test_yfinance_keeps_its_own_files_in_a_folder_of_this_process(
        self, yahoo: Yahoo, ask: Ask
    ) -> None:
        ask("AAA")
        managers = yfinance.cache._TzDBManager, yfinance.cache._CookieDBManager
        assert all("marketsim-yahoo-" in manager.get_location() for manager in managers)


class TestLoading:
    @pytest.mark.parametrize("source", ["yahoo", "yfinance"])
    def test_prices_come_with_beta_and_their_own_splits(
        self, yahoo: Yahoo, tmp_path: Path, source: str
    ) -> None:
        day, split = DAYS[-20], f"{DAYS[-10]:%Y-%m-%d}"
        yahoo.listings["AAA"] = Listing(
            walk(1).where(DAYS[-10] > DAYS, walk(1) / 5.0), {split: 5.0}
        )
        prices = load_prices(["AAA", "BBB"], source=source, as_of=str(day), cache=tmp_path)
        assert list(prices.closes) == ["AAA", "BBB"]
        assert prices.as_of == prices.adjusted == prices.closes.index[-1] == day
        assert prices.statistics.loc["AAA", "close"] == pytest.approx(walk(1)[day])
        assert "beta to SPY" in str(prices.statistics.loc["AAA", "source"])
        assert prices.splits.empty
        later = load_prices(["AAA"], source=source, cache=tmp_path)
        assert later.splits["value"].tolist() == [5.0]
        assert later.as_of == last_finished_day()

    def test_the_environment_says_where_the_cache_is(
        self, yahoo: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path))
        load_prices(["AAA"], source="yahoo")
        assert read_kept(tmp_path, "AAA") is not None

    def test_a_start_that_is_yet_to_come_is_refused(self, yahoo: Yahoo, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="start 2100-01-01 lies after the last day there is"):
            load_prices(["AAA"], source="yahoo", start="2100-01-01", cache=tmp_path)
        assert yahoo.asked == []

    def test_a_universe_is_what_yahoo_has_of_it_and_the_rest_is_named(
        self, yahoo: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path))
        monkeypatch.setattr("marketsim.prices.fetching.Patience", lambda: QUICK)
        yahoo.listings["PND"] = Listing(walk(3), meta={"currency": "GBp"})
        yahoo.listings["CUT"] = Listing(walk(4).where(DAYS[200] > DAYS, walk(4) / 4.0))
        prices = load_universe(["AAA", "PND", "ZZZ", "CUT", "BBB"], "yahoo")
        assert list(prices.closes) == ["AAA", "BBB", "SPY"]
        assert list(prices.left_out) == ["PND", "ZZZ", "CUT"]
        assert "prices are in GBp" in prices.left_out["PND"]
        assert "answers for SPY: the name is misspelt" in prices.left_out["ZZZ"]
        assert "as at a split of 4 for 1" in prices.left_out["CUT"]
        with pytest.raises(PriceError, match=r"for PND, ZZZ:\n  PND: .*\n  ZZZ: "):
            load_prices(["AAA", "PND", "ZZZ"], source="yahoo", cache=tmp_path)
        with pytest.raises(PriceError, match="no prices from Yahoo for PND, ZZZ"):
            load_universe(["PND", "ZZZ"], "yahoo")

    def test_an_outage_or_no_market_leaves_no_universe(
        self, yahoo: Yahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A refusal says nothing of a ticker; without SPY every beta would be another."""
        monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path))
        monkeypatch.setattr("marketsim.prices.fetching.Patience", lambda: QUICK)
        yahoo.always.append(Fault(429, where="/chart/BBB"))
        with pytest.raises(PriceError, match=r"for BBB, SPY: .*too many requests"):
            load_universe(["AAA", "BBB"], "yahoo")
        yahoo.always.clear()
        yahoo.listings["SPY"] = Listing(walk(), meta={"currency": "EUR"})
        with pytest.raises(PriceError, match="no prices from Yahoo for SPY"):
            load_universe(["AAA"], "yahoo")

    def test_a_failure_is_one_price_error(
        self, monkeypatch: pytest.MonkeyPatch, yahoo: Yahoo, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("marketsim.prices.fetching.Patience", lambda: QUICK)
        yahoo.always.append(TOO_MANY)
        with pytest.raises(PriceError, match="no prices from Yahoo for AAA, SPY"):
            load_prices(["AAA"], source="yahoo", cache=tmp_path)
