"""A server on the loopback that answers as Yahoo's chart endpoint does, behind a CONNECT proxy.

yfinance and curl speak to it unpatched: the proxy is set in yfinance's own configuration, and it
leads every host, whatever its name, to one server of TLS whose certificate a CA of the test signed.
"""

from __future__ import annotations

import gzip
import json
import socketserver
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd
import trustme

HOSTS = ("*.finance.yahoo.com", "*.yahoo.com", "finance.yahoo.com", "yahoo.com", "*.sec.gov")
ZONE = "America/New_York"


@dataclass
class Listing:
    """A share as it was traded; what Yahoo makes of it follows.

    `closes` are those of the day, unadjusted; `splits` and `dividends` are by session. Fields of
    `meta` replace those of the answer, and `tamper` may do anything to the answer.
    """

    closes: pd.Series
    splits: dict[str, float] = field(default_factory=dict)
    dividends: dict[str, float] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    zone: str = ZONE
    tamper: Callable[[dict[str, Any]], None] = lambda _: None

    def answer(self, symbol: str, first: int, last: int) -> dict[str, Any]:
        """What the chart endpoint says of the days between two moments."""
        days = pd.DatetimeIndex(self.closes.index)
        opens = (days.tz_localize(self.zone) + pd.Timedelta("9h30min")).as_unit("s").asi8
        ahead = np.ones(len(days))  # splits still to come on each day
        for day, ratio in self.splits.items():
            ahead[days < pd.Timestamp(day)] *= ratio
        close = self.closes.to_numpy(float) / ahead
        paid = {d: amount / ahead[days.get_loc(d)] for d, amount in self.dividends.items()}
        factor = np.ones(len(days))
        for day, amount in paid.items():
            place = int(days.get_indexer(pd.DatetimeIndex([day]))[0])
            factor[:place] *= 1.0 - amount / close[place - 1]
        shown = (opens >= first) & (opens <= last)
        at = {f"{d:%Y-%m-%d}": int(moment) for d, moment in zip(days, opens, strict=True)}
        dividends = {
            str(at[d]): {"amount": amount, "date": at[d]}
            for d, amount in paid.items()
            if first <= at[d] <= last
        }
        splits = {
            str(at[d]): {"date": at[d], "numerator": ratio, "denominator": 1.0, "splitRatio": "x"}
            for d, ratio in self.splits.items()
            if first <= at[d] <= last
        }
        meta = {
            "symbol": symbol,
            "currency": "USD",
            "exchangeTimezoneName": self.zone,
            "instrumentType": "EQUITY",
            "firstTradeDate": int(opens[0]),
            "regularMarketTime": int(opens[-1]) + 23_400,
            "validRanges": ["1d", "5d", "max"],
            "priceHint": 2,
            **self.meta,
        }
        prices = [None if np.isnan(value) else float(value) for value in close[shown]]
        adjusted = [None if np.isnan(value) else float(value) for value in (close * factor)[shown]]
        quote = dict.fromkeys(("open", "high", "low", "close"), prices)
        result = {
            "meta": meta,
            "timestamp": [int(moment) for moment in opens[shown]],
            "events": {"dividends": dividends, "splits": splits},
            "indicators": {
                "quote": [{**quote, "volume": [1_000] * int(shown.sum())}],
                "adjclose": [{"adjclose": adjusted}],
            },
        }
        self.tamper(result)
        return {"chart": {"result": [result], "error": None}}


@dataclass(frozen=True)
class Fault:
    """An answer in place of the one that would have been right."""

    status: int = 200
    body: str = ""
    kind: str = "text/html"
    delay: float = 0.0
    cut: bool = False
    """Whether the body ends before the length that its head tells."""
    packed: bool = False
    """Whether the body is compressed for who takes that."""
    where: str = "/v8/finance/chart/"
    """What the address contains that it stands for."""


