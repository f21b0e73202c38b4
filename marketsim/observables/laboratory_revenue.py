"""What the laboratories that sell answers earn together, a year at the pace of a date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.model.units import YEARS
from marketsim.observables.observable import Observable, Report

__all__ = ["LABORATORY_REVENUE", "run_rates"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the sum over the group `laboratories`."""
    yield Report("laboratories", run_rates(knowledge))


def run_rates(knowledge: Knowledge) -> pd.DataFrame:
    """Return run-rates of the laboratories together, USD bn a year.

    One row for each calendar quarter that lies between the first and the last report of every
    laboratory and in which one of them reported; each is taken between its own reports along a
    straight line of logs, as the growth of a year is threefold.
    """
    rows = knowledge.select("lab_revenue_run_rate")
    names = knowledge.universe.group("laboratories")
    known = {name: rows[rows["entity"] == name].sort_values("date") for name in names}
    if any(len(table) < 2 for table in known.values()):
        return rows.iloc[:0]
    first = max(table["date"].iloc[0] for table in known.values())
    last = min(table["date"].iloc[-1] for table in known.values())
    dates = pd.DatetimeIndex(sorted(set(pd.concat(known.values())["date"])))
    inside = dates[(dates >= first) & (dates <= last)]
    latest = pd.Series(inside, index=inside.to_period("Q-DEC")).groupby(level=0).last()
    when = pd.DatetimeIndex(latest)
    total = sum(
        np.exp(np.interp(_days(when), _days(table["date"]), np.log(table["value"])))
        for table in known.values()
    )
    return pd.DataFrame({"date": when, "value": total, "confidence": "derived"})


def _days(dates: pd.Series | pd.DatetimeIndex) -> np.ndarray:
    return pd.DatetimeIndex(dates).to_julian_date().to_numpy()


def measure(quarters: Quarter) -> Array:
    """Return revenue of laboratories at the pace of a year, [quarter]."""
    return quarters.laboratory_revenue / YEARS


LABORATORY_REVENUE: Final = Observable(
    kind="laboratory_revenue",
    meaning="revenue of the laboratories that sell answers, as a yearly pace",
    quantities=("lab_revenue_run_rate",),
    unit="USD bn a year",
    reports=reports,
    measure=measure,
    measured="tokens that laboratories sell, at their price",
    floor=0.20,
    reason="a month's revenue times twelve, told by those who raise money on it; smaller "
    "laboratories are left out",
)
