"""A user's panel of closes, from a file or a frame: every fault found at once, with its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from marketsim.errors import DataError, InputError
from marketsim.prices.days import session_days
from marketsim.prices.plausible import CloseFault, check_closes
from marketsim.prices.shapes import Raw, closes_of, flat_levels, named
from marketsim.prices.statistics import MARKET
from marketsim.prices.table import require_known
from marketsim.tables import Fault, Lines, is_parquet, number_hint, read_lines, read_parquet, refuse

__all__ = ["Formed", "checked_panel", "formed_panel", "read_panel"]

FRAME: Final = "the frame of prices"
NOTHING: Final = {"", "nan", "na", "n/a", "#n/a", "null", "none", "nat", "<na>", "-"}
"""What says that there was no close, by lower case."""
LONGEST_STEP: Final = 4  # days; the median step between daily closes is one
WORDS: Final = 0.5
"""Share of fields that are no number from which on a column is told once, as one of words."""


def read_panel(
    source: pd.DataFrame | Path | str,
    keep: Collection[str] = (),
    splits: pd.DataFrame | None = None,
    believe: Collection[str] = (),
) -> pd.DataFrame:
    """Adjusted daily closes from a frame, a CSV (also .csv.gz) or a Parquet file.

    The table is wide (a date column or index, one column by ticker), long (columns date, ticker,
    close), one share's open, high, low, close and volume, or what yfinance returns, with fields and
    tickers in two levels. Adjusted closes are taken where there are both. Columns whose name starts
    with `^` (Yahoo's names for indices and yields, which nobody can hold) are left out unless named
    in `keep`, and so is a second row of a day that says the same.

    Parameters
    ----------
    source
        The table.
    keep
        Tickers asked for: whose a table of one share is. Where there are some, others than these
        and SPY, which beta is measured against, are left out if they cannot be closes.
    splits : DataFrame, optional
        Known ones, as `splits_in` has them; closes that lack one are told by it.
    believe
        Tickers whose closes are taken as they stand, jumps and all.

    Returns
    -------
    DataFrame [date, ticker]
        float64, sorted by date, NaN where there is no close. Always a copy.

    Raises
    ------
    DataError
        The table is not such a panel; all faults are listed, each with its line and column: what is
        no positive close, two closes of a day that differ, and what `check_closes` finds.
    InputError
        There is no such file, or ticker to believe.
    """
    formed = formed_panel(source, keep)
    return checked_panel(formed, keep, splits, believe, tuple(formed.panel.columns))


def checked_panel(
    formed: Formed,
    keep: Collection[str],
    splits: pd.DataFrame | None,
    believe: Collection[str],
    known: tuple[str, ...],
) -> pd.DataFrame:
    """Return the closes of a formed panel once they are held against what they can be."""
    require_known(believe, known)
    found = check_closes(formed.panel.drop(columns=list(set(believe))), splits)
    others = {fault.ticker for fault in found} - {*keep, MARKET} if keep else set()
    refuse(_placed(formed, fault) for fault in found if fault.ticker not in others)
    return formed.panel.drop(columns=list(others))


Row = Callable[[pd.Timestamp, str], int]
"""The row in which a close stands, by day and ticker."""
Written = Callable[[pd.Timestamp, str], str]
"""What a table calls the share, by day and ticker."""


def _as_it_is(_: pd.Timestamp, ticker: str) -> str:
    return ticker


class Formed(NamedTuple):
    """A table as it stands, the day of each of its rows, its closes, and where they stand.

    `seams` are the first days of columns that another was joined to, by ticker and day, with the
    name of the other; `written` has a former ticker where a close stands under it.
    """

    raw: Raw
    days: pd.Series
    panel: pd.DataFrame
    row: Row
    seams: Mapping[tuple[str, pd.Timestamp], str] = {}
    written: Written = _as_it_is


def formed_panel(source: pd.DataFrame | Path | str, keep: Collection[str] = ()) -> Formed:
    """As `read_panel`, but of sound form alone: closes are not held against what they can be."""
    raw = named(_raw(source))
    faults: list[Fault] = []
    days = session_days(raw, faults)
    table = closes_of(raw, keep, faults)
    long = list(table.columns) == ["date", "ticker", "close"]
    panel, row = _long(raw, table, days, faults) if long else _wide(raw, table, days, faults)
    refuse(faults)
    return Formed(raw, days, _daily(raw.name, panel.sort_index().dropna(how="all")), row)


def _raw(source: pd.DataFrame | Path | str) -> Raw:
    """The table with the place of each row as index."""
    if isinstance(source, pd.DataFrame):
        return Raw(FRAME, _flat(source, FRAME), "row")
    if not isinstance(source, str | os.PathLike):
        raise InputError(
            f"prices are a {type(source).__name__}; give a path, a DataFrame [date, ticker], or "
            "'yahoo'"
        )
    path = Path(source).expanduser()
    if not path.is_file():
        raise InputError(
            f"no file '{source}' of prices; give a CSV or Parquet file, a DataFrame, or 'yahoo'"
        )
    if is_parquet(path):
        return Raw(path.name, _flat(read_parquet(path, "prices"), path.name), "row")
    try:
        read = read_lines(path)
    except OSError as error:
        raise DataError(f"{path.name} cannot be read: {error.strerror or error}") from error
    refuse(read.faults)
    return Raw(path.name, _of_lines(read, path.name), "line")


def _of_lines(read: Lines, name: str) -> pd.DataFrame:
    """The rows of a CSV by line; of yfinance's, whose header has three of them, the closes."""
    table = pd.DataFrame(read.rows, columns=read.header, index=read.lines, dtype=object)
    tops = {read.header[0].casefold(), read.rows[0][0].strip().casefold()} if read.rows else set()
    if tops != {"price", "ticker"}:
        return table
    below = 2 if len(read.rows) > 1 and read.rows[1][0].strip().casefold() == "date" else 1
    levels = [[cell.strip() for cell in row[1:]] for row in (read.header, read.rows[0])]
    body = table.iloc[below:, 1:].set_axis(pd.MultiIndex.from_arrays(levels), axis=1)
    closes = flat_levels(body, name)
    closes.insert(0, "date", table.iloc[below:, 0])
    return closes


def _flat(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    dated = isinstance(frame.index, pd.DatetimeIndex)
    index = frame.index
    if frame.columns.nlevels > 1:
        frame = flat_levels(frame, name)
    frame = frame.set_axis([str(column) for column in frame.columns], axis=1)
    if dated and "date" not in [column.casefold() for column in frame.columns]:
        frame = frame.assign(date=index)
        frame = frame[["date", *[column for column in frame.columns if column != "date"]]]
    elif str(index.name).casefold() == "date" and "date" not in frame.columns:
        frame = frame.reset_index()
    return frame.reset_index(drop=True)


def _wide(
    raw: Raw, table: pd.DataFrame, days: pd.Series, faults: list[Fault]
) -> tuple[pd.DataFrame, Row]:
    columns = [column for column in table.columns if column != "date"]
    values = pd.DataFrame(
        {column: _numbers(raw, table[column], column, faults) for column in columns},
        index=table.index,
        columns=columns,
    )
    first: dict[pd.Timestamp, int] = {}
    keep = np.zeros(len(days), dtype=bool)
    for i, (row, day) in enumerate(zip(map(int, days.index), days, strict=True)):
        if pd.isna(day):
            continue
        keep[i] = first.setdefault(day, row) == row
        if not keep[i] and len(values.loc[[row, first[day]]].drop_duplicates()) > 1:
            faults.append(Fault(raw.place(row), "", _twice(values, first[day], row, day)))
    panel = values[keep].set_axis(pd.DatetimeIndex(days[keep], name="date"))
    return panel, lambda day, _: first[day]


def _twice(values: pd.DataFrame, one: int, other: int, day: pd.Timestamp) -> str:
    pairs = values.loc[[one, other]]
    differs = pairs.columns[(pairs.iloc[0].ne(pairs.iloc[1]) & pairs.notna().any()).to_numpy()]
    name = differs[0]
    return (
        f"the date {day:%Y-%m-%d} comes twice, with other closes: {name} {pairs[name].iloc[0]:g} "
        f"and {pairs[name].iloc[1]:g}; keep one"
    )


def _long(
    raw: Raw, table: pd.DataFrame, days: pd.Series, faults: list[Fault]
) -> tuple[pd.DataFrame, Row]:
    close = _numbers(raw, table["close"], "close", faults)
    ticker = table["ticker"].where(table["ticker"].notna(), "").astype(str).str.strip()
    for bare in ticker.index[ticker == ""]:
        faults.append(Fault(raw.place(bare), "ticker", "is empty; name whose close it is"))
    rows = pd.DataFrame({"date": days, "ticker": ticker, "close": close})
    rows = rows[rows["date"].notna()]
    again = rows[rows.duplicated(["date", "ticker"], keep=False) & rows["close"].notna()]
    for (day, name), same in again.groupby(["date", "ticker"], sort=False):
        if same["close"].nunique() > 1:
            both = " and ".join(f"{value:g}" for value in same["close"].unique()[:2])
            says = f"{name} has two closes on {day:%Y-%m-%d}, {both}; keep one"
            faults.append(Fault(raw.place(same.index[1]), "", says))
    rows = rows.sort_values("close", kind="stable").drop_duplicates(["date", "ticker"])
    panel = rows.pivot(index="date", columns="ticker", values="close").rename_axis(columns=None)

    def row(day: pd.Timestamp, name: str) -> int:
        here = (rows["date"] == day) & (rows["ticker"] == name) & rows["close"].notna()
        return int(rows.index[here][0])

    return panel, row


def _numbers(raw: Raw, given: pd.Series, column: str, faults: list[Fault]) -> pd.Series:
    if given.dtype.kind in "Mmbc":
        says = "holds no closes; leave it out"
        faults.append(Fault(raw.place(), column, says))
        return pd.Series(np.nan, index=given.index)
    numbers = pd.to_numeric(given, errors="coerce").astype(float)
    wordy = given.notna() & numbers.isna()
    if wordy.any():
        text = given[wordy].astype(str).str.strip().str.casefold()
        wordy[wordy] = ~text.isin(NOTHING).to_numpy(dtype=bool)
    if wordy.sum() > max(WORDS * len(given), 2):
        first = int(np.argmax(wordy))
        says = f"holds no closes but words, such as '{given.iloc[first]}'; leave it out"
        faults.append(Fault(raw.place(int(given.index[first])), column, says))
        return pd.Series(np.nan, index=given.index)
    wrong = wordy | (numbers <= 0.0) | np.isinf(numbers)
    if column.startswith("^"):
        wrong = wordy | np.isinf(numbers)
    for row in given.index[wrong]:
        says = f"'{given[row]}' is no positive close; leave it empty where there was none"
        faults.append(Fault(raw.place(row), column, says + number_hint(str(given[row]))))
    return numbers


def _daily(name: str, panel: pd.DataFrame) -> pd.DataFrame:
    if panel.empty:
        raise DataError(f"{name}: no closes")
    steps = np.diff(panel.index.to_numpy("datetime64[D]")).astype(int)
    if len(steps) > 4 and np.median(steps) > LONGEST_STEP:
        raise DataError(f"{name}: the median step is {np.median(steps):g} days; daily closes only")
    for column in panel.columns[panel.notna().sum() > LONGEST_STEP]:
        given = panel[column].dropna().to_numpy()
        if np.ptp(np.diff(given)) == 0.0 and given[1] != given[0]:
            raise DataError(f"{name}, column {column}: counts the rows; leave it out")
    return panel


def _placed(formed: Formed, fault: CloseFault) -> Fault:
    """Return what speaks against closes that are numbers, at the line of the first concerned."""
    ticker, day, text = fault
    former = formed.seams.get((ticker, day))
    seam = "" if former is None else f", where it is joined to {former}"
    place = formed.raw.place(formed.row(day, ticker))
    return Fault(place, formed.written(day, ticker), f"{text} ({day:%Y-%m-%d}{seam})")
