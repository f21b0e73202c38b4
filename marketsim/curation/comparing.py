"""What sources say, held against the facts that are known: new, the same, or different."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.prices import splits_between, splits_in
from marketsim.sources.reports import CAPEX, REVENUE, SHARES, SPLIT, Report

__all__ = ["Comparison", "Difference", "compare", "entity_of"]

ROUNDING: Final = 0.005
"""Share of a figure that two sources of it may differ by."""
SAME_PERIOD: Final = 20
"""Days that two sources may write the end of one period apart."""


LEAP: Final = 1.5
"""Shares of a year that are so many times those of the year before are counted otherwise."""

Key = tuple[str, str]


class Known(NamedTuple):
    """A figure that is known of a period."""

    date: pd.Timestamp
    published: pd.Timestamp
    value: float
    unit: str
    source: str
    confidence: str
    own: bool


@dataclass(frozen=True)
class Difference:
    """A figure that differs from the one that is known.

    Attributes
    ----------
    report : Report
        What the source says.
    known : Known
        What the facts say.
    """

    report: Report
    known: Known

    def __str__(self) -> str:
        share = self.report.value / self.known.value - 1.0 if self.known.value else float("inf")
        whose = "your folder" if self.known.own else "the facts"
        return (
            f"{self.report.quantity} of {entity_of(self.report)}, {self.known.date:%Y-%m-%d}: "
            f"{self.report.value:,.6g} {self.report.unit} ({self.report.source}); {whose} "
            f"have {self.known.value:,.6g} {self.known.unit} ({self.known.confidence}, "
            f"{self.known.source[:80]}), {share:+.1%}"
        )

    @property
    def accepted(self) -> Report:
        """The figure as it would count in place of the known one: not before that did."""
        return replace(
            self.report,
            date=self.known.date,
            published=max(self.report.published, self.known.published),
            note="; ".join(
                filter(
                    None, (self.report.note, f"in place of {self.known.value:g} {self.known.unit}")
                )
            ),
        )


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    new : tuple of Report
        Figures of periods of which nothing was known.
    differences : tuple of Difference
        Figures that differ by more than rounding.
    same : int
        Figures that agree.
    notes : tuple of str
        What could not be compared, and why.
    doubtful : tuple of Report
        Figures of new periods that something speaks against, as a note says.
    """

    new: tuple[Report, ...]
    differences: tuple[Difference, ...]
    same: int
    notes: tuple[str, ...]
    doubtful: tuple[Report, ...] = ()


def entity_of(report: Report) -> str:
    """The entity of a report, as facts name it."""
    return f"{report.ticker}.total" if report.quantity == REVENUE else report.ticker


def compare(
    knowledge: Knowledge, reports: Sequence[Report], since: pd.Timestamp | None = None
) -> Comparison:
    """Hold reports against facts, in their order: an earlier one counts as known to a later one.

    Parameters
    ----------
    knowledge : Knowledge
        All that is known.
    reports : sequence of Report
    since : Timestamp, optional
        First end of a period that counts.

    Returns
    -------
    Comparison
        Revenue and capital spending count where the facts have a series of the company's total in
        that unit; shares are compared on the split basis of the day of publication.
    """
    comparing = _Comparing(_known(knowledge), splits_in(knowledge.table))
    for report in reports:
        if since is None or report.date >= since:
            comparing.hear(report)
    return Comparison(
        tuple(comparing.new),
        tuple(comparing.differences),
        comparing.same,
        tuple(comparing.notes),
        tuple(comparing.doubtful),
    )


