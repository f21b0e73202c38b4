"""What companies report quarter by quarter, what they say of it ahead, and how far that comes true.

Kinds of statements stand in `kinds.py`; each is matched with the reports that it foretells, and its
bias and its noise are learnt of all that came true by a date.
"""

from __future__ import annotations

from .beats import Beats, learnt
from .foretold import Foretold, foretold, surest
from .kinds import STATEMENTS, Statement, statements_described
from .matching import Open, came_true, still_open
from .overdue import overdue
from .reckoned import SAID
from .series import (
    STALE,
    Series,
    company_series,
    first_reports,
    quarter_number,
    unbroken,
)
from .unheard import unheard
from .unlearnt import COMMITTED, DEALS, unlearnt

__all__ = [
    "COMMITTED",
    "DEALS",
    "SAID",
    "STALE",
    "STATEMENTS",
    "Beats",
    "Foretold",
    "Open",
    "Series",
    "Statement",
    "came_true",
    "company_series",
    "first_reports",
    "foretold",
    "learnt",
    "overdue",
    "quarter_number",
    "statements_described",
    "still_open",
    "surest",
    "unbroken",
    "unheard",
    "unlearnt",
]
