"""Reading folders of facts: every file, every row checked."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.errors import DataError
from marketsim.knowledge.fact_columns import facts_schema, typed
from marketsim.knowledge.plausible import implausible
from marketsim.knowledge.table import COLUMNS, KEY, Key
from marketsim.tables import Fault, Place, read_rows

__all__ = ["FactsFiles", "merge_facts", "read_facts", "sound_facts", "table_of"]

FOLDERS: Final = 2
"""Whose files stay as they were read and checked, until they hold something else."""


@dataclass(frozen=True, eq=False)
class FactsFiles:
    """Rows of one folder, with the place of each, and everything that is wrong with them."""

    rows: pd.DataFrame
    faults: tuple[Fault, ...]


_SOUND: OrderedDict[tuple[str, ...], FactsFiles] = OrderedDict()


def sound_facts(place: Path, quantities: pd.DataFrame) -> FactsFiles:
    """Read the CSV files of a folder that stands by itself, and hold its rows against one another.

    The parameters and errors are those of `read_facts`. Files that still hold what they held, byte
    by byte, are not looked through again.
    """
    held = [part for path in sorted(place.glob("*.csv")) for part in (path.name, _digest(path))]
    key = (quantities.to_csv(), *held)
    found = _SOUND.pop(key, None)
    if found is None:
        found = read_facts(place, "", quantities)
        if not found.faults:
            found = replace(found, faults=tuple(implausible(found.rows)))
    _SOUND[key] = found
    while len(_SOUND) > FOLDERS:
        _SOUND.popitem(last=False)
    return replace(found, rows=found.rows.copy(deep=False))


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


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
    schema = facts_schema(quantities)
    read = [read_rows(schema, path, prefix + path.name, part=True) for path in files]
    texts = [rows for rows, _ in read if rows is not None]
    whole = pd.concat(texts, ignore_index=True)
    broken = any(set(schema.names) - set(rows.columns) for rows in texts)
    # One check of all is quicker than one of each, which knows the columns that a file has.
    checked = [fault for part in (texts if broken else [whole]) for fault in schema.faults(part)]
    rows = typed(whole)
    faults: dict[str, list[Fault]] = {prefix + path.name: [] for path in files}
    for fault in [*(fault for _, shape in read for fault in shape), *checked, *_repeated(rows)]:
        faults[fault.place.file].append(fault)
    return FactsFiles(rows, tuple(fault for of_file in faults.values() for fault in of_file))


def merge_facts(
    shipped: pd.DataFrame, added: pd.DataFrame
) -> tuple[pd.DataFrame, list[str], frozenset[Key]]:
    """Return the rows of both, the added ones in place of their like, and what changed.

    That in words, and by the keys of the rows that took no other's place.
    """
    both = pd.concat([shipped, added], ignore_index=True)
    replaced = both.duplicated(list(KEY), keep="last").to_numpy()
    again = both.duplicated(list(KEY), keep="first").to_numpy()[len(shipped) :]
    files = pd.Series([place.file for place in added["place"]], index=added.index, dtype=object)
    changes = []
    for file, of_file in added.assign(again=again).groupby(files, sort=True)["again"]:
        old = int(of_file.sum())
        new = len(of_file) - old
        counts = [f"{new:,} row{'s' * (new != 1)} added"] if new else []
        counts += [f"{old:,} replaced"] if old else []
        changes += [f"{str(file).partition('/')[2]}: {', '.join(counts)}"] if counts else []
    own = added.loc[~again, list(KEY)].itertuples(index=False, name=None)
    return both[~replaced], changes, frozenset(own)


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return sound rows as `Facts` holds them."""
    ordered = rows.sort_values(list(KEY), kind="stable", ignore_index=True).loc[:, list(COLUMNS)]
    words = [name for name in COLUMNS if name not in ("date", "published", "value")]
    return ordered.astype(dict.fromkeys(words, "str"))


def _repeated(rows: pd.DataFrame) -> list[Fault]:
    """Rows whose key stands on an earlier line, of the same file or of another."""
    if not set(KEY) <= set(rows.columns):
        return []
    keyed = rows.dropna(subset=list(KEY))
    twice = keyed[keyed.duplicated(list(KEY), keep=False)]
    first: dict[tuple[object, ...], Place] = {}
    found: list[Fault] = []
    for place, *key in twice[["place", *KEY]].itertuples(index=False, name=None):
        earlier = first.setdefault(tuple(key), place)
        if earlier != place:
            says = f"same quantity, entity, date and published as {earlier}; keep one"
            found.append(Fault(place, "", says))
    return found
