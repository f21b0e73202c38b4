"""What a table holds, declared: its columns with kind, unit and range, and rules among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import pandas as pd

from marketsim.errors import nearest
from marketsim.tables.faults import Fault
from marketsim.tables.values import day, number, number_hint, quoted

__all__ = ["Column", "Rule", "Schema"]

Kind = Literal["text", "day", "number", "whole"]
EARLIEST: Final = pd.Timestamp("1900-01-01")
LATEST: Final = pd.Timestamp("2100-12-31")


class Rule(NamedTuple):
    """What rows must satisfy beyond single fields: a check, and the columns it looks at."""

    needs: tuple[str, ...]
    check: Callable[[pd.DataFrame], Iterator[Fault]]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        As the header has it.
    meaning
        In a line, for documentation.
    kind
        `text`, `day` (ISO), `number` or `whole` (a whole number).
    unit
        Of a number; `{unit}` is that of the row's column of this name.
    low, high
        Range of a number, both included.
    choices
        All that a text may be.
    noun
        What a field should be, as an error says it: `a share`.
    filled
        Whether it may not be empty. Days and numbers may be empty where `optional`.
    empty
        What is said of an empty one.
    trimmed
        Whether spaces at its ends are refused.
    optional
        Whether a day or number may be left empty.
    """

    name: str
    meaning: str = ""
    kind: Kind = "text"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    noun: str = ""
    filled: bool = False
    empty: str = "is empty"
    trimmed: bool = False
    optional: bool = False

    def complaint(self, text: str) -> str:
        """Return what is wrong with a field, or nothing."""
        bare = text.strip()
        if self.filled and not bare:
            return self.empty
        if self.trimmed and bare != text and bare:
            return f"{quoted(text)} begins or ends with a space; remove it"
        if self.choices and text not in self.choices:
            right = " or ".join(self.choices)
            hint = nearest(text, self.choices)
            noun = self.noun or "known"
            return f"{quoted(text)} is not {noun}; write {right}{'.' * bool(hint)}{hint}"
        if self.kind == "text" or (self.optional and not text):
            return ""
        return self._day(text) if self.kind == "day" else self._number(text)

    @property
    def right(self) -> str:
        """What to write, of a number."""
        least, most = self.low, self.high
        span = "" if least is None or most is None else f"{least:g} to {most:g}"
        if self.kind == "whole" and not self.unit:
            return span or "a whole number"
        if self.unit and span:
            return f"{self.unit}, {span}"
        if self.unit:
            return f"a decimal number in {self.unit}"
        return f"a number from {span}" if span else "a number"

    def _day(self, text: str) -> str:
        found = day(text)
        if found is None:
            return f"{quoted(text)} is not a day; write it as 2025-12-31"
        if not EARLIEST <= found <= LATEST:
            return f"{quoted(text)} lies outside 1900 to 2100; check the year"
        return ""

    def _number(self, text: str) -> str:
        value = number(text)
        low = -float("inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        if low <= value <= high and (self.kind != "whole" or value.is_integer()):
            return ""
        hint = number_hint(text)
        if low >= -1.0 and high <= 2.0 and high < value <= 100.0:
            hint = f" ({value:g} % is {value / 100:g})"
        return f"{quoted(text)} is not {self.noun or 'a number'}; write {self.right}{hint}"


@dataclass(frozen=True)
class Schema:
    """One table that a person may write.

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
    rules
        What rows must satisfy beyond single fields, alone or among the others.
    open
        Whether a file may have other columns, which are passed over.
    """

    file: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    holds: str
    title: str
    rules: tuple[Rule, ...] = ()
    open: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def faults(self, rows: pd.DataFrame) -> list[Fault]:
        """Return what is wrong with rows, by line and column; with those columns that they have."""
        found = [
            fault
            for column in self.columns
            if column.name in rows
            for fault in _column_faults(column, rows)
        ]
        for rule in self.rules:
            found += rule.check(rows) if set(rule.needs) <= set(rows.columns) else ()
        order = {name: i for i, name in enumerate(self.names)}
        return sorted(found, key=lambda f: (f.place.line, order.get(f.column, -1)))

    def named(self, row: pd.Series) -> str:
        """Return the name of a row."""
        return self.title.format(**row)

    def keys(self, rows: pd.DataFrame) -> list[tuple[str, ...]]:
        """Return what tells each row apart."""
        return list(rows[list(self.key)].itertuples(index=False, name=None))

    def unknown(self, name: str) -> str:
        """Return what is said of a column that the table has not."""
        return f"'{name}' is not a column of this table.{nearest(name, self.names)}"


def _column_faults(column: Column, rows: pd.DataFrame) -> Iterator[Fault]:
    """Yield what is wrong with a column, each distinct field looked at once."""
    given = rows[column.name]
    wrong = {text: says for text in given.unique() if (says := column.complaint(text))}
    if not wrong:
        return
    for _, row in rows[given.isin(list(wrong)).to_numpy(dtype=bool)].iterrows():
        says = wrong[row[column.name]]
        if "{unit}" in column.unit:
            says = says.replace("{unit}", row.get("unit") or "its unit")
        yield Fault(row["place"], column.name, says)
