"""Statements by name, and what would be known had some of them not been made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from marketsim.errors import InputError, nearest
from marketsim.knowledge import Knowledge
from marketsim.statements import Open, Series

__all__ = ["meant", "name_of", "unmade"]

GLUE: Final = ("of", "for", "the", "to", "year", "total")
"""Words of names that tell none from another."""

MANY: Final = 20
"""Statements that share a word, as their kind, from which on they are no shorter list than all."""

OF_QUARTER: Final = pd.Timedelta(days=80), pd.Timedelta(days=20)
"""Days before the end of a quarter, and after, of which figures for it are dated."""


def name_of(said: Open, series: Sequence[Series]) -> str:
    """Return what a statement is called: kind, of whom, when, and for which year."""
    about = series[said.row]
    name = f"{said.kind.kind} of {about.entity} of {said.published.date()}"
    if said.kind.quarters > 1:
        name += f" for the year to {about.ends(said.last)[-1].date()}"
    return name


def meant(said: Iterable[Open], name: str, series: Sequence[Series]) -> list[Open]:
    """Return the statements of a name, or of one that it begins: ``plan of META`` is all of them.

    Raises
    ------
    InputError
        There is none; the message names the nearest, and those of the same company or kind.
    """
    listed = [(name_of(one, series), one) for one in said]
    wanted = str(name).strip().casefold()
    found = [one for known, one in listed if wanted and _begins(wanted, known.casefold())]
    if found:
        return found
    names = sorted({known for known, _ in listed})
    raise InputError(f"forecast: no statement '{name}' is heard.{_offered(wanted, names)}")


def _offered(wanted: str, names: Sequence[str]) -> str:
    """Return the nearest name, and those that share a word with what is wanted, or all."""
    if not names:
        return " None is open."
    stems = [" of ".join(known.split(" of ")[:2]) for known in names]
    words = {word for word in wanted.replace(".", " ").split() if word not in GLUE}
    alike = [known for known in names if words & {*known.casefold().replace(".", " ").split()}]
    listed = "; ".join(alike if alike and len(alike) < MANY else names)
    return f"{nearest(wanted, [*names, *stems])} Heard are: {listed}"


def _begins(wanted: str, known: str) -> bool:
    """Return whether a name begins with whole words, a ticker for its company's series."""
    return known.startswith(wanted) and known[len(wanted) : len(wanted) + 1] in ("", " ", ".")


def unmade(knowledge: Knowledge, said: Iterable[Open], series: Sequence[Series]) -> Knowledge:
    """Return what is known without some statements, and others of their kind on the same quarters.

    Whoever disbelieves the last has no cause to believe what it took the place of. What rolls, as
    backlogs do, stays: series alone hear it.
    """
    table, gone = knowledge.table, pd.Series(False, index=knowledge.table.index)
    before, after = OF_QUARTER
    for one in (one for one in said if not one.kind.rolls):
        about = series[one.row]
        end = about.ends(one.last)[-1]
        rows = one.kind.rows(knowledge)
        made = rows.loc[(rows["entity"] == about.entity) & _near(rows["date"], end), "published"]
        gone |= (
            table["quantity"].isin(one.kind.quantities)
            & (table["entity"] == about.entity)
            & table["published"].isin(made)
            & table["date"].between(end - before, end + after)
        )
    return knowledge.with_facts(table[~gone].reset_index(drop=True))


def _near(dates: pd.Series, end: pd.Timestamp) -> pd.Series:
    return (dates - end).abs() <= OF_QUARTER[1]
