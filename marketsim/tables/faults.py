"""What is wrong with a table, and where: one form for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from marketsim.errors import DataError

__all__ = ["MOST_SHOWN", "WHOLE", "Fault", "Place", "listed", "refuse"]

MOST_SHOWN: Final = 50
"""Faults of one file that are told; how many more there are is told too."""


WHOLE: Final = -1
"""In place of a line: the whole table is meant."""


class Place(NamedTuple):
    """Where a row stands: the line of a file, from 1, or the row of a frame, from 0."""

    file: str
    line: int
    unit: str = "line"

    def __str__(self) -> str:
        return f"{self.file}, {self.unit} {self.line}" if self.line >= 0 else self.file


class Fault(NamedTuple):
    """A fault and its place; `column` is empty where the whole line is meant."""

    place: Place
    column: str
    text: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.place}{column}: {self.text}"


def listed(faults: Iterable[Fault]) -> list[str]:
    """Return faults in words: file by file as they come, then by line, so many of each file."""
    by_file: dict[str, list[Fault]] = {}
    for fault in faults:
        by_file.setdefault(fault.place.file, []).append(fault)
    lines: list[str] = []
    for file, found in by_file.items():
        found.sort(key=lambda fault: fault.place.line)
        lines += map(str, found[:MOST_SHOWN])
        if more := len(found) - MOST_SHOWN:
            lines += [f"{file}: and {more:,} more"] if more > 0 else []
    return lines


def refuse(faults: Iterable[Fault]) -> None:
    """Raise what is wrong, if anything is.

    Raises
    ------
    DataError
        With all faults, a line each.
    """
    if lines := listed(faults):
        raise DataError("\n".join(lines))
