"""The revenue map: which company reports which line, and which layers of spending it draws on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from marketsim.errors import nearest
from marketsim.knowledge.tables import Rows, Table, TableFault, absent

__all__ = ["LINES", "RevenueMap", "layer_faults", "revenue_map"]


@dataclass(frozen=True, eq=False)
class RevenueMap:
    """Lines of revenue in a fixed order.

    Attributes
    ----------
    lines
        Names, ``TICKER.segment``; ``rest`` is what no other line of the company reports.
    companies
        Tickers in the order of their first line.
    layers
        Names of the layers, [layer].
    share
        Stated share of each layer, [line, layer].
    owner
        Ones where a company owns a line, [company, line].
    base_growth
        Prior median growth of revenue not tied to AI, per year, [line].
    """

    lines: tuple[str, ...]
    companies: tuple[str, ...]
    layers: tuple[str, ...]
    share: np.ndarray
    owner: np.ndarray
    base_growth: np.ndarray

    def __repr__(self) -> str:
        size = (
            f"{len(self.companies)} companies, {len(self.lines)} lines x {len(self.layers)} layers"
        )
        return f"RevenueMap({size})"

    def series(self) -> dict[str, np.ndarray]:
        """Return the lines each reported series adds up: name -> zeros and ones [line]."""
        rows = {f"{t}.total": self.owner[i] for i, t in enumerate(self.companies)}
        singles = {
            name: np.eye(len(self.lines))[i]
            for i, name in enumerate(self.lines)
            if not name.endswith((".rest", ".total"))
        }
        return {**rows, **singles}

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all that it holds."""
        content = [self.lines, self.companies, self.layers]
        numbers = [x.tolist() for x in (self.share, self.owner, self.base_growth)]
        return hashlib.sha256(json.dumps([*content, *numbers]).encode()).hexdigest()


def revenue_map(rows: Rows, layers: tuple[str, ...]) -> RevenueMap:
    """Return the lines of a sound table, their shares in the order of ``layers``."""
    names = rows["ticker"] + "." + rows["segment"]
    lines = tuple(dict.fromkeys(names))
    companies = tuple(dict.fromkeys(rows["ticker"]))
    share = np.zeros((len(lines), len(layers)))
    growth = np.zeros(len(lines))
    for name, layer, part, rate in zip(
        names, rows["layer"], rows["share"], rows["base_growth"], strict=True
    ):
        growth[lines.index(name)] = float(rate)
        if layer:
            share[lines.index(name), layers.index(layer)] = float(part)
    owner = np.array([[float(n.split(".")[0] == t) for n in lines] for t in companies])
    return RevenueMap(lines, companies, layers, share, owner, growth)


def layer_faults(rows: Rows, layers: tuple[str, ...]) -> Iterator[TableFault]:
    """Yield the lines that draw on no known layer."""
    for _, row in rows[~rows["layer"].isin(["", *layers])].iterrows():
        known = f"write one of {', '.join(layers)}.{nearest(row['layer'], layers)}"
        yield TableFault(row["place"], "layer", f"'{row['layer']}' is not a layer; {known}")


def _faults(rows: Rows) -> Iterator[TableFault]:
    yield from absent(rows, "ticker", "segment")
    rates: dict[str, float] = {}
    for _, row in rows.iterrows():
        place, layer, share, growth = (
            row[column] for column in ("place", "layer", "share", "base_growth")
        )
        line = f"{row['ticker']}.{row['segment']}"
        if bool(layer) != bool(share):
            yield TableFault(place, "share", "a layer needs a share, and a share a layer")
        if share and not _number(share, 0.0, 2.0):
            says = f"'{share}' is not a share; write a number from 0 to 2"
            yield TableFault(place, "share", says)
        if not _number(growth, -1.0, 1.0):
            says = f"'{growth}' is not a rate; write a number from -1 to 1"
            yield TableFault(place, "base_growth", says)
        elif rates.setdefault(line, float(growth)) != float(growth):
            yield TableFault(
                place, "base_growth", f"{line} has two rates; write the same in each row"
            )


def _number(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text) <= high
    except ValueError:
        return False


LINES: Final = Table(
    file="lines.csv",
    columns=("ticker", "segment", "layer", "share", "base_growth", "source"),
    key=("ticker", "segment", "layer"),
    holds="the revenue lines of each company",
    title="{ticker}.{segment}",
    check=_faults,
)
