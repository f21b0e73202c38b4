"""Capital spending that the largest owners of compute plan for a year, beside the last year's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.knowledge.currency import usd_per
from marketsim.observables.capital_spending import measure
from marketsim.observables.observable import Observable, Report
from marketsim.statements import Foretold, foretold, unbroken

__all__ = ["PLANS"]

TOGETHER: Final = 0.10
"""Standard deviation of the log error that plans share, a year ahead: they were too high in falling
years and too low in rising ones, by 0.17 in 2020 and -0.2 in 2025; judgement."""

SHARE: Final = 0.20
"""Standard deviation of an owner's growth over a year about that of all: 0.21 in 2018-25."""

YEAR: Final = 4


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield for every year that some owners plan their spending together: the last year's, it."""
    owners = knowledge.universe.group("owners")
    plans = foretold(knowledge, lambda kind: kind.kind == "plan")
    together: dict[tuple[pd.Timestamp, pd.Timestamp], list[Foretold]] = {}
    for one in plans:
        if one.series.entity in owners and unbroken(one.series.dates, YEAR)[-1]:
            end = one.series.ends(one.said.last)[-1]
            together.setdefault((one.series.dates[-1], end), []).append(one)
    for (last, end), several in sorted(together.items()):
        names = " ".join(sorted(one.series.entity for one in several))
        yield Report(f"plans {names} to {end.date()}", _rows(last, end, several))


def _rows(last: pd.Timestamp, end: pd.Timestamp, several: list[Foretold]) -> pd.DataFrame:
    """Return means of quarters of the last year and of the planned one, USD m.

    As a change these have the error of plans and of owners that spend unlike the rest, both by how
    far ahead the year ends.
    """
    dollars = np.array([usd_per(one.series.unit) for one in several])
    spent = dollars * [one.series.values[-YEAR:].sum() for one in several]
    planned = dollars * [np.exp(one.log) for one in several]
    years = several[0].said.last / YEAR
    own = np.array([one.variance for one in several]) + (SHARE * years) ** 2
    part = planned / planned.sum()
    variance = part**2 @ own + (TOGETHER * years) ** 2
    return pd.DataFrame(
        {
            "date": [last, end],
            "value": [spent.sum() / YEAR, planned.sum() / YEAR],
            "confidence": "sourced",
            "stated": np.sqrt(variance / 2.0),
        }
    )


PLANS: Final = Observable(
    kind="plans",
    meaning="capital spending that owners plan for a year, beside that of their last four quarters",
    quantities=("capex_plan", "capex_plan_low", "capex_plan_high"),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="the owners' part of AI capital spending, and their other",
    floor=0.03,
    reason="plans are revised with the times, and some owners spend otherwise than all",
    scale=1e-3,
    relative=True,
    yearly=True,
    horizon="ahead",
)
