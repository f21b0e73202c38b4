"""Series as reported, with breaks in definition honoured: data/breaks.csv says where they lie.

A company that sells or buys a large business, or moves products between segments, reports another
thing under the same name. Where it recast the past, the past is put on the new footing; where it
did not, the past is marked.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from marketsim.dates import day
from marketsim.errors import DataError, InputError, nearest
from marketsim.facts.currency import in_usd
from marketsim.facts.table import Facts
from marketsim.resources import folder

__all__ = ["Break", "load_breaks", "reported"]

FILE: Final = "breaks.csv"
COLUMNS: Final = ("entity", "first", "recast", "kind", "source")
KINDS: Final = ("redefined", "merger")
OUT: Final = ["entity", "date", "value", "published", "confidence", "unit", "definition"]


@dataclass(frozen=True)
class Break:
    """One break in definition.

    Attributes
    ----------
    entity
        The series that breaks.
    first
        End of the first period in which the new definition holds for more than half of the days.
    recast
        Entity of the rows that tell the past in the new definition; empty where there are none.
    kind
        ``redefined`` (the same business, drawn differently) or ``merger`` (another business
        joined, so that rows before are true of another company).
    source
        What happened, and when.
    """

    entity: str
    first: pd.Timestamp
    recast: str
    kind: str
    source: str


def reported(facts: Facts, quantity: str) -> pd.DataFrame:
    """Return every series of a quantity, as far as possible in its current definition.

    Rows recast by the company take the recast values; older ones are scaled by the geometric mean
    of recast over original where both are known. A break is honoured once a period that ended on
    or after ``first`` is in ``facts``: before, nobody could have seen it in the figures.

    Parameters
    ----------
    facts
        What was known; nothing else is looked at.
    quantity
        As ``quarterly_revenue``.

    Returns
    -------
    DataFrame
        `entity`, `date`, `value` (USD m where the unit is EUR m, else as in the row), `published`
        (the day from which the value could be known in this form), `confidence` (``derived`` where
        scaled), `unit` (of the row) and `definition`: 0 for the current one; 1 for rows scaled to
        it, of an older definition never recast, or before a merger. Sorted by entity and date.

    Raises
    ------
    InputError
        There is no such quantity.
    DataError
        data/breaks.csv is missing or wrong.
    """
    rows = facts.select(quantity)
    rows = rows.assign(value=in_usd(rows), definition=0)[OUT]
    breaks = load_breaks()
    series = {str(name): of_one for name, of_one in rows.groupby("entity", sort=True)}
    for found in breaks:
        known = series.get(found.entity)
        if known is not None and (known["date"] >= found.first).any():
            series[found.entity] = _joined(known, found, series.get(found.recast))
    recast = {found.recast for found in breaks}
    kept = [of_one for name, of_one in series.items() if name not in recast]
    return pd.concat(kept, ignore_index=True) if kept else rows.reset_index(drop=True)


def _joined(rows: pd.DataFrame, found: Break, recast: pd.DataFrame | None) -> pd.DataFrame:
    """One series with one break honoured, sorted by date."""
    old = (rows["date"] < found.first).to_numpy()
    before, after = rows[old].assign(definition=1), rows[~old]
    if recast is None:
        return pd.concat([before, after], ignore_index=True)
    told = recast[recast["date"] < found.first].assign(entity=found.entity)
    earlier = before[~before["date"].isin(told["date"])]
    joined = pd.concat([_scaled(earlier, before, told), told, after], ignore_index=True)
    return joined.sort_values("date", ignore_index=True)


def _scaled(earlier: pd.DataFrame, before: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Rows that were never recast, at the ratio of those that were; as they are without overlap."""
    both = before.merge(told, on="date", suffixes=("", "_recast"))
    if both.empty:
        return earlier
    ratio = np.exp(np.log(both["value_recast"] / both["value"]).mean())
    since = both["published_recast"].max()
    return earlier.assign(
        value=earlier["value"] * ratio,
        published=earlier["published"].clip(lower=since),
        confidence=earlier["confidence"].where(earlier["confidence"] == "unverified", "derived"),
    )


def load_breaks(place: Path | None = None) -> tuple[Break, ...]:
    """Return the known breaks, by entity and date.

    Parameters
    ----------
    place
        A folder that holds ``breaks.csv``, instead of the data that ship with marketsim.

    Raises
    ------
    DataError
        The file is missing, or has faults: all of them, each with its line and column.
    """
    return _read((place or folder("data")) / FILE)


@lru_cache(maxsize=4)
def _read(path: Path) -> tuple[Break, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="more", restval="", strict=True)
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; it lists breaks in definition") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{FILE} is no CSV file in UTF-8 ({error}); save it as one") from error
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise DataError(f"{FILE}, line 1: the columns are {', '.join(COLUMNS)}")
    faults = [f"{FILE}, line {line}, {text}" for line, row in rows for text in _faults(row)]
    if faults:
        raise DataError("\n".join(faults))
    found = [
        Break(row["entity"], day(row["first"]), row["recast"], row["kind"], row["source"])
        for _, row in rows
    ]
    return tuple(sorted(found, key=lambda b: (b.entity, b.first)))


def _faults(row: dict[str, str]) -> Iterator[str]:
    if "more" in row:
        yield "column source: is followed by more fields; quote a field that holds ','"
    for column in ("entity", "source"):
        if not row[column].strip():
            yield f"column {column}: is empty"
    try:
        day(row["first"])
    except InputError:
        yield f"column first: '{row['first']}' is not a day; write it as 2025-12-31"
    if row["kind"] not in KINDS:
        known = f"write {' or '.join(KINDS)}.{nearest(row['kind'], KINDS)}"
        yield f"column kind: '{row['kind']}' is not a kind of break; {known}"
    if row["kind"] == "merger" and row["recast"]:
        yield "column recast: a merger has none; write redefined, or leave it empty"
