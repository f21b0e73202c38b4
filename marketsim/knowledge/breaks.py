"""Breaks in definition, from breaks.csv: where a series goes on as another thing.

A company that sells or buys a large business, or moves products between segments, reports another
thing under the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from marketsim.dates import day
from marketsim.errors import InputError, nearest
from marketsim.knowledge.tables import Rows, Table, TableFault, absent, marked

__all__ = ["BREAKS", "Break", "breaks", "is_day"]

KINDS: Final = ("redefined", "merger")


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


def breaks(rows: Rows) -> tuple[Break, ...]:
    """Return the known breaks, by entity and date."""
    columns = ("entity", "first", "recast", "kind", "source")
    found = [
        Break(entity, day(first), recast, kind, source)
        for entity, first, recast, kind, source in rows[list(columns)].itertuples(index=False)
    ]
    return tuple(sorted(found, key=lambda b: (b.entity, b.first)))


def is_day(text: str) -> bool:
    """Whether a text is an ISO day."""
    try:
        day(text)
    except InputError:
        return False
    return True


def _faults(rows: Rows) -> Iterator[TableFault]:
    yield from absent(rows, "entity", "source")
    says = "{} is not a day; write it as 2025-12-31"
    yield from marked(rows, ~rows["first"].map(is_day).astype(bool), "first", says)
    for _, row in rows[~rows["kind"].isin(KINDS)].iterrows():
        known = f"write {' or '.join(KINDS)}.{nearest(row['kind'], KINDS)}"
        yield TableFault(row["place"], "kind", f"'{row['kind']}' is not a kind of break; {known}")
    says = "a merger has none; write redefined, or leave it empty"
    yield from marked(rows, (rows["kind"] == "merger") & (rows["recast"] != ""), "recast", says)


BREAKS: Final = Table(
    file="breaks.csv",
    columns=("entity", "first", "recast", "kind", "source"),
    key=("entity", "first"),
    holds="breaks in definition",
    title="{entity} from {first}",
    check=_faults,
)
