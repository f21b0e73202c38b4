"""What is said of companies that no forecast hears, by ticker."""

from __future__ import annotations

from collections.abc import Collection

from marketsim.knowledge import Knowledge
from marketsim.knowledge.universe import ORDERS
from marketsim.statements import unlearnt

__all__ = ["unlearnt_of"]


def unlearnt_of(knowledge: Knowledge, tickers: Collection[str]) -> dict[tuple[str, str], str]:
    """Return what of :func:`~marketsim.statements.unlearnt` is of some companies.

    Orders are of the company whose revenue they turn into; deals of those that are named in them,
    by ticker or by the name that the facts know them by.
    """
    names = knowledge.universe.companies["company"]
    called = {str(x).casefold() for ticker in tickers for x in (ticker, names.get(ticker, ticker))}
    orders = knowledge.universe.groups.get(ORDERS, {})
    return {
        (quantity, entity): reason
        for (quantity, entity), reason in unlearnt(knowledge).items()
        if orders.get(entity, "").partition(".")[0] in tickers
        or called & {part.casefold() for part in entity.split("/")}
    }
