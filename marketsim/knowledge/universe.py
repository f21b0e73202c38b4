"""The universe: companies, their lines of revenue and layers, breaks, groups, former tickers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from typing import Final

import pandas as pd

from marketsim.dates import Day, day
from marketsim.errors import DataError, nearest
from marketsim.knowledge.breaks import Break
from marketsim.knowledge.revenue_map import RevenueMap
from marketsim.renames import Rename
from marketsim.tables import Column, Fault, Rows, Rule, Schema, marked

__all__ = ["COMPANIES", "GROUPS", "LAYERS", "ORDERS", "Universe", "companies", "groups", "layers"]


@dataclass(frozen=True, eq=False)
class Universe:
    """Who there is, and what is reported of them.

    Attributes
    ----------
    companies : DataFrame
        Indexed by ticker, in the order of the file: `company`, `layer` (a group of layers, as
        `layers` has them) and `fiscal_year_end_month` (1 to 12).
    revenue_map : RevenueMap
        The lines of revenue, and the layers they draw on.
    layers : DataFrame
        Indexed by layer, in the model's order: `group`, what companies and caps are sorted by
        (itself, but for designs of accelerators, which are one group), and `meaning`.
    breaks : tuple of Break
        Where a series goes on by another definition, by entity and date.
    groups : mapping
        Members of named groups and the label of each, in the order of the file. What must be
        singled out, as the owners whose spending is added up, is a group.
    renames : tuple of Rename
        Shares that got another ticker, by day. Companies are called by their present ticker
        throughout.
    """

    companies: pd.DataFrame
    revenue_map: RevenueMap
    layers: pd.DataFrame
    breaks: tuple[Break, ...]
    groups: Mapping[str, Mapping[str, str]]
    renames: tuple[Rename, ...] = ()

    def __repr__(self) -> str:
        return f"Universe({len(self.companies)} companies, {len(self.revenue_map.lines)} lines)"

    def upto(self, date: Day) -> Universe:
        """The same without renames that had not happened by the end of `date`."""
        known = tuple(one for one in self.renames if one.until < day(date))
        return self if known == self.renames else replace(self, renames=known)

    def group(self, name: str) -> tuple[str, ...]:
        """Return the members of a group, in the order of the file.

        Raises
        ------
        DataError
            There is no such group.
        """
        return tuple(self.labels(name))

    def labels(self, name: str) -> Mapping[str, str]:
        """Return the label of each member of a group.

        Raises
        ------
        DataError
            There is no such group.
        """
        if name not in self.groups:
            hint = nearest(name, self.groups) or f" There are {', '.join(self.groups)}."
            raise DataError(f"groups.csv has no group '{name}'; add its members.{hint}")
        return self.groups[name]

    def only(self, name: str) -> str:
        """Return the single member of a group.

        Raises
        ------
        DataError
            There is no such group, or it has several members.
        """
        members = self.group(name)
        if len(members) > 1:
            raise DataError(f"groups.csv, group '{name}': has {', '.join(members)}; keep one")
        return members[0]

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of all that it holds."""
        content = [
            self.companies.to_csv(lineterminator="\n"),
            self.revenue_map.digest,
            self.layers.to_csv(lineterminator="\n"),
            [[b.entity, b.first.isoformat(), b.recast, b.kind, b.source] for b in self.breaks],
            [[name, list(members.items())] for name, members in self.groups.items()],
            [[str(x) for x in astuple(one)] for one in self.renames],
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def companies(rows: Rows) -> pd.DataFrame:
    """Return the companies by ticker, in the order of the file: by layer, chips first."""
    table = rows.set_index(pd.Index(rows["ticker"], name="ticker", dtype="str"))
    columns = {"company": "str", "layer": "str", "fiscal_year_end_month": "int64"}
    return table[list(columns)].astype(columns)


def layers(rows: Rows) -> pd.DataFrame:
    """Return group and meaning by layer."""
    table = rows.set_index(pd.Index(rows["layer"], name="layer", dtype="str"))
    return table[["group", "meaning"]].astype("str")


def groups(rows: Rows) -> dict[str, dict[str, str]]:
    """Return members and labels by group."""
    found: dict[str, dict[str, str]] = {}
    for group, member, label in rows[["group", "member", "label"]].itertuples(index=False):
        found.setdefault(group, {})[member] = label
    return found


def _no_tickers(rows: Rows) -> Iterator[Fault]:
    dotted = rows["ticker"].str.contains(".", regex=False)
    says = "{} holds a dot, which parts a ticker from its segment; write a hyphen, as in BRK-B"
    yield from marked(rows, dotted, "ticker", says)
    says = "{} is what money that is not invested is called; write the company's own"
    yield from marked(rows, rows["ticker"].str.casefold() == CASH, "ticker", says)
    says = "{} is called like an index, which nobody can hold; write the company's own"
    yield from marked(rows, rows["ticker"].str.startswith("^"), "ticker", says)


CASH: Final = "cash"
ORDERS: Final = "orders"
"""The group whose members are entities of orders, labelled with the series that they turn into."""

COMPANIES: Final = Schema(
    file="companies.csv",
    columns=(
        Column("ticker", "without a dot, no `cash` and no index", filled=True, trimmed=True),
        Column("company", "its name", filled=True),
        Column(
            "layer",
            "a group of layers.csv that its lines draw on",
            filled=True,
        ),
        Column(
            "fiscal_year_end_month",
            "month in which its fiscal year ends",
            "whole",
            low=1,
            high=12,
            noun="a month",
        ),
    ),
    key=("ticker",),
    holds="the companies",
    title="{ticker}",
    rules=(Rule(("ticker",), _no_tickers),),
)
LAYERS: Final = Schema(
    file="layers.csv",
    columns=(
        Column("layer", "of spending, as the model names it", filled=True),
        Column("group", "by which companies are sorted and capped", filled=True),
        Column("meaning", "in a line", filled=True),
    ),
    key=("layer",),
    holds="the layers of spending",
    title="{layer}",
)
GROUPS: Final = Schema(
    file="groups.csv",
    columns=(
        Column("group", "its name", filled=True),
        Column("member", "who belongs to it", filled=True),
        Column("label", "of the member"),
        Column("meaning", "why it belongs there", filled=True),
    ),
    key=("group", "member"),
    holds="named groups",
    title="{group}: {member}",
)
