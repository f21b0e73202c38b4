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
from marketsim.tables import Column, Fault, Rows, Rule, Schema, number

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


def layer_faults(rows: Rows, layers: tuple[str, ...]) -> Iterator[Fault]:
    """Yield the lines that draw on no known layer."""
    for _, row in rows[~rows["layer"].isin(["", *layers])].iterrows():
        known = f"write one of {', '.join(layers)}.{nearest(row['layer'], layers)}"
        yield Fault(row["place"], "layer", f"'{row['layer']}' is not a layer; {known}")


def _pairs(rows: Rows) -> Iterator[Fault]:
    for _, row in rows[(rows["layer"] == "") != (rows["share"] == "")].iterrows():
        yield Fault(row["place"], "share", "a layer needs a share, and a share a layer")


def _rates(rows: Rows) -> Iterator[Fault]:
    """Yield rows of a line that give it another rate than the first does."""
    rates: dict[str, float] = {}
    for _, row in rows.iterrows():
        line, rate = f"{row['ticker']}.{row['segment']}", number(row["base_growth"])
        if not np.isnan(rate) and rates.setdefault(line, rate) != rate:
            says = f"{line} has two rates; write the same in each row"
            yield Fault(row["place"], "base_growth", says)


LINES: Final = Schema(
    file="lines.csv",
    columns=(
        Column("ticker", "the company", filled=True),
        Column(
            "segment",
            "the line, as facts name it; `rest` is what no other reports",
            filled=True,
        ),
        Column("layer", "of spending that it draws on; empty where none"),
        Column(
            "share",
            "of the layer, a fraction",
            "number",
            low=0.0,
            high=2.0,
            noun="a share",
            optional=True,
        ),
        Column(
            "base_growth",
            "of revenue not tied to AI, a year, a fraction",
            "number",
            low=-1.0,
            high=1.0,
            noun="a rate",
        ),
        Column("source", "where that comes from"),
    ),
    key=("ticker", "segment", "layer"),
    holds="the revenue lines of each company",
    title="{ticker}.{segment}",
    rules=(Rule(("layer", "share"), _pairs), Rule(("ticker", "segment", "base_growth"), _rates)),
)
