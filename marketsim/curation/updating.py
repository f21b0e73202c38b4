"""Reported figures of the companies, asked of the SEC and of Yahoo, for a user's folder of facts.

The SEC comes first: its figures are as first filed, with the day of the filing. Yahoo's fill what
it has not, and are held against it. What differs from a known figure is told, and written only
where that is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim.curation.adding import Added, Row, add_rows, knowledge_with, own_keys
from marketsim.curation.comparing import Comparison, Difference, compare, entity_of
from marketsim.curation.hearing import Filings, Hearing, Splits
from marketsim.dates import Day, day_or_none, today
from marketsim.errors import InputError, SourceError, nearest
from marketsim.files import cache_folder
from marketsim.knowledge import Knowledge
from marketsim.renames import Tickers
from marketsim.sources.limiter import Patience
from marketsim.sources.reports import REVENUE, Report
from marketsim.sources.sec import SEC_PATIENCE, Sec, require_agent
from marketsim.sources.statements import yahoo_reports

__all__ = ["SOURCES", "Update", "update_facts"]

SOURCES: Final = ("sec", "yahoo")
BACK: Final = pd.Timedelta(days=730)
"""How far back periods are looked at by default."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Update:
    """What an update found and wrote.

    Attributes
    ----------
    comparison : Comparison
        New, different and equal figures.
    written : Added or None
        Files that were written; None where nothing was to be, or `dry_run`.
    accepted : tuple of Difference
        Differences that were written, or would be.
    rows : tuple of Row
        What was written, or would be.
    failures : tuple of str
        What was not answered, one line each.
    notes : tuple of str
        What is left to do by hand, and what was left out.
    """

    comparison: Comparison
    written: Added | None
    accepted: tuple[Difference, ...]
    rows: tuple[Row, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every question was answered."""
        return not self.failures

    def __str__(self) -> str:
        found = self.comparison
        told = [difference for difference in found.differences if difference not in self.accepted]
        did = "written" if self.written else "to write"
        head = (
            f"{len(found.new)} new, {found.same} as known, {len(found.differences)} different; "
            f"{len(self.rows)} row{'s' * (len(self.rows) != 1)} {did}"
        )
        rows = [
            f"{row.quantity} of {row.entity}, {row.date}: {row.value} {row.unit}, published "
            f"{row.published} ({row.source})" + (f"; {row.note}" if row.note else "")
            for row in self.rows
        ]
        files = [str(path) for path in self.written.files] if self.written else []
        parts = {
            did: rows,
            "files": files,
            "different, and not written without --accept": [str(d) for d in told],
            "not answered": self.failures,
            "beside": [*found.notes, *self.notes],
        }
        lines = [head]
        for name, some in parts.items():
            lines += [f"{name}:", *(f"  {line}" for line in some)] if some else []
        return "\n".join(lines)


def update_facts(
    folder: Path | str,
    tickers: Sequence[str] | None = None,
    *,
    sources: Sequence[str] = SOURCES,
    agent: str | None = None,
    since: Day | None = None,
    accept: bool = False,
    dry_run: bool = False,
    cache: Path | str | None = None,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Update:
    """Ask for what companies reported, and write what is new to a user's folder.

    Parameters
    ----------
    folder : path
        Made where missing.
    tickers : sequence of str, optional
        Some of the companies; all by default.
    sources : sequence of str, optional
        "sec", "yahoo" or both.
    agent : str, optional
        Name and e-mail address, for the SEC; else the environment's MARKETSIM_USER_AGENT.
    since : day, optional
        First end of a period to look at; two years ago by default.
    accept : bool, optional
        Whether figures that differ from the known ones take their place.
    dry_run : bool, optional
        Whether to write nothing.
    cache : path, optional
        Folder of the user's cache.
    patience : Patience, optional
        How long to go on where a source refuses.
    progress : callable, optional
        Called with what is being asked.

    Raises
    ------
    InputError
        A ticker is not among the companies, a source is none, or the SEC is not told who asks.
    DataError
        As `add_rows`.
    SourceError
        Nothing at all was answered.
    """
    place = Path(folder).expanduser()
    chosen = _sources(sources)
    name = require_agent(agent or os.environ.get("MARKETSIM_USER_AGENT")) if "sec" in chosen else ""
    knowledge = knowledge_with(place)
    companies = _companies(knowledge, tickers)
    now = today()
    first = day_or_none(since, "since") or now - BACK
    kept = cache_folder(cache)
    hearing = Hearing(progress or (lambda _: None))
    if "sec" in chosen:
        filings = Filings(Sec(name, kept, patience or SEC_PATIENCE), now)
        hearing.hear("sec", companies, filings)
        hearing.notes += filings.notes
    if "yahoo" in chosen:
        slow = patience or Patience()
        hearing.hear("yahoo", companies, lambda ticker: yahoo_reports(ticker, kept, slow))
        splits = Splits(first, now, kept, slow)
        hearing.hear("yahoo", companies, splits, "splits")
        hearing.notes += splits.notes
    if not hearing.reports and hearing.failures:
        raise SourceError("nothing was answered: " + hearing.failures[0])
    return _update(place, knowledge, hearing, first, accept=accept, dry_run=dry_run)


def _update(
    place: Path,
    knowledge: Knowledge,
    hearing: Hearing,
    since: pd.Timestamp,
    *,
    accept: bool,
    dry_run: bool,
) -> Update:
    found = compare(knowledge, hearing.reports, since)
    keys = own_keys(place)
    taken = [d for d in found.differences if accept and _row_key(d.accepted) not in keys]
    own = [str(d) for d in found.differences if accept and d not in taken]
    notes = [f"{said}: the row is your own; change it there" for said in own]
    doubtful = found.doubtful if accept else ()
    rows = _distinct([*found.new, *(d.accepted for d in taken), *doubtful])
    added = add_rows(place, rows, write=not dry_run) if rows else None
    notes += _segments(knowledge, {report.ticker for report in hearing.reports})
    return Update(
        found,
        None if dry_run else added,
        tuple(taken),
        tuple(rows),
        tuple(hearing.failures),
        (*hearing.notes, *notes),
    )


def _sources(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in SOURCES:
            raise InputError(f"'{name}' is no source; write sec, yahoo or both")
    if not names:
        raise InputError("no source to ask; write sec, yahoo or both")
    return tuple(name for name in SOURCES if name in names)


def _companies(knowledge: Knowledge, tickers: Sequence[str] | None) -> list[str]:
    universe = knowledge.universe
    known = Tickers(map(str, universe.companies.index), universe.renames)
    if tickers is None:
        return list(known)
    if not tickers:
        raise InputError("no company to ask for; name one, or leave it out for all")
    for name in tickers:
        if name not in known:
            raise InputError(
                f"'{name}' is not among the companies; add it to companies.csv, or name another."
                f"{nearest(name, known)}"
            )
    return list(dict.fromkeys(tickers))


def _segments(knowledge: Knowledge, tickers: set[str]) -> list[str]:
    """What neither source tells: lines of revenue below the total."""
    recast = {found.recast for found in knowledge.universe.breaks}
    entities = knowledge.select(REVENUE)["entity"].unique()
    names = [
        name
        for name in map(str, entities)
        if name.partition(".")[0] in tickers and not name.endswith(".total") and name not in recast
    ]
    if not names:
        return []
    return [
        f"segments, which neither source tells; write them by `marketsim facts add`: "
        f"{', '.join(names)}"
    ]


def _row(report: Report) -> Row:
    return Row(
        report.quantity,
        entity_of(report),
        f"{report.date:%Y-%m-%d}",
        f"{report.published:%Y-%m-%d}",
        f"{report.value:.10g}",
        report.unit,
        report.source,
        "derived" if report.derived else "sourced",
        report.note,
    )


def _row_key(report: Report) -> tuple[str, ...]:
    row = _row(report)
    return row.quantity, row.entity, row.date, row.published


def _distinct(reports: Sequence[Report]) -> list[Row]:
    """Rows by key: where two sources differ from one known figure, the first counts."""
    found: dict[tuple[str, ...], Row] = {}
    for report in reports:
        row = _row(report)
        found.setdefault((row.quantity, row.entity, row.date), row)
    return list(found.values())
