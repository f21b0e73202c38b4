"""Shares that were known on a date, on the split basis of a day: for one date, or for many at once.

Live runs and backtests come here alike. Shares are the last that were published, brought from the
basis of their publication to that of the day.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.knowledge.knowledge import Knowledge

__all__ = ["COUNTS", "known_shares", "shares_by_day"]

Array = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

COUNTS: Final = ("annual_shares_outstanding", "annual_diluted_shares")
"""What companies report of their shares; of two of one date the later named is taken."""

SPLIT: Final = "stock_split"
RECEIPT: Final = "ordinary_per_receipt"

NONE: Final = np.array(["NaT"], dtype="datetime64[us]")

OLDEST: Final = pd.DateOffset(months=18)
"""A fiscal year, the time until the next is reported, and some: shares of before are not used."""


def known_shares(knowledge: Knowledge, day: pd.Timestamp) -> pd.DataFrame:
    """Return the shares that were known last, as they are traded on a day.

    Parameters
    ----------
    knowledge
        As of the date of decision.
    day
        Whose split basis the counts are brought to. Splits between it and a count's publication
        are facts of the knowledge: they came by its date.

    Returns
    -------
    pandas.DataFrame
        By ticker: ``shares`` in millions, of receipts where those are traded; ``date``, the end of
        the period they are of; ``published``. Counts of periods that ended over eighteen months
        before the day are left out.
    """
    found = _counted(knowledge, pd.DatetimeIndex([day]), pd.DatetimeIndex([knowledge.last]))
    rows = {"date": found.date[0], "published": found.published[0], "shares": found.shares[0]}
    table = pd.DataFrame(rows, index=pd.Index(found.tickers, name="ticker"))
    return table[table["shares"].notna()]


def shares_by_day(knowledge: Knowledge, days: pd.DatetimeIndex, tickers: tuple[str, ...]) -> Array:
    """Return the shares that were known on each of many days: see `known_shares`.

    Returns
    -------
    array [day, ticker]
        Millions, NaN where none were known by the day.
    """
    found = _counted(knowledge, days, days)
    table = pd.DataFrame(found.shares, columns=pd.Index(found.tickers))
    return table.reindex(columns=list(tickers)).to_numpy(float)


class _Counted(NamedTuple):
    """The last counts, [day, ticker]: end of period, publication, shares on the day's basis."""

    tickers: tuple[str, ...]
    date: Days
    published: Days
    shares: Array


def _counted(knowledge: Knowledge, days: pd.DatetimeIndex, known: pd.DatetimeIndex) -> _Counted:
    """Return what companies' counts were on days, of what was published by others."""
    counts = _rows(knowledge, COUNTS)
    if counts.empty:
        none = np.empty((len(days), 0))
        return _Counted((), none.astype(NONE.dtype), none.astype(NONE.dtype), none)
    recent = counts["date"].to_numpy() >= (days - OLDEST).to_numpy()[:, None]
    sound = (counts["value"] > 0.0).to_numpy()
    tickers, last = _last(counts, _standing(counts, known) & recent & sound)
    date, published = (np.r_[NONE, counts[name].to_numpy()][last] for name in ("date", "published"))
    shares = np.r_[np.nan, counts["value"]][last]
    receipts = _rows(knowledge, (RECEIPT,))
    if len(receipts):
        names, which = _last(receipts, _standing(receipts, known))
        each = pd.DataFrame(np.r_[1.0, receipts["value"]][which], columns=pd.Index(names))
        shares = shares / each.reindex(columns=list(tickers)).fillna(1.0).to_numpy(float)
    splits = _rows(knowledge, (SPLIT,))
    return _Counted(
        tickers, date, published, shares * _grown(splits, tickers, published, days, known)
    )


def _rows(knowledge: Knowledge, quantities: tuple[str, ...]) -> pd.DataFrame:
    """Return rows by company and date; of one date the later named, then the later published."""
    table = knowledge.table
    rows = pd.concat([table[table["quantity"] == name] for name in quantities])
    rows = rows.sort_values(["entity", "date"], kind="stable")
    return rows[["quantity", "entity", "date", "published", "value"]]


def _standing(rows: pd.DataFrame, known: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    """Return whether a row was published by a day and no later vintage of it, [day, row]."""
    by, published = known.to_numpy()[:, None], rows["published"].to_numpy()
    newest = ~rows.duplicated(["quantity", "entity", "date"], keep="last").to_numpy()
    later = np.where(newest, NONE, np.r_[published[1:], NONE])  # vintages of a date stand together
    standing: npt.NDArray[np.bool_] = (published <= by) & ~(later <= by)
    return standing


def _last(
    rows: pd.DataFrame, seen: npt.NDArray[np.bool_]
) -> tuple[tuple[str, ...], npt.NDArray[np.int_]]:
    """Return companies, and the place of the last row seen of each, [day, company].

    Places are counted from 1; 0 where none was seen.
    """
    names = rows["entity"].to_numpy()
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])
    places = np.where(seen, np.arange(1, len(rows) + 1), 0)
    return tuple(map(str, names[starts])), np.maximum.reduceat(places, starts, axis=1)


def _grown(
    splits: pd.DataFrame,
    tickers: tuple[str, ...],
    published: Days,
    days: pd.DatetimeIndex,
    known: pd.DatetimeIndex,
) -> Array:
    """Return each share's number on a day, of one on the basis of its publication, [day, ticker].

    A report restates for splits that have come, and for none that is only announced.
    """
    grown, by = np.ones(published.shape), days.to_numpy()
    dates, ratios = splits["date"].to_numpy(), splits["value"].to_numpy(float)
    places = pd.Index(tickers).get_indexer(pd.Index(splits["entity"]))
    standing = _standing(splits, known).T
    for place, date, ratio, there in zip(places, dates, ratios, standing, strict=True):
        if place >= 0:
            then = published[:, place]
            grown[there & (then < date) & (date <= by), place] *= ratio
            grown[there & (by < date) & (date <= then), place] /= ratio
    return grown
