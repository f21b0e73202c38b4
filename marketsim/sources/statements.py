"""A company's latest quarters and splits as Yahoo has them, through yfinance.

Yahoo says neither when a figure was published nor whether it has been restated since: its figures
count from the day on which they were asked for. It writes the month's end where a quarter ended on
a weekday near to it. yfinance's frames of statements drop the currency, so its transport is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from marketsim.files import safe_name
from marketsim.sources.asking import Missing, Refused, ask
from marketsim.sources.kept import Answer, keep_answer, kept_answer
from marketsim.sources.limiter import LIMITER, Limiter, Patience
from marketsim.sources.reports import CAPEX, REVENUE, SHARES, Report, millions
from marketsim.sources.yahoo import yfinance_asked

__all__ = ["yahoo_reports"]

ADDRESS: Final = (
    "https://query2.finance.yahoo.com/ws/fundamentals-timeseries/v1/finance/timeseries/"
)
ITEMS: Final = {
    "quarterlyTotalRevenue": REVENUE,
    "quarterlyCapitalExpenditure": CAPEX,
    "annualDilutedAverageShares": SHARES,
}
VERSION: Final = 1
"""Of what a kept answer holds."""
FRESH: Final = pd.Timedelta(hours=12)
START: Final = 1_483_142_400  # 2016-12-31: Yahoo tells of five quarters and four years in any case


def yahoo_reports(
    ticker: str,
    cache: Path,
    patience: Patience,
    limiter: Limiter = LIMITER,
    now: pd.Timestamp | None = None,
) -> list[Report]:
    """Quarterly revenue and capital spending, and yearly diluted shares, of one company.

    An answer is kept for twelve hours; its figures count from the day on which it came.

    Parameters
    ----------
    ticker : str
        As Yahoo writes it.
    cache : Path
        Folder of the user's cache.
    patience : Patience
    limiter : Limiter
        Yahoo's, of the process.
    now : Timestamp, optional
        Moment of the question, with a time zone.

    Raises
    ------
    Missing
        Yahoo has no statements of it.
    Unreachable, Unusable
        As `marketsim.sources.asking.ask`.
    """
    moment = pd.Timestamp.now("UTC") if now is None else now
    path = cache / "sources" / f"yahoo-{VERSION}" / f"{safe_name(ticker)}.json.gz"
    address = f"{ADDRESS}{ticker}"

    def read(answer: Answer) -> list[Report] | None:
        return _found(answer, ticker) or None

    kept = kept_answer(path, address, FRESH, moment, read)
    if kept is not None:
        return kept

    def question() -> tuple[Answer, list[Report]]:
        answer = Answer(_asked(ticker, moment, patience.request), moment)
        try:
            return answer, _found(answer, ticker)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise Refused("Yahoo answered with something other than statements") from error

    answer, found = ask(question, patience, limiter)
    if not found:
        raise Missing("Yahoo has no quarterly statements of it")
    keep_answer(path, address, answer)
    return found


def _asked(ticker: str, moment: pd.Timestamp, seconds: float) -> Mapping[str, Any]:
    """What Yahoo answers."""
    with yfinance_asked() as yfinance:
        query = {
            "symbol": ticker,
            "type": ",".join(ITEMS),
            "period1": START,
            "period2": int(moment.ceil("D").timestamp()),
        }
        data = yfinance.data.YfData()
        return dict(data.get_raw_json(f"{ADDRESS}{ticker}", query, seconds))


def _found(answer: Answer, ticker: str) -> list[Report]:
    """The reports in an answer, by quantity and date; what holds none of them raises."""
    results = (answer.content.get("timeseries") or {}).get("result") or []
    today = answer.asked.tz_convert(None).normalize()
    found = [report for row in results for report in _reports(row, ticker, today)]
    return sorted(found, key=lambda report: (report.quantity, report.date))


def _reports(row: Any, ticker: str, today: pd.Timestamp) -> Iterator[Report]:
    if not isinstance(row, Mapping):
        raise TypeError("no row of statements")
    for item, quantity in ITEMS.items():
        for cell in row.get(item) or ():
            report = _report(cell, quantity, ticker, today)
            if report is not None:
                yield report


def _report(cell: Any, quantity: str, ticker: str, today: pd.Timestamp) -> Report | None:
    try:
        date = pd.Timestamp(cell["asOfDate"])
        value = float(cell["reportedValue"]["raw"])
        currency = str(cell.get("currencyCode") or "no currency")
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if pd.isna(date) or date >= today or value == 0.0 or not abs(value) < 1e18:
        return None
    return Report(
        quantity,
        ticker,
        date,
        today,
        millions(abs(value) if quantity == CAPEX else value),  # spending is told below nothing
        "m shares" if quantity == SHARES else f"{currency} m",
        f"Yahoo quarterly statement, retrieved {today:%Y-%m-%d}",
        "published when retrieved: Yahoo tells no day; its date may be the month's end",
        first=False,
    )
