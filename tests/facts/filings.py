"""Filings as the SEC's company facts hold them, and Yahoo's statements, of companies of a test."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.yahoo.server import Fault, Yahoo

AGENT = "Jane Doe jane@example.com"


def entry(
    start: str, end: str, value: float, filed: str, form: str = "10-Q", accn: str = "0-25-1"
) -> dict[str, Any]:
    """One figure of a filing."""
    return {"start": start, "end": end, "val": value, "filed": filed, "form": form, "accn": accn}


def company(**tags: list[dict[str, Any]]) -> dict[str, Any]:
    """Company facts of these tags, in USD, but for shares."""
    return {
        "us-gaap": {
            tag: {"units": {"shares" if "Shares" in tag else "USD": rows}}
            for tag, rows in tags.items()
        }
    }


@dataclass
class Statement:
    """Yahoo's statements of a company: figures by item and date."""

    items: dict[str, dict[str, float]]
    currency: str = "USD"

    def answer(self) -> list[dict[str, Any]]:
        """As the endpoint of time series has it."""
        return [
            {
                "meta": {"type": [item]},
                item: [
                    {
                        "asOfDate": date,
                        "currencyCode": self.currency,
                        "reportedValue": {"raw": value, "fmt": "x"},
                    }
                    for date, value in figures.items()
                ],
            }
            for item, figures in self.items.items()
        ]


@dataclass
class Sources(Yahoo):
    """The SEC and Yahoo on one server."""

    numbers: dict[str, int] = field(default_factory=dict)
    filed: dict[int, Any] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def reset(self) -> None:
        super().reset()
        for kept in (self.numbers, self.filed, self.statements):
            kept.clear()

    def filings(self) -> list[str]:
        """Paths that the SEC was asked for."""
        return [path for host, path in self.asked if host.endswith("sec.gov")]

    def reply(self, host: str, path: str) -> Fault:
        answer = super().reply(host, path)
        if answer.status != 404 or answer.body != "{}":
            return answer
        address = urlsplit(path)
        if host.endswith("sec.gov"):
            return self._filed(address.path)
        if "fundamentals-timeseries" in address.path:
            symbol = parse_qs(address.query)["symbol"][0]
            found = self.statements.get(symbol)
            body = {"timeseries": {"result": found.answer() if found else [], "error": None}}
            return Fault(200, json.dumps(body), "application/json")
        return answer

    def _filed(self, path: str) -> Fault:
        if path.endswith("company_tickers.json"):
            rows = {
                str(i): {"cik_str": number, "ticker": name, "title": name}
                for i, (name, number) in enumerate(self.numbers.items())
            }
            return Fault(200, json.dumps(rows), "application/json")
        number = int(path.rpartition("CIK")[2].removesuffix(".json"))
        if number not in self.filed:
            return Fault(404, "<Error><Code>NoSuchKey</Code></Error>", "application/xml")
        body = json.dumps({"cik": number, "entityName": "x", "facts": self.filed[number]})
        return Fault(200, body, "application/json", packed=True)
