"""What was said ahead of reports, matched with them: what came true, and what is open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError
from marketsim.knowledge import DOUBT, Knowledge, once

from .kinds import STATEMENTS, Statement
from .series import FirstReport, Series, first_reports, quarter_number

__all__ = ["Open", "came_true", "still_open"]

NEAR: Final = pd.Timedelta(days=20)
"""Days by which what is said may miss the end of the quarter that it is of."""

PAST: Final = ["entity", "number", "ratio", "left", "doubt"]


@dataclass(frozen=True)
class Open:
    """A statement on quarters that are not all reported.

    Attributes
    ----------
    kind
        Of :data:`~marketsim.statements.STATEMENTS`.
    row
        Of the series that it is about.
    first, last
        Quarters that it covers, counted from the last report; those up to zero are reported.
    log
        Logarithm of what was said, in the unit of the series.
    left
        Share of the quarters that was not reported when it was said, above zero.
    doubt
        Factor on its standard deviation for how surely it was said.
    floor
        Whether it is a bound from below.
    published
        The day.
    """

    kind: Statement
    row: int
    first: int
    last: int
    log: float
    left: float
    doubt: float
    floor: bool
    published: pd.Timestamp


@once
def came_true(knowledge: Knowledge, kind: Statement) -> pd.DataFrame:
    """Return statements of a kind all of whose quarters were reported since, bounds apart.

    Returns
    -------
    DataFrame
        `entity`, `number` (of the last quarter), `ratio` (log of what was first reported over what
        was said), `left` and `doubt` as in :class:`Open`; the last that was said on a quarter, of
        years all.
    """
    figures = first_reports(knowledge, kind.of)
    rows = []
    for said, number in _numbered(knowledge, kind):
        known = figures.get(said.entity, {})
        covered = [known.get(number - k) for k in range(kind.quarters)]
        there = [report for report in covered if report is not None]
        left = sum(report.published > said.published for report in there) / kind.quarters
        if len(there) == kind.quarters and left > 0.0 and not said.floor:
            ratio = np.log(sum(report.value for report in there) / said.value)
            if abs(ratio) > np.log(kind.far):
                raise InputError(
                    f"{kind.meaning} of {said.entity}, said on {said.published.date()}, is "
                    f"{said.value:,g}, where {np.exp(ratio) * said.value:,g} came; see whether "
                    "it is in that unit and of that segment"
                )
            rows.append((said.entity, number, ratio, left, DOUBT[said.confidence]))
    found = pd.DataFrame(rows, columns=PAST)
    return found if kind.quarters > 1 else found.drop_duplicates(["entity", "number"], keep="last")


def still_open(
    knowledge: Knowledge, series: Sequence[Series], kinds: Sequence[Statement] = STATEMENTS
) -> list[Open]:
    """Return the last statement of each of ``kinds`` on quarters of ``series`` not yet reported.

    A bound stands beside a figure said earlier of the same quarters, but takes its place where it
    lies below it, and gives way to a later one.

    Raises
    ------
    InputError
        A statement is in another unit than what it is about, or so far from it that it must be, or
        of a period that is none of the company's.
    """
    place = {(s.quantity, s.entity): row for row, s in enumerate(series)}
    found: dict[tuple[str, int, int, bool], Open] = {}
    quantities = {kind.of for kind in kinds}
    figures = {quantity: first_reports(knowledge, quantity) for quantity in quantities}
    for kind in kinds:
        published = figures[kind.of]
        for said, number in _numbered(knowledge, kind):
            row = place.get((kind.of, said.entity))
            if row is not None:
                days = published.get(said.entity, {})
                one = _open(kind, said, number, row, series[row], days)
                if one is not None:
                    of = 0 if kind.rolls else one.last
                    found[kind.kind, row, of, one.floor] = one
    return [one for one in found.values() if not _outdated(one, found.values())]


def _outdated(one: Open, others: Iterable[Open]) -> bool:
    """Return whether what was said of the same quarters takes the place of a statement.

    Of a bound a figure that came no sooner; of a figure a bound below it that came later.
    """
    same = (
        other
        for other in others
        if other.floor != one.floor
        and (other.row, other.first, other.last) == (one.row, one.first, one.last)
    )
    if one.floor:
        return any(other.published >= one.published for other in same)
    return any(other.published > one.published and other.log < one.log for other in same)


def _open(
    kind: Statement,
    said: Said,
    number: int,
    row: int,
    series: Series,
    figures: Mapping[int, FirstReport],
) -> Open | None:
    """Return a statement as it bears on a series, or None where nothing of it is left to come."""
    numbers = series.numbers
    last = number - int(numbers[-1])
    first = last - kind.quarters + 1
    reported = set(numbers.tolist())
    missed = any(number - k not in reported for k in range(last if last > 0 else 0, kind.quarters))
    if last < 1 or missed:
        return None
    if said.unit != series.unit:
        raise InputError(
            f"{kind.meaning} of {said.entity}, said on {said.published.date()}, is in {said.unit}, "
            f"its {kind.of} in {series.unit}; give both in one unit"
        )
    end = series.ends(last)[-1]
    if abs(said.date - end) > NEAR:
        raise InputError(
            f"{kind.meaning} of {said.entity}, said on {said.published.date()}, is for a period to "
            f"{said.date.date()}, where its quarter ends on {end.date()}; give the end of a quarter"
        )
    pace = series.values[-1] * kind.quarters
    if not pace / kind.far < said.value < pace * kind.far:
        raise InputError(
            f"{kind.meaning} of {said.entity}, said on {said.published.date()}, is {said.value:,g} "
            f"{said.unit}, where the last quarter reported was {series.values[-1]:,g}; see whether "
            "it is in that unit and of that segment"
        )
    covered = [figures.get(number - k) for k in range(kind.quarters)]
    open_ones = [one is None or one.published > said.published for one in covered]
    left = sum(open_ones) / kind.quarters
    doubt, log = DOUBT[said.confidence], float(np.log(said.value))
    return Open(kind, row, first, last, log, left, doubt, said.floor, said.published)


@dataclass(frozen=True)
class Said:
    """A row of what was said; see :data:`~marketsim.statements.SAID`."""

    entity: str
    date: pd.Timestamp
    published: pd.Timestamp
    value: float
    unit: str
    confidence: str
    floor: bool


@once
def _numbered(knowledge: Knowledge, kind: Statement) -> tuple[tuple[Said, int], ...]:
    """Return every statement of a kind, and the number of the quarter that it ends with."""
    return tuple(_each(kind.rows(knowledge)))


def _each(rows: pd.DataFrame) -> Iterator[tuple[Said, int]]:
    numbers = quarter_number(pd.DatetimeIndex(rows["date"]))
    for row, number in zip(rows.to_dict("records"), numbers, strict=True):
        said = Said(**{str(name): value for name, value in row.items()})
        if not said.value > 0.0:
            raise InputError(
                f"{said.entity} is said on {said.published.date()} to come to {said.value:,g} by "
                f"{said.date.date()}; what is said of revenue or spending is above zero"
            )
        yield said, int(number)
