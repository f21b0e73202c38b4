"""The tables of prices that ship, or that a folder of one's own holds in their place, declared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import DataError
from marketsim.renames import RENAMES, Rename, renames
from marketsim.tables import (
    Column,
    Fault,
    Place,
    Rows,
    Schema,
    numbers,
    read_lines,
    read_rows,
    refuse,
)

__all__ = ["read_correlation", "read_renames", "read_splits", "read_statistics"]

ROUNDING: Final = 1e-6
"""By how much a correlation may differ from its mirror image."""

MEASURES: Final = {
    "annual_volatility": ("a year, a fraction", 0.001, 20.0),
    "beta_to_spy": ("of daily log returns on SPY's", -20.0, 20.0),
    "student_t_dof": ("degrees of freedom of daily returns", 1.0, 1e6),
    "market_cap_usd_bn": ("USD bn", 1e-6, 1e5),
    "price_close_2025_12_31": ("USD", 1e-6, 1e7),
}

STATISTICS: Final = Schema(
    file="market_statistics.csv",
    columns=(
        Column("ticker", "the company", filled=True, trimmed=True),
        Column("days", "daily returns behind it", "whole", low=1, high=1e5, noun="a count"),
        *(
            Column(name, meaning, "number", low=low, high=high, noun="such a figure")
            for name, (meaning, low, high) in MEASURES.items()
        ),
    ),
    key=("ticker",),
    holds="market statistics of the companies",
    title="{ticker}",
    open=True,
)

SPLITS: Final = Schema(
    file="splits.csv",
    columns=(
        Column("quantity", "what was done", filled=True),
        Column("entity", "the ticker", filled=True),
        Column("date", "the first session at the new price", "day"),
        Column("value", "new shares per old", "number"),
    ),
    key=("quantity", "entity", "date"),
    holds="splits of shares",
    title="{quantity} of {entity}",
    open=True,
)


def read_statistics(path: Path) -> pd.DataFrame:
    """Return market statistics by ticker, [ticker, measure], and the `days` behind them.

    Raises
    ------
    DataError
        All faults of the file at once.
    """
    rows = _sound(STATISTICS, path)
    columns = {name: numbers(rows[name]) for name in ("days", *MEASURES)}
    table = pd.DataFrame(columns, index=pd.Index(rows["ticker"].astype("str"), name="ticker"))
    return table.astype({"days": "int64"})


def read_splits(path: Path) -> pd.DataFrame:
    """Return rows of facts of splits, as `splits_in` takes them.

    Raises
    ------
    DataError
        All faults of the file at once.
    """
    rows = _sound(SPLITS, path)
    return rows.drop(columns="place").assign(value=numbers(rows["value"]))


def read_renames(path: Path) -> tuple[Rename, ...]:
    """Return the renames of a file; there may be none.

    Raises
    ------
    DataError
        All faults of the file at once.
    """
    rows, faults = read_rows(RENAMES, path)
    refuse(faults if rows is None else [*faults, *RENAMES.faults(rows)])
    return () if rows is None else renames(rows)


def read_correlation(path: Path) -> pd.DataFrame:
    """Return a matrix of correlations [ticker, ticker].

    Raises
    ------
    DataError
        All faults of the file at once: names that differ between rows and columns, what is no
        correlation, a diagonal other than 1, a pair that is not the same from both sides.
    """
    read = read_lines(path)
    refuse(read.faults)
    names, rows = read.header[1:], [row[0] for row in read.rows]
    if names != rows or len(set(names)) < len(names):
        odd = next((n for n in [*names, *rows] if names.count(n) != 1 or rows.count(n) != 1), "")
        raise DataError(
            f"{path.name}: rows and columns are not the same tickers in the same order"
            f"{f', see {odd!r}' if odd else ''}"
        )
    cells = pd.Series([cell for row in read.rows for cell in row[1:]], dtype=object)
    matrix = numbers(cells).reshape(len(names), len(names))
    places = [Place(path.name, line) for line in read.lines]
    refuse(_matrix_faults(matrix, names, places))
    return pd.DataFrame(matrix, index=pd.Index(names, name="ticker"), columns=names)


def _sound(schema: Schema, path: Path) -> Rows:
    rows, faults = read_rows(schema, path)
    refuse(faults if rows is None else [*faults, *schema.faults(rows)])
    if rows is None or rows.empty:
        raise DataError(f"{path.name}: holds names of columns and no row")
    return rows


def _matrix_faults(matrix: np.ndarray, names: list[str], places: list[Place]) -> Iterator[Fault]:
    for i, j in np.argwhere(~(np.abs(matrix) <= 1.0 + ROUNDING)):
        says = f"{matrix[i, j]:g} is no correlation; write a number from -1 to 1"
        yield Fault(places[i], names[j], says)
    for i in np.flatnonzero(np.abs(np.diag(matrix) - 1.0) > ROUNDING):
        says = f"{matrix[i, i]:g} with itself; write 1"
        yield Fault(places[i], names[i], says)
    for i, j in np.argwhere(np.triu(np.abs(matrix - matrix.T) > ROUNDING)):
        says = f"{matrix[j, i]:g} here and {matrix[i, j]:g} the other way round; write the same"
        yield Fault(places[j], names[i], says)
