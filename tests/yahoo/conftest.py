"""yfinance and curl as they are, led to a server on the loopback that stands for Yahoo's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import trustme
import yfinance
from curl_cffi.requests import Session

from marketsim.prices.fetching import yahoo_closes
from marketsim.sources.limiter import Patience
from tests.yahoo.asking import DAYS, LAST, QUICK, Ask, walk
from tests.yahoo.server import Listing, Yahoo, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yahoo]:
    """The server, with yfinance led to it; whatever else it asked for would reach a closed port."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with pytest.MonkeyPatch.context() as patch, serving(authority) as (yahoo, proxy):
        for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            patch.setenv(name, str(bundle))
        for name in ("ALL_PROXY", "HTTPS_PROXY", "https_proxy", "all_proxy"):
            patch.setenv(name, "http://127.0.0.1:9")
        yfinance.config.network.proxy = proxy
        yfinance.Ticker("SPY", session=Session(impersonate="chrome"))
        yield yahoo
        yfinance.config.network.proxy = "http://127.0.0.1:9"


@pytest.fixture
def yahoo(server: Yahoo) -> Yahoo:
    """A server that lists SPY, AAA and BBB, and does nothing wrong yet."""
    server.reset()
    server.listings |= {
        name: Listing(walk(seed)) for seed, name in enumerate(("SPY", "AAA", "BBB"))
    }
    return server


@pytest.fixture
def ask(yahoo: Yahoo, tmp_path: Path) -> Ask:
    """Closes of tickers, with a cache of this test's own."""

    def asked(
        *tickers: str, start: Any = DAYS[0], end: Any = LAST, patience: Patience = QUICK
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        return yahoo_closes(tickers, pd.Timestamp(start), pd.Timestamp(end), tmp_path, patience)

    return asked
