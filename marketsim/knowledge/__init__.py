"""Knowledge: what was known, when, from whom, and of which companies, lines and models.

Every figure is one row of a long table of facts: quantity, entity, date (the end of the period it
describes), published (the first day anyone could have known it), value, unit, source, confidence,
note. Beside it stands the universe: companies, the lines of revenue they report and the layers
these draw on, breaks in definition, and named groups; and the language models that are served.
`load_facts(as_of=...)` reads and checks all of it once and returns one frozen `Knowledge`, which
is handed down; `Knowledge.upto` goes further back. Nothing downstream opens a file or sees a later
row.
"""

from __future__ import annotations

from marketsim.knowledge.adding import add_company
from marketsim.knowledge.bills import BILL, bill_yield, bill_yields
from marketsim.knowledge.breaks import Break
from marketsim.knowledge.knowledge import Knowledge
from marketsim.knowledge.loading import load_facts
from marketsim.knowledge.once import once
from marketsim.knowledge.reported import reported
from marketsim.knowledge.revenue_map import RevenueMap
from marketsim.knowledge.served import ServedModel
from marketsim.knowledge.table import COLUMNS, CONFIDENCES, DOUBT, Facts
from marketsim.knowledge.universe import Universe

__all__ = [
    "BILL",
    "COLUMNS",
    "CONFIDENCES",
    "DOUBT",
    "Break",
    "Facts",
    "Knowledge",
    "RevenueMap",
    "ServedModel",
    "Universe",
    "add_company",
    "bill_yield",
    "bill_yields",
    "load_facts",
    "once",
    "reported",
]
