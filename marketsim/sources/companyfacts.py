"""Company facts of the SEC as reports: what a first filing said of a period, and nothing later.

A filing tells of its own period and, beside it, of earlier ones, which it may restate. Of each
period the filing that told of it first counts, and the day on which that was filed. Cash flows are
told from the start of the fiscal year, and the fourth quarter of nothing is told by itself: both
are differences, known on the day of the later filing, and marked as derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import pandas as pd

from marketsim.sources.reports import CAPEX, REVENUE, SHARES, Report, millions

__all__ = ["CONCEPTS", "reports_in"]

CONCEPTS: Final = {
    REVENUE: (
        "Revenues",
        "RevenueFromContractWithCustomerExcludingAssessedTax",
        "RevenueFromContractWithCustomerIncludingAssessedTax",
        "SalesRevenueNet",
    ),
    CAPEX: ("PaymentsToAcquirePropertyPlantAndEquipment", "PaymentsToAcquireProductiveAssets"),
    SHARES: ("WeightedAverageNumberOfDilutedSharesOutstanding",),
}
"""Tags by quantity, the widest first: where one filing has several, the first counts."""

UNITS: Final = {"USD": "USD m", "EUR": "EUR m", "shares": "m shares"}
QUARTER: Final = (80, 100)
YEAR: Final = (350, 380)
ANNUAL: Final = ("10-K", "20-F", "40-F")
SAME_START: Final = 7  # days
SAME: Final = 0.005
RECENT: Final = 8
"""Periods that two tags are compared on."""

Day = pd.Timestamp


class Span(NamedTuple):
    """A figure of the days from `start` to `end`, as first filed."""

    start: Day
    end: Day
    value: float
    filed: Day
    accession: str
    form: str
    derived: str = ""

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.end - self.start).days + 1


def reports_in(facts: Mapping[str, Any], ticker: str, number: int, retrieved: Day) -> list[Report]:
    """Quarterly revenue and capital spending, and yearly diluted shares, of one company.

    Parameters
    ----------
    facts : mapping
        The answer's facts, by taxonomy, tag and unit.
    ticker : str
    number : int
        Its central index key.
    retrieved : Timestamp
        Day of the answer.

    Returns
    -------
    list of Report
        By quantity and date. What has no sound day, value or period is passed over.
    """
    found: list[Report] = []
    said = facts.get("us-gaap")
    tags: Mapping[str, Any] = said if isinstance(said, Mapping) else {}
    for quantity, names in CONCEPTS.items():
        for unit, written in UNITS.items():
            if (unit == "shares") != (quantity == SHARES):
                continue
            spans = [(name, _first_filed(tags.get(name), unit)) for name in names]
            wanted = _years if quantity == SHARES else _quarters
            for name, span in _widest([(name, wanted(some)) for name, some in spans]):
                found.append(
                    Report(
                        quantity,
                        ticker,
                        span.end,
                        max(span.filed, span.end),
                        millions(span.value),
                        written,
                        f"SEC companyfacts CIK{number:010d}, accn {span.accession}; {name}; "
                        f"retrieved {retrieved:%Y-%m-%d}",
                        span.derived,
                        bool(span.derived),
                    )
                )
    return sorted(found, key=lambda report: (report.quantity, report.date))


def _first_filed(tag: Any, unit: str) -> list[Span]:
    """Each period of a tag as it was filed first, by end and start."""
    units = tag.get("units") if isinstance(tag, Mapping) else None
    rows = units.get(unit) if isinstance(units, Mapping) else None
    spans = [span for row in rows or () if (span := _span(row)) is not None]
    first: dict[tuple[Day, Day], Span] = {}
    for span in sorted(spans, key=lambda span: (span.filed, span.accession)):
        first.setdefault((span.end, span.start), span)
    return [first[key] for key in sorted(first)]


def _span(row: Any) -> Span | None:
    try:
        days = [Day(row[name]) for name in ("start", "end", "filed")]
        value = float(row["val"])
    except (KeyError, TypeError, ValueError):
        return None
    start, end, filed = days
    if any(pd.isna(day) or day.tz is not None for day in days) or not start < end:
        return None
    if not 0.0 < value < 1e18:
        return None
    return Span(start, end, value, filed, str(row.get("accn", "")), str(row.get("form", "")))


def _years(spans: Iterable[Span]) -> list[Span]:
    return [
        span for span in spans if YEAR[0] <= span.days <= YEAR[1] and span.form.startswith(ANNUAL)
    ]


def _quarters(spans: list[Span]) -> list[Span]:
    """Each quarter as it could be known first: told by itself, or as a difference."""
    told = [span for span in spans if QUARTER[0] <= span.days <= QUARTER[1]]
    found = [*told, *_differences(spans), *_fourths(spans, told)]
    first: dict[Day, Span] = {}
    for span in sorted(found, key=lambda span: (span.filed, bool(span.derived))):
        if not any(abs((span.end - end).days) <= SAME_START for end in first):
            first[span.end] = span
    return [first[end] for end in sorted(first)]


def _differences(spans: list[Span]) -> Iterable[Span]:
    """Yield what two figures from the start of one fiscal year leave between their ends."""
    for later in spans:
        if later.days <= QUARTER[1]:
            continue
        for earlier in spans:
            length = (later.end - earlier.end).days
            if QUARTER[0] <= length <= QUARTER[1] and _near(later.start, earlier.start):
                words = f"{later.days} days less the first {earlier.days}"
                if later.days >= YEAR[0]:
                    words = "fourth quarter: the year less its first nine months"
                yield from _left(later, later.value - earlier.value, earlier, words)


def _fourths(spans: list[Span], quarters: list[Span]) -> Iterable[Span]:
    """Yield years less their first three quarters."""
    for year in _years(spans):
        within = [
            span
            for span in quarters
            if span.start >= year.start - pd.Timedelta(days=SAME_START)
            and span.end < year.end - pd.Timedelta(days=QUARTER[0])
        ]
        ends = {span.end: span for span in within}
        if len(within) == len(ends) == 3 and _near(min(s.start for s in within), year.start):
            last = max(within, key=lambda span: span.end)
            rest = year.value - sum(span.value for span in within)
            yield from _left(year, rest, last, "fourth quarter: the year less its three quarters")


def _left(later: Span, value: float, earlier: Span, words: str) -> Iterable[Span]:
    if value > 0.0:
        yield later._replace(
            start=earlier.end + pd.Timedelta(days=1),
            value=value,
            filed=max(later.filed, earlier.filed),
            derived=words,
        )


def _near(one: Day, other: Day) -> bool:
    return abs((one - other).days) <= SAME_START


def _widest(tags: list[tuple[str, list[Span]]]) -> list[tuple[str, Span]]:
    """Each period once, of the tag that told of it first, the widest on a tie.

    A tag that tells less than a wider one of the same periods is a part, and left out.
    """
    first: dict[Day, tuple[str, Span]] = {}
    for name, spans in tags:
        both = [(span, first[span.end][1]) for span in spans if span.end in first][-RECENT:]
        if any(abs(part.value / whole.value - 1.0) > SAME for part, whole in both):
            continue
        for span in spans:
            known = first.get(span.end)
            if known is None or span.filed < known[1].filed:
                first[span.end] = (name, span)
    return [first[end] for end in sorted(first)]
