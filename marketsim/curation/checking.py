"""What a folder or a file of facts is worth: faults, and gaps in its series."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.dates import today
from marketsim.errors import DataError, nearest
from marketsim.knowledge import Knowledge, load_facts
from marketsim.knowledge.loading import FILES
from marketsim.knowledge.table import KEY
from marketsim.sources.reports import REVENUE

__all__ = ["FactsCheck", "check_facts"]

QUARTER: Final = 91.3
"""Days of a quarter."""
LAGS: Final = 200
"""Days by which a series may end before the newest of its quantity: two quarters and the slack of
fiscal years."""


@dataclass(frozen=True)
class FactsCheck:
    """What a check found.

    Attributes
    ----------
    where : str
        What was checked.
    rows : int
        Facts that were read, all of them sound where there is no fault.
    faults : tuple of str
        What makes the facts unusable, one line each.
    warnings : tuple of str
        What they lack.
    changes : tuple of str
        What they add to those that ship, or replace of them.
    """

    where: str
    rows: int
    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    changes: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.faults

    def __str__(self) -> str:
        if self.faults:
            head = f"{self.where}: {len(self.faults)} fault{'s' * (len(self.faults) != 1)}"
        else:
            head = f"{self.where}: {self.rows:,} fact{'s' * (self.rows != 1)}, all sound"
        parts = {"refused": self.faults, "read": self.changes, "lacking": self.warnings}
        lines = [head]
        for name, found in parts.items():
            lines += [f"{name}:", *(f"  {line}" for line in found)] if found else []
        return "\n".join(lines)


def check_facts(path: Path | str | None = None) -> FactsCheck:
    """Read a user's folder or one of its files as `marketsim.load_facts` does, and look for gaps.

    Parameters
    ----------
    path : path, optional
        A folder as `load_facts(add=...)` takes it; a CSV file of facts, or another table by its
        name; what ships with marketsim by default.

    Raises
    ------
    DataError
        There is nothing to check.
    """
    if path is None:
        return _check(None, "shipped facts")
    place = Path(path).expanduser()
    if place.is_dir():
        return _check(place, str(place))
    if not place.is_file():
        raise DataError(f"'{place}' is neither a folder nor a file; name one with facts")
    with tempfile.TemporaryDirectory(prefix="marketsim-facts-") as temporary:
        folder = Path(temporary) / (place.resolve().parent.name or "facts")
        target = folder / (place.name if place.name in FILES else f"facts/{place.name}")
        target.parent.mkdir(parents=True)
        shutil.copyfile(place, target)
        return _check(folder, str(place))


def _check(add: Path | None, where: str) -> FactsCheck:
    try:
        facts = load_facts(add=add)
    except DataError as error:
        return FactsCheck(where, 0, tuple(str(error).split("\n")), (), ())
    rows = facts.table if add is None else _own_rows(facts, add)
    strange = () if add is None else _strange(facts, rows)
    told = (*strange, *_lacking(facts, rows))
    return FactsCheck(where, len(rows), (), told, facts.added)


def _own_rows(facts: Knowledge, add: Path) -> pd.DataFrame:
    """The facts that stand in a folder, those that take a shipped one's place among them."""
    shipped = load_facts().table
    both = facts.table.merge(shipped, how="left", on=list(shipped.columns), indicator=True)
    return facts.table[(both["_merge"] == "left_only").to_numpy()]


def _strange(facts: Knowledge, rows: pd.DataFrame) -> Iterator[str]:
    """What of rows nobody would hear, or is said before it can be; companies without revenue."""
    late = rows[rows["published"] > today()]
    for quantity, entity, published in late[["quantity", "entity", "published"]].itertuples(
        index=False
    ):
        yield f"{quantity} of {entity} is published on {published:%Y-%m-%d}, which is yet to come"
    companies = facts.universe.companies.index
    others = facts.table.drop(index=rows.index)
    known = {str(name).partition(".")[0] for name in others["entity"]} | set(companies)
    revenue = rows[rows["quantity"] == REVENUE]["entity"].drop_duplicates()
    for entity in map(str, revenue):
        stem, dot, _ = entity.partition(".")
        if stem not in known or not dot:
            lines = facts.universe.revenue_map.lines
            yield f"{REVENUE} of {entity} is of no company and line.{nearest(entity, lines)}"
    told = {str(name).partition(".")[0] for name in facts.select(REVENUE)["entity"]}
    for company in companies:
        if company not in told:
            yield f"{company} has no {REVENUE}: it gets no forecast"


def _lacking(facts: Knowledge, rows: pd.DataFrame) -> Iterator[str]:
    """Quarters that are missing in a series, and series that end long before their like."""
    quarterly = rows["quantity"].str.startswith("quarterly_")
    asked = rows.loc[quarterly, list(KEY[:2])].drop_duplicates()
    breaks = {found.recast for found in facts.universe.breaks}
    for quantity, entities in asked.groupby("quantity", sort=True)["entity"]:
        every = facts.table[facts.table["quantity"] == quantity]
        forward = bool(facts.quantities["forward"].to_dict()[quantity])
        newest = every["date"].max()
        for entity in entities:
            dates = every.loc[every["entity"] == entity, "date"].drop_duplicates()
            if forward or entity in breaks:  # what is said ahead is said when it is said
                continue
            yield from _gaps(f"{quantity} of {entity}", dates)
            if (newest - dates.max()).days > LAGS:
                yield (
                    f"{quantity} of {entity} ends on {dates.max():%Y-%m-%d}, that of others on "
                    f"{newest:%Y-%m-%d}"
                )


def _gaps(name: str, dates: pd.Series) -> Iterator[str]:
    ordered = dates.sort_values()
    for before, after in zip(ordered.iloc[:-1], ordered.iloc[1:], strict=True):
        missing = round((after - before).days / QUARTER) - 1
        if missing > 0:
            yield (
                f"{name} lacks {missing} quarter{'s' * (missing > 1)} between "
                f"{before:%Y-%m-%d} and {after:%Y-%m-%d}"
            )
