"""Keeping facts up to date: a user's folder checked, added to, brought up to date, and aged.

Nothing here changes what ships. Rows go to a folder of the user's, and only once the reader of
facts has found nothing against them.
"""

from __future__ import annotations

from marketsim.curation.adding import Added, Row, add_rows
from marketsim.curation.checking import FactsCheck, check_facts
from marketsim.curation.comparing import Comparison, Difference, compare
from marketsim.curation.status import Status, status_of
from marketsim.curation.updating import Update, update_facts

__all__ = [
    "Added",
    "Comparison",
    "Difference",
    "FactsCheck",
    "Row",
    "Status",
    "Update",
    "add_rows",
    "check_facts",
    "compare",
    "status_of",
    "update_facts",
]
