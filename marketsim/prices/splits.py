"""Splits that adjusted closes have in them, and the close of a day as it was traded then.

Adjusted closes are told on the basis of the day of adjustment, so that those of earlier days hold
every split in between: a close of 2020 over forty where the share was split four to one and ten to
one since. Whoever multiplies by the shares of 2020 must undo that first. Here a split after a date
is used for this alone, and it cancels exactly: the close of the day is what it was, whether the
split came or not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.errors import InputError

__all__ = [
    "IN_CLOSES",
    "NO_SPLITS",
    "splits_between",
    "splits_in",
    "traded_by_day",
    "traded_closes",
]

IN_CLOSES: Final = ("stock_split", "price_divisor")
"""Quantities of facts that adjusted closes are divided by."""

COLUMNS: Final = ["entity", "date", "value"]

NO_SPLITS: Final = pd.DataFrame(
    {
        "entity": pd.Series(dtype=object),
        "date": pd.Series(dtype="datetime64[us]"),
        "value": pd.Series(dtype=float),
    }
)


def splits_in(rows: pd.DataFrame) -> pd.DataFrame:
    """Splits from rows of facts, by entity and date.

    Parameters
    ----------
    rows : DataFrame
        Columns entity (the ticker), date (the first session at the new price) and value (new shares
        per old). Where there is a column quantity, rows of `IN_CLOSES` count and others do not.

    Returns
    -------
    DataFrame
        Columns entity, date, value, sorted.

    Raises
    ------
    InputError
        A column is missing, a date is none, or a value is not above nothing.
    """
    if missing := [column for column in COLUMNS if column not in rows.columns]:
        raise InputError(f"splits lack the column {', '.join(missing)}; give {', '.join(COLUMNS)}")
    if "quantity" in rows.columns:
        rows = rows[rows["quantity"].isin(IN_CLOSES)]
    found = rows[COLUMNS].reset_index(drop=True)
    days = pd.to_datetime(found["date"], errors="coerce").astype("datetime64[us]")
    ratio = pd.to_numeric(found["value"], errors="coerce")
    wrong = days.isna() | ~(np.isfinite(ratio) & (ratio > 0.0))
    if wrong.any():
        listed = "; ".join(
            f"{entity} {date}: {value}"
            for entity, date, value in found[wrong].itertuples(index=False)
        )
        raise InputError(f"splits want a day and new shares per old, above 0; not {listed}")
    found = found.assign(date=days, value=ratio.astype(float))
    return found.sort_values(["entity", "date"]).reset_index(drop=True)


def splits_between(
    splits: pd.DataFrame, after: pd.Timestamp, until: pd.Timestamp | None = None
) -> pd.Series:
    """New shares per old by ticker, of all splits after one day and up to another."""
    within = splits["date"] > after
    if until is not None:
        within &= splits["date"] <= until
    return splits[within].groupby("entity")["value"].prod()


def traded_closes(closes: pd.DataFrame, date: pd.Timestamp, splits: pd.DataFrame) -> pd.Series:
    """The last closes known on a date, on the split basis of that date, by ticker.

    Parameters
    ----------
    closes : DataFrame [date, ticker]
        Adjusted closes up to the date.
    date : Timestamp
    splits : DataFrame
        All that are in the closes, as `splits_in` has them.

    Returns
    -------
    Series, by ticker
        USD. Below what was traded by the dividends since, where closes are adjusted for them too.
    """
    (found,) = traded_by_day(closes, pd.DatetimeIndex([date]), splits)
    return pd.Series(found, closes.columns)


def traded_by_day(
    closes: pd.DataFrame, days: pd.DatetimeIndex, splits: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """The last closes known on each of many days, on the split basis of that day, [day, ticker]."""
    levels = closes.ffill().reindex(days, method="ffill").to_numpy(float, copy=True)
    places = closes.columns.get_indexer(pd.Index(splits["entity"]))
    for place, date, ratio in zip(places, splits["date"], splits["value"], strict=True):
        if place >= 0:
            levels[days < date, place] *= ratio
    return levels
