"""To which day the shipped facts hold what companies report and say, from complete.csv."""

from __future__ import annotations

from typing import Final

import pandas as pd

from marketsim.dates import day
from marketsim.tables import Column, Rows, Schema

__all__ = ["COMPLETE", "completeness"]


def completeness(rows: Rows) -> dict[str, pd.Timestamp | None]:
    """Return the day to which the facts of each quantity are complete."""
    return {
        str(quantity): day(until)
        for quantity, until in rows[["quantity", "complete"]].itertuples(index=False)
    }


COMPLETE: Final = Schema(
    file="complete.csv",
    columns=(
        Column("quantity", "what companies report or say", filled=True),
        Column("complete", "day to which the facts hold all of it", "day"),
        Column("note"),
    ),
    key=("quantity",),
    holds="to which day the facts hold what companies report and say",
    title="{quantity}",
)
