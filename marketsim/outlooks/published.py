"""What was published of a quantity, by year: figures, floors and ceilings, read from the facts.

Only what the knowledge holds is read, so that nothing published later than its date can bound
anything. A figure is for the year that holds its date: what a level or a share was last year says
nothing of the next. Trends may be taken to go on, and a floor to hold, and say of which year they
are. A floor or a ceiling is a figure of something smaller or larger than the quantity that it
bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge

__all__ = ["Bound", "Figures", "Published", "Stated", "Together", "pooled"]

Side = Literal["figure", "floor", "ceiling"]
OPEN: Final = float("nan")


class Bound(NamedTuple):
    """What was published for one year; NaN where a side is open."""

    year: int
    low: float
    high: float
    source: str


class Published(Protocol):
    """Something that bounds a quantity."""

    def bounds(self, knowledge: Knowledge, years: range) -> Iterator[Bound]:
        """Yield what it says of some of the ``years``, the first of which the date lies in."""
        ...


@dataclass(frozen=True)
class Figures:
    """Every figure of a quantity, as published.

    Attributes
    ----------
    quantity
        Of the facts.
    entities
        A pattern of those that are meant, as in ``World/*``.
    side
        Whether they are figures of the row itself, or bound it from one side.
    ends
        Quantities that hold the lower and the upper end of each figure, where there are any.
    scale, shift
        The row's unit is ``shift`` plus ``scale`` times the facts'.
    carried
        For how many years after its own a figure of the last year known still speaks, of which year
        its source then says: of trends that are taken to go on, and of floors.
    spanning
        Whether a figure speaks of every year from its publication to its date, as rates ahead do.
    group
        Of entities, where their names follow no pattern.
    """

    quantity: str
    entities: str = "*"
    side: Side = "figure"
    ends: tuple[str, str] | None = None
    scale: float = 1.0
    shift: float = 0.0
    carried: int = 0
    spanning: bool = False
    group: str = ""

    def bounds(self, knowledge: Knowledge, years: range) -> Iterator[Bound]:
        """Yield a bound for every figure and year that it speaks of."""
        rows = _with_ends(knowledge, self.quantity, self.ends)
        rows = _matching(rows, "entity", self.entities)
        if self.group:
            rows = rows[rows["entity"].isin(knowledge.universe.group(self.group))]
        last = max(rows["date"].dt.year, default=0)
        columns = rows[["date", "published", "low", "high", "source", "entity"]]
        for date, published, *ends, source, entity in columns.itertuples(index=False, name=None):
            low, high = (self.shift + self.scale * end for end in ends)
            first = min(published.year, date.year) if self.spanning else date.year
            until = date.year + (self.carried if date.year == last else 0)
            for year in sorted(set(range(first, until + 1)) & set(years)):
                of = f"of {date.year}: " if year > date.year else ""
                yield _bound(year, low, high, self.side, f"{of}{source}: {entity}")


@dataclass(frozen=True)
class Together:
    """The sum over a group of the last figure that each member published for a year.

    A sum over all members is a figure of the group; one over some of them, or where ``side`` says
    so over all, is a floor. Other attributes as for `Figures`.
    """

    quantity: str
    group: str
    side: Side = "figure"
    ends: tuple[str, str] | None = None
    scale: float = 1.0
    notes: str = "*"

    def bounds(self, knowledge: Knowledge, years: range) -> Iterator[Bound]:
        """Yield a bound for every year in which some member has a figure."""
        members = knowledge.universe.group(self.group)
        rows = _with_ends(knowledge, self.quantity, self.ends)
        rows = _matching(rows, "note", self.notes)
        rows = rows[rows["entity"].isin(members)].sort_values("date", kind="stable")
        last = rows.groupby([rows["date"].dt.year.rename("year"), "entity"]).last()
        for year in sorted(set(last.index.get_level_values("year")) & set(years)):
            known = last.loc[year]
            side = self.side if len(known) == len(members) else "floor"
            low, high = self.scale * known["low"].sum(), self.scale * known["high"].sum()
            yield _bound(int(year), low, high, side, _sources(known))


@dataclass(frozen=True)
class Stated:
    """A range that theory or judgement gives, and not the facts, from some years ahead on."""

    low: float
    high: float
    reason: str
    after: int = 0

    def bounds(self, knowledge: Knowledge, years: range) -> Iterator[Bound]:
        """Yield the range for every year from then on."""
        for year in years[self.after :]:
            yield Bound(year, self.low, self.high, self.reason)


def pooled(bounds: Iterable[Bound]) -> dict[int, Bound]:
    """Return the widest range of each year, with all sources.

    The lowest of the low ends and the highest of the high ones; a side is open where no bound has
    it.
    """
    by_year: dict[int, list[Bound]] = {}
    for bound in bounds:
        by_year.setdefault(bound.year, []).append(bound)
    return {year: _widest(year, those) for year, those in by_year.items()}


def _widest(year: int, those: list[Bound]) -> Bound:
    lows = [b.low for b in those if not np.isnan(b.low)]
    highs = [b.high for b in those if not np.isnan(b.high)]
    sources = dict.fromkeys(b.source for b in those)
    return Bound(year, min(lows, default=OPEN), max(highs, default=OPEN), "; ".join(sources))


def _bound(year: int, low: float, high: float, side: Side, source: str) -> Bound:
    words = source if side == "figure" else f"{source} ({side})"
    return Bound(year, OPEN if side == "ceiling" else low, OPEN if side == "floor" else high, words)


def _with_ends(knowledge: Knowledge, quantity: str, ends: tuple[str, str] | None) -> pd.DataFrame:
    """Return the last word on every entity and date, with its `low` and `high` end.

    Ends are those published with the figure; where there are none, the figure itself. A floor may
    stand in its lower end alone.
    """
    names = (quantity, *(ends or ()))
    told = pd.concat([knowledge.select(name).assign(end=name) for name in names])
    newest = told.groupby(["entity", "date"])["published"].transform("max")
    told = told[told["published"] == newest]
    by_end = told.pivot(index=["entity", "date"], columns="end", values="value")
    by_end = by_end.reindex(columns=list(names))
    rows = told.drop_duplicates(["entity", "date"]).set_index(["entity", "date"])
    low = by_end[[*names[1:2], quantity]].bfill(axis=1).iloc[:, 0]
    high = by_end[[*names[2:], quantity]].bfill(axis=1).iloc[:, 0]
    return rows.assign(low=low.fillna(high), high=high.fillna(low)).reset_index()


def _matching(rows: pd.DataFrame, column: str, pattern: str) -> pd.DataFrame:
    return rows[np.array([fnmatchcase(text, pattern) for text in rows[column]], dtype=bool)]


def _sources(known: pd.DataFrame) -> str:
    return ", ".join(f"{entity} ({source})" for entity, source in known["source"].items())
