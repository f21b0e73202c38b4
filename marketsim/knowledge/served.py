"""Language models as they are served: what a token computes on, reads and remembers.

The roofline of inference cost reads these. They are parameters of open models, from models.csv;
what closed models weigh is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pandas as pd

from marketsim.dates import day
from marketsim.knowledge.breaks import is_day
from marketsim.knowledge.table import CONFIDENCES
from marketsim.knowledge.tables import Rows, Table, TableFault, absent, marked

__all__ = ["MODELS", "ServedModel", "served_models"]

RANGES: Final = {
    "parameters": (0.01, 1e5, "billions"),
    "active": (0.01, 1e5, "billions"),
    "layers": (1, 1e3, "a whole number"),
    "weight_bytes": (0.1, 4.0, "bytes per parameter"),
    "cache_bytes": (1.0, 1e8, "bytes per token"),
}
"""Lowest and highest sensible value of each number, and the unit it is written in."""

BILLION: Final = 1e9


@dataclass(frozen=True)
class ServedModel:
    """A language model as it is usually served.

    Attributes
    ----------
    name, developer
        As the developer writes them.
    released
        Day on which the weights, or the paper, came out.
    parameters
        All parameters.
    active
        Parameters that one token computes on; all of them in a dense model.
    layers
        Transformer layers; each adds up results across chips twice.
    weight_bytes
        Bytes per parameter: 2 in BF16, 1 in FP8, 0.5 in FP4.
    cache_bytes
        Bytes of KV-cache per token of context, over all layers.
    source
        Where the figures were found.
    confidence
        `sourced`, `derived` or `unverified`, as for facts.
    """

    name: str
    developer: str
    released: pd.Timestamp
    parameters: float
    active: float
    layers: int
    weight_bytes: float
    cache_bytes: float
    source: str
    confidence: str

    @property
    def stored_bytes(self) -> float:
        """Bytes of all weights: what a step of a large batch reads."""
        return self.parameters * self.weight_bytes


def served_models(rows: Rows) -> dict[str, ServedModel]:
    """Return models by name, by release."""
    found = [_model(row) for _, row in rows.iterrows()]
    return {model.name: model for model in sorted(found, key=lambda model: model.released)}


def _model(row: pd.Series) -> ServedModel:
    return ServedModel(
        name=row["name"],
        developer=row["developer"],
        released=day(row["released"]),
        parameters=float(row["parameters"]) * BILLION,
        active=float(row["active"]) * BILLION,
        layers=int(float(row["layers"])),
        weight_bytes=float(row["weight_bytes"]),
        cache_bytes=float(row["cache_bytes"]),
        source=row["source"],
        confidence=row["confidence"],
    )


def _faults(rows: Rows) -> Iterator[TableFault]:
    yield from absent(rows, "name", "developer", "source")
    says = "{} is not a day; write it as 2025-12-31"
    yield from marked(rows, ~rows["released"].map(is_day).astype(bool), "released", says)
    says = f"{{}} is not a confidence; write {' or '.join(CONFIDENCES)}"
    yield from marked(rows, ~rows["confidence"].isin(CONFIDENCES), "confidence", says)
    for _, row in rows.iterrows():
        yield from _number_faults(row)


def _number_faults(row: pd.Series) -> Iterator[TableFault]:
    numbers = {column: _number(row[column]) for column in RANGES}
    for column, (low, high, unit) in RANGES.items():
        value = numbers[column]
        whole = column != "layers" or (value is not None and value.is_integer())
        if value is None or not low <= value <= high or not whole:
            says = f"'{row[column]}' is no such number; write {unit}, {low:g} to {high:g}"
            yield TableFault(row["place"], column, says)
    total, active = numbers["parameters"], numbers["active"]
    if total is not None and active is not None and active > total:
        says = f"{active:g} is more than the {total:g} parameters there are"
        yield TableFault(row["place"], "active", says)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


MODELS: Final = Table(
    file="models.csv",
    columns=("name", "developer", "released", *RANGES, "source", "confidence", "note"),
    key=("name",),
    holds="language models",
    title="{name}",
    check=_faults,
)
