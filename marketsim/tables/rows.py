"""Rows of a declared table as text, each with its place; and a user's merged with those that ship.

A row of a user's whose key stands in the shipped table takes its place; any other is added at the
end.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from marketsim.errors import DataError, nearest
from marketsim.tables.faults import Fault, Place
from marketsim.tables.lines import Lines, read_lines
from marketsim.tables.schema import Schema

__all__ = ["Rows", "empty", "header_faults", "marked", "merged", "read_rows"]

Rows = pd.DataFrame
"""Text, its rows numbered; columns of the table, and `place`."""


def read_rows(
    schema: Schema, path: Path, shown: str | None = None, *, part: bool = False
) -> tuple[Rows | None, list[Fault]]:
    """Return the rows of one file and what is wrong with its shape; no rows without its columns.

    Parameters
    ----------
    schema
        What the file should be.
    path
        The file.
    shown
        Its name in messages; that of the path by default.
    part
        Return those columns that there are, where some are missing.

    Raises
    ------
    DataError
        The file is missing.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing; it lists {schema.holds}")
    name = path.name if shown is None else shown
    read = read_lines(path, name)
    faults = header_faults(schema, read, name) + read.faults
    known = [column for column in schema.names if read.header.count(column) == 1]
    if not read.header or (len(known) < len(schema.names) and not part):
        return (empty(schema)[["place"]] if part else None), faults
    text = pd.DataFrame(read.rows, columns=read.header, dtype=object)
    rows = text[known].astype(object)
    rows["place"] = pd.Series([Place(name, line) for line in read.lines], dtype=object)
    return rows, faults if part else [*faults, *_twice(schema, rows)]


def empty(schema: Schema) -> Rows:
    """Return a table without rows, in place of one that cannot be read."""
    return pd.DataFrame(columns=[*schema.names, "place"], dtype=object)


def merged(schema: Schema, shipped: Rows, added: Rows) -> tuple[Rows, list[str]]:
    """Return the shipped rows with those added, and in words what was added and replaced."""
    where = {key: i for i, key in enumerate(schema.keys(shipped))}
    old = [where.get(key) for key in schema.keys(added)]
    rows = shipped.copy()
    for (_, row), place in zip(added.iterrows(), old, strict=True):
        rows.loc[len(rows) if place is None else place] = row
    changes = []
    for verb, chosen in (
        ("added", [i is None for i in old]),
        ("replaced", [i is not None for i in old]),
    ):
        names = dict.fromkeys(schema.named(row) for _, row in added[chosen].iterrows())
        apart = "; " if any("," in name for name in names) else ", "
        changes += [f"{schema.file}: {apart.join(names)} {verb}"] if names else []
    return rows, changes


def marked(rows: Rows, wrong: pd.Series, column: str, says: str) -> Iterator[Fault]:
    """Yield a fault for each wrong row; `{}` in `says` stands for what the row has there."""
    for _, row in rows[wrong.to_numpy(dtype=bool)].iterrows():
        yield Fault(row["place"], column, says.replace("{}", repr(row[column])))


def header_faults(schema: Schema, read: Lines, name: str) -> list[Fault]:
    """Return what is wrong with the names of the columns."""
    columns, place = schema.names, Place(name, 1)
    if not read.header:
        bare = [fault.text == "is empty" for fault in read.faults]
        names = f"is empty; it names the columns: {','.join(columns)}"
        read.faults[:] = [Fault(place, "", names)] if any(bare) else read.faults
        return []
    lacking = [name for name in columns if name not in read.header]
    strange = [name for name in dict.fromkeys(read.header) if name not in columns]
    # Where others may stand, one is of note only as what is missing, misspelt.
    if schema.open:
        strange = [name for name in strange if lacking and nearest(name, lacking)]
    unknown = [Fault(place, name, schema.unknown(name)) for name in strange]
    twice = [Fault(place, n, "stands twice; keep one") for n in columns if read.header.count(n) > 1]
    missing = [
        Fault(place, n, f"is missing; the columns are {', '.join(columns)}") for n in lacking
    ]
    return unknown + twice + missing


def _twice(schema: Schema, rows: Rows) -> Iterator[Fault]:
    for _, row in rows[rows.duplicated(list(schema.key))].iterrows():
        says = f"'{schema.named(row)}' stands twice"
        same = " with the same " + ", ".join(schema.key) if len(schema.key) > 1 else ""
        yield Fault(row["place"], "", f"{says}{same}; keep one")
