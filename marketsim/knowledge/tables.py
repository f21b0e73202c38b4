"""The tables beside the facts: each is one file, shipped, to which a user's folder may add rows.

All are read as text with the file and line that every row stands on, so that a fault can be told
by its place whatever the row was merged with. A row of a user's whose key stands in the shipped
table takes its place; any other is added at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from marketsim.errors import DataError
from marketsim.knowledge.reading import Fault, read_text

__all__ = [
    "Place",
    "Rows",
    "Table",
    "TableFault",
    "absent",
    "empty",
    "marked",
    "merged",
    "read_table",
]


class Place(NamedTuple):
    """Where a row stands."""

    file: str
    line: int


class TableFault(NamedTuple):
    """A fault and its place; `column` is empty where the whole line is meant."""

    place: Place
    column: str
    text: str

    def __str__(self) -> str:
        return Fault(self.place.line, self.column, self.text).message(self.place.file)


Rows = pd.DataFrame
"""Text, its rows numbered; columns of the table, and `place`."""


@dataclass(frozen=True)
class Table:
    """One table beside the facts.

    Attributes
    ----------
    file
        Name of its file.
    columns
        All of them.
    key
        Those that tell two rows apart.
    holds
        What it lists, as an error says it.
    title
        How a row is named: a format of its columns.
    check
        What every row must satisfy, alone and among the others.
    """

    file: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    holds: str
    title: str
    check: Callable[[Rows], Iterator[TableFault]]

    def faults(self, rows: Rows) -> Iterator[TableFault]:
        """Yield whatever is wrong with the rows."""
        yield from self.check(rows)

    def named(self, row: pd.Series) -> str:
        """Return the name of a row."""
        return self.title.format(**row)

    def keys(self, rows: Rows) -> list[tuple[str, ...]]:
        """Return what tells each row apart."""
        return list(rows[list(self.key)].itertuples(index=False, name=None))


def read_table(table: Table, path: Path, shown: str) -> tuple[Rows | None, list[TableFault]]:
    """Return the rows of one file and what is wrong with its shape; no rows without its columns.

    Parameters
    ----------
    table
        What the file should be.
    path
        The file.
    shown
        Its name in messages.

    Raises
    ------
    DataError
        The file is missing.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing; it lists {table.holds}")
    text, shape = read_text(path, table.columns)
    faults = [TableFault(Place(shown, fault.line), fault.column, fault.text) for fault in shape]
    if set(table.columns) - set(text.columns):
        return None, faults
    places = [Place(shown, int(line)) for line in text.index]
    rows = text.reset_index(drop=True).assign(place=pd.Series(places, dtype=object))
    return rows, [*faults, *_twice(table, rows)]


def empty(table: Table) -> Rows:
    """Return a table without rows, in place of one that cannot be read."""
    return pd.DataFrame(columns=[*table.columns, "place"], dtype=object)


def merged(table: Table, shipped: Rows, added: Rows) -> tuple[Rows, list[str]]:
    """Return the shipped rows with those added, and in words what was added and replaced."""
    where = {key: i for i, key in enumerate(table.keys(shipped))}
    old = [where.get(key) for key in table.keys(added)]
    rows = shipped.copy()
    for (_, row), place in zip(added.iterrows(), old, strict=True):
        rows.loc[len(rows) if place is None else place] = row
    changes = []
    for verb, chosen in (
        ("added", [i is None for i in old]),
        ("replaced", [i is not None for i in old]),
    ):
        names = dict.fromkeys(table.named(row) for _, row in added[chosen].iterrows())
        changes += [f"{table.file}: {', '.join(names)} {verb}"] if names else []
    return rows, changes


def marked(rows: Rows, wrong: pd.Series, column: str, says: str) -> Iterator[TableFault]:
    """Yield a fault for each wrong row; `{}` in `says` stands for what the row has there."""
    for _, row in rows[wrong.to_numpy(dtype=bool)].iterrows():
        yield TableFault(row["place"], column, says.replace("{}", repr(row[column])))


def absent(rows: Rows, *columns: str) -> Iterator[TableFault]:
    """Yield a fault for each empty field of some columns."""
    for column in columns:
        yield from marked(rows, rows[column].str.strip() == "", column, "is empty")


def _twice(table: Table, rows: Rows) -> Iterator[TableFault]:
    for _, row in rows[rows.duplicated(list(table.key))].iterrows():
        says = f"'{table.named(row)}' stands twice"
        same = " with the same " + ", ".join(table.key) if len(table.key) > 1 else ""
        yield TableFault(row["place"], "", f"{says}{same}; keep one")
