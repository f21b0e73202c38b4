"""Tables by ticker: weights (a benchmark, what is held now), numbers of shares, and layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from .errors import DataError, nearest
from .tables import (
    WHOLE,
    Column,
    Fault,
    Place,
    Rows,
    Rule,
    Schema,
    is_parquet,
    numbers,
    read_lines,
    read_parquet,
    read_rows,
    refuse,
)

__all__ = [
    "SHARES",
    "TICKER_LAYERS",
    "WEIGHTS",
    "read_layers",
    "read_shares",
    "read_weights",
    "tells_shares",
]

MOST: Final = 10.0
"""Gross weights above it are no fractions: nobody lends so much."""

MOST_NAMED: Final = 10
"""Tickers without a layer that are named; how many more there are is told too."""


def tells_shares(path: Path) -> bool:
    """Return whether a CSV file has a column of shares, and none of weights."""
    path = Path(path)
    if not path.is_file() or is_parquet(path):
        return False
    header = read_lines(path).header
    return "shares" in header and "weight" not in header


def read_shares(path: Path) -> dict[str, float]:
    """Return numbers of shares by ticker from a CSV file with the columns `ticker` and `shares`.

    Of `cash` they are USD. Other columns are passed over.

    Raises
    ------
    DataError
        As `read_weights`.
    """
    return _numbers_by_ticker(SHARES, "shares", Path(path))


def read_weights(path: Path) -> dict[str, float]:
    """Return weights by ticker from a CSV or Parquet file with the columns `ticker` and `weight`.

    Other columns are passed over. Tickers are read as they stand: `NA`, `TRUE` and `0123` too.

    Raises
    ------
    DataError
        There is no such file, or all that is wrong with it: columns that are missing, what is no
        number, a ticker that comes twice, per cent or amounts in place of fractions.
    """
    return _numbers_by_ticker(WEIGHTS, "weight", Path(path))


def read_layers(path: Path, tickers: Iterable[str]) -> dict[str, str]:
    """Return layers by ticker from a CSV or Parquet file with the columns `ticker` and `layer`.

    Other columns are passed over: the companies.csv of a folder will do.

    Parameters
    ----------
    path
        The file.
    tickers
        All of those that are to be sorted; layers of others are left out.

    Raises
    ------
    DataError
        As `read_weights`; or a ticker has no layer, so that no cap would hold it.
    """
    path = Path(path)
    rows = _checked(TICKER_LAYERS, path)
    known = dict(zip(map(str, rows["ticker"]), map(str, rows["layer"]), strict=True))
    wanted = list(tickers)
    if lacking := [ticker for ticker in wanted if ticker not in known]:
        few = ", ".join(lacking[:MOST_NAMED])
        more = f" and {len(lacking) - MOST_NAMED:,} more" if len(lacking) > MOST_NAMED else ""
        hint = nearest(lacking[0], set(known) - set(wanted))
        right = f"write a row for each.{hint}" if hint else "write a row for each"
        raise DataError(f"{path.name} has no layer of {few}{more}; {right}")
    return {ticker: known[ticker] for ticker in wanted}


def _numbers_by_ticker(schema: Schema, column: str, path: Path) -> dict[str, float]:
    """Return a column of numbers by ticker, once nothing is wrong with the rows."""
    rows = _checked(schema, path)
    return dict(zip(map(str, rows["ticker"]), map(float, numbers(rows[column])), strict=True))


def _checked(schema: Schema, path: Path) -> Rows:
    """Return the rows of a file by ticker.

    Raises
    ------
    DataError
        There is no such file, or all that is wrong with it.
    """
    if not path.is_file():
        columns = ", ".join(schema.names)
        raise DataError(
            f"no file '{path}' of {schema.holds}; give a CSV with the columns {columns}"
        )
    read = _frame_rows(schema, path) if is_parquet(path) else read_rows(schema, path)
    rows, faults = read
    refuse(faults if rows is None else [*faults, *schema.faults(rows)])
    assert rows is not None  # a file without its columns has faults
    return rows


def _frame_rows(schema: Schema, path: Path) -> tuple[Rows | None, list[Fault]]:
    """Return a Parquet file's rows as text; tickers may be its index."""
    table = read_parquet(path, schema.holds)
    if table.index.name == "ticker":
        table = table.reset_index()
    missing = [name for name in schema.names if name not in table.columns]
    if missing:
        where, known = Place(path.name, WHOLE), ", ".join(schema.names)
        return None, [
            Fault(where, name, f"is missing; the columns are {known}") for name in missing
        ]
    text = pd.DataFrame(
        {name: ["" if pd.isna(one) else str(one) for one in table[name]] for name in schema.names},
        dtype=object,
    )
    text["place"] = pd.Series([Place(path.name, i, "row") for i in range(len(text))], dtype=object)
    twice = text[text.duplicated("ticker")]
    return text, [
        Fault(place, "", f"'{name}' stands twice; keep one")
        for place, name in zip(twice["place"], twice["ticker"], strict=True)
    ]


def _fractions(rows: Rows) -> Iterator[Fault]:
    """Yield whether weights are per cent, or amounts, by what they add up to."""
    if rows.empty:
        return
    values = numbers(rows["weight"])
    gross = float(np.nansum(np.abs(values)))
    if gross > MOST:
        what = "per cent" if abs(gross - 100.0) < 5.0 else "shares or amounts"
        place = rows["place"].iloc[0]._replace(line=WHOLE)
        says = f"sums to {gross:.6g}: {what}? write fractions of the whole, 0.05 for 5 %"
        yield Fault(place, "weight", says)


WEIGHTS: Final = Schema(
    file="weights.csv",
    columns=(
        Column("ticker", "whose weight it is", filled=True, trimmed=True),
        Column("weight", "a fraction of the whole, 0.05 for 5 %", "number", noun="a weight"),
    ),
    key=("ticker",),
    holds="weights by ticker",
    title="{ticker}",
    rules=(Rule(("weight",), _fractions),),
    open=True,
)
SHARES: Final = Schema(
    file="shares.csv",
    columns=(
        Column("ticker", "whose shares they are, or `cash`", filled=True, trimmed=True),
        Column("shares", "how many; of cash, USD", "number", low=0, noun="a number of shares"),
    ),
    key=("ticker",),
    holds="shares by ticker",
    title="{ticker}",
    open=True,
)
TICKER_LAYERS: Final = Schema(
    file="layers.csv",
    columns=(
        Column("ticker", "whose layer it is", filled=True, trimmed=True),
        Column("layer", "which it is of, under any name", filled=True, trimmed=True),
    ),
    key=("ticker",),
    holds="layers by ticker",
    title="{ticker}",
    open=True,
)
