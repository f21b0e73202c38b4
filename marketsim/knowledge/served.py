"""Language models as they are served: what a token computes on, reads and remembers.

The roofline of inference cost reads these. They are parameters of open models, from models.csv;
what closed models weigh is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from marketsim.dates import day
from marketsim.knowledge.table import CONFIDENCES
from marketsim.tables import Column, Fault, Rows, Rule, Schema, numbers

__all__ = ["MODELS", "ServedModel", "served_models"]

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


def _more_active(rows: Rows) -> Iterator[Fault]:
    total, active = numbers(rows["parameters"]), numbers(rows["active"])
    for i in np.flatnonzero(active > total):
        says = f"{active[i]:g} is more than the {total[i]:g} parameters there are"
        yield Fault(rows["place"].iloc[i], "active", says)


def _count(name: str, meaning: str, low: float, high: float, unit: str) -> Column:
    kind: Literal["number", "whole"] = "whole" if name == "layers" else "number"
    return Column(name, meaning, kind, unit, low, high, noun="such a number")


MODELS: Final = Schema(
    file="models.csv",
    columns=(
        Column("name", "of the model", filled=True),
        Column("developer", "who made it", filled=True),
        Column("released", "day on which its weights, or the paper, came out", "day"),
        _count("parameters", "all of them", 0.01, 1e5, "billions"),
        _count("active", "those that a token computes on", 0.01, 1e5, "billions"),
        _count("layers", "of the transformer", 1, 1e3, "a whole number"),
        _count("weight_bytes", "as it is served", 0.1, 4.0, "bytes per parameter"),
        _count("cache_bytes", "of context, over all layers", 1.0, 1e8, "bytes per token"),
        Column("source", "where the figures were found", filled=True),
        Column("confidence", "as of facts", choices=CONFIDENCES, noun="a confidence"),
        Column("note"),
    ),
    key=("name",),
    holds="language models",
    title="{name}",
    rules=(Rule(("parameters", "active"), _more_active),),
)
