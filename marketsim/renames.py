"""Tickers that were renamed, from former_tickers.csv: what a share was called, and until when.

A share is called by its present ticker throughout, whatever the date; what it was called before is
known here, so that closes under a former ticker are found and whoever writes one is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from marketsim.dates import day
from marketsim.errors import InputError
from marketsim.tables import Column, Fault, Rows, Rule, Schema, marked

__all__ = ["RENAMES", "Rename", "Tickers", "given_renames", "present", "renamed_among", "renames"]

CONFIDENCES: Final = ("sourced", "derived", "unverified")


@dataclass(frozen=True)
class Rename:
    """One share that got another ticker.

    Attributes
    ----------
    ticker
        What it is called from the day after `until` on.
    former
        What it was called up to then.
    until
        The last day under the former ticker.
    taken
        Whether another share was called `ticker` before.
    source
        Where that was found.
    """

    ticker: str
    former: str
    until: pd.Timestamp
    taken: bool
    source: str

    @property
    def since(self) -> pd.Timestamp:
        """The first weekday under the later ticker."""
        return self.until + pd.offsets.BusinessDay(1)


def renames(rows: Rows) -> tuple[Rename, ...]:
    """Return the renames, by day and former ticker."""
    columns = ["ticker", "former", "until", "taken", "source"]
    found = [
        Rename(str(ticker), str(former), day(until), taken == "yes", str(source))
        for ticker, former, until, taken, source in rows[columns].itertuples(index=False)
    ]
    return tuple(sorted(found, key=lambda one: (one.until, one.former)))


def given_renames(given: object) -> tuple[Rename, ...]:
    """Return renames that somebody handed over.

    Raises
    ------
    InputError
        They are none.
    """
    if isinstance(given, Sequence) and not isinstance(given, str):
        found = tuple(given)
        if all(isinstance(one, Rename) for one in found):
            return found
    raise InputError(
        f"renames={given!r} are none; give `load_facts(add=FOLDER).universe.renames`, with rows of "
        f"your own in FOLDER/{RENAMES.file}"
    )


def renamed_among(*some: Iterable[Rename]) -> tuple[Rename, ...]:
    """Return the renames of several tables by day; of the same one the last says when."""
    both = {(one.ticker, one.former): one for table in some for one in table}
    return tuple(sorted(both.values(), key=lambda one: (one.until, one.former)))


def present(name: object, known: Iterable[Rename]) -> Rename | None:
    """Return the last rename of what was called by a former ticker; None where none was.

    None, too, where the ticker was given to another share since, which is called so now.
    """
    order = sorted(known, key=lambda one: one.until)
    found: Rename | None = None
    for one in order:
        if one.ticker == name:
            found = None
        elif one.former == name or (found is not None and one.former == found.ticker):
            found = one
    return found


class Tickers(tuple[str, ...]):
    """Tickers in their order, which know what their shares were called before.

    Parameters
    ----------
    names
        The tickers.
    renames
        All that are known; whoever looks for a former ticker among the names is told by them. Those
        that the names know themselves, by default.
    """

    renames: tuple[Rename, ...]

    def __new__(cls, names: Iterable[str] = (), renames: Iterable[Rename] | None = None) -> Tickers:
        """Return the same names with what is known of them."""
        made = super().__new__(cls, names)
        made.renames = getattr(names, "renames", ()) if renames is None else tuple(renames)
        return made

    def beside(self, *others: str) -> Tickers:
        """Return the same with other names after them."""
        return Tickers((*self, *others), self.renames)

    def hint(self, name: object) -> str:
        """Return what is said of a former ticker, as ` XYZ is ABC since ...: write ABC`."""
        found = None if name in self else present(name, self.renames)
        if found is None:
            return ""
        right = f": write {found.ticker}" if found.ticker in self else ""
        return f" {name} is {found.ticker} since {found.since:%Y-%m-%d}{right}."


def _not_itself(rows: Rows) -> Iterator[Fault]:
    says = "{} is the present ticker, too; write what it was called before"
    yield from marked(rows, rows["former"] == rows["ticker"], "former", says)


def _contradicted(rows: Rows) -> Iterator[Fault]:
    """Yield a second former ticker of a present one by the same day, and the other way round."""
    told = rows[(rows["until"] != "") & ~rows.duplicated(["ticker", "former"])]
    for column, other in (("former", "ticker"), ("ticker", "former")):
        known: dict[tuple[str, str], str] = {}
        for row in told.to_dict("records"):
            name, until = row[other], row["until"]
            first = known.setdefault((name, until), row[column])
            if first != row[column]:
                says = f"'{row[column]}', and '{first}' in another row, of {name} until {until}"
                yield Fault(row["place"], column, f"{says}; keep the row that is right")


RENAMES: Final = Schema(
    file="former_tickers.csv",
    columns=(
        Column("ticker", "from the day after on", filled=True, trimmed=True),
        Column("former", "what the share was called before", filled=True, trimmed=True),
        Column("until", "the last day under the former ticker", "day"),
        Column(
            "taken",
            "whether another share was called `ticker` before",
            choices=("yes", "no"),
            noun="an answer",
        ),
        Column("source", "where that was found", filled=True),
        Column("confidence", "as of facts", choices=CONFIDENCES, noun="a confidence"),
        Column("note"),
    ),
    key=("ticker", "former"),
    holds="tickers that were renamed",
    title="{ticker}, once {former}",
    rules=(
        Rule(("ticker", "former"), _not_itself),
        Rule(("ticker", "former", "until"), _contradicted),
    ),
)
