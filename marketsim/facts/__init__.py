"""Facts: what was known, when, from whom, and how sure it is.

Every figure is one row of a long table: quantity, entity, date (the end of the period it
describes), published (the first day anyone could have known it), value, unit, source,
confidence, note. `load_facts(as_of=...)` reads and checks `data/facts/*.csv` and keeps what
was public by then; `Facts.upto` goes further back. Nothing downstream may see a later row.
"""

from __future__ import annotations

from marketsim.facts.companies import load_companies
from marketsim.facts.loading import load_facts
from marketsim.facts.quantities import known_quantities
from marketsim.facts.reported import Break, load_breaks, reported
from marketsim.facts.served import ServedModel, load_models
from marketsim.facts.table import COLUMNS, CONFIDENCES, Facts

__all__ = [
    "COLUMNS",
    "CONFIDENCES",
    "Break",
    "Facts",
    "ServedModel",
    "known_quantities",
    "load_breaks",
    "load_companies",
    "load_facts",
    "load_models",
    "reported",
]
