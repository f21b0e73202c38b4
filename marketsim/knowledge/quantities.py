"""The quantities the facts may speak of, with their units, from quantities.csv."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from marketsim.knowledge.tables import Rows, Table, TableFault, absent, marked

__all__ = ["QUANTITIES", "quantities"]


def _faults(rows: Rows) -> Iterator[TableFault]:
    yield from absent(rows, "quantity")
    yield from marked(rows, rows["units"] == "", "units", "is empty; list units separated by ';'")
    yield from marked(rows, ~rows["forward"].isin(["yes", "no"]), "forward", "write yes or no")
    yield from marked(rows, rows["meaning"] == "", "meaning", "is empty; say it in one line")


QUANTITIES: Final = Table(
    file="quantities.csv",
    columns=("quantity", "units", "forward", "meaning"),
    key=("quantity",),
    holds="the known quantities",
    title="{quantity}",
    check=_faults,
)


def quantities(rows: Rows) -> pd.DataFrame:
    """Every known quantity.

    Returns
    -------
    DataFrame
        Indexed by quantity: `units`, a tuple of the allowed ones; `forward`, whether a row
        may be published before its date (forecasts, auctions for a later year, trends);
        `meaning`, in one line.
    """
    units = [tuple(unit.strip() for unit in text.split(";")) for text in rows["units"]]
    known = pd.DataFrame(
        {"units": units, "forward": rows["forward"] == "yes", "meaning": rows["meaning"]}
    )
    return known.set_index(pd.Index(rows["quantity"], name="quantity"))
