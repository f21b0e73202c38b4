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
from marketsim.tables import Column, Fault, Rows, Rule, Schema, marked

__all__ = ["BREAKS", "Break", "breaks"]

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


def _of_mergers(rows: Rows) -> Iterator[Fault]:
    says = "a merger has none; write redefined, or leave it empty"
    yield from marked(rows, (rows["kind"] == "merger") & (rows["recast"] != ""), "recast", says)


BREAKS: Final = Schema(
    file="breaks.csv",
    columns=(
        Column("entity", "the series that breaks", filled=True),
        Column("first", "end of the first period of the new definition", "day"),
        Column("recast", "entity of the rows that tell the past in the new definition"),
        Column(
            "kind",
            "drawn otherwise, or another business joined",
            choices=KINDS,
            noun="a kind of break",
        ),
        Column("source", "what happened, and when", filled=True),
    ),
    key=("entity", "first"),
    holds="breaks in definition",
    title="{entity} from {first}",
    rules=(Rule(("kind", "recast"), _of_mergers),),
)
