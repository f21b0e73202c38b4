"""One ticker's bars as Yahoo has them, through yfinance: the one module that reaches the network.

yfinance answers an outage with empty frames, a refusal with "possibly delisted" or columns of NaN,
and keeps bad pages in a cache of its own. So each ticker is asked for by itself, raw, with its
splits and dividends, yfinance's memory is emptied before each question, and what comes back is
either bars that pass every check or an error that says whose fault it is.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import shutil
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from marketsim.errors import PriceError
from marketsim.prices.adjusting import unlike
from marketsim.prices.bars import bars_fault
from marketsim.prices.cache import Kept
from marketsim.prices.limiter import LIMITER, Limiter, Patience, within

__all__ = ["Missing", "Unreachable", "Unusable", "ask_yahoo", "finished"]

NOT_THERE: Final = re.compile(r"no data found|not found|delisted|data doesn't exist", re.IGNORECASE)
META: Final = ("symbol", "currency", "exchangeTimezoneName", "regularMarketTime", "firstTradeDate")
LATEST: Final = pd.Timedelta(days=7)  # from the last bar to the last trade, at the most
CURRENCY: Final = "USD"
COLUMNS: Final = ("Close", "Adj Close", "Volume", "Dividends", "Stock Splits")
_ASKING: Final = threading.Lock()
"""yfinance's settings are those of the process: one thread asks at a time."""


class Unreachable(PriceError):
    """Yahoo cannot be reached, or refuses: nothing is known of the ticker."""


class Missing(PriceError):
    """Yahoo says that it has no such ticker, which it also says when it refuses."""


class Unusable(PriceError):
    """Yahoo answered, with bars that cannot be right, or are not in USD."""


class _Refused(Exception):
    """One try came to nothing, and another may not; `most` times of this kind are enough."""

    most: float = np.inf
    kind: type[PriceError] = Unreachable


class _Away(_Refused):
    """There is no connection, which waiting mends less often than a refusal."""

    most = 3


class _Broken(_Refused):
    """An answer that lacks days, or cannot be read: this ticker's, and others may be whole."""

    most = 2
    kind = Unusable


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
    tried: list[type[_Refused]] = []
    while True:
        limiter.turn(patience.spacing)
        try:
            answer = _in_time(ticker, first, patience)
            return _checked(answer, ticker, first, pd.Timestamp.now("UTC"))
        except _Refused as error:
            tried.append(type(error))
            if len(tried) >= patience.tries or tried.count(type(error)) >= error.most:
                times = f"{len(tried)} time{'s' * (len(tried) > 1)}"
                raise error.kind(f"{error}, {times} in a row") from error
        limiter.refused(patience, len(tried))


def finished(zone: str, now: pd.Timestamp) -> pd.Timestamp:
    """The last day that is over where the exchange is: today's bar may still move."""
    return pd.Timestamp(now.tz_convert(zone).date()) - pd.Timedelta(days=1)


def _in_time(ticker: str, first: pd.Timestamp, patience: Patience) -> _Answer:
    try:
        return within(patience.deadline, lambda: _history(ticker, first, patience.request))
    except TimeoutError as error:
        raise _Refused(str(error)) from error


def _history(ticker: str, first: pd.Timestamp, seconds: float) -> _Answer:
    """What yfinance answers, with its failures told apart."""
    import yfinance  # slow to import, and few runs need it

    with _ASKING, _frank(yfinance):
        _private_folder(os.getpid())
        yfinance.data.YfData.cache_get.cache_clear()  # it keeps error pages as if they were answers
        try:
            source = yfinance.Ticker(ticker)
            frame = source.history(  # without an end: what has one in the past is kept in memory
                start=f"{first:%Y-%m-%d}",
                auto_adjust=False,
                actions=True,
                keepna=True,
                timeout=seconds,
            )
            if frame.empty:
                raise _Refused("it answered with an empty frame")
            meta = source.history_metadata
            return _Answer(frame, {name: meta.get(name) for name in META})
        except _Refused:
            raise
        except Exception as error:  # its transport raises kinds of its own
            raise _told(error, yfinance.exceptions) from error


def _told(error: Exception, kinds: Any) -> Exception:
    """Whether a failure says that there is no such ticker, or nothing about it."""
    reason = getattr(error, "yahoo_reason", None)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, kinds.YFRateLimitError):
        return _Refused("it refuses for too many requests (status 429)")
    if isinstance(error, kinds.YFTickerMissingError) and NOT_THERE.search(reason or "not found"):
        return Missing(str(reason or "no prices"))
    if status == 404:
        return Missing("not found")
    if reason or (status or 0) >= 400:
        return _Refused(f"it answered '{reason or f'status {status}'}'")
    if type(error).__name__ == "JSONDecodeError":
        return _Refused(
            "it answered with something other than prices: an error page, or half of it"
        )
    if isinstance(error, OSError):
        said = " ".join(str(error).partition(" See http")[0].split())
        return _Away(f"it could not be reached ({said[:200].rstrip('.')})")
    if isinstance(error, kinds.YFDataException):
        return _Refused(f"it is down ({error})")
    return _Broken(f"yfinance could not read its answer ({type(error).__name__}: {error})")


@contextmanager
def _frank(yfinance: Any) -> Iterator[None]:
    """Let yfinance raise what goes wrong, rather than log it and answer with an empty frame.

    What it uses of pandas that is to change is not the caller's to mend.
    """
    debug, logger = yfinance.config.debug, logging.getLogger("yfinance")
    hidden, level = debug.hide_exceptions, logger.level
    debug.hide_exceptions = False
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        debug.hide_exceptions = hidden
        logger.setLevel(level)


@cache
def _private_folder(process: int) -> str:
    """A folder of this process for yfinance's cookies and time zones: a shared one locks."""
    import yfinance

    folder = tempfile.mkdtemp(prefix=f"marketsim-yahoo-{process}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    yfinance.set_tz_cache_location(folder)
    return folder


def _checked(answer: _Answer, ticker: str, first: pd.Timestamp, now: pd.Timestamp) -> Kept:
    """The answer as bars that have passed every check.

    Raises
    ------
    Unusable
        They did not.
    _Refused
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
        raise _Refused(f"yfinance answered without the column {', '.join(lacking)}")
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
    _Broken
        Bars stop over a week before the last trade, or begin over a week after the first.
    """
    traded = min(_date(meta["regularMarketTime"], until), until)
    if bars.index[-1] < traded - LATEST:
        raise _Broken(
            f"its prices stop on {bars.index[-1]:%Y-%m-%d}, and it was traded on {traded:%Y-%m-%d}"
        )
    listed = max(_date(meta["firstTradeDate"], bars.index[0]), first)
    if bars.index[0] > listed + LATEST:
        raise _Broken(
            f"its prices begin on {bars.index[0]:%Y-%m-%d}, and it was traded on {listed:%Y-%m-%d}"
        )


def _date(moment: Any, default: pd.Timestamp) -> pd.Timestamp:
    """The exchange's date of a moment, as yfinance hands it over."""
    return pd.Timestamp(moment.date()) if isinstance(moment, pd.Timestamp) else default
