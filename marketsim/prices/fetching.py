"""Adjusted closes of tickers, from the cache where it has them, and else from Yahoo.

A ticker's bars are kept as soon as they have come, so that whoever is refused half-way goes on from
there. Where bars lie in the cache only later ones are asked for, with some that are known: if these
are other than they were, or a split came, all of the history is fetched again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.dates import today
from marketsim.errors import InputError, PriceError
from marketsim.prices.adjusting import adjusted_closes, splits_of
from marketsim.prices.bars import bars_fault
from marketsim.prices.cache import Kept, change_kept, read_kept
from marketsim.prices.splits import NO_SPLITS
from marketsim.prices.statistics import MARKET
from marketsim.prices.yahoo import ask_yahoo, finished
from marketsim.sources.asking import Missing, Unreachable, Unusable
from marketsim.sources.limiter import Patience

__all__ = ["FIRST_DAY", "last_finished_day", "sound_closes", "yahoo_closes"]

FIRST_DAY: Final = pd.Timestamp("2014-12-31")
TICKER: Final = re.compile(r"[A-Za-z0-9^][A-Za-z0-9.^=-]{0,31}")
OVERLAP: Final = pd.Timedelta(days=14)
SAME: Final = 1e-4  # Yahoo's closes are float32


def last_finished_day() -> pd.Timestamp:
    """Yesterday in UTC: today's bar may still move."""
    return today() - pd.Timedelta(days=1)


