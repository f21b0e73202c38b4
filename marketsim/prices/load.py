"""`load_prices`: one verb over three sources."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.dates import Day, day_or_none, shown
from marketsim.errors import InputError, PriceError, nearest
from marketsim.files import cache_folder
from marketsim.prices.embedded import (
    SNAPSHOT,
    embedded_companies,
    embedded_prices,
    embedded_renames,
    embedded_splits,
)
from marketsim.prices.fetching import FIRST_DAY, last_finished_day, sound_closes
from marketsim.prices.joining import joined_panel, splits_by_present
from marketsim.prices.splits import splits_in
from marketsim.prices.statistics import MARKET
from marketsim.prices.table import Prices, require_known
from marketsim.renames import Rename, Tickers, given_renames, present

__all__ = ["load_prices", "load_universe", "newest_close", "require_source"]

EMBEDDED: Final = "embedded"
YAHOO: Final = ("yahoo", "yfinance")


def load_prices(
    tickers: Iterable[str] | str | None = None,
    source: pd.DataFrame | Path | str | None = None,
    start: Day | None = None,
    end: Day | None = None,
    cache: Path | str | None = None,
    as_of: Day | None = None,
    shares: Mapping[str, float] | pd.Series | None = None,
    splits: pd.DataFrame | None = None,
    adjusted: Day | None = None,
    believe: Iterable[str] | str = (),
    renames: Sequence[Rename] | None = None,
) -> Prices:
    """Closing prices and market statistics, as known on a date.

    Parameters
    ----------
    tickers : names, optional
        All that the source has by default; for Yahoo the companies of the snapshot.
    source : None, "embedded", path, DataFrame or "yahoo"
        None, or "embedded", is the embedded snapshot at 2025-12-31. A path (CSV, also gzipped, or
        Parquet) or a frame holds adjusted daily closes, wide or long (see `read_panel`). "yahoo"
        (or "yfinance") asks Yahoo through yfinance for what the cache lacks.
    start, end : dates, optional
        First and last day of `closes`. The statistics still see the three years before `as_of`.
    cache : folder, optional
        Where answers of Yahoo are kept: by default the environment's MARKETSIM_CACHE, else
        the user's cache folder.
    as_of : date, optional
        Nothing later is handed out, nor used in a statistic. `end` by default, else the last
        day that the source has; inside a strategy, its date.
    shares : mapping of ticker to shares in millions, optional
        For market values, on the split basis of `as_of`. Without them those of the facts are taken
        when companies are valued.
    splits : DataFrame, optional
        What the closes are adjusted for: columns entity, date (first session at the new price) and
        value (new shares per old), as rows of facts have them. By default the splits that ship,
        `data/facts/splits.csv`. Yahoo tells its own.
    adjusted : date, optional
        The day of adjustment: whether a split after the last close is in the closes. By default the
        last day that the source has. For a panel alone: closes from Yahoo are adjusted on the last
        day asked for, so that nothing that came later is in them.
    believe : names, optional
        Tickers of a panel whose closes are taken as they stand: where a share did halve in a day,
        which otherwise is taken for a split that closes lack, and refused.
    renames : sequence of Rename, optional
        By which columns of former tickers are joined to those of the present ones, so that a share
        is called by its present ticker throughout; `joined` of the prices says which. By default
        those that ship, `data/former_tickers.csv`; `load_facts(add=...).universe.renames` has a
        user's, too.

    Returns
    -------
    Prices

    Raises
    ------
    InputError
        A ticker or date is wrong, or renames are none; the message names the nearest ticker, or
        the present one.
    DataError
        The panel has faults, all listed with line and column.
    PriceError
        Yahoo gave no good answer, or the snapshot is asked about a time it says nothing of.
    """
    require_source(source)
    names = _names(tickers)
    first = day_or_none(start, "start")
    last = min(
        (d for d in (day_or_none(end, "end"), day_or_none(as_of, "as_of")) if d is not None),
        default=None,
    )
    if first is not None and last is not None and first > last:
        raise InputError(
            f"start {first:%Y-%m-%d} lies after the last day asked for, {last:%Y-%m-%d}"
        )
    known = shown(day_or_none(as_of, "as_of") or last)
    last = last or known
    believed = (believe,) if isinstance(believe, str) else tuple(believe)
    for given, name in ((adjusted is not None, "adjusted"), (believed, "believe")):
        if given and (_is_embedded(source) or _is_yahoo(source)):
            raise InputError(f"{name} is for a panel of one's own; leave it out, or give a file")
    former = embedded_renames() if renames is None else given_renames(renames)
    table = splits_by_present(embedded_splits() if splits is None else splits_in(splits), former)
    if source is None or _is_embedded(source):
        prices = embedded_prices(names, known or SNAPSHOT, table, shares, former)
    elif _is_yahoo(source):
        asked = names or embedded_companies()
        prices = _yahoo(asked, known, first, cache, shares, renames=former)
    else:
        panel, notes = joined_panel(source, names or (), table, believed, former)
        until = _adjusted(adjusted, panel.index[-1])
        within = table[table["date"] <= until]
        columns = Tickers(map(str, panel.columns), former)
        prices = _panel(panel, names, known, shares, within, until, columns)
        prices = replace(prices, joined=notes)
    return _as_seen(replace(prices, closes=prices.closes.loc[first:last].copy()))


def _as_seen(prices: Prices) -> Prices:
    """The same; what may be seen to a day only, without the splits that came later."""
    if shown(None) is None:
        return prices
    return replace(prices, splits=prices.splits[prices.splits["date"] <= prices.as_of])


def load_universe(
    companies: Iterable[str],
    source: pd.DataFrame | Path | str | None = None,
    as_of: Day | None = None,
    splits: pd.DataFrame | None = None,
    believe: Iterable[str] | str = (),
    renames: Sequence[Rename] | None = None,
) -> Prices:
    """Prices of as many of some companies as a source has, and of whatever else it holds.

    Of those that Yahoo does not know, or answers amiss about, `left_out` says why.

    Parameters
    ----------
    companies : names
        Those wanted; Yahoo is asked for all of them, and for SPY to measure beta against.
    source, as_of, splits, believe, renames
        As for `load_prices`.

    Raises
    ------
    InputError
        Yahoo is asked for a former ticker.
    PriceError
        The source has none of the companies by the date, or Yahoo refuses or cannot be reached.
    """
    wanted = tuple(companies)
    former = embedded_renames() if renames is None else given_renames(renames)
    if _is_yahoo(source) and not believe:
        date = day_or_none(as_of, "as_of")
        return _yahoo((*wanted, MARKET), date, needed=(MARKET,), renames=former)
    prices = load_prices(None, source, as_of=as_of, splits=splits, believe=believe, renames=former)
    if not set(wanted) & set(prices.tickers):
        known = Tickers(prices.tickers, former)
        hints = dict.fromkeys(nearest(ticker, known) for ticker in wanted)
        listed = f"none of {', '.join(wanted)}.{''.join(hints)}"
        raise PriceError(f"{_place(source)} has prices of {listed}")
    return prices


def newest_close(
    prices: Prices, source: pd.DataFrame | Path | str | None, companies: Iterable[str] = ()
) -> pd.Timestamp:
    """Return the day of the newest close that prices from a source rest on.

    Of some companies, where any of them has one: a market that goes on beside them says nothing of
    them. That of the snapshot's statistics where these were taken: its closes are of a few.
    """
    if _is_embedded(source) and prices.as_of >= SNAPSHOT:
        return SNAPSHOT
    closes = prices.closes.dropna(how="all", axis=1)
    there = [ticker for ticker in companies if ticker in closes.columns]
    return pd.Timestamp((closes[there] if there else closes).dropna(how="all").index[-1])


def _adjusted(adjusted: Day | None, last: pd.Timestamp) -> pd.Timestamp:
    """The day to which a panel is adjusted: its last one, or a later one that is given."""
    until = day_or_none(adjusted, "adjusted") or last
    if until < last:
        raise InputError(
            f"adjusted={until:%Y-%m-%d} lies before the last close of {last:%Y-%m-%d}; closes are "
            "adjusted on their last day or later"
        )
    return until


def _place(source: pd.DataFrame | Path | str | None) -> str:
    if _is_embedded(source):
        return "the embedded snapshot"
    return "this frame" if isinstance(source, pd.DataFrame) else str(source)


def _is_embedded(source: pd.DataFrame | Path | str | None) -> bool:
    return source is None or (isinstance(source, str) and source.casefold() == EMBEDDED)


def _is_yahoo(source: pd.DataFrame | Path | str | None) -> bool:
    return isinstance(source, str) and source.casefold() in YAHOO


def require_source(source: object) -> None:
    """Raise an InputError for what is no source of prices."""
    if source is not None and not isinstance(source, pd.DataFrame | str | os.PathLike):
        given = repr(source) if isinstance(source, int | float) else f"a {type(source).__name__}"
        raise InputError(
            f"source={given} is no source of prices; give a CSV or Parquet file, a DataFrame, "
            "'yahoo', or nothing for the embedded snapshot"
        )


def _names(tickers: Iterable[str] | str | None) -> tuple[str, ...] | None:
    if tickers is None:
        return None
    names = (tickers,) if isinstance(tickers, str) else tuple(dict.fromkeys(tickers))
    wrong = [name for name in names if not isinstance(name, str) or not name]
    if wrong or not names:
        raise InputError(f"tickers must be names such as 'NVDA', got {wrong or 'none'}")
    return names


def _panel(
    panel: pd.DataFrame,
    names: tuple[str, ...] | None,
    as_of: pd.Timestamp | None,
    shares: Mapping[str, float] | pd.Series | None,
    splits: pd.DataFrame,
    adjusted: pd.Timestamp,
    known: tuple[str, ...],
) -> Prices:
    require_known(names or (), known)
    date = panel.index[-1] if as_of is None else as_of
    if panel.index[0] > date:
        raise PriceError(
            f"no closes up to {date:%Y-%m-%d}: the panel begins on {panel.index[0]:%Y-%m-%d}"
        )
    prices = Prices.from_closes(panel, date, shares, splits=splits, adjusted=adjusted)
    return prices.select(names or panel.columns)


def _yahoo(
    names: tuple[str, ...],
    as_of: pd.Timestamp | None,
    start: pd.Timestamp | None = None,
    cache: Path | str | None = None,
    shares: Mapping[str, float] | pd.Series | None = None,
    needed: tuple[str, ...] | None = None,
    *,
    renames: tuple[Rename, ...],
) -> Prices:
    """Prices of names, all of which are needed by default.

    SPY comes along for beta; statistics want more than three years before the date. Yahoo keeps a
    share under its present ticker alone, and is not asked for a former one.
    """
    now = Tickers((one.ticker for r in renames if (one := present(r.former, renames))), renames)
    if told := "".join(now.hint(name.upper()) for name in names):
        raise InputError(f"Yahoo keeps a share under its present ticker alone.{told}")
    last = min(as_of or last_finished_day(), last_finished_day())
    if start is not None and start > last:
        raise InputError(
            f"start {start:%Y-%m-%d} lies after the last day there is, {last:%Y-%m-%d}"
        )
    first = min(start or FIRST_DAY, last - pd.DateOffset(years=4))
    asked = tuple(dict.fromkeys([*names, MARKET]))
    must = asked if needed is None else needed
    panel, splits, left_out = sound_closes(asked, must, first, last, cache_folder(cache))
    there = tuple(name for name in dict.fromkeys(names) if name not in left_out)
    prices = _panel(panel, there, last, shares, splits, last, tuple(panel.columns))
    return replace(prices, left_out=left_out)
