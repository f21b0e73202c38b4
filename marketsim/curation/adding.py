"""Rows written to a user's folder of facts, once the reader has nothing against them there.

The folder is copied, the rows are added to the copy, and the copy is read as any folder is. Only
then is each file replaced, whole; where a row has a fault nothing is written. One process at a time
writes to a folder.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

import filelock

from marketsim.errors import DataError, InputError
from marketsim.files import replace_file
from marketsim.knowledge import Knowledge, load_facts
from marketsim.knowledge.table import COLUMNS, KEY

__all__ = ["Added", "Row", "add_rows", "knowledge_with", "own_keys"]

FACTS: Final = "facts"
LOCK: Final = ".facts.lock"
PATIENCE: Final = 30.0  # seconds for the lock


@dataclass(frozen=True)
class Row:
    """A fact as a file has it: all of it text, in the order of the columns."""

    quantity: str
    entity: str
    date: str
    published: str
    value: str
    unit: str
    source: str
    confidence: str = "sourced"
    note: str = ""


@dataclass(frozen=True)
class Added:
    """What was written.

    Attributes
    ----------
    files : tuple of Path
        Files that were written.
    changes : tuple of str
        What the folder now adds to the shipped facts or replaces of them, in words, by file.
    """

    files: tuple[Path, ...]
    changes: tuple[str, ...]


def knowledge_with(folder: Path) -> Knowledge:
    """Facts with those of a user's folder, which may be missing or empty.

    Raises
    ------
    DataError
        It is a file, or its tables have faults.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(f"'{folder}' is a file; name a folder to add facts to")
    return load_facts(add=folder) if _holds_something(folder) else load_facts()


def _holds_something(folder: Path) -> bool:
    return folder.is_dir() and any(not path.name.startswith(".") for path in folder.iterdir())


def add_rows(folder: Path | str, rows: Sequence[Row], *, write: bool = True) -> Added:
    """Add rows to a user's folder of facts, a file by quantity.

    Parameters
    ----------
    folder : path
        Made where missing.
    rows : sequence of Row
        At least one.
    write : bool, optional
        Whether to write, rather than only to check.

    Raises
    ------
    InputError
        There is no row.
    DataError
        A row has a fault, or the folder had one before, as `marketsim.load_facts` tells it, or
        another process writes to it. Nothing is written.
    """
    place = Path(folder).expanduser()
    if not rows:
        raise InputError("no rows to add; give one at least")
    if place.exists() and (not place.is_dir() or _holds_something(place)):
        knowledge_with(place)  # its own faults first, before anything of it is copied
    if not write or not place.exists():  # what has a fault leaves no folder behind
        checked, _ = _checked(place, rows)
        if not write:
            return checked
    place.mkdir(parents=True, exist_ok=True)
    with _alone(place):
        added, contents = _checked(place, rows)
        for path, content in contents.items():
            replace_file(path, content)
    return added


def _checked(place: Path, rows: Sequence[Row]) -> tuple[Added, dict[Path, bytes]]:
    """What would be written, read as it would stand in the folder."""
    names = list(dict.fromkeys(row.quantity for row in rows))
    with tempfile.TemporaryDirectory(prefix="marketsim-facts-") as temporary:
        copy = Path(temporary) / (place.resolve().name or FACTS)
        if place.is_dir():
            shutil.copytree(place, copy, ignore=shutil.ignore_patterns(".*"))
        contents: dict[Path, bytes] = {}
        for name in names:
            path = place / FACTS / f"{_file_name(name)}.csv"
            contents[path] = _with_rows(path, [row for row in rows if row.quantity == name])
            replace_file(copy / FACTS / path.name, contents[path])
        facts = load_facts(add=copy)
    return Added(tuple(contents), facts.added), contents


def own_keys(folder: Path) -> frozenset[tuple[str, ...]]:
    """Quantity, entity, date and published, as text, of the rows in a user's folder of facts."""
    found: set[tuple[str, ...]] = set()
    for path in sorted((folder / FACTS).glob("*.csv")):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            found |= {tuple(str(row.get(name)) for name in KEY) for row in csv.DictReader(file)}
    return frozenset(found)


def _file_name(quantity: str) -> str:
    """A quantity as the name of a file; what is none is told of by the reader."""
    plain = "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in quantity)
    return plain[:80] or "facts"


def _with_rows(path: Path, rows: Iterable[Row]) -> bytes:
    """The bytes of a file with rows after those that it has.

    Raises
    ------
    DataError
        Its first line is no list of the columns of facts.
    """
    before = path.read_bytes() if path.is_file() else b""
    if not before.strip():
        before = (",".join(COLUMNS) + "\n").encode()
    header = before.partition(b"\n")[0].decode("utf-8-sig", "replace").strip("\r")
    names = next(csv.reader([header]), [])
    if sorted(names) != sorted(COLUMNS):
        raise DataError(f"{path.name}, line 1: no columns of facts; write {','.join(COLUMNS)}")
    end = "\r\n" if before.partition(b"\n")[0].endswith(b"\r") else "\n"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=end)
    for row in rows:
        cells = dict(zip(COLUMNS, astuple(row), strict=True))
        writer.writerow([" ".join(cells[name].split("\n")).replace("\r", "") for name in names])
    gap = b"" if before.endswith(b"\n") else end.encode()
    try:
        return before + gap + text.getvalue().encode()
    except UnicodeEncodeError as error:
        word = error.object[max(error.start - 10, 0) : error.start + 10]
        raise DataError(f"{path.name}: {word!r} holds what is no text; type it again") from error


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Nobody else writes to the folder meanwhile.

    Raises
    ------
    DataError
        Another process has been writing for too long.
    """
    lock = filelock.FileLock(place / LOCK)
    try:
        with lock.acquire(timeout=PATIENCE):
            yield
    except filelock.Timeout as error:
        raise DataError(
            f"another process has been writing to {place} for {PATIENCE:g} s; wait for it to end"
        ) from error