def yahoo_closes(
    tickers: Sequence[str],
    start: pd.Timestamp,
    end: pd.Timestamp,
    folder: Path,
    patience: Patience | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Daily closes, adjusted for splits and dividends up to their last day.

    Parameters
    ----------
    tickers : names
        As Yahoo writes them.
    start, end : Timestamp
        First and last day, both included.
    folder : Path
        Of the cache.
    patience : Patience, optional
        How long to go on where Yahoo refuses.

    Returns
    -------
    closes : DataFrame [date, ticker]
    splits : DataFrame
        Those of Yahoo's that the closes are adjusted for: columns entity, date, value.

    Raises
    ------
    InputError
        A name cannot be a ticker of Yahoo's.
    PriceError
        Of one ticker at least there are no good bars; the message names it, tells a ticker that is
        not known from a refusal, and says what is in the cache. Nothing bad is kept, and what was
        good is.
    """
    closes, splits, _ = sound_closes(tickers, tickers, start, end, folder, patience)
    return closes, splits


def sound_closes(
    tickers: Sequence[str],
    needed: Sequence[str],
    start: pd.Timestamp,
    end: pd.Timestamp,
    folder: Path,
    patience: Patience | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """As `yahoo_closes`, without tickers that Yahoo does not know, or answers amiss about.

    Returns
    -------
    closes, splits : DataFrame
    left_out : dict
        Why a ticker has no closes.

    Raises
    ------
    PriceError
        One of those ``needed`` is such, or all others are; or Yahoo refuses or cannot be reached,
        which says nothing of a ticker and never makes a shorter frame.
    """
    _require_tickers(tickers)
    kept: dict[str, Kept] = {}
    faults: dict[str, str] = {}
    for place, ticker in enumerate(tickers):
        try:
            kept[ticker] = _bars(ticker, start, end, folder, patience or Patience())
        except (Missing, Unusable) as error:
            faults[ticker] = str(error)
        except Unreachable as error:
            left = [*faults, *tickers[place:]]
            raise PriceError(_refusal(left, tickers, str(error), folder)) from error
        if ticker in kept and kept[ticker].bars.index[0] > end:
            faults[ticker] = f"no closes before {kept.pop(ticker).bars.index[0]:%Y-%m-%d}"
    if faults and (not set(faults).isdisjoint(needed) or set(kept) <= set(needed)):
        raise PriceError(_unusable(faults, tickers))
    return *_joined(kept, start, end), faults


def _joined(
    kept: dict[str, Kept], start: pd.Timestamp, end: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    closes = {ticker: adjusted_closes(k.bars, end) for ticker, k in kept.items()}
    panel = pd.DataFrame(closes).rename_axis("date").sort_index().loc[start:end]
    splits = [splits_of(k.bars, ticker, end) for ticker, k in kept.items()]
    some = [table for table in splits if len(table)]
    return panel, pd.concat(some, ignore_index=True) if some else NO_SPLITS.copy()


def _require_tickers(tickers: Sequence[str]) -> None:
    strange = [ticker for ticker in tickers if not TICKER.fullmatch(ticker)]
    if strange:
        listed = ", ".join(repr(ticker[:40]) for ticker in strange)
        raise InputError(
            f"{listed} cannot be a ticker of Yahoo's: letters, digits and . - ^ =, 32 at most "
            "(it writes BRK-B for BRK/B)"
        )


def _bars(
    ticker: str, start: pd.Timestamp, end: pd.Timestamp, folder: Path, patience: Patience
) -> Kept:
    """From the cache where that covers the days, else from Yahoo, and then kept."""
    name = ticker.upper()
    kept = read_kept(folder, name)
    if kept is not None and bars_fault(kept.bars, name):
        kept = None  # checks may have become stricter since
    if kept is not None and _covers(kept, start, end):
        return kept
    asked = _asked(name, min(start, FIRST_DAY), kept, patience)
    try:
        return change_kept(folder, name, lambda other: _longer(asked, other))
    except OSError as error:
        raise PriceError(
            f"prices of {ticker} have come and cannot be kept in {folder} ({error.strerror}); "
            "give another folder by cache= or MARKETSIM_CACHE"
        ) from error


def _covers(kept: Kept, start: pd.Timestamp, end: pd.Timestamp) -> bool:
    """Whether no weekday that is over is missing: a weekend brings no bar."""
    last = min(end, finished(kept.zone, pd.Timestamp.now("UTC")))
    after, until = (np.datetime64(day + pd.Timedelta(days=1), "D") for day in (kept.until, last))
    return kept.first <= start and bool(np.busday_count(after, until) <= 0)


def _asked(ticker: str, first: pd.Timestamp, kept: Kept | None, patience: Patience) -> Kept:
    """All of the history, or what there is with the days since added."""
    if kept is not None and kept.first <= first:
        since = max(kept.first, kept.bars.index[-1] - OVERLAP)
        later = _extended(kept, _known(ticker, since, patience))
        if later is not None and not bars_fault(later.bars, ticker):
            return later
        first = kept.first
    return _known(ticker, first, patience)


def _extended(kept: Kept, later: Kept) -> Kept | None:
    """The bars with later ones, or None where the two do not tell the same of the same days."""
    last, names = kept.bars.index[-1], ["close", "dividend", "split"]
    old = kept.bars.loc[later.bars.index[0] :, names]
    new, since = later.bars.loc[:last, names], later.bars[later.bars.index > last]
    if old.empty or not old.index.equals(new.index) or (since["split"] != 1.0).any():
        return None
    if not np.allclose(old.to_numpy(float), new.to_numpy(float), rtol=SAME, atol=0.0):
        return None
    return Kept(pd.concat([kept.bars, since]), kept.first, later.until, later.zone)


def _longer(asked: Kept, other: Kept | None) -> Kept:
    """What was asked for, unless another process has kept more of it in the meantime."""
    more = other is not None and other.first <= asked.first and other.until > asked.until
    return other if other is not None and more else asked


def _known(ticker: str, first: pd.Timestamp, patience: Patience) -> Kept:
    """Bars from Yahoo; that it has no such ticker counts if it still knows another one.

    Raises
    ------
    Missing, Unreachable, Unusable
        As `ask_yahoo` does.
    """
    try:
        return ask_yahoo(ticker, first, patience)
    except Missing as error:
        try:
            ask_yahoo(MARKET, pd.Timestamp.now("UTC").tz_localize(None) - OVERLAP, patience)
        except Missing as blocked:
            raise Unreachable(
                f"it says that it knows neither {ticker} nor {MARKET}, which is how it refuses"
            ) from blocked
        return _known_again(ticker, first, patience, error)


def _known_again(ticker: str, first: pd.Timestamp, patience: Patience, before: Missing) -> Kept:
    try:
        return ask_yahoo(ticker, first, patience)
    except Missing as error:
        raise Missing(
            f"Yahoo says '{before}', and answers for {MARKET}: the name is misspelt, or it was "
            "renamed, or is listed no more"
        ) from error


def _refusal(left: Sequence[str], tickers: Sequence[str], why: str, folder: Path) -> str:
    ready = len(tickers) - len(left)
    kept = [read_kept(folder, ticker.upper()) for ticker in tickers]
    until = [k.until for k in kept if k is not None]
    way = f"; with end='{min(until):%Y-%m-%d}' the cache answers" if len(until) == len(kept) else ""
    return (
        f"no prices from Yahoo for {', '.join(left)}: {why}. {ready} of {len(tickers)} tickers are "
        f"ready, and asking again goes on with the others{way}. Or give a file of closes, or leave "
        "source out for the embedded snapshot"
    )


def _unusable(faults: dict[str, str], tickers: Sequence[str]) -> str:
    listed = "\n".join(f"  {ticker}: {fault}" for ticker, fault in faults.items())
    ready = len(tickers) - len(faults)
    return (
        f"no prices from Yahoo for {', '.join(faults)}:\n{listed}\n{ready} of {len(tickers)} are "
        "ready. Try other names, leave these out, or give a file of closes"
    )
