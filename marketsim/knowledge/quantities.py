"""The quantities the facts may speak of, with their units, from quantities.csv."""

from __future__ import annotations

from typing import Final

import pandas as pd

from marketsim.tables import Column, Rows, Schema

__all__ = ["QUANTITIES", "quantities"]


QUANTITIES: Final = Schema(
    file="quantities.csv",
    columns=(
        Column("quantity", "its name", filled=True),
        Column(
            "units",
            "those it may be given in, parted by `;`",
            filled=True,
            empty="is empty; list units separated by ';'",
        ),
        Column(
            "forward",
            "whether a row may be published before its date",
            choices=("yes", "no"),
            noun="yes or no",
        ),
        Column("meaning", "in a line", filled=True, empty="is empty; say it in one line"),
    ),
    key=("quantity",),
    holds="the known quantities",
    title="{quantity}",
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
