"""`load_facts`: every table read, a user's folder merged, all faults told at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.dates import Day, day_or_none, shown
from marketsim.errors import DataError, nearest
from marketsim.knowledge import universe
from marketsim.knowledge.breaks import BREAKS, breaks
from marketsim.knowledge.completeness import COMPLETE, completeness
from marketsim.knowledge.crossing import crossed, unreported
from marketsim.knowledge.facts_files import merge_facts, read_facts, sound_facts, table_of
from marketsim.knowledge.knowledge import Knowledge
from marketsim.knowledge.plausible import implausible
from marketsim.knowledge.quantities import QUANTITIES, quantities
from marketsim.knowledge.revenue_map import LINES, revenue_map
from marketsim.knowledge.served import MODELS, served_models
from marketsim.knowledge.table import Facts, Key
from marketsim.renames import RENAMES, renames
from marketsim.resources import folder as resource_folder
from marketsim.tables import Fault, Rows, Schema, empty, merged, read_rows, refuse

__all__ = ["load_facts"]

TABLES: Final = (
    QUANTITIES,
    universe.LAYERS,
    universe.COMPANIES,
    LINES,
    BREAKS,
    universe.GROUPS,
    MODELS,
    COMPLETE,
    RENAMES,
)
FILES: Final = tuple(table.file for table in TABLES)
FACTS: Final = "facts"


def load_facts(
    as_of: Day | None = None,
    folder: Path | str | None = None,
    add: Path | str | None = None,
) -> Knowledge:
    """The facts that were public by a day, with the companies, lines and models beside them.

    Parameters
    ----------
    as_of : str or date or Timestamp, optional
        The last day of publication to see, as `"2025-12-31"`. None shows everything; inside a
        strategy, what was known on its date.
    folder : path, optional
        A folder of CSV files of facts to read instead of the `data/facts` that ships with
        marketsim. Nothing is declared of how far they go: the last that companies reported or
        said in them counts as the day to which they are complete.
    add : path, optional
        A folder to read beside the shipped data, of the same shape: `facts/*.csv`,
        `companies.csv`, `lines.csv`, `breaks.csv`, `models.csv`, `quantities.csv`, `layers.csv`,
        `groups.csv`, `complete.csv`, `former_tickers.csv`, any of them. A row with the key of a
        shipped one takes its place, others are added; `Knowledge.added` says which.

    Returns
    -------
    Knowledge
        Facts sorted by quantity, entity, date and published.

    Raises
    ------
    InputError
        `as_of` is not a day, or one that the strategy which asks may not see.
    DataError
        A folder holds nothing to read or a file that is none of these, or the files have faults:
        all of them, each with file, line and column.
    """
    limit = shown(day_or_none(as_of, "as_of"))
    data = resource_folder("data")
    mine = None if add is None else _checked(Path(add).expanduser())
    rows, faults, changes = _tables(data, mine)
    known = quantities(rows[QUANTITIES.file])
    shipped = sound_facts(data / FACTS if folder is None else Path(folder), known)
    faults += shipped.faults
    facts, own = shipped.rows, frozenset[Key]()
    if mine is not None and (mine / FACTS).is_dir():
        theirs = read_facts(mine / FACTS, f"{mine.name}/{FACTS}/", known)
        faults += theirs.faults
        if not faults:
            facts, counts, own = merge_facts(facts, theirs.rows)
            files = {place.file for place in theirs.rows["place"]}
            mine_too = np.array([place.file in files for place in facts["place"]], dtype=bool)
            faults += implausible(facts, ~mine_too)
            changes += counts
    if folder is None and not faults:
        faults += unreported(rows[universe.GROUPS.file], facts)
    refuse(faults)
    every = _knowledge(rows, known, table_of(facts), tuple(changes), own)
    if folder is not None:
        every = replace(every, declared=dict.fromkeys(every.declared))
    return every if limit is None else every.upto(limit)


def _checked(place: Path) -> Path:
    """Return a user's folder, which holds nothing that would be passed over."""
    if not place.is_dir():
        raise DataError(f"'{place}' is not a folder; name one with {', '.join(FILES)} or {FACTS}/")
    shown = [path for path in sorted(place.iterdir()) if not path.name.startswith(".")]
    data = [path for path in shown if path.suffix != ".md"]
    faults = [
        f"{place.name}/{path.name} is no table of marketsim; write {', '.join(FILES)} or "
        f"{FACTS}/*.csv.{nearest(path.name, (*FILES, FACTS))}"
        for path in data
        if path.name not in (*FILES, FACTS)
    ]
    if (place / FACTS).is_dir():
        faults += [
            f"{place.name}/{FACTS}/{path.name} is no CSV file of facts; move it elsewhere"
            for path in sorted((place / FACTS).iterdir())
            if path.suffix not in (".csv", ".md") and not path.name.startswith(".")
        ]
    if faults:
        raise DataError("\n".join(faults))
    if not data:
        raise DataError(f"'{place}' is empty; it may hold {', '.join(FILES)} and {FACTS}/*.csv")
    return place


def _tables(data: Path, mine: Path | None) -> tuple[dict[str, Rows], list[Fault], list[str]]:
    """Return the rows of each table, all faults, and what was added."""
    found: dict[str, Rows] = {}
    changes: list[str] = []
    faults: list[Fault] = []
    broken = False
    for table in TABLES:
        rows, wrong, words = _table(table, data, mine)
        broken |= rows is None
        found[table.file] = empty(table) if rows is None else rows
        faults += [*wrong, *table.faults(found[table.file])]
        changes += words
    if not broken:
        faults += crossed(found)
    return found, faults, changes


def _table(
    table: Schema, data: Path, mine: Path | None
) -> tuple[Rows | None, list[Fault], list[str]]:
    rows, faults = read_rows(table, data / table.file, table.file)
    if mine is None or not (mine / table.file).exists():
        return rows, faults, []
    added, wrong = read_rows(table, mine / table.file, f"{mine.name}/{table.file}")
    if rows is None or added is None:
        return None, [*faults, *wrong], []
    both, changes = merged(table, rows, added)
    return both, [*faults, *wrong], changes


def _knowledge(
    rows: dict[str, Rows],
    known: pd.DataFrame,
    table: pd.DataFrame,
    added: tuple[str, ...],
    own: frozenset[Key],
) -> Knowledge:
    layers = universe.layers(rows[universe.LAYERS.file])
    return Knowledge(
        facts=Facts(table, known=frozenset(map(str, known.index))),
        universe=universe.Universe(
            companies=universe.companies(rows[universe.COMPANIES.file]),
            revenue_map=revenue_map(rows[LINES.file], tuple(map(str, layers.index))),
            layers=layers,
            breaks=breaks(rows[BREAKS.file]),
            groups=universe.groups(rows[universe.GROUPS.file]),
            renames=renames(rows[RENAMES.file]),
        ),
        models=served_models(rows[MODELS.file]),
        quantities=known,
        added=added,
        declared=completeness(rows[COMPLETE.file]),
        own=own,
    )
