"""What a user's folder says ahead of reports that no forecast hears, and of whom it may be."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from marketsim.knowledge import Knowledge

from .kinds import STATEMENTS, Statement
from .series import company_series

__all__ = ["unheard"]


def unheard(knowledge: Knowledge) -> dict[tuple[str, str], str]:
    """Return by quantity and entity what a user's folder adds that is said of no series.

    The value is the entity that may be meant, or empty. What ships of companies that are not
    followed is left out.
    """
    if not knowledge.own:
        return {}
    known = {kind.of: _entities(knowledge, kind.of) for kind in STATEMENTS}
    found: dict[tuple[str, str], str] = {}
    heard = set()
    for kind in STATEMENTS:
        rows = knowledge.added_facts(kind.quantities)
        for quantity, entity in dict.fromkeys(zip(rows["quantity"], rows["entity"], strict=True)):
            if _heard(knowledge, kind, entity, known[kind.of]):
                heard.add((quantity, entity))
            else:
                found[quantity, entity] = _offered(knowledge, entity, known[kind.of])
    return {said: offer for said, offer in found.items() if said not in heard}


def _entities(knowledge: Knowledge, quantity: str) -> list[str]:
    return [one.entity for one in company_series(knowledge, quantity)]


def _heard(knowledge: Knowledge, kind: Statement, entity: str, series: Collection[str]) -> bool:
    """Return whether what is said of an entity, whatever name it is given, is of a series."""
    if entity in series:
        return True
    table = knowledge.table
    others = table["quantity"].isin(kind.quantities) & (table["entity"] != entity)
    alone = kind.rows(knowledge.with_facts(table[~others].reset_index(drop=True)))
    return bool(set(alone["entity"]) & set(series))


def _offered(knowledge: Knowledge, entity: str, series: Collection[str]) -> str:
    """Return the nearest entity of a series: of the company by ticker or name, then of its own."""
    of_company: dict[str, list[str]] = {}
    for ticker, company in knowledge.universe.companies["company"].items():
        own = [name for name in series if name.partition(".")[0] == ticker]
        if own:
            of_company |= {str(ticker).casefold(): own, str(company).casefold(): own}
    stem = entity.partition(".")[0].casefold()
    for company in get_close_matches(stem, of_company, n=1):
        own = of_company[company]
        whole = [name for name in own if name.endswith(".total")]
        return (get_close_matches(entity, own, n=1) or whole or own)[0]
    return ""
