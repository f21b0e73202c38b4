"""A TOML file that a person may write, with the line that each of its keys stands on."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from marketsim.errors import DataError
from marketsim.tables.decoding import read_content, text_of

__all__ = ["Toml", "read_toml"]

AT: Final = re.compile(r" \(at (line \d+)(, column \d+)?\)| \(at (end of document)\)")


@dataclass(frozen=True)
class Toml:
    """What a TOML file holds.

    Attributes
    ----------
    name
        Of the file, for errors.
    text
        All of it.
    content
        By key.
    """

    name: str
    text: str
    content: dict[str, Any]

    def line(self, key: str, after: int = 0) -> int:
        """Return the line that opens the table ``key`` or gives it a value, from ``after`` on."""
        name = rf"[\"']?{re.escape(key)}[\"']?"
        pattern = re.compile(rf"^[ \t]*(?:\[{name}[\].]|{name}[ \t]*=)", re.MULTILINE)
        found = pattern.search(self.text, after)
        return self.text.count("\n", 0, found.start()) + 1 if found else 1

    def start(self, header: str) -> int:
        """Return where a header stands in the text, 0 where it does not."""
        return max(self.text.find(header), 0)


def read_toml(path: Path, what: str, empty: str) -> Toml:
    """Read a TOML file.

    Parameters
    ----------
    path
        The file.
    what
        What it is, as an error says it: `scenarios file`.
    empty
        What to write where it holds nothing.

    Raises
    ------
    DataError
        The file cannot be read, is not UTF-8, is no TOML, or is empty.
    """
    try:
        content, why = read_content(path)
    except OSError as error:
        raise DataError(f"{what} '{path}' cannot be read: {error.strerror}") from error
    if why:
        raise DataError(f"{what} '{path}' {why}")
    text, line, says = text_of(content)
    if says:
        raise DataError(f"{path.name}{f', line {line}' if line > 0 else ''}: {says}")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(_told(path.name, str(error))) from error
    if not table:
        raise DataError(f"{path.name}: {empty}")
    return Toml(path.name, text, table)


def _told(name: str, error: str) -> str:
    found = AT.search(error)
    where = f", {found[1]}{found[2] or ''}" if found and found[1] else ""
    return f"{name}{where}: not valid TOML: {AT.sub('', error) if where else error}"