@dataclass
class _Comparing:
    """A comparison under way."""

    known: dict[Key, list[Known]]
    splits: pd.DataFrame
    new: list[Report] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    doubtful: list[Report] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    same: int = 0

    def __post_init__(self) -> None:
        self.units = {key: rows[0].unit for key, rows in self.known.items()}

    def hear(self, report: Report) -> None:
        """Hold one report against what is known by then."""
        key = _key(report)
        if reason := self._left_out(report, key):
            self.notes[reason] = None
        elif key not in self.units and report.quantity == CAPEX:
            return  # of some companies alone capital spending is followed
        elif (row := _nearest(self.known.get(key, ()), report)) is None:
            self._hear_new(report, key)
        elif _agree(report, row, self.splits):
            self.same += 1
        else:
            self.differences.append(Difference(report, row))

    def _hear_new(self, report: Report, key: Key) -> None:
        if why := self._doubt(report, key):
            self.notes[f"{_named(report)}: {why}; not written"] = None
            self.doubtful.append(report)
            return
        self.new.append(report)
        self.known.setdefault(key, []).append(_as_known(report))

    def _left_out(self, report: Report, key: Key) -> str:
        if report.quantity == REVENUE and key not in self.units:
            return f"{report.ticker}: the facts have no series of {key[1]}; left out"
        unit = self.units.get(key, report.unit)
        if report.unit == unit:
            return ""
        source = report.source.partition(",")[0]
        return (
            f"{report.quantity} of {key[1]}: in {report.unit} by {source}, and in {unit} in the "
            "facts; left out"
        )

    def _doubt(self, report: Report, key: Key) -> str:
        """What speaks against a figure of a new period, or nothing."""
        if not report.first and any(
            _key(difference.report) == key and not difference.report.first
            for difference in self.differences
        ):
            return "this source's earlier figures differ from the facts"
        earlier = [row for row in self.known.get(key, ()) if row.date < report.date]
        if report.quantity == SHARES and earlier:
            last = max(earlier, key=lambda row: (row.date, row.published))
            ratio = _on_basis_of(last, report, self.splits) / last.value
            if not 1.0 / LEAP < ratio < LEAP:
                return f"{ratio:.3g} times the figure of {last.date:%Y-%m-%d}"
        return ""


def _known(knowledge: Knowledge) -> dict[Key, list[Known]]:
    """Every vintage of what is compared, by quantity and entity."""
    table = knowledge.table
    rows = table[table["quantity"].isin([REVENUE, CAPEX, SHARES, SPLIT])]
    names = ["quantity", "entity", "date", "published", "value", "unit", "source", "confidence"]
    found: dict[Key, list[Known]] = {}
    for quantity, entity, *said in rows[names].itertuples(index=False, name=None):
        own = (quantity, entity, *said[:2]) in knowledge.own
        found.setdefault((quantity, entity), []).append(Known._make([*said, own]))
    return found


def _as_known(report: Report) -> Known:
    confidence = "derived" if report.derived else "sourced"
    values = (report.date, report.published, report.value, report.unit, report.source)
    return Known(*values, confidence, own=False)


def _nearest(rows: Iterable[Known], report: Report) -> Known | None:
    """The vintage of the period that was published next to the report, if there is one."""
    period = [row for row in rows if abs((row.date - report.date).days) <= SAME_PERIOD]
    if not period:
        return None
    end = min((abs(row.date - report.date), row.date) for row in period)[1]
    vintages = [row for row in period if row.date == end]
    return min(vintages, key=lambda row: abs(row.published - report.published))


def _agree(report: Report, row: Known, splits: pd.DataFrame) -> bool:
    return abs(_on_basis_of(row, report, splits) - row.value) <= ROUNDING * abs(row.value)


def _on_basis_of(row: Known, report: Report, splits: pd.DataFrame) -> float:
    """A report's figure, of shares on the split basis of the day on which a row was published."""
    if report.quantity != SHARES:
        return report.value
    first, last = sorted((report.published, row.published))
    between = float(splits_between(splits, first, last).get(report.ticker, 1.0))
    return report.value * (between if report.published < row.published else 1.0 / between)


def _key(report: Report) -> Key:
    return report.quantity, entity_of(report)


def _named(report: Report) -> str:
    return (
        f"{report.quantity} of {entity_of(report)}, {report.date:%Y-%m-%d}: {report.value:,.6g} "
        f"{report.unit} ({report.source})"
    )
