"""What is said of series that are followed and not heard, since no bias of it can be learnt yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from marketsim.knowledge import Knowledge
from marketsim.knowledge.universe import ORDERS

from .kinds import STATEMENTS, Statement
from .matching import still_open
from .reckoned import covered
from .series import company_series

__all__ = ["COMMITTED", "DEALS", "unlearnt"]

DEALS: Final = (
    "lab_compute_commitment",
    "lab_compute_commitment_power",
    "compute_contract",
    "cloud_commitments",
)
"""Quantities of what laboratories and others have bound themselves to buy of computing."""

COMMITTED: Final = (
    "deals over many years whose quarters nobody tells, and some are letters of intent: none has "
    "come true, so that no bias of them can be learnt; what is signed is in the backlog of its "
    "seller, and in what buyers plan to spend"
)

UNPAIRED: Final = {
    "backlog": "no two figures lie a year apart of which the later tells of quarters to come",
    "orders": "no four quarters follow one another of which the last tells of quarters to come",
}
"""Why what is on order is not told of a series, by kind."""

FEW: Final = 2
"""Series below which backlogs have no spread."""


def unlearnt(knowledge: Knowledge) -> dict[tuple[str, str], str]:
    """Return by quantity and entity why no forecast hears what is said ahead of it.

    Companies' orders of which no growth is known yet, and deals for years to come. Of what is said
    of no series see :func:`~marketsim.statements.unheard`.
    """
    found = {
        pair: reason
        for kind in STATEMENTS
        if kind.rolls
        for pair, reason in _ordered(knowledge, kind)
    }
    rows = knowledge.table[knowledge.table["quantity"].isin(DEALS)]
    pairs = zip(rows["quantity"], rows["entity"], strict=True)
    return found | dict.fromkeys(pairs, COMMITTED)


def _ordered(knowledge: Knowledge, kind: Statement) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield those whose orders tell of a series that goes on, and of no quarter to come."""
    names = knowledge.universe.groups.get(ORDERS, {})
    listed = [s for s in company_series(knowledge, kind.of) if s.alive(knowledge.last)]
    heard = {listed[one.row].entity for one in still_open(knowledge, listed, [kind])}
    silent = {s.entity for s in listed} - heard
    for quantity in kind.quantities:
        for entity in dict.fromkeys(knowledge.first(quantity)["entity"]):
            if names.get(entity) in silent:
                yield (quantity, entity), UNPAIRED[kind.kind] + _alone(knowledge, quantity)


def _alone(knowledge: Knowledge, quantity: str) -> str:
    """Return what a figure by itself would say of the revenue of the year after it."""
    ratios = covered(knowledge, quantity).groupby("entity")["ratio"].mean()
    if len(ratios) < FEW:
        return ""
    return (
        f"; one alone says too little: revenue of the year after over it has a standard deviation "
        f"of {ratios.std():.2f} in logs between {len(ratios)} series"
    )