TOO_MANY = Fault(429, "Too Many Requests\r\n")
ERROR_PAGE = Fault(200, "<html><body>We are sorry</body></html>")
BROKEN = Fault(500, "<html>Internal Server Error</html>")


class Yahoo:
    """The server: what it lists, what it does wrong next, and what it was asked."""

    def __init__(self) -> None:
        self.listings: dict[str, Listing] = {}
        self.faults: deque[Fault] = deque()
        self.always: list[Fault] = []
        self.asked: list[tuple[str, str]] = []
        self.agents: list[str] = []
        self.closing = threading.Event()

    def reset(self) -> None:
        """Forget everything."""
        self.listings.clear()
        self.faults.clear()
        self.always.clear()
        self.asked.clear()
        self.agents.clear()

    def charts(self) -> list[str]:
        """Tickers of which a history was asked for, in order."""
        return [
            urlsplit(path).path.rpartition("/")[2]
            for _, path in self.asked
            if "/v8/finance/chart/" in path and "period1" in path
        ]

    def reply(self, host: str, path: str) -> Fault:
        """What a request gets."""
        self.asked.append((host, path))
        for fault in self.always:
            if fault.where in path:
                return fault
        if self.faults and self.faults[0].where in path:
            return self.faults.popleft()
        address = urlsplit(path)
        if address.path.startswith("/v8/finance/chart/"):
            return self._chart(address.path.rpartition("/")[2], parse_qs(address.query))
        if address.path == "/v1/test/getcrumb":
            return Fault(200, "crumb", "text/plain")
        return Fault(404, "{}", "application/json")

    def _chart(self, symbol: str, query: dict[str, list[str]]) -> Fault:
        listing = self.listings.get(symbol)
        if listing is None:
            words = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            body = {"chart": {"result": None, "error": words}}
            return Fault(404, json.dumps(body), "application/json")
        last = int(pd.Timestamp.now("UTC").timestamp())
        first = int(query.get("period1", [str(last - 7 * 86_400)])[0])
        return Fault(200, json.dumps(listing.answer(symbol, first, last)), kind="application/json")


class _Proxy(socketserver.BaseRequestHandler):
    """Answers CONNECT, and then is the host that was asked for."""

    yahoo: ClassVar[Yahoo]
    context: ClassVar[ssl.SSLContext]

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += (got := self.request.recv(4096))
            if not got:
                return
        host = head.split()[1].decode().rpartition(":")[0]
        self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with (
            suppress(OSError),  # the client may leave at any time
            self.context.wrap_socket(self.request, server_side=True) as secure,
        ):
            _Page(secure, (host, 443), self.yahoo)  # type: ignore[arg-type]


class _Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        yahoo: Yahoo = self.server  # type: ignore[assignment]
        yahoo.agents.append(self.headers.get("User-Agent", ""))
        fault = yahoo.reply(self.client_address[0], self.path)
        if fault.delay and yahoo.closing.wait(fault.delay):
            return
        body = fault.body.encode()
        if packed := fault.packed and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body)
        self.send_response(fault.status)
        self.send_header("Content-Type", fault.kind)
        if packed:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body) * (2 if fault.cut else 1)))
        if "fc.yahoo" in self.client_address[0]:
            self.send_header(
                "Set-Cookie", "A3=x; Domain=.yahoo.com; Path=/; Secure; Max-Age=9999999"
            )
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = fault.cut

    do_POST = do_GET

    def log_message(self, *_: Any) -> None: ...


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None: ...


@contextmanager
def serving(authority: trustme.CA, stands: Yahoo | None = None) -> Iterator[tuple[Yahoo, str]]:
    """The server, and the address of its proxy."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    yahoo = stands or Yahoo()
    handler = type("Proxy", (_Proxy,), {"yahoo": yahoo, "context": context})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield yahoo, f"http://127.0.0.1:{server.server_address[1]}"
        yahoo.closing.set()
        server.shutdown()
        thread.join()
