"""Adjusted closes from yfinance, kept in a Parquet cache that only good answers enter.

Offline yfinance answers with an empty frame and no exception, and a refusal for too many
requests becomes a column of NaN: both look like prices. Here each is a PriceError that names
its tickers. A file of the cache holds one ticker over one span, since levels of different
days of adjustment do not join.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError, PriceError
from marketsim.files import replace_file

__all__ = ["download", "last_finished_day", "yahoo_closes"]

FIRST_DAY: Final = pd.Timestamp("2014-12-31")
TICKER: Final = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=-]*")
LONGEST_GAP: Final = 5  # rows without a close inside a series: exchanges keep different holidays
LATEST_END: Final = pd.Timedelta(days=7)


def last_finished_day() -> pd.Timestamp:
    """Yesterday in UTC: today's bar may still move, and would be cached half done."""
    return pd.Timestamp.now("UTC").tz_localize(None).normalize() - pd.Timedelta(days=1)


def yahoo_closes(
    tickers: Sequence[str], start: pd.Timestamp, end: pd.Timestamp, folder: Path
) -> tuple[pd.DataFrame, pd.Series]:
    """Adjusted daily closes from the cache where it covers the span, else from yfinance.

    Returns
    -------
    closes : DataFrame [date, ticker]
        From `start` to `end`, both included.
    days : Series, by ticker
        Of the answer: closes are adjusted for all splits until then.

    Raises
    ------
    PriceError
        yfinance gave no good answer; the message names the tickers. Nothing bad is cached,
        and what was good is.
    """
    strange = [ticker for ticker in tickers if not TICKER.fullmatch(ticker)]
    if strange:
        raise InputError(f"{', '.join(map(repr, strange))} cannot be a ticker of Yahoo's")
    found = {ticker: _cached(folder, ticker, start, end) for ticker in tickers}
    missing = [ticker for ticker, answer in found.items() if answer is None]
    today = pd.Timestamp.now("UTC").tz_localize(None).normalize()
    if missing:
        answer = _closes(download(missing, start, end), missing)
        faults = {ticker: _fault(answer[ticker]) for ticker in missing}
        for ticker in missing:
            if not faults[ticker]:
                found[ticker] = answer[ticker].dropna(), today
                _store(folder, ticker, start, end, answer[ticker].dropna(), today)
        _refuse({ticker: fault for ticker, fault in faults.items() if fault})
    kept = {ticker: pair for ticker, pair in found.items() if pair is not None}
    panel = pd.DataFrame({ticker: series for ticker, (series, _) in kept.items()})
    days = pd.Series({ticker: day for ticker, (_, day) in kept.items()})
    return panel.rename_axis("date").sort_index().loc[start:end], days


def download(tickers: Sequence[str], start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """What yfinance answers, unchecked: the one place of marketsim that reaches the network."""
    import yfinance  # slow to import, and few runs need it

    try:
        with _quiet("yfinance"):
            answer = yfinance.download(
                list(tickers),
                start=f"{start:%Y-%m-%d}",
                end=f"{end + pd.Timedelta(days=1):%Y-%m-%d}",  # yfinance leaves the end out
                auto_adjust=True,
                progress=False,
                threads=False,
            )
    except Exception as error:  # its transport raises kinds of its own
        raise PriceError(_unreachable(tickers, str(error))) from error
    if answer is None or answer.empty:
        raise PriceError(_unreachable(tickers, "it answered with an empty frame"))
    return pd.DataFrame(answer)


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Its own complaints are left out: the PriceError says the same once, with the way out."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _closes(answer: pd.DataFrame, tickers: Sequence[str]) -> pd.DataFrame:
    """Closes by ticker; a ticker that is not in the answer is a column of NaN."""
    if "Close" not in answer.columns:
        raise PriceError(_unreachable(tickers, "it answered without closes"))
    closes = answer["Close"]
    frame = closes.to_frame(tickers[0]) if isinstance(closes, pd.Series) else closes
    days = pd.DatetimeIndex(frame.index)
    frame = frame.set_axis((days.tz_localize(None) if days.tz else days).normalize())
    return frame[~frame.index.duplicated(keep=False)].reindex(columns=list(tickers)).astype(float)


def _fault(series: pd.Series) -> str:
    """What is wrong with one ticker's closes, or nothing."""
    values = series.loc[series.first_valid_index() : series.last_valid_index()].to_numpy(float)
    if series.notna().sum() == 0:
        return "no closes"
    if not (np.isfinite(values) | np.isnan(values)).all() or (values <= 0.0).any():
        return "closes that are not positive numbers"
    if _longest_gap(np.isnan(values)) > LONGEST_GAP:
        return f"more than {LONGEST_GAP} days in a row missing"
    return ""


def _longest_gap(missing: np.ndarray) -> int:
    present = np.flatnonzero(np.r_[True, ~missing, True])
    return int(np.diff(present).max()) - 1


def _refuse(faults: dict[str, str]) -> None:
    if faults:
        listed = ", ".join(f"{ticker} ({fault})" for ticker, fault in faults.items())
        raise PriceError(_unreachable(list(faults), f"its answer was not usable: {listed}"))


def _unreachable(tickers: Sequence[str], why: str) -> str:
    return (
        f"yfinance gave no prices for {', '.join(tickers)}: {why}. Check the connection and the "
        "tickers and try again in a new process (yfinance keeps bad answers), "
        "or give a file of closes, or leave source out for the embedded snapshot"
    )


def _cached(
    folder: Path, ticker: str, start: pd.Timestamp, end: pd.Timestamp
) -> tuple[pd.Series, pd.Timestamp] | None:
    """Closes and the day of the answer; that of the file where it was kept without."""
    for path in sorted((folder / "prices" / ticker).glob("*.parquet"), reverse=True):
        first, _, last = path.stem.partition("_")
        if first <= f"{start:%Y-%m-%d}" and last >= f"{end:%Y-%m-%d}":
            try:
                kept = pd.read_parquet(path)
                day = kept["adjusted"].iloc[-1] if "adjusted" in kept else _written(path)
                return kept["close"].loc[start:end].rename(ticker), pd.Timestamp(day)
            except (OSError, ValueError, KeyError):  # unreadable: as good as absent
                continue
    return None


def _written(path: Path) -> pd.Timestamp:
    return pd.Timestamp(path.stat().st_mtime, unit="s").normalize()


def _store(
    folder: Path,
    ticker: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    closes: pd.Series,
    adjusted: pd.Timestamp,
) -> None:
    """Keep an answer, unless it stops short of the span: the rest may yet come."""
    if closes.index[-1] < end - LATEST_END:
        return
    buffer = BytesIO()
    kept = closes.rename("close").rename_axis("date").to_frame().assign(adjusted=adjusted)
    kept.to_parquet(buffer)
    path = folder / "prices" / ticker / f"{start:%Y-%m-%d}_{end:%Y-%m-%d}.parquet"
    replace_file(path, buffer.getvalue())
