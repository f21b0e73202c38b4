"""Which of the shapes of a table of prices one has, and which of its columns are closes.

Wide, a date and a column of closes by ticker; long, the columns date, ticker and close; one share's
open, high, low, close and volume; and what yfinance returns, fields and tickers in two levels, in
either order, as a frame or as its CSV. Of adjusted closes and closes the adjusted are taken.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

import pandas as pd

from marketsim.errors import DataError
from marketsim.prices.plausible import OTHER_CURRENCIES
from marketsim.tables import WHOLE, Fault, Place

__all__ = ["Raw", "closes_of", "flat_levels", "is_long", "named"]

LONG: Final = ("date", "ticker", "close")
ADJUSTED: Final = ("adj close", "adj_close", "adjclose", "adjusted close", "adjusted_close")
FIELDS: Final = {
    *("open", "high", "low", "close", "volume", *ADJUSTED),
    *("dividends", "stock splits", "capital gains", "repaired?", "vwap", "trade count"),
}
"""What sources tell of a share besides its close, by lower case."""
SURE: Final = FIELDS - {"open", "high", "low"}
"""Those that are no ticker either, whatever their case."""
SYMBOLS: Final = ("symbol", "ticker")


class Raw(NamedTuple):
    """A table as it stands: its name, its columns and one place for each of its rows."""

    name: str
    table: pd.DataFrame
    unit: str

    def place(self, row: int | None = None) -> Place:
        """Return the place of a row, by its label; of the whole table by default."""
        return Place(self.name, WHOLE if row is None else int(row), self.unit)


def named(raw: Raw) -> Raw:
    """Return a table whose columns are texts, the date among them called `date`.

    An unnamed first column is taken for the date.

    Raises
    ------
    DataError
        There is no such column, or two of a name.
    """
    names = [str(column).strip() for column in raw.table.columns]
    for position, column in enumerate(names):
        plain = column.casefold()
        if plain in {"date", "ticker", "close"}:
            names[position] = plain
        elif plain == "symbol":
            names[position] = "ticker"
    if "date" not in names and names and names[0] in {"nan", "Unnamed: 0", ""}:
        names[0] = "date"
    if "date" not in names and "datetime" in [name.casefold() for name in names]:
        names[[name.casefold() for name in names].index("datetime")] = "date"
    if "date" not in names:
        raise DataError(
            f"{raw.name}: no column 'date'; write one row by date and one column by ticker, "
            "or the columns date, ticker, close"
        )
    twice = sorted({column for column in names if names.count(column) > 1})
    if twice:
        raise DataError(f"{raw.name}: column {', '.join(twice)} comes twice")
    return raw._replace(table=raw.table.set_axis(names, axis=1))


def is_long(table: pd.DataFrame) -> bool:
    """Whether a named table has a row by date and ticker."""
    return "ticker" in table and _close_of(table.columns) is not None


def closes_of(raw: Raw, keep: Collection[str], faults: list[Fault]) -> pd.DataFrame:
    """Return the date and closes of a named table: wide, or the columns date, ticker, close.

    Parameters
    ----------
    raw
        The table.
    keep
        Tickers asked for; what one share's fields are of, where it is one.
    faults
        What is wrong is added.
    """
    table = _in_dollars(raw, faults)
    if is_long(table):
        close = _close_of(table.columns)
        return table[["date", "ticker", str(close)]].set_axis(list(LONG), axis=1)
    columns = [column for column in table.columns if column != "date"]
    fields = [column for column in columns if column.casefold() in FIELDS]
    if len(fields) == len(columns) and _close_of(columns) is not None and _is_one(fields):
        return _one_share(raw, table, keep)
    alien = [column for column in fields if column.casefold() in SURE]
    for column in alien if len(columns) > len(fields) or len(fields) > 1 else fields:
        says = (
            f"'{column}' is no ticker; call the column by the ticker whose closes it holds, or "
            "leave it out"
        )
        faults.append(Fault(raw.place(), column, says))
    return table[[c for c in table.columns if c not in alien and (c in keep or c[:1] != "^")]]


def _is_one(fields: list[str]) -> bool:
    """Whether fields are those of one share: `LOW` and `OPEN` alone are tickers."""
    return any(field.casefold() in SURE for field in fields)


def _close_of(columns: Collection[str]) -> str | None:
    """Return the adjusted close, else the close."""
    plain = {str(column).casefold(): str(column) for column in columns}
    return next((plain[name] for name in (*ADJUSTED, "close") if name in plain), None)


def _one_share(raw: Raw, table: pd.DataFrame, keep: Collection[str]) -> pd.DataFrame:
    close = str(_close_of(table.columns))
    names = [name for name in keep if name[:1] != "^"]
    if len(names) != 1:
        fields = ", ".join(column for column in table.columns if column != "date")
        raise DataError(
            f"{raw.name} holds one share's {fields}; say whose, as in load_prices('XYZ', "
            f"source=...), or call the column '{close}' by its ticker and leave out the others"
        )
    return table[["date", close]].set_axis(["date", names[0]], axis=1)


def _in_dollars(raw: Raw, faults: list[Fault]) -> pd.DataFrame:
    """Return the table without a column of currencies, all of which must be USD."""
    of = [c for c in raw.table.columns if c.casefold() in ("currency", "ccy", "currency_code")]
    for column in of:
        given = raw.table[column].astype(str)
        strange = given[~given.str.strip().isin(["USD", "", "nan"])]
        for row, currency in strange.drop_duplicates().items():
            other = OTHER_CURRENCIES.get(currency.strip(), currency)
            says = f"'{currency}': closes are in {other}; give them in USD"
            faults.append(Fault(raw.place(row), column, says))  # type: ignore[arg-type]
    return raw.table.drop(columns=of)


def flat_levels(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the closes of a frame whose columns are fields and tickers, in either order.

    Raises
    ------
    DataError
        No level holds closes.
    """
    for level in range(frame.columns.nlevels):
        names = [str(one) for one in frame.columns.get_level_values(level)]
        close = _close_of(names)
        if frame.columns.nlevels == 2 and close is not None:
            chosen = frame.loc[:, [one == close for one in names]]
            return chosen.droplevel(level, axis=1)
    raise DataError(
        f"{name} has columns in {frame.columns.nlevels} levels, none of them with 'Close'; give "
        "closes by ticker, as in frame['Close']"
    )
