"""Language models as they are served: what a token computes on, reads and remembers.

The roofline of inference cost reads these. They are parameters of open models, from
data/models.csv; what closed models weigh is not known.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.dates import day
from marketsim.errors import DataError, InputError
from marketsim.facts.table import CONFIDENCES
from marketsim.resources import folder as resource_folder

__all__ = ["ServedModel", "load_models"]

FILE: Final = "models.csv"
RANGES: Final = {
    "parameters": (0.01, 1e5, "billions"),
    "active": (0.01, 1e5, "billions"),
    "layers": (1, 1e3, "a whole number"),
    "weight_bytes": (0.1, 4.0, "bytes per parameter"),
    "cache_bytes": (1.0, 1e8, "bytes per token"),
}
"""Lowest and highest sensible value of each number, and the unit it is written in."""

COLUMNS: Final = ("name", "developer", "released", *RANGES, "source", "confidence", "note")
EXTRA: Final = "more"
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


def load_models(folder: Path | None = None) -> dict[str, ServedModel]:
    """Models by name, in the order of the file: by release.

    Parameters
    ----------
    folder : Path, optional
        A folder that holds `models.csv`, instead of the data that ship with marketsim.

    Raises
    ------
    DataError
        The file is missing, or has faults: all of them, each with its line and column.
    """
    rows = _read((folder or resource_folder("data")) / FILE)
    faults = [f"{FILE}, line {line}, column {c}: {says}" for line, c, says in _faults(rows)]
    if faults:
        raise DataError("\n".join(faults))
    return {row["name"]: _model(row) for _, row in rows}


def _read(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Every row with the line it ends on; blank lines are passed over."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey=EXTRA, restval="", strict=True)
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing; it lists language models") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{FILE} is no CSV file in UTF-8 ({error}); save it as one") from error
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise DataError(f"{FILE}, line 1: the columns are {', '.join(COLUMNS)}")
    return rows


def _faults(rows: list[tuple[int, dict[str, str]]]) -> Iterator[tuple[int, str, str]]:
    """Line, column and text of everything wrong."""
    seen: set[str] = set()
    for line, row in rows:
        for column, says in (*_word_faults(row, seen), *_number_faults(row)):
            yield line, column, says
        seen.add(row["name"])


def _word_faults(row: dict[str, str], seen: set[str]) -> Iterator[tuple[str, str]]:
    for column in ("name", "developer", "source"):
        if not row[column].strip():
            yield column, "is empty"
    if row["name"] in seen:
        yield "name", f"'{row['name']}' stands twice; keep one"
    try:
        day(row["released"])
    except InputError:
        yield "released", f"'{row['released']}' is not a day; write it as 2025-12-31"
    if EXTRA in row:
        yield "note", "is followed by more fields; quote a field that holds ','"
    if row["confidence"] not in CONFIDENCES:
        known = " or ".join(CONFIDENCES)
        yield "confidence", f"'{row['confidence']}' is not a confidence; write {known}"


def _number_faults(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    numbers = {column: _number(row[column]) for column in RANGES}
    for column, (low, high, unit) in RANGES.items():
        value = numbers[column]
        whole = column != "layers" or (value is not None and value.is_integer())
        if value is None or not low <= value <= high or not whole:
            yield column, f"'{row[column]}' is no such number; write {unit}, {low:g} to {high:g}"
    total, active = numbers["parameters"], numbers["active"]
    if total is not None and active is not None and active > total:
        yield "active", f"{active:g} is more than the {total:g} parameters there are"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _model(row: dict[str, str]) -> ServedModel:
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
