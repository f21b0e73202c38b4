"""What companies say ahead of their reports: guidance, plans, months, results all but final.

A statement is no outcome: it has a bias and a noise of its own, which past statements and what was
then reported tell. A later statement on the same quarters takes the place of an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge

from .reckoned import SAID, of_backlog, of_months, of_orders

__all__ = ["STATEMENTS", "Statement", "statements_described"]

NEARLY_OVER: Final = pd.Timedelta(days=20)
"""What is said of a quarter with so little of it left, or none, is nearly its result."""

CAUTION: Final = "companies guide to what they are sure to reach; judgement"


@dataclass(frozen=True, eq=False)
class Statement:
    """One kind of statement.

    Attributes
    ----------
    kind
        Its name.
    meaning
        What is said, in one line.
    quantities
        Of the facts that it reads.
    of
        The quantity whose figures it foretells.
    quarters
        Fiscal quarters that a statement covers; the last ends on its date.
    settles
        Whether it takes the place of all that is known of its quarter, or is one more observation.
    beat, spread
        What is expected before any has come true: the mean log of the outcome over what was said,
        and its standard deviation; of a year, when all of it lies ahead.
    reason
        Where these come from.
    rows
        All that were made, columns :data:`SAID`, in order of publication.
    rolls
        Whether the last alone counts, though those before are of other quarters: it holds what they
        said.
    far
        Factor from the pace of the last report beyond which one is taken for a slip of units.
    fades
        Power of the share of its quarters that lie ahead by which bias and error fade.
    """

    kind: str
    meaning: str
    quantities: tuple[str, ...]
    of: str
    quarters: int
    settles: bool
    beat: float
    spread: float
    reason: str
    rows: Callable[[Knowledge], pd.DataFrame]
    rolls: bool = False
    far: float = 5.0
    fades: float = 2.0


def of_range(knowledge: Knowledge, quantity: str) -> pd.DataFrame:
    """Return every vintage of a quantity told by its middle, its two ends, or a lower end alone.

    An upper end alone says nothing of what is expected.
    """
    key, table = ["entity", "date", "published"], knowledge.table
    middle, lower, upper = (
        table[table["quantity"] == f"{quantity}{end}"] for end in ("", "_low", "_high")
    )
    other = lower[key].merge(upper[[*key, "value"]], on=key, how="left")["value"].to_numpy()
    ranged = lower["value"].where(np.isnan(other), 0.5 * (lower["value"] + other))
    lower = lower.assign(value=ranged, floor=np.isnan(other))
    every = pd.concat([middle.assign(floor=False), lower]).drop_duplicates(key)
    return every.loc[:, SAID].sort_values(["published", "entity", "date"], ignore_index=True)


def of_quarter(knowledge: Knowledge, *, over: bool) -> pd.DataFrame:
    """Return guidance for a quarter's revenue, made when the quarter was nearly ``over`` or not."""
    rows = of_range(knowledge, "revenue_guidance")
    return rows[(rows["published"] > rows["date"] - NEARLY_OVER) == over]


def _three(quantity: str) -> tuple[str, ...]:
    return quantity, f"{quantity}_low", f"{quantity}_high"


STATEMENTS: Final = (
    Statement(
        kind="backlog",
        meaning="last year's revenue, grown by a quarter of what orders on hand did, and three "
        "eighths of what it did",
        quantities=("backlog",),
        of="quarterly_revenue",
        quarters=4,
        settles=False,
        beat=0.02,
        spread=0.12,
        reason="what is not on order yet sells too, and contracts are for other years; judgement",
        rows=partial(of_backlog, quantity="backlog"),
        rolls=True,
    ),
    Statement(
        kind="orders",
        meaning="a year's revenue, at the orders of the last one",
        quantities=("net_bookings",),
        of="quarterly_revenue",
        quarters=4,
        settles=False,
        beat=0.0,
        spread=0.3,
        reason="orders turn into revenue over two years and more; judgement",
        rows=partial(of_orders, quantity="net_bookings"),
        rolls=True,
    ),
    Statement(
        kind="annual guidance",
        meaning="guidance for a fiscal year's revenue",
        quantities=_three("annual_revenue_guidance"),
        of="quarterly_revenue",
        quarters=4,
        settles=False,
        beat=0.03,
        spread=0.12,
        reason=CAUTION,
        rows=partial(of_range, quantity="annual_revenue_guidance"),
    ),
    Statement(
        kind="plan",
        meaning="plan for a fiscal year's capital spending",
        quantities=_three("capex_plan"),
        of="quarterly_capex",
        quarters=4,
        settles=False,
        beat=0.0,
        spread=0.2,
        reason="plans are cut in bad years and raised in good ones, and payments slip however "
        "little of the year is left; judgement: 37 of 2018-25 were off by 0.20 of a year to come, "
        "and by 0.10 of one with a quarter left",
        rows=partial(of_range, quantity="capex_plan"),
        fades=0.5,
    ),
    Statement(
        kind="quarter plan",
        meaning="plan for a quarter's capital spending",
        quantities=_three("quarterly_capex_plan"),
        of="quarterly_capex",
        quarters=1,
        settles=False,
        beat=0.0,
        spread=0.15,
        reason="payments fall into another quarter than planned; judgement",
        rows=partial(of_range, quantity="quarterly_capex_plan"),
    ),
    Statement(
        kind="guidance",
        meaning="guidance for the next quarter's revenue",
        quantities=_three("revenue_guidance"),
        of="quarterly_revenue",
        quarters=1,
        settles=True,
        beat=0.02,
        spread=0.05,
        reason=CAUTION,
        rows=partial(of_quarter, over=False),
    ),
    Statement(
        kind="months",
        meaning="revenue of a quarter's first months",
        quantities=("monthly_revenue",),
        of="quarterly_revenue",
        quarters=1,
        settles=True,
        beat=0.0,
        spread=0.04,
        reason="months differ, and so do exchange rates from quarter to quarter; judgement",
        rows=of_months,
    ),
    Statement(
        kind="preliminary result",
        meaning="a quarter's revenue as told when it was nearly over, or after",
        quantities=_three("revenue_guidance"),
        of="quarterly_revenue",
        quarters=1,
        settles=True,
        beat=0.005,
        spread=0.015,
        reason="the books are all but closed; judgement",
        rows=partial(of_quarter, over=True),
    ),
)
"""Every kind, in the order in which a forecast hears them: the farthest first."""


def statements_described() -> Iterator[str]:
    """Yield the lines of a table of the kinds of statements, in Markdown."""
    yield "| statement | facts | foretells | quarters | beat | spread | because |"
    yield "|---|---|---|---|---|---|---|"
    for one in STATEMENTS:
        facts = ", ".join(f"`{name}`" for name in one.quantities)
        numbers = f"{one.quarters} | {one.beat:g} | {one.spread:g}"
        yield f"| {one.meaning} | {facts} | `{one.of}` | {numbers} | {one.reason} |"
