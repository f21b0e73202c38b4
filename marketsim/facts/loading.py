"""Reading the folder of facts: every file, every row checked, all faults told at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from marketsim.dates import Day, day
from marketsim.errors import DataError
from marketsim.facts.checking import check_rows, parse
from marketsim.facts.quantities import known_quantities
from marketsim.facts.reading import Fault, read_text
from marketsim.facts.table import COLUMNS, KEY, Facts
from marketsim.resources import folder as resource_folder

__all__ = ["load_facts"]


def load_facts(as_of: Day | None = None, folder: Path | str | None = None) -> Facts:
    """The facts that were public by a day.

    Parameters
    ----------
    as_of : str or date or Timestamp, optional
        The last day of publication to see, as `"2025-12-31"`. None shows everything.
    folder : path, optional
        A folder of CSV files to read instead of the `data/facts` that ships with marketsim.

    Returns
    -------
    Facts
        Sorted by quantity, entity, date and published.

    Raises
    ------
    InputError
        `as_of` is not a day.
    DataError
        The folder holds no CSV file, or its files have faults: all of them, each with file,
        line and column.
    """
    limit = None if as_of is None else day(as_of, "as_of")
    every = Facts(_read(_files(folder)))
    return every if limit is None else every.upto(limit)


def _files(folder: Path | str | None) -> list[Path]:
    place = resource_folder("data") / "facts" if folder is None else Path(folder)
    files = sorted(place.glob("*.csv"))
    if not files:
        raise DataError(f"{place} holds no CSV file of facts; name a folder that does")
    return files


def _read(files: list[Path]) -> pd.DataFrame:
    quantities = known_quantities()
    parsed: dict[str, pd.DataFrame] = {}
    faults: dict[str, list[Fault]] = {}
    for path in files:
        text, faults[path.name] = read_text(path)
        faults[path.name] += check_rows(text, quantities)
        parsed[path.name] = parse(text)
    rows = pd.concat(parsed, names=["file"])
    for file, fault in _repeated(rows):
        faults[file].append(fault)
    _raise_faults(faults)
    return rows.sort_values(list(KEY), kind="stable", ignore_index=True).loc[:, list(COLUMNS)]


def _repeated(rows: pd.DataFrame) -> list[tuple[str, Fault]]:
    """Rows whose key stands on an earlier line, of the same file or of another."""
    if not set(KEY) <= set(rows.columns):
        return []
    keyed = rows.dropna(subset=list(KEY))
    twice = keyed[keyed.duplicated(list(KEY), keep=False)]
    first: dict[tuple[object, ...], str] = {}
    found: list[tuple[str, Fault]] = []
    for (file, line), *key in twice[list(KEY)].itertuples(name=None):
        place = first.setdefault(tuple(key), f"{file}, line {line}")
        if place != f"{file}, line {line}":
            says = f"same quantity, entity, date and published as {place}; keep one"
            found.append((file, Fault(line, "", says)))
    return found


def _raise_faults(faults: dict[str, list[Fault]]) -> None:
    messages = [
        fault.message(file)
        for file, of_file in faults.items()
        for fault in sorted(of_file, key=lambda fault: fault.line)
    ]
    if messages:
        raise DataError("\n".join(messages))
