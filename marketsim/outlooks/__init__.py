"""The cross-check with the world: what the worlds say of it, beside what was published of it."""

from __future__ import annotations

from .catalogue import CATALOGUE
from .outlook import DRAWS, QUARTERS, Outlook, outlook
from .row import Row

__all__ = ["CATALOGUE", "DRAWS", "QUARTERS", "Outlook", "Row", "outlook"]
