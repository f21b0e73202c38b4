"""Reading folders of facts: every file, every row checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.errors import DataError
from marketsim.knowledge.checking import check_rows, parse
from marketsim.knowledge.reading import Fault, read_text
from marketsim.knowledge.table import COLUMNS, KEY, Key

__all__ = ["FactsFiles", "merge_facts", "read_facts", "table_of"]

PLACE: Final = ["file", "line"]


@dataclass(frozen=True, eq=False)
class FactsFiles:
    """Rows of one folder, with file and line, and everything that is wrong with them."""

    rows: pd.DataFrame
    faults: tuple[str, ...]


def read_facts(place: Path, prefix: str, quantities: pd.DataFrame) -> FactsFiles:
    """Read every CSV file of a folder.

    Parameters
    ----------
    place
        The folder.
    prefix
        What stands before the name of a file in messages.
    quantities
        The known quantities.

    Raises
    ------
    DataError
        The folder holds no CSV file.
    """
    files = sorted(place.glob("*.csv"))
    if not files:
        raise DataError(f"{place} holds no CSV file of facts; name a folder that does")
    texts: dict[str, pd.DataFrame] = {}
    faults: dict[str, list[Fault]] = {}
    for path in files:
        texts[prefix + path.name], faults[prefix + path.name] = read_text(path, COLUMNS)
    whole = pd.concat(texts, names=["file"])
    # One check of all is quicker than one of each, which says where.
    if any(faults.values()) or check_rows(whole.reset_index(drop=True), quantities):
        for shown, text in texts.items():
            faults[shown] += check_rows(text, quantities)
    rows = parse(whole).reset_index()
    for file, fault in _repeated(rows):
        faults[file].append(fault)
    messages = [
        fault.message(file)
        for file, of_file in faults.items()
        for fault in sorted(of_file, key=lambda fault: fault.line)
    ]
    return FactsFiles(rows, tuple(messages))


def merge_facts(
    shipped: pd.DataFrame, added: pd.DataFrame
) -> tuple[pd.DataFrame, list[str], frozenset[Key]]:
    """Return the rows of both, the added ones in place of their like, and what changed.

    That in words, and by the keys of the rows that took no other's place.
    """
    both = pd.concat([shipped, added], ignore_index=True)
    replaced = both.duplicated(list(KEY), keep="last").to_numpy()
    again = both.duplicated(list(KEY), keep="first").to_numpy()[len(shipped) :]
    changes = []
    for file, of_file in added.assign(again=again).groupby("file", sort=True)["again"]:
        old = int(of_file.sum())
        new = len(of_file) - old
        counts = [f"{new:,} row{'s' * (new != 1)} added"] if new else []
        counts += [f"{old:,} replaced"] if old else []
        changes += [f"{str(file).partition('/')[2]}: {', '.join(counts)}"] if counts else []
    own = added.loc[~again, list(KEY)].itertuples(index=False, name=None)
    return both[~replaced], changes, frozenset(own)


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return sound rows as `Facts` holds them."""
    return rows.sort_values(list(KEY), kind="stable", ignore_index=True).loc[:, list(COLUMNS)]


def _repeated(rows: pd.DataFrame) -> list[tuple[str, Fault]]:
    """Rows whose key stands on an earlier line, of the same file or of another."""
    if not set(KEY) <= set(rows.columns):
        return []
    keyed = rows.dropna(subset=list(KEY))
    twice = keyed[keyed.duplicated(list(KEY), keep=False)]
    first: dict[tuple[object, ...], str] = {}
    found: list[tuple[str, Fault]] = []
    for file, line, *key in twice[[*PLACE, *KEY]].itertuples(index=False, name=None):
        place = first.setdefault(tuple(key), f"{file}, line {line}")
        if place != f"{file}, line {line}":
            says = f"same quantity, entity, date and published as {place}; keep one"
            found.append((file, Fault(line, "", says)))
    return found
