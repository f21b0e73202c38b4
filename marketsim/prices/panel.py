"""A user's panel of closes, from a file or a frame: every fault found at once, with its place."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import DataError, InputError

__all__ = ["read_panel"]

MOST_SHOWN: Final = 20
LONG: Final = ("date", "ticker", "close")
LONGEST_STEP: Final = 4  # days; the median step between daily closes is one


def read_panel(source: pd.DataFrame | Path | str, keep: Collection[str] = ()) -> pd.DataFrame:
    """Adjusted daily closes from a frame, a CSV (also .csv.gz) or a Parquet file.

    The table is wide (a date column or index, one column by ticker) or long (columns date,
    ticker, close). Columns whose name starts with `^` (Yahoo's names for indices and yields,
    which nobody can hold) are left out unless named in `keep`.

    Returns
    -------
    DataFrame [date, ticker]
        float64, sorted by date, NaN where there is no close. Always a copy.

    Raises
    ------
    DataError
        The table is not such a panel; all faults are listed, each with its line and column.
    InputError
        There is no such file.
    """
    name, table, place = _table(source)
    faults: list[str] = []
    dates = _dates(table, place, faults)
    long = set(LONG) <= {str(column).casefold() for column in table.columns}
    values = _long(table, dates, place, faults) if long else _wide(table, keep, place, faults)
    repeated = [] if long else list(dates.index[dates.notna() & dates.duplicated()])
    faults += [f"{place} {line}: the date {dates[line]:%Y-%m-%d} comes twice" for line in repeated]
    if faults:
        raise DataError(_told(name, faults))
    panel = values if long else values.set_axis(pd.DatetimeIndex(dates, name="date"))
    return _daily(name, panel.sort_index().dropna(how="all"))


def _table(source: pd.DataFrame | Path | str) -> tuple[str, pd.DataFrame, str]:
    """Name of the source, its table with the place of each row as index, and that place's name."""
    if isinstance(source, pd.DataFrame):
        return "the frame of prices", _flat(source), "row"
    path = Path(source).expanduser()
    if not path.is_file():
        raise InputError(
            f"no file '{source}' of prices; give a CSV or Parquet file, a DataFrame, or 'yfinance'"
        )
    if path.suffix == ".parquet":
        return path.name, _flat(_read(path)), "row"
    raw = _read(path)
    table = raw.iloc[1:].set_axis([str(cell).strip() for cell in raw.iloc[0]], axis=1)
    table.index = pd.RangeIndex(2, 2 + len(table))
    return path.name, _named_date(path.name, table), "line"


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, header=None, dtype=str)
    except Exception as error:  # pandas and pyarrow raise a dozen kinds for an unreadable file
        raise DataError(f"{path.name} cannot be read as a table of prices: {error}") from error


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.columns.nlevels > 1:
        raise DataError("the frame of prices has columns in levels; give closes, frame['Close']")
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.rename_axis(index="date").reset_index()
    else:
        frame = frame.reset_index(drop=True)
    return _named_date(
        "the frame of prices", frame.set_axis([str(c) for c in frame.columns], axis=1)
    )


def _named_date(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with its date column called `date`; an unnamed first column is taken for it."""
    names = list(table.columns)
    for position, column in enumerate(names):
        if column.casefold() in {"date", "ticker", "close"}:
            names[position] = column.casefold()
    if "date" not in names and names and names[0] in {"nan", "Unnamed: 0", ""}:
        names[0] = "date"
    if "date" not in names:
        raise DataError(
            f"{name}: no column 'date'; write one row by date and one column by ticker, "
            "or the columns date, ticker, close"
        )
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise DataError(f"{name}: column {', '.join(twice)} comes twice")
    return table.set_axis(names, axis=1)


def _dates(table: pd.DataFrame, place: str, faults: list[str]) -> pd.Series:
    raw = table["date"]
    if isinstance(raw.dtype, pd.DatetimeTZDtype):
        raw = raw.dt.tz_localize(None)
    text = raw.astype(str).str.slice(0, 10)  # the exchange's own date, whatever hour stands behind
    dates = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    for line in dates.index[dates.isna()]:
        faults.append(f"{place} {line}, column date: '{table['date'][line]}' is no YYYY-MM-DD")
    return dates


def _wide(
    table: pd.DataFrame, keep: Collection[str], place: str, faults: list[str]
) -> pd.DataFrame:
    columns = [
        column
        for column in table.columns
        if column != "date" and (column in keep or not column.startswith("^"))
    ]
    return pd.DataFrame(
        {column: _numbers(table[column], column, place, faults) for column in columns},
        index=table.index,
        columns=columns,
    )


def _long(table: pd.DataFrame, dates: pd.Series, place: str, faults: list[str]) -> pd.DataFrame:
    close = _numbers(table["close"], "close", place, faults)
    rows = pd.DataFrame({"date": dates, "ticker": table["ticker"].astype(str), "close": close})
    for line in rows.index[rows.duplicated(["date", "ticker"])]:
        ticker = rows["ticker"][line]
        faults.append(f"{place} {line}: {ticker} has two closes on {dates[line]:%Y-%m-%d}")
    if faults:
        return rows
    return rows.pivot(index="date", columns="ticker", values="close").rename_axis(columns=None)


def _numbers(raw: pd.Series, column: str, place: str, faults: list[str]) -> pd.Series:
    numbers = pd.to_numeric(raw, errors="coerce").astype(float)
    wrong = (raw.notna() & numbers.isna()) | (numbers <= 0.0) | np.isinf(numbers)
    for line in raw.index[wrong]:
        faults.append(
            f"{place} {line}, column {column}: '{raw[line]}' is no positive close; "
            "leave it empty where there was none"
        )
    return numbers


def _daily(name: str, panel: pd.DataFrame) -> pd.DataFrame:
    if panel.empty:
        raise DataError(f"{name}: no closes")
    steps = np.diff(panel.index.to_numpy("datetime64[D]")).astype(int)
    if len(steps) > 4 and np.median(steps) > LONGEST_STEP:
        raise DataError(f"{name}: the median step is {np.median(steps):g} days; daily closes only")
    return panel


def _told(name: str, faults: list[str]) -> str:
    more = [f"and {len(faults) - MOST_SHOWN} more"] if len(faults) > MOST_SHOWN else []
    return "\n".join([f"{name}, {fault}" for fault in faults[:MOST_SHOWN]] + more)
