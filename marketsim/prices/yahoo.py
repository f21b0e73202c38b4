"""One ticker's bars as Yahoo has them, through yfinance.

Each ticker is asked for by itself, raw, with its splits and dividends, and what comes back is
either bars that pass every check or an error that says whose fault it is.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import pandas as pd

from marketsim.prices.adjusting import unlike
from marketsim.prices.bars import bars_fault
from marketsim.prices.cache import Kept
from marketsim.sources.asking import Broken, Refused, Unusable, ask
from marketsim.sources.limiter import LIMITER, Limiter, Patience
from marketsim.sources.yahoo import yfinance_asked

__all__ = ["ask_yahoo", "finished"]

META: Final = ("symbol", "currency", "exchangeTimezoneName", "regularMarketTime", "firstTradeDate")
LATEST: Final = pd.Timedelta(days=7)  # from the last bar to the last trade, at the most
CURRENCY: Final = "USD"
COLUMNS: Final = ("Close", "Adj Close", "Volume", "Dividends", "Stock Splits")


class _Answer(NamedTuple):
    frame: pd.DataFrame
    meta: dict[str, Any]


def ask_yahoo(
    ticker: str,
    first: pd.Timestamp,
    patience: Patience,
    limiter: Limiter = LIMITER,
) -> Kept:
    """Bars of a ticker from a day to the last session that is over.

    Parameters
    ----------
    ticker : str
        As Yahoo writes it.
    first : Timestamp
    patience : Patience
    limiter : Limiter
        That of the process.

    Raises
    ------
    Unreachable
        After as many tries as `patience` has; the message says what came of the last.
    Missing
        Yahoo says that it knows no such ticker.
    Unusable
        The bars fail a check, or lack days, or cannot be read, twice.
    """

    def question() -> Kept:
        answer = _history(ticker, first, patience.request)
        return _checked(answer, ticker, first, pd.Timestamp.now("UTC"))

    return ask(question, patience, limiter)


def finished(zone: str, now: pd.Timestamp) -> pd.Timestamp:
    """The last day that is over where the exchange is: today's bar may still move."""
    return pd.Timestamp(now.tz_convert(zone).date()) - pd.Timedelta(days=1)


def _history(ticker: str, first: pd.Timestamp, seconds: float) -> _Answer:
    """What yfinance answers, with its failures told apart."""
    with yfinance_asked() as yfinance:
        source = yfinance.Ticker(ticker)
        frame = source.history(  # without an end: what has one in the past is kept in memory
            start=f"{first:%Y-%m-%d}",
            auto_adjust=False,
            actions=True,
            keepna=True,
            timeout=seconds,
        )
        if frame.empty:
            raise Refused("it answered with an empty frame")
        meta = source.history_metadata
        return _Answer(frame, {name: meta.get(name) for name in META})


def _checked(answer: _Answer, ticker: str, first: pd.Timestamp, now: pd.Timestamp) -> Kept:
    """The answer as bars that have passed every check.

    Raises
    ------
    Unusable
        They did not.
    Refused
        The answer is cut short.
    """
    meta = answer.meta
    symbol, currency, zone = meta["symbol"], meta["currency"], meta["exchangeTimezoneName"]
    if symbol and str(symbol).upper() != ticker.upper():
        raise Unusable(f"Yahoo answers for {symbol} now; ask for that")
    if currency != CURRENCY:
        raise Unusable(
            f"its prices are in {currency or 'no currency'}; ask for a line of it in {CURRENCY}, "
            "or convert them and give a file"
        )
    until = finished(zone, now)
    rows = _sessions(answer.frame).loc[:until]
    bars = rows[["close", "volume", "dividend", "split"]]
    if fault := bars_fault(bars, ticker):
        raise Unusable(fault)
    _whole(bars, meta, first, until)
    gains = bars.assign(dividend=bars["dividend"] + rows["gain"])
    fault = unlike(bars, rows["adjusted"])
    if fault and unlike(gains, rows["adjusted"]):  # Yahoo counts a fund's gains once, or twice
        raise Unusable(fault)
    traded = _date(meta["regularMarketTime"], until)
    late = bars.index[-1] < traded <= until  # a bar that is still to come is to be asked for again
    return Kept(bars, first, bars.index[-1] if late else until, zone)


def _sessions(frame: pd.DataFrame) -> pd.DataFrame:
    """One row by session with a close, on the exchange's own dates.

    What happened on a day without a close belongs to the next that has one.
    """
    if lacking := [name for name in COLUMNS if name not in frame.columns]:
        raise Refused(f"yfinance answered without the column {', '.join(lacking)}")
    days = pd.DatetimeIndex(frame.index)
    named = pd.DataFrame(
        {
            "close": frame["Close"].to_numpy(float),
            "adjusted": frame["Adj Close"].to_numpy(float),
            "volume": frame["Volume"].to_numpy(float),
            "dividend": frame["Dividends"].to_numpy(float),
            "gain": frame.get("Capital Gains", pd.Series(0.0, days)).to_numpy(float),
            "split": frame["Stock Splits"].replace(0.0, 1.0).to_numpy(float),
        },
        index=pd.DatetimeIndex(days.tz_localize(None).normalize().to_numpy("M8[us]"), name="date"),
    )
    there = named["close"].notna()
    session = named.index.to_series().where(there).bfill()
    rows = named[there].copy()
    for name, total in (("dividend", "sum"), ("gain", "sum"), ("split", "prod")):
        rows[name] = named[name].groupby(session).agg(total).reindex(rows.index)
    return rows


def _whole(
    bars: pd.DataFrame, meta: dict[str, Any], first: pd.Timestamp, until: pd.Timestamp
) -> None:
    """Refuse bars that do not reach from the first trade to the last, as Yahoo tells them.

    A ticker that is no longer traded ends where its last trade was, and may.

    Raises
    ------
    Broken
        Bars stop over a week before the last trade, or begin over a week after the first.
    """
    traded = min(_date(meta["regularMarketTime"], until), until)
    if bars.index[-1] < traded - LATEST:
        raise Broken(
            f"its prices stop on {bars.index[-1]:%Y-%m-%d}, and it was traded on {traded:%Y-%m-%d}"
        )
    listed = max(_date(meta["firstTradeDate"], bars.index[0]), first)
    if bars.index[0] > listed + LATEST:
        raise Broken(
            f"its prices begin on {bars.index[0]:%Y-%m-%d}, and it was traded on {listed:%Y-%m-%d}"
        )


def _date(moment: Any, default: pd.Timestamp) -> pd.Timestamp:
    """The exchange's date of a moment, as yfinance hands it over."""
    return pd.Timestamp(moment.date()) if isinstance(moment, pd.Timestamp) else default
