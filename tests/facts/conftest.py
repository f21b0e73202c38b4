"""The SEC and Yahoo on the loopback, asked through urllib, yfinance and curl as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import trustme
import yfinance
from curl_cffi.requests import Session

from marketsim.curation import Update, adding, checking, status, update_facts
from marketsim.knowledge import Knowledge, load_facts
from tests.facts.filings import AGENT, Sources
from tests.yahoo.asking import QUICK
from tests.yahoo.server import serving

Updates = Callable[..., Update]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sources]:
    """The server, with every client led to it."""
    authority = trustme.CA()
    bundle = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    both = Sources()
    with pytest.MonkeyPatch.context() as patch, serving(authority, both) as (_, proxy):
        for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, str(bundle))
        for name in ("ALL_PROXY", "HTTPS_PROXY", "https_proxy", "all_proxy"):
            patch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy", "MARKETSIM_USER_AGENT"):
            patch.delenv(name, raising=False)
        yfinance.config.network.proxy = proxy
        yfinance.Ticker("SPY", session=Session(impersonate="chrome"))
        yield both
        yfinance.config.network.proxy = "http://127.0.0.1:9"


@cache
def shipped() -> Knowledge:
    """What ships, read once."""
    return load_facts()


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a folder beside what ships stays as it is."""

    def read(add: Path | None = None) -> Knowledge:
        return shipped() if add is None else load_facts(add=add)

    for module in (adding, checking, status):
        monkeypatch.setattr(module, "load_facts", read)


@pytest.fixture
def sources(server: Sources) -> Sources:
    """The server, which has nothing and does nothing wrong yet."""
    server.reset()
    return server


@pytest.fixture
def update(sources: Sources, tmp_path: Path) -> Updates:
    """Bring a folder of this test's own up to date, with a cache of its own."""

    def asked(*tickers: str, **options: Any) -> Update:
        given: dict[str, Any] = {"agent": AGENT, "sources": ("sec",), "patience": QUICK}
        given |= {"since": "2025-01-01", "cache": tmp_path / "cache"}
        return update_facts(tmp_path / "mine", tickers, **(given | options))

    return asked
