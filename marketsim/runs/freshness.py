"""How old the newest of what was known is on a decision date, and when that is too old."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.statements import STATEMENTS

__all__ = ["Freshness", "freshness"]

REPORTS: Final = ("quarterly_revenue", "quarterly_capex")

LIMITS: Final = {"report": 92, "price": 7}
"""Days after which the newest is too old: a quarter without a report, a week without a close."""


@dataclass(frozen=True)
class Freshness:
    """The days on which the newest were published, by kind: report, statement, price.

    Attributes
    ----------
    as_of
        The decision date.
    newest
        By kind; what there is none of is left out.
    """

    as_of: pd.Timestamp
    newest: Mapping[str, pd.Timestamp]

    @property
    def warnings(self) -> list[str]:
        """What is too old for a decision on that date, in words."""
        return [
            f"the newest {kind} is of {self.newest[kind].date()}, {age} days before "
            f"{self.as_of.date()}; add newer ones, or decide as of an earlier date"
            for kind, limit in LIMITS.items()
            if kind in self.newest and (age := (self.as_of - self.newest[kind]).days) > limit
        ]

    def record(self) -> dict[str, str]:
        """Return the days by kind, as text."""
        return {kind: str(day.date()) for kind, day in self.newest.items()}


def freshness(
    knowledge: Knowledge, as_of: pd.Timestamp, close: pd.Timestamp | None = None
) -> Freshness:
    """Return how fresh facts and prices are.

    Parameters
    ----------
    knowledge
        As it was on the date.
    as_of
        The decision date.
    close
        Day of the newest close, where prices are used.
    """
    said = [name for kind in STATEMENTS for name in kind.quantities]
    found = {}
    for kind, names in (("report", REPORTS), ("statement", tuple(said))):
        published = knowledge.table.loc[knowledge.table["quantity"].isin(names), "published"]
        if len(published):
            found[kind] = published.max()
    if close is not None:
        found["price"] = close
    return Freshness(as_of, found)
