"""The book of revenue lines: which company reports what, and which layer it draws on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from marketsim import resources
from marketsim.errors import DataError, nearest
from marketsim.model import LAYERS

COLUMNS = ("ticker", "segment", "layer", "share", "base_growth", "source")


@dataclass(frozen=True, eq=False)
class Book:
    """Lines of revenue in a fixed order.

    Attributes
    ----------
    lines
        Names, ``TICKER.segment``; ``rest`` is what no other line of the company reports.
    companies
        Tickers in the order of their first line.
    share
        Stated share of each layer, [line, layer].
    owner
        Ones where a company owns a line, [company, line].
    base_growth
        Prior median growth of revenue not tied to AI, per year, [line].
    """

    lines: tuple[str, ...]
    companies: tuple[str, ...]
    share: np.ndarray
    owner: np.ndarray
    base_growth: np.ndarray

    def series(self) -> dict[str, np.ndarray]:
        """Return the lines each reported series adds up: name -> zeros and ones [line]."""
        rows = {f"{t}.total": self.owner[i] for i, t in enumerate(self.companies)}
        singles = {
            name: np.eye(len(self.lines))[i]
            for i, name in enumerate(self.lines)
            if not name.endswith((".rest", ".total"))
        }
        return {**rows, **singles}


def load_book(folder: Path | None = None) -> Book:
    """Read data/lines.csv.

    Raises
    ------
    DataError
        All faults of the file at once, each with its line and column.
    """
    path = (folder or resources.folder("data")) / "lines.csv"
    if not path.is_file():
        raise DataError(f"{path} is missing; it lists the revenue lines of each company")
    table = pd.read_csv(path, keep_default_na=False, dtype=str)
    missing = [c for c in COLUMNS if c not in table.columns]
    if missing:
        raise DataError(f"{path.name}, line 1: columns {', '.join(missing)} are missing")
    faults = list(_faults(path.name, table))
    if faults:
        raise DataError("\n".join(faults))
    return _book(table)


def _faults(name: str, table: pd.DataFrame) -> Iterator[str]:
    seen: dict[tuple[str, str], str] = {}
    for number, row in enumerate(table.to_dict("records"), start=2):
        line, growth = f"{row['ticker']}.{row['segment']}", str(row["base_growth"])
        if (line, str(row["layer"])) in seen:
            yield f"{name}, line {number}: {line} has the layer '{row['layer']}' twice"
        if any(k[0] == line and v != growth for k, v in seen.items()):
            yield f"{name}, line {number}, column base_growth: {line} has two rates"
        seen[line, str(row["layer"])] = growth
        where = f"{name}, line {number}"
        layer, share = str(row["layer"]), str(row["share"])
        if layer and layer not in LAYERS:
            known = f"write one of {', '.join(LAYERS)}.{nearest(layer, LAYERS)}"
            yield f"{where}, column layer: '{layer}' is not a layer; {known}"
        if bool(layer) != bool(share):
            yield f"{where}, column share: a layer needs a share, and a share a layer"
        if share and not _number(share, 0.0, 2.0):
            yield f"{where}, column share: '{share}' is not a share; write a number from 0 to 2"
        if not _number(str(row["base_growth"]), -1.0, 1.0):
            said = f"'{row['base_growth']}' is not a rate; write a number from -1 to 1"
            yield f"{where}, column base_growth: {said}"


def _number(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False


def _book(table: pd.DataFrame) -> Book:
    names = table["ticker"] + "." + table["segment"]
    lines = tuple(dict.fromkeys(names))
    companies = tuple(dict.fromkeys(table["ticker"]))
    share = np.zeros((len(lines), len(LAYERS)))
    growth = np.zeros(len(lines))
    for name, layer, part, rate in zip(
        names, table["layer"], table["share"], table["base_growth"], strict=True
    ):
        growth[lines.index(name)] = float(rate)
        if layer:
            share[lines.index(name), LAYERS.index(layer)] = float(part)
    owner = np.array([[float(n.split(".")[0] == t) for n in lines] for t in companies])
    return Book(lines, companies, share, owner, growth)
