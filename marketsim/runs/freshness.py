"""How old what was known is on a decision date, when that is too old, and what goes unheard.

Of all together: the newest report, statement and close. One by one: companies whose next report is
overdue, series that ended for forecasts, and what a user's folder says of no series at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pandas as pd

from marketsim.forecasting.panel import ended
from marketsim.knowledge import Knowledge
from marketsim.statements import STALE, STATEMENTS, overdue, unheard

__all__ = ["Freshness", "freshness", "own_companies", "own_gaps"]

REPORTS: Final = ("quarterly_revenue", "quarterly_capex")

LIMITS: Final = {"report": 92, "price": 7}
"""Days after which the newest is too old: a quarter without a report, a week without a close."""

NAMED: Final = 6
"""Names at most in one warning."""

REMEDY: Final = "add newer ones, or decide as of an earlier date"


@dataclass(frozen=True)
class Freshness:
    """How old what was known is on a date.

    Attributes
    ----------
    as_of
        The decision date.
    newest
        Days on which the newest were published, by kind: report, statement, price; what there is
        none of is left out.
    overdue
        Companies whose next report is overdue, with the end of its quarter.
    ended
        Names of series that forecasts leave out, since their last figure is too old.
    unheard
        Quantity and entity of what a user's folder says of no series, with the entity that may be
        meant, or empty.
    left_out
        Companies that may be asked for and have no return, with why; a user's own come first.
    by_others
        Companies of a user's folder, with what of their accounts is taken from the others.
    joined
        In words, which closes under former tickers were joined to those under the present ones.
    """

    as_of: pd.Timestamp
    newest: Mapping[str, pd.Timestamp]
    overdue: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    ended: Sequence[str] = ()
    unheard: Mapping[tuple[str, str], str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    by_others: Mapping[str, str] = field(default_factory=dict)
    joined: Sequence[str] = ()

    @property
    def warnings(self) -> list[str]:
        """What is too old, not heard or was joined for a decision, in words: a line by kind."""
        found = [
            f"the newest {kind} is of {self.newest[kind].date()}, {age} days before "
            f"{self.as_of.date()}; {REMEDY}"
            for kind, limit in LIMITS.items()
            if kind in self.newest and (age := (self.as_of - self.newest[kind]).days) > limit
        ]
        if self.overdue:
            late = [f"{name} (quarter to {end.date()})" for name, end in self.overdue.items()]
            found.append(f"reports are overdue on {self.as_of.date()}: {_few(late)}; {REMEDY}")
        if self.ended:
            found.append(
                f"forecasts leave out {_few(self.ended)}: last figures more than {STALE} days "
                f"before {self.as_of.date()}; {REMEDY}"
            )
        if self.unheard:
            said = [
                f"{quantity} of {entity}" + (f" (did you mean '{meant}'?)" if meant else "")
                for (quantity, entity), meant in self.unheard.items()
            ]
            found.append(f"no forecast hears {_few(said)}: no series in the facts is of that name")
        if self.left_out:
            told = [f"{name} ({why})" for name, why in self.left_out.items()]
            found.append(f"no return and no weight of {_few(told)}")
        for name, gaps in self.by_others.items():
            found.append(
                f"{name} has facts of its own without {gaps}: medians of its layer or nothing "
                "stand in, and its value is a guess there; add them to the folder"
            )
        return [*found, *self.joined]

    @property
    def ages(self) -> str:
        """How old the newest of each kind are, in words."""
        days = {kind: (self.as_of - day).days for kind, day in self.newest.items()}
        told = ", ".join(f"the newest {kind} is {age} days old" for kind, age in days.items())
        return f"on {self.as_of.date()} {told}"

    def record(self) -> dict[str, str]:
        """Return the days by kind, as text."""
        return {kind: str(day.date()) for kind, day in self.newest.items()}


def freshness(
    knowledge: Knowledge, as_of: pd.Timestamp, close: pd.Timestamp | None = None
) -> Freshness:
    """Return how fresh facts and prices are, and what goes unheard.

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
    old = [f"{series.quantity} of {series.entity}" for series in ended(knowledge, as_of)]
    return Freshness(as_of, found, overdue(knowledge, as_of), old, unheard(knowledge))


def own_gaps(knowledge: Knowledge, gaps: pd.Series) -> dict[str, str]:
    """Return the gaps [ticker] in accounts of companies whose revenue a user's folder alone has."""
    own = own_companies(knowledge)
    return {t: str(gaps[t]) for t in gaps.index if t in own and gaps[t]}


def own_companies(knowledge: Knowledge) -> set[str]:
    """Return the companies whose revenue a user's facts alone have."""
    own = knowledge.added_facts(["quarterly_revenue"])
    shipped = knowledge.table.drop(index=own.index).query("quantity == 'quarterly_revenue'")
    mine, theirs = (
        {str(entity).split(".")[0] for entity in rows["entity"]} for rows in (own, shipped)
    )
    return mine - theirs


def _few(names: Sequence[str]) -> str:
    """Return the first names and how many more there are; one more is named."""
    more = len(names) - NAMED
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:NAMED])} and {more} more"
