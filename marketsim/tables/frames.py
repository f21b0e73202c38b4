"""Tables of numbers, from CSV or Parquet: a column is numbers or words, never a guess of both."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import DataError
from marketsim.tables.faults import Fault, Place, refuse
from marketsim.tables.lines import Lines, read_lines
from marketsim.tables.values import number, number_hint, numbers, quoted

__all__ = ["is_parquet", "lines_of", "read_frame", "read_parquet"]

MOST_CELLS: Final = 200_000_000


def read_frame(path: Path, what: str, words: Collection[str] = ()) -> pd.DataFrame:
    """Return a table of numbers, its columns of words as they stand.

    Parameters
    ----------
    path
        CSV (also .csv.gz) or Parquet.
    what
        What it holds, as an error says it: `returns`.
    words
        Columns that are text whatever stands there, by lower case: a regime called NA or 01.

    Returns
    -------
    DataFrame
        Numbers as float64, in rows numbered from 0; of a first column without a name, which is an
        index that was written along, nothing is left.

    Raises
    ------
    DataError
        There is no such file, or it is no table: each fault with line and column. A column of
        which any field is a number has numbers only, and none is empty.
    """
    if is_parquet(path):
        return read_parquet(path, what)
    read = lines_of(path, what)
    faults = [*read.faults, *_names(read, path.name)]
    keep = [i for i, name in enumerate(read.header) if i or name]
    columns = {}
    for i in keep:
        name = read.header[i]
        text = pd.Series([row[i] for row in read.rows], dtype=object)
        wordy = name.casefold() in words
        columns[name] = text if wordy else _column(text, name, path.name, read.lines, faults)
    refuse(faults)
    return pd.DataFrame(columns)


def lines_of(path: Path, what: str) -> Lines:
    """Return a CSV file's lines.

    Raises
    ------
    DataError
        It is missing or cannot be read.
    """
    try:
        return read_lines(path)
    except OSError as error:
        raise DataError(_unread(path, what, error)) from error


def read_parquet(path: Path, what: str) -> pd.DataFrame:
    """Return a Parquet file as it is.

    Raises
    ------
    DataError
        There is no such file, it is no Parquet, or it is too large.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        if not path.is_file():
            raise FileNotFoundError(2, "No such file", str(path))
        size = pyarrow.parquet.read_metadata(path)
        if size.num_rows * size.num_columns > MOST_CELLS:
            many = f"{size.num_rows:,} rows of {size.num_columns:,} columns"
            raise DataError(f"{path.name} has {many}; {MOST_CELLS:,} cells are the most")
        return pd.read_parquet(path)
    except OSError as error:
        raise DataError(_unread(path, what, error)) from error
    except (pyarrow.ArrowException, ValueError, TypeError, KeyError) as error:
        why = str(error).partition("\n")[0].partition(". ")[0]
        raise DataError(f"{path.name} is no table in Parquet ({why}); write it again") from error


def is_parquet(path: Path) -> bool:
    """Whether the name of a file says so."""
    return path.suffix.casefold() in (".parquet", ".pq")


def _unread(path: Path, what: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no file '{path}' of {what}; give a CSV or Parquet file"
    return f"{path} cannot be read: {error.strerror or error}"


def _names(read: Lines, file: str) -> list[Fault]:
    """Return what is wrong with the names of columns."""
    place, header = Place(file, 1), read.header
    twice = sorted({name for name in header if name and header.count(name) > 1})
    bare = [i + 1 for i, name in enumerate(header) if i and not name]
    faults = [Fault(place, name, "stands twice; each name needs one column") for name in twice]
    faults += [Fault(place, "", f"field {i} has no name; give every column one") for i in bare]
    if header and not read.rows and not read.faults:
        faults.append(Fault(place, "", "holds names of columns and no row"))
    values = [number(name) for name in header if name]
    if values and np.isfinite(values).all() and not all(map(float.is_integer, values)):
        faults.append(Fault(place, "", "is a row of numbers; the first line names the columns"))
    return faults


def _column(
    text: pd.Series, name: str, file: str, lines: list[int], faults: list[Fault]
) -> pd.Series:
    """Return a column's numbers, or its text where no field is a number."""
    values = numbers(text)
    wrong = np.isnan(values)
    if wrong.all():
        return text
    for i in np.flatnonzero(wrong):
        field = text[i]
        says = (
            f"{quoted(field)} is not a number; write one{number_hint(field)}"
            if field
            else "is empty"
        )
        faults.append(Fault(Place(file, lines[i]), name, says))
    return pd.Series(values)
