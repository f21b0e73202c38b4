"""A CSV file as text: header, and the fields of every row with the line that it begins on."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final, NamedTuple

from marketsim.tables.decoding import read_content, text_of
from marketsim.tables.faults import Fault, Place

__all__ = ["Lines", "parse_lines", "read_lines"]

SEPARATORS: Final = {";": "';'", "\t": "tabs", "|": "'|'"}


class Lines(NamedTuple):
    """One file: names of its columns, lines and fields of its rows, and what is wrong with it.

    Rows with another number of fields than the header are left out and among the faults.
    """

    header: list[str]
    lines: list[int]
    rows: list[list[str]]
    faults: list[Fault]


def read_lines(path: Path, shown: str | None = None) -> Lines:
    """Read a CSV file, also packed by gzip.

    Parameters
    ----------
    path
        The file.
    shown
        Its name in messages; that of the path by default.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    name = path.name if shown is None else shown
    content, why = read_content(path)
    text, line, says = ("", -1, why) if why else text_of(content)
    if says:
        return Lines([], [], [], [Fault(Place(name, line), "", says)])
    return parse_lines(text, name)


def parse_lines(text: str, name: str) -> Lines:
    """Return the rows of CSV text; blank ones, and those of empty fields alone, are passed over."""
    if says := _separator(text):
        return Lines([], [], [], [Fault(Place(name, 1), "", says)])
    lines: list[int] = []
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for row in reader:
            if any(field.strip() for field in row):
                lines.append(start)
                rows.append(row)
            start = reader.line_num + 1
    except csv.Error as error:
        says = f"is not CSV from here on ({error}); close every quote, and double those in a field"
        return Lines([], [], [], [Fault(Place(name, start), "", says)])
    if not rows:
        return Lines([], [], [], [Fault(Place(name, 1), "", "is empty")])
    header = [field.strip() for field in rows[0]]
    faults = _widths(name, header, lines[1:], rows[1:])
    whole = [i for i, row in enumerate(rows) if i and len(row) == len(header)]
    return Lines(header, [lines[i] for i in whole], [rows[i] for i in whole], faults)


def _separator(text: str) -> str:
    """Return what is said of a first line that parts its columns otherwise than by commas."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    if first.casefold().startswith("sep="):
        return f"begins with '{first.strip()}'; leave that line out and separate fields by ','"
    count = {mark: first.count(mark) for mark in SEPARATORS}
    most = max(count, key=lambda mark: count[mark])
    if count[most] > first.count(","):
        return (
            f"separates fields by {SEPARATORS[most]}; separate them by ',' and write decimals with "
            "a point, as in 1.5"
        )
    return ""


def _widths(name: str, header: list[str], lines: list[int], rows: list[list[str]]) -> list[Fault]:
    return [
        Fault(
            Place(name, line),
            "",
            f"{len(row)} fields instead of {len(header)}; quote a field that holds ','",
        )
        for line, row in zip(lines, rows, strict=True)
        if len(row) != len(header)
    ]
