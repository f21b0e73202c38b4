"""Debt of builders who borrow what they build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["DEBT"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield the debt of each company of the group `borrowers`, who owe it for AI alone."""
    debt = knowledge.select("debt_outstanding")
    for borrower in knowledge.universe.group("borrowers"):
        yield Report(f"debt {borrower}", debt[debt["entity"] == borrower])


def measure(quarters: Quarter) -> Array:
    """Return what all owners owe for AI, [quarter]."""
    return quarters.debt


DEBT: Final = Observable(
    kind="debt",
    meaning="debt of companies that borrow for AI alone",
    quantities=("debt_outstanding",),
    unit="USD bn",
    reports=reports,
    measure=measure,
    measured="what all owners owe for AI",
    floor=0.25,
    reason="one borrower of many, and the largest owners have only begun",
    scale=1e-3,
    relative=True,
)
