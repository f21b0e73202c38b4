"""Refusals, outages and slow answers: waited out, or one error that says which it was."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yfinance

from marketsim.errors import PriceError
from marketsim.sources.limiter import Patience
from tests.yahoo.asking import Ask, close, shorten, walk
from tests.yahoo.server import BROKEN, ERROR_PAGE, TOO_MANY, Fault, Listing, Yahoo


class TestRefusals:
    @pytest.mark.parametrize("fault", [TOO_MANY, BROKEN, ERROR_PAGE, Fault(200, ""), Fault(403)])
    @pytest.mark.parametrize("times", [1, 2])
    def test_another_try_may_succeed(
        self, yahoo: Yahoo, ask: Ask, fault: Fault, times: int
    ) -> None:
        """An error page with status 200 stays in yfinance's memory, and must be cleared from it."""
        yahoo.faults.extend([fault] * times)
        np.testing.assert_allclose(close(ask("AAA")[0]), walk(1), rtol=1e-9)

    @pytest.mark.parametrize(
        ("fault", "why"),
        [
            (TOO_MANY, "too many requests"),
            (BROKEN, "something other than figures"),
            (ERROR_PAGE, "something other than figures"),
            (Fault(200, '{"chart": {"result": [{"meta"'), "half of it"),
            (Fault(200, '{"chart": ', cut=True), "could not be reached"),
            (Fault(200, "Will be right back"), "IS CURRENTLY DOWN"),
            (Fault(401, '{"chart": {"result": null, "error": {"code": "Unauthorized", '
                   '"description": "Invalid Crumb"}}}'), "how it refuses|Invalid Crumb"),
            (Fault(404, "<html>Not Found</html>"), "something other than figures"),
        ],
        ids=str,
    )  # fmt: skip
    def test_a_storm_is_one_error_that_names_the_tickers(
        self, yahoo: Yahoo, ask: Ask, tmp_path: Path, fault: Fault, why: str
    ) -> None:
        yahoo.always.append(fault)
        with pytest.raises(PriceError, match=f"for AAA, SPY: .*({why}).*0 of 2 tickers are ready"):
            ask("AAA", "SPY")
        assert not list(tmp_path.rglob("*.parquet"))

    def test_one_goes_on_where_one_was_refused(self, yahoo: Yahoo, ask: Ask) -> None:
        yahoo.always.append(Fault(429, where="/chart/BBB"))
        with pytest.raises(PriceError, match=r"for BBB, SPY: .*1 of 3 tickers are ready"):
            ask("AAA", "BBB", "SPY")
        yahoo.reset()
        yahoo.listings |= {
            name: Listing(walk(seed)) for seed, name in enumerate(("SPY", "AAA", "BBB"))
        }
        ask("AAA", "BBB", "SPY")
        assert yahoo.charts() == ["BBB", "SPY"]

    def test_an_outage_is_never_a_shorter_frame(
        self, yahoo: Yahoo, ask: Ask, tmp_path: Path
    ) -> None:
        whole, _ = ask("AAA")
        until = shorten(tmp_path, "AAA", 10)
        yahoo.always.append(TOO_MANY)
        with pytest.raises(PriceError, match=f"with end='{until:%Y-%m-%d}' the cache answers"):
            ask("AAA")
        np.testing.assert_allclose(close(ask("AAA", end=until)[0]), close(whole)[:-10], rtol=1e-12)

    def test_a_slow_answer_is_given_up(self, yahoo: Yahoo, ask: Ask) -> None:
        yahoo.always.append(Fault(200, delay=5.0))
        hasty = Patience(tries=2, spacing=0.0, wait=0.001, request=0.05, deadline=10.0)
        with pytest.raises(PriceError, match=r"could not be reached .*timed out.*, 2 times"):
            ask("AAA", patience=hasty)

    def test_without_a_connection_three_tries_are_enough(self, yahoo: Yahoo, ask: Ask) -> None:
        network, patient = yfinance.config.network, Patience(tries=9, spacing=0.0, wait=0.001)
        proxy, network.proxy = network.proxy, "http://127.0.0.1:9"
        try:
            with pytest.raises(PriceError, match=r"could not be reached \(.*\), 3 times in a row"):
                ask("AAA", patience=patient)
        finally:
            network.proxy = proxy
        assert yahoo.asked == []

    def test_a_deadline_stands_round_all_that_a_ticker_takes(self, yahoo: Yahoo, ask: Ask) -> None:
        yahoo.always.append(Fault(200, delay=5.0))
        hasty = Patience(tries=1, spacing=0.0, wait=0.001, request=0.3, deadline=0.05)
        with pytest.raises(PriceError, match=r"no answer within 0\.05 s"):
            ask("AAA", patience=hasty)

    @pytest.mark.parametrize("answer", [TOO_MANY, BROKEN, ERROR_PAGE, Fault(404)])
    def test_without_a_crumb_there_are_prices_all_the_same(
        self, yahoo: Yahoo, ask: Ask, answer: Fault
    ) -> None:
        yahoo.always += [
            Fault(answer.status, answer.body, where=where) for where in ("getcrumb", "consent")
        ]
        np.testing.assert_allclose(close(ask("AAA")[0]), walk(1), rtol=1e-9)

    def test_a_ticker_that_is_not_known_is_told_from_a_refusal(
        self, yahoo: Yahoo, ask: Ask
    ) -> None:
        with pytest.raises(PriceError, match=r"ZZZ: Yahoo says .*answers for SPY: .*misspelt"):
            ask("AAA", "ZZZ", "BBB")
        assert set(yahoo.charts()) == {"AAA", "BBB", "SPY"}
        yahoo.listings.clear()
        with pytest.raises(PriceError, match="knows neither ZZY nor SPY, which is how it refuses"):
            ask("ZZY")
