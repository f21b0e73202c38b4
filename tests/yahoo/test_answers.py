"""What becomes of a good answer: total returns on the exchange's own days."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketsim.errors import PriceError
from marketsim.prices.cache import read_kept
from tests.yahoo.asking import DAYS, LAST, TODAY, Ask, close, walk
from tests.yahoo.server import Listing, Yahoo


class TestAnswers:
    def test_returns_are_total_and_the_last_close_is_what_was_traded(
        self, yahoo: Yahoo, ask: Ask
    ) -> None:
        """By the definition of a total return, from closes as they were traded."""
        split, paid = DAYS[150], {str(DAYS[80].date()): 1.5, str(DAYS[300].date()): 0.7}
        traded = walk(1).where(split > DAYS, walk(1) / 4.0)
        yahoo.listings["AAA"] = Listing(traded, {str(split.date()): 4.0}, paid)
        closes, splits = ask("AAA", "SPY")
        dividend = pd.Series(0.0, DAYS)
        for day, amount in paid.items():
            dividend[day] = amount
        shares = np.where(split == DAYS, 4.0, 1.0)
        gross = (shares * traded + dividend) / traded.shift(1)
        with_dividend = (traded * shares / (traded.shift(1) - dividend)).to_numpy()[1:]
        ours = close(closes)[1:] / close(closes)[:-1]
        np.testing.assert_allclose(ours, with_dividend, rtol=1e-9)
        np.testing.assert_allclose(ours, gross.to_numpy()[1:], rtol=2e-3)
        assert close(closes)[-1] == pytest.approx(traded.iloc[-1])
        assert splits.values.tolist() == [["AAA", split, 4.0]]
        assert list(closes.index) == list(DAYS)

    def test_every_request_is_for_yahoo_and_history_is_asked_for_once(
        self, yahoo: Yahoo, ask: Ask
    ) -> None:
        first, _ = ask("AAA", "SPY")
        assert yahoo.charts() == ["AAA", "SPY"]
        assert {host.partition(".")[2] for host, _ in yahoo.asked} <= {
            "yahoo.com",
            "finance.yahoo.com",
        }
        yahoo.asked.clear()
        again, _ = ask("AAA", "SPY")
        assert yahoo.asked == []
        pd.testing.assert_frame_equal(first, again, check_exact=True)

    def test_what_came_after_a_day_is_not_in_its_closes(self, yahoo: Yahoo, ask: Ask) -> None:
        day = DAYS[200]
        before, _ = ask("AAA", end=day)
        later = {str(DAYS[250].date()): 10.0}
        yahoo.listings["ABA"] = Listing(
            walk(1).where(DAYS[250] > DAYS, walk(1) / 10.0), later, {str(DAYS[300].date()): 0.1}
        )
        after, splits = ask("ABA", end=day)
        np.testing.assert_allclose(close(after, "ABA"), close(before), rtol=1e-9)
        assert splits.empty

    def test_the_bar_of_today_is_left_out(self, yahoo: Yahoo, ask: Ask, tmp_path: Path) -> None:
        days = pd.DatetimeIndex([*DAYS, TODAY], name="date")
        yahoo.listings["AAA"] = Listing(walk(1, days))
        closes, _ = ask("AAA", end=TODAY + pd.Timedelta(days=3))
        assert closes.index[-1] == LAST
        kept = read_kept(tmp_path, "AAA")
        assert kept is not None
        assert kept.bars.index[-1] == LAST
        assert kept.until == TODAY - pd.Timedelta(days=1)

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "Europe/London", "Australia/Sydney"])
    def test_days_are_those_of_the_exchange(self, yahoo: Yahoo, ask: Ask, zone: str) -> None:
        """Midnight in Tokyo is the day before in UTC: a close would be known a day early."""
        days = DAYS[:-3]
        yahoo.listings["AAA"] = Listing(walk(1, days), zone=zone)
        assert list(ask("AAA")[0].index) == list(days)

    def test_bars_without_a_close_are_none(self, yahoo: Yahoo, ask: Ask) -> None:
        holed, paid = walk(1), {str(DAYS[100].date()): 1.0}
        holed.iloc[[100, 101, 250]] = np.nan
        yahoo.listings["AAA"] = Listing(holed)

        def pay(result: dict[str, Any]) -> None:
            moment = result["timestamp"][100]
            result["events"]["dividends"] = {str(moment): {"amount": 1.0, "date": moment}}
            adjusted = result["indicators"]["adjclose"][0]["adjclose"]
            last = result["indicators"]["quote"][0]["close"][99]
            adjusted[:100] = [value * (1.0 - 1.0 / last) for value in adjusted[:100]]

        yahoo.listings["AAA"].tamper = pay
        closes, _ = ask("AAA")
        assert list(closes.index) == [day for i, day in enumerate(DAYS) if i not in (100, 101, 250)]
        step = closes["AAA"].iloc[100] / closes["AAA"].iloc[99]
        assert step == pytest.approx(
            holed.iloc[102] / (holed.iloc[99] - paid[str(DAYS[100].date())])
        )

    def test_a_late_listing_begins_when_it_does(self, yahoo: Yahoo, ask: Ask) -> None:
        yahoo.listings["NEW"] = Listing(walk(1, DAYS[300:]))
        closes, _ = ask("NEW", "SPY")
        assert closes["NEW"].first_valid_index() == DAYS[300]
        with pytest.raises(PriceError, match=f"NEW: no closes before {DAYS[300]:%Y-%m-%d}"):
            ask("NEW", end=DAYS[200])

    def test_a_ticker_that_was_delisted_ends_when_it_did(self, yahoo: Yahoo, ask: Ask) -> None:
        yahoo.listings["OLD"] = Listing(walk(1, DAYS[:200]))
        assert ask("OLD", "SPY")[0]["OLD"].last_valid_index() == DAYS[199]
        yahoo.asked.clear()
        ask("OLD", "SPY")
        assert yahoo.asked == []

    def test_a_fall_by_half_on_heavy_volume_is_one(self, yahoo: Yahoo, ask: Ask) -> None:
        crashed = walk(1).where(DAYS[200] > DAYS, walk(1) / 2.0)
        yahoo.listings["AAA"] = Listing(crashed)
        with pytest.raises(PriceError, match="as at a split of 2 for 1"):
            ask("AAA")

        def trade(result: dict[str, Any]) -> None:
            result["indicators"]["quote"][0]["volume"][200] = 20_000

        yahoo.listings["AAA"].tamper = trade
        np.testing.assert_allclose(close(ask("AAA")[0]), crashed, rtol=1e-9)
