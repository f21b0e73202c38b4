"""The table of facts, declared: what its columns hold, and what they hold together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd

from marketsim.errors import nearest
from marketsim.knowledge.table import CONFIDENCES, KEY
from marketsim.tables import Column, Fault, Rows, Rule, Schema, days, marked, numbers

__all__ = ["COLUMNS", "facts_schema", "typed"]

COLUMNS: Final = (
    Column(
        "quantity",
        "what is measured: a name in quantities.csv",
        filled=True,
        empty="is empty; name one of the known quantities",
        trimmed=True,
    ),
    Column(
        "entity",
        "of whom or what",
        filled=True,
        empty="is empty; name what the row is about",
        trimmed=True,
    ),
    Column("date", "end of the period, ISO", "day"),
    Column("published", "first day on which it was public", "day"),
    Column("value", "a decimal number", "number", unit="{unit}"),
    Column(
        "unit",
        "one of the quantity's",
        filled=True,
        empty="is empty; write the unit of the value",
        trimmed=True,
    ),
    Column(
        "source",
        "where the figure was found",
        filled=True,
        empty="is empty; say where the figure comes from",
    ),
    Column(
        "confidence",
        "found in a source, computed from other rows, or not checked",
        choices=CONFIDENCES,
        noun="a confidence",
    ),
    Column("note", "definitions and caveats"),
)


def facts_schema(quantities: pd.DataFrame) -> Schema:
    """Return what a file of facts holds, which hangs on the known quantities."""

    def known(rows: Rows) -> Iterator[Fault]:
        return _known(rows, quantities)

    def unit(rows: Rows) -> Iterator[Fault]:
        return _unit(rows, quantities)

    def published(rows: Rows) -> Iterator[Fault]:
        return _published(rows, quantities)

    return Schema(
        file="facts",
        columns=COLUMNS,
        key=KEY,
        holds="facts",
        title="{quantity} of {entity} at {date}",
        rules=(
            Rule(("quantity",), known),
            Rule(("quantity", "unit"), unit),
            Rule(("quantity", "date", "published"), published),
        ),
    )


def typed(rows: Rows) -> pd.DataFrame:
    """Return rows with days and numbers read; NaT and NaN where they cannot be."""
    found = rows.copy()
    for column in {"date", "published"} & set(rows.columns):
        found[column] = days(rows[column])
    if "value" in rows:
        found["value"] = numbers(rows["value"])
    return found


def _known(rows: Rows, quantities: pd.DataFrame) -> Iterator[Fault]:
    bare = rows["quantity"].str.strip()
    unknown = rows[(~bare.isin(quantities.index) & (bare != "")).to_numpy(dtype=bool)]
    hints = {name: nearest(name, quantities.index) for name in unknown["quantity"].unique()}
    for name, place in unknown[["quantity", "place"]].itertuples(index=False, name=None):
        says = hints[name] or " New ones get a line in quantities.csv."
        yield Fault(place, "quantity", f"'{name}' is not a known quantity.{says}")


def _unit(rows: Rows, quantities: pd.DataFrame) -> Iterator[Fault]:
    pairs = rows[["quantity", "unit"]].drop_duplicates()
    pairs = pairs[pairs["quantity"].isin(quantities.index) & (pairs["unit"].str.strip() != "")]
    for quantity, unit in pairs.itertuples(index=False):
        allowed = quantities.loc[quantity, "units"]
        if unit.strip() not in allowed:
            same = (rows["quantity"] == quantity) & (rows["unit"] == unit)
            says = f"'{quantity}' is given in {{}}; write it in {' or '.join(map(repr, allowed))}"
            yield from marked(rows, same, "unit", says)


def _published(rows: Rows, quantities: pd.DataFrame) -> Iterator[Fault]:
    bound = rows["quantity"].isin(quantities.index[~quantities["forward"]])
    early = (days(rows["published"]) < days(rows["date"])) & bound
    for _, row in rows[early.to_numpy(dtype=bool)].iterrows():
        yield Fault(
            row["place"],
            "published",
            f"'{row['published']}' is before the date {row['date']}, and '{row['quantity']}' is "
            "no forecast; write the first day it was public",
        )
