"""`Knowledge`: facts, universe and served models as they were known on a date."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from marketsim.dates import Day, day
from marketsim.knowledge.once import once
from marketsim.knowledge.reported import reported
from marketsim.knowledge.served import ServedModel
from marketsim.knowledge.table import KEY, Facts, Key
from marketsim.knowledge.universe import Universe

__all__ = ["Knowledge"]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Everything that stands outside the code, read once and handed down.

    Attributes
    ----------
    facts : Facts
        The long table, as far as it was published by `as_of`; `table`, `select`, `series`,
        `latest` and `len` of the knowledge are those of its facts.
    universe : Universe
        Companies, lines of revenue, layers, breaks in definition and groups.
    models : mapping of name to ServedModel
        Language models released by then, by release; the first of all where none was.
    quantities : DataFrame
        What facts may speak of: units, whether it looks forward, meaning.
    added : tuple of str
        What a user's folder added to the shipped data or replaced of it, in words, by file.
    declared : mapping of str to Timestamp or None
        Quantities of what companies report and say, and the day to which facts of them are complete
        as they ship; None where they do not ship.
    own : frozenset of Key
        Keys of the facts that a user's folder added, and which took no other's place.
    """

    facts: Facts
    universe: Universe
    models: Mapping[str, ServedModel]
    quantities: pd.DataFrame
    added: tuple[str, ...] = ()
    declared: Mapping[str, pd.Timestamp | None] = field(default_factory=dict)
    own: frozenset[Key] = frozenset()

    def __repr__(self) -> str:
        seen = "all" if self.as_of is None else f"as of {self.as_of.date()}"
        count = len(self.universe.companies)
        return f"Knowledge({len(self):,} facts, {count} companies, {seen})"

    def __len__(self) -> int:
        return len(self.facts)

    @property
    def as_of(self) -> pd.Timestamp | None:
        """The last day of publication that is visible; None means everything known."""
        return self.facts.as_of

    @property
    def last(self) -> pd.Timestamp:
        """The last day of which anything can be seen: `as_of`, or that of the newest row."""
        return self.table["published"].max() if self.as_of is None else self.as_of

    @cached_property
    def complete(self) -> pd.Timestamp:
        """The day to which the data support decisions, `as_of` at the latest.

        That to which the shipped facts hold what companies report and say or, where a user's folder
        adds some that was published later, the day of the newest. Of facts that do not ship it is
        the day of the newest of all.
        """
        shipped = [until for until in self.declared.values() if until is not None]
        rows = self.added_facts(self.declared) if shipped else self._of(self.declared)
        days = [*rows["published"], *([min(shipped)] if shipped else [])]
        last = pd.Timestamp(max(days, default=self.table["published"].max()))
        return last if self.as_of is None else min(last, self.as_of)

    @property
    def table(self) -> pd.DataFrame:
        """The rows of the facts; see `Facts`."""
        return self.facts.table

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of everything that results can hang on."""
        content = [
            self.facts.digest,
            self.universe.digest,
            [[str(x) for x in astuple(model)] for model in self.models.values()],
            self.quantities.to_csv(lineterminator="\n"),
        ]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def upto(self, date: Day) -> Knowledge:
        """What was known by the end of `date`, and never later than `as_of`.

        A break in definition shows once a figure of the new definition is published, as
        `reported` has it; a rename from the day after the last one under the former ticker.
        """
        facts = self.facts.upto(date)
        if facts is self.facts:
            return self
        first, *later = self.models.items()
        released = [(name, model) for name, model in later if model.released <= day(date)]
        universe = self.universe.upto(date)
        return replace(self, facts=facts, universe=universe, models=dict([first, *released]))

    def with_facts(self, table: pd.DataFrame) -> Knowledge:
        """The same, with other rows of facts: `table` as `Facts` has it."""
        return replace(self, facts=replace(self.facts, table=table))

    def added_facts(self, quantities: Iterable[str]) -> pd.DataFrame:
        """Rows of some quantities that a user's folder added."""
        rows = self._of(quantities)
        keys = rows[list(KEY)].itertuples(index=False, name=None)
        return rows[np.array([key in self.own for key in keys], dtype=bool)]

    def _of(self, quantities: Iterable[str]) -> pd.DataFrame:
        return self.table[self.table["quantity"].isin(list(quantities))]

    def select(self, quantity: str, entity: str | None = None) -> pd.DataFrame:
        """Rows of one quantity; see `Facts.select`."""
        return self.facts.select(quantity, entity)

    def first(self, quantity: str, entity: str | None = None) -> pd.DataFrame:
        """Rows of one quantity as first published; see `Facts.first`."""
        return self.facts.first(quantity, entity)

    def series(self, quantity: str, entity: str) -> pd.Series:
        """Values of one entity by date; see `Facts.series`."""
        return self.facts.series(quantity, entity)

    def latest(self, quantity: str) -> pd.Series:
        """Last value of every entity; see `Facts.latest`."""
        return self.facts.latest(quantity)

    @once
    def reported(self, quantity: str) -> pd.DataFrame:
        """Every series of a quantity in its current definition; see `reported`."""
        return reported(self.facts, quantity, self.universe.breaks)

    def copy(self) -> Knowledge:
        """The same in tables of its own: whoever changes them changes nothing else.

        They share their memory until someone writes.
        """
        universe = replace(
            self.universe,
            companies=self.universe.companies.copy(deep=False),
            layers=self.universe.layers.copy(deep=False),
        )
        same = replace(self, universe=universe, quantities=self.quantities.copy(deep=False))
        return same.with_facts(self.table.copy(deep=False))
