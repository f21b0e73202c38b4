"""What laboratories earn on a token over the compute that it takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["TOKEN_MARGIN", "multiples"]

COSTS: Final = {
    "/inference": ("lab_annual_revenue", "lab_annual_revenue_forecast"),
    "/inference, annualised": ("lab_revenue_run_rate",),
}
"""How costs of inference are called, and which revenue they are to be held against."""

NEAR: Final = pd.Timedelta(days=15)
"""Days by which a pace of revenue and what inference costs at it may be dated apart."""

SPENDING: Final = ("lab_compute_spend", "lab_compute_spend_forecast")


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the multiples of each laboratory of which a cost of inference is known."""
    for laboratory, rows in multiples(knowledge).groupby("entity"):
        yield Report(f"multiple {laboratory}", rows)


def multiples(knowledge: Knowledge) -> pd.DataFrame:
    """Return revenue over the cost of inference, by laboratory and date.

    What a laboratory expects of a year stands until the year is told; the date of a year to come
    lies outside every window.
    """
    spent = pd.concat([knowledge.select(quantity) for quantity in SPENDING])
    pairs = []
    for ending, quantities in COSTS.items():
        costs = spent[spent["entity"].str.endswith(ending)]
        costs = costs.assign(entity=costs["entity"].str.removesuffix(ending))
        for quantity in quantities:
            earned = knowledge.select(quantity)[["entity", "date", "value"]]
            pairs.append(_nearest(costs, earned))
    both = pd.concat(pairs, ignore_index=True)
    both = both.assign(value=both["value_earned"] / both["value"])
    return both.drop_duplicates(["entity", "date"]).sort_values(["entity", "date"])


def _nearest(costs: pd.DataFrame, earned: pd.DataFrame) -> pd.DataFrame:
    """Return costs beside the revenue of the same laboratory and, but for days, the same date."""
    return pd.merge_asof(
        costs.sort_values("date"),
        earned.sort_values("date"),
        on="date",
        by="entity",
        tolerance=NEAR,
        direction="nearest",
        suffixes=("", "_earned"),
    ).dropna(subset="value_earned")


def measure(quarters: Quarter) -> Array:
    """Return the price of sold tokens over the cost of their compute, [quarter]."""
    return quarters.token_multiple


TOKEN_MARGIN: Final = Observable(
    kind="token_margin",
    meaning="laboratories' revenue over what inference costs them",
    quantities=(*SPENDING, *(name for names in COSTS.values() for name in names)),
    unit="ratio",
    reports=reports,
    measure=measure,
    measured="price of sold tokens over the cost of the compute that they take",
    floor=0.20,
    reason="free users are counted as inference here and as research there",
    yearly=True,
)
