"""Reading one CSV file as text, with the line that every row stands on."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from marketsim.errors import nearest

__all__ = ["Fault", "read_text"]


class Fault(NamedTuple):
    """One thing wrong with one file; `column` is empty where the whole line is meant."""

    line: int
    column: str
    text: str

    def message(self, file: str) -> str:
        """The fault as a reader should see it."""
        column = f", column {self.column}" if self.column else ""
        return f"{file}, line {self.line}{column}: {self.text}"


def read_text(path: Path, columns: tuple[str, ...]) -> tuple[pd.DataFrame, list[Fault]]:
    """Rows of a CSV file as text, and what is wrong with its shape.

    Parameters
    ----------
    path
        The file.
    columns
        Those it should have, in any order.

    Returns
    -------
    DataFrame
        The known columns that the file has, as strings, indexed by line number. Lines with
        the wrong number of fields are left out.
    list of Fault
        Faults of the header and of those lines.
    """
    try:
        header, lines, rows = _split(path)
    except UnicodeDecodeError as error:
        return _nothing(), [Fault(1, "", f"is not UTF-8 ({error.reason}); save the file as UTF-8")]
    except csv.Error as error:
        return _nothing(), [Fault(1, "", f"is not CSV ({error}); quote fields with '\"'")]
    faults = _header_faults(header, columns) + _width_faults(header, lines, rows)
    whole = [i for i, row in enumerate(rows) if len(row) == len(header)]
    text = pd.DataFrame([rows[i] for i in whole], columns=header, dtype="str")
    text.index = pd.Index([lines[i] for i in whole], name="line", dtype="int64")
    known = [column for column in columns if header.count(column) == 1]
    return text[known], faults


def _nothing() -> pd.DataFrame:
    return pd.DataFrame(index=pd.Index([], name="line", dtype="int64"))


def _split(path: Path) -> tuple[list[str], list[int], list[list[str]]]:
    """Header, and the first line and the fields of every row that is not blank."""
    lines: list[int] = []
    rows: list[list[str]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header = next(reader, [])
        start = reader.line_num + 1
        for row in reader:
            if row:
                lines.append(start)
                rows.append(row)
            start = reader.line_num + 1
    return header, lines, rows


def _header_faults(header: list[str], columns: tuple[str, ...]) -> list[Fault]:
    if not header:
        return [Fault(1, "", f"is empty; it names the columns: {','.join(columns)}")]
    unknown = [
        Fault(1, name, f"'{name}' is not a column of this table.{nearest(name, columns)}")
        for name in dict.fromkeys(header)
        if name not in columns
    ]
    twice = [Fault(1, name, "stands twice; keep one") for name in columns if header.count(name) > 1]
    missing = [
        Fault(1, name, f"is missing; the columns are {', '.join(columns)}")
        for name in columns
        if name not in header
    ]
    return unknown + twice + missing


def _width_faults(header: list[str], lines: list[int], rows: list[list[str]]) -> list[Fault]:
    return [
        Fault(line, "", f"{len(row)} fields instead of {len(header)}; quote a field that holds ','")
        for line, row in zip(lines, rows, strict=True)
        if header and len(row) != len(header)
    ]
