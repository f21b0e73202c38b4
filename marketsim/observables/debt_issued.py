"""What builders who borrow what they build raised by debt, over four quarters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["DEBT_ISSUED"]

YEAR: Final = 4
"""Quarters that are added up: a facility is drawn in lumps."""

WHOLE: Final = pd.Timedelta(days=290)
"""The first of four quarter ends lies within this of the last, unless one is missing."""


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield cash from debt of each company of the group `borrowers`, a quarter, over a year."""
    proceeds = knowledge.select("quarterly_debt_proceeds")
    for borrower in knowledge.universe.group("borrowers"):
        yield Report(f"debt issued {borrower}", paced(proceeds[proceeds["entity"] == borrower]))


def paced(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of the four quarters that end with each, where none of them is missing."""
    rows = rows.sort_values("date", kind="stable")
    whole = (rows["date"] - rows["date"].shift(YEAR - 1)) < WHOLE
    return rows.assign(value=rows["value"].rolling(YEAR).mean())[whole]


def measure(quarters: Quarter) -> Array:
    """Return what is borrowed for AI, [quarter]."""
    return quarters.borrowed


DEBT_ISSUED: Final = Observable(
    kind="debt_issued",
    meaning="cash from debt of companies that borrow for AI alone, a quarter, over four of them",
    quantities=("quarterly_debt_proceeds",),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="what all owners borrow for AI",
    floor=0.35,
    reason="one borrower of many, which draws on facilities in lumps and repays them early",
    scale=1e-3,
    relative=True,
    yearly=True,
)
