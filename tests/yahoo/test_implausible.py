"""What Yahoo answers is checked before it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from marketsim.errors import InputError, PriceError
from marketsim.prices.cache import read_kept
from tests.yahoo.asking import DAYS, Ask, close, walk
from tests.yahoo.server import Listing, Yahoo


class TestImplausible:
    """What Yahoo answers is checked before it is kept."""

    @pytest.mark.parametrize(
        ("listing", "why"),
        [
            (Listing(walk(1), meta={"symbol": "META"}), "answers for META now; ask for that"),
            (Listing(walk(1), meta={"currency": "GBp"}), "prices are in GBp; .* line of it in USD"),
            (Listing(walk(1), meta={"currency": None}), "prices are in no currency"),
            (Listing(walk(1).where(DAYS[9] > DAYS, walk(1) / 4.0)), "split of 4 for 1"),
            (Listing(walk(1).where(DAYS[9] > DAYS, walk(1) * 10.0)), "split of 1 for 10"),
            (Listing(walk(1).where(DAYS[9] != DAYS, walk(1) * 100.0)), "as pence are to pounds"),
            (Listing(walk(1).where(DAYS[9] != DAYS, -1.0)), "not positive numbers"),
            (Listing(walk(1).where(DAYS[9] != DAYS, 0.0)), "not positive numbers"),
            (Listing(walk(1).where((DAYS[9] > DAYS) | (DAYS[15] < DAYS))), "weekdays in a row"),
            (Listing(walk(1) * np.nan), "no closes"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_it_is_refused_and_not_kept(
        self, yahoo: Yahoo, ask: Ask, tmp_path: Path, listing: Listing, why: str
    ) -> None:
        yahoo.listings["FB"] = listing
        with pytest.raises(PriceError, match=f"for FB:\n  FB: .*{why}"):
            ask("AAA", "FB")
        assert read_kept(tmp_path, "FB") is None
        assert read_kept(tmp_path, "AAA") is not None

    def test_a_split_that_is_told_and_not_made_is_found(self, yahoo: Yahoo, ask: Ask) -> None:
        def forget(result: dict[str, Any]) -> None:
            closes = result["indicators"]["quote"][0]["close"]
            closes[:200] = [value * 3.0 for value in closes[:200]]
            result["indicators"]["adjclose"][0]["adjclose"] = closes

        day = str(DAYS[200].date())
        traded = walk(1).where(DAYS[200] > DAYS, walk(1) / 3.0)
        yahoo.listings["AAA"] = Listing(traded, {day: 3.0}, tamper=forget)
        with pytest.raises(PriceError, match=f"AAA: on {day} .*as at its split of 3 for 1"):
            ask("AAA")

    def test_closes_that_are_adjusted_already_are_found(self, yahoo: Yahoo, ask: Ask) -> None:
        """As if raw closes came adjusted for dividends: the adjusted close tells."""

        def adjust(result: dict[str, Any]) -> None:
            quote = result["indicators"]["quote"][0]
            quote["close"] = result["indicators"]["adjclose"][0]["adjclose"]

        day = str(DAYS[200].date())
        yahoo.listings["AAA"] = Listing(walk(1), dividends={day: 5.0}, tamper=adjust)
        with pytest.raises(PriceError, match=f"adjusted closes that differ by .* on {day}"):
            ask("AAA")

    @pytest.mark.parametrize(("rows", "why"), [(slice(0, 300), "stop"), (slice(100, 400), "begin")])
    def test_an_answer_cut_short_is_none(
        self, yahoo: Yahoo, ask: Ask, rows: slice, why: str
    ) -> None:
        def cut(result: dict[str, Any]) -> None:
            result["timestamp"] = result["timestamp"][rows]
            quote = result["indicators"]["quote"][0]
            for name in quote:
                quote[name] = quote[name][rows]
            adjusted = result["indicators"]["adjclose"][0]
            adjusted["adjclose"] = adjusted["adjclose"][rows]

        yahoo.listings["AAA"].tamper = cut
        with pytest.raises(PriceError, match=f"AAA: its prices {why} on .*, 2 times in a row"):
            ask("AAA")

    def test_an_answer_that_cannot_be_read_is_this_tickers_alone(
        self, yahoo: Yahoo, ask: Ask, tmp_path: Path
    ) -> None:
        yahoo.listings["AAA"].tamper = lambda result: result["meta"].pop("instrumentType")
        with pytest.raises(PriceError, match=r"AAA: yfinance could not read .*, 2 times in a row"):
            ask("AAA", "BBB")
        assert read_kept(tmp_path, "BBB") is not None

    @pytest.mark.parametrize(
        "strange", ["../../x", "BRK/B", "A" * 300, "", "a b", "é", "A\x00", "-A", "A\n"]
    )
    def test_what_cannot_be_a_ticker_is_not_asked_for(
        self, yahoo: Yahoo, ask: Ask, strange: str
    ) -> None:
        with pytest.raises(InputError, match="cannot be a ticker of Yahoo's"):
            ask("AAA", strange)
        assert yahoo.asked == []

    def test_what_trades_in_usd_abroad_is_taken(self, yahoo: Yahoo, ask: Ask) -> None:
        yahoo.listings["AAA-U.TO"] = Listing(walk(1))
        np.testing.assert_allclose(close(ask("AAA-U.TO")[0], "AAA-U.TO"), walk(1), rtol=1e-9)

    @pytest.mark.parametrize("odd", ["^IRX", "CON", "BRK-B", "aux"])
    def test_odd_names_that_are_tickers_work(self, yahoo: Yahoo, ask: Ask, odd: str) -> None:
        yahoo.listings[odd.upper()] = yahoo.listings["%5E" + odd[1:]] = Listing(
            walk(1), meta={"symbol": odd.upper()}
        )
        np.testing.assert_allclose(close(ask(odd)[0], odd), walk(1), rtol=1e-9)
