"""Shares that were known on a date, on the split basis of a day: for one date, or for many at once.

Live runs and backtests come here alike. Shares are the last that were published, brought from the
basis of their publication to that of the day.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.knowledge import Knowledge

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
    days = pd.DatetimeIndex([day])
    known = pd.DatetimeIndex([knowledge.last])
    found = {ticker: _counted(rows, days, known) for ticker, rows in _by_ticker(knowledge)}
    table = pd.DataFrame(
        {
            "date": {ticker: one.date[0] for ticker, one in found.items()},
            "published": {ticker: one.published[0] for ticker, one in found.items()},
            "shares": {ticker: one.shares[0] for ticker, one in found.items()},
        }
    )
    return table[table["shares"].notna()].sort_index().rename_axis("ticker")


def shares_by_day(knowledge: Knowledge, days: pd.DatetimeIndex, tickers: tuple[str, ...]) -> Array:
    """Return the shares that were known on each of many days: see `known_shares`.

    Returns
    -------
    array [day, ticker]
        Millions, NaN where none were known by the day.
    """
    found = {ticker: _counted(rows, days, days).shares for ticker, rows in _by_ticker(knowledge)}
    unknown = np.full(len(days), np.nan)
    return np.array([found.get(ticker, unknown) for ticker in tickers]).T


class _Counted(NamedTuple):
    """The last count by day: end of its period, publication, shares on the basis of the day."""

    date: Days
    published: Days
    shares: Array


def _by_ticker(knowledge: Knowledge) -> Iterator[tuple[str, pd.DataFrame]]:
    table = knowledge.table
    rows = table[table["quantity"].isin([*COUNTS, SPLIT, RECEIPT])]
    for ticker, own in rows.groupby("entity"):
        yield str(ticker), own.sort_values(["date", "published"], kind="stable")


def _counted(rows: pd.DataFrame, days: pd.DatetimeIndex, known: pd.DatetimeIndex) -> _Counted:
    """Return what a company's rows say of its shares on days, of what was known by others."""
    counts = pd.concat([rows[rows["quantity"] == name] for name in COUNTS])
    counts = counts.sort_values("date", kind="stable")
    recent = counts["date"].to_numpy() >= (days - OLDEST).to_numpy()[:, None]
    sound = (counts["value"] > 0.0).to_numpy()
    last = _last(_standing(counts, known) & recent & sound)
    date, published = (np.r_[NONE, counts[name].to_numpy()][last] for name in ("date", "published"))
    receipts = rows[rows["quantity"] == RECEIPT]
    each = np.r_[1.0, receipts["value"]][_last(_standing(receipts, known))]
    shares = np.r_[np.nan, counts["value"]][last] * _grown(rows, published, days, known) / each
    return _Counted(date, published, shares)


def _standing(rows: pd.DataFrame, known: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    """Return whether a row was published by a day and no later vintage of it, [day, row]."""
    by = known.to_numpy()[:, None]
    later = rows.groupby(["quantity", "date"])["published"].shift(-1).to_numpy()
    standing: npt.NDArray[np.bool_] = (rows["published"].to_numpy() <= by) & ~(later <= by)
    return standing


def _last(seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int_]:
    """Return the place of the last row seen on each day, counted from 1; 0 where there is none."""
    places = np.arange(1, seen.shape[1] + 1)
    found: npt.NDArray[np.int_] = np.where(seen, places, 0).max(axis=1, initial=0)
    return found


def _grown(
    rows: pd.DataFrame, published: Days, days: pd.DatetimeIndex, known: pd.DatetimeIndex
) -> Array:
    """Return each share's number on a day, of one on the basis of its day of publication.

    A report restates for splits that have come, and for none that is only announced.
    """
    splits = rows[rows["quantity"] == SPLIT]
    grown, by = np.ones(len(days)), days.to_numpy()
    dates, ratios = splits["date"].to_numpy(), splits["value"].to_numpy(float)
    for date, ratio, standing in zip(dates, ratios, _standing(splits, known).T, strict=True):
        grown[standing & (published < date) & (date <= by)] *= ratio
        grown[standing & (by < date) & (date <= published)] /= ratio
    return grown
