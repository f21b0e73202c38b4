"""Capital that laboratories raised, over two calendar years."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["TRAINING_CAPITAL", "raised"]

SPENT: Final = 2
"""Years over which a round is spent."""

QUANTITIES: Final = ("lab_equity_raised", "lab_debt_raised")


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the sum of rounds of all laboratories."""
    yield Report("capital raised", raised(knowledge))


def raised(knowledge: Knowledge) -> pd.DataFrame:
    """Return equity and debt that laboratories raised, USD bn a year, over two calendar years.

    A year counts once it has ended.
    """
    rows = pd.concat([knowledge.select(quantity) for quantity in QUANTITIES])
    if rows.empty:
        return rows
    years = rows.groupby(rows["date"].dt.year)["value"].sum()
    years = years.reindex(range(years.index.min(), years.index.max() + 1), fill_value=0.0)
    paced = years.rolling(SPENT).mean().dropna()
    ends = pd.to_datetime([f"{year}-12-31" for year in paced.index])
    table = pd.DataFrame({"date": ends, "value": paced.to_numpy(), "confidence": "derived"})
    return table[table["date"] <= knowledge.as_of] if knowledge.as_of is not None else table


def measure(quarters: Quarter) -> Array:
    """Return outside capital that pays for training, [quarter]."""
    return quarters.training_capital


TRAINING_CAPITAL: Final = Observable(
    kind="training_capital",
    meaning="equity and debt that laboratories raised, a year, over two years",
    quantities=QUANTITIES,
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="outside capital that pays for training, owners' own included",
    floor=0.50,
    reason="rounds come in lumps, and owners train out of their own cash",
    relative=True,
    yearly=True,
)
