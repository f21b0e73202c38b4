"""To which day the shipped facts hold what companies report and say, from complete.csv."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from marketsim.dates import day
from marketsim.knowledge.breaks import is_day
from marketsim.knowledge.tables import Rows, Table, TableFault, absent, marked

__all__ = ["COMPLETE", "completeness"]


def completeness(rows: Rows) -> dict[str, pd.Timestamp | None]:
    """Return the day to which the facts of each quantity are complete."""
    return {
        str(quantity): day(until)
        for quantity, until in rows[["quantity", "complete"]].itertuples(index=False)
    }


def _faults(rows: Rows) -> Iterator[TableFault]:
    yield from absent(rows, "quantity")
    says = "{} is not a day; write it as 2025-12-31"
    yield from marked(rows, ~rows["complete"].map(is_day).astype(bool), "complete", says)


COMPLETE: Final = Table(
    file="complete.csv",
    columns=("quantity", "complete", "note"),
    key=("quantity",),
    holds="to which day the facts hold what companies report and say",
    title="{quantity}",
    check=_faults,
)
