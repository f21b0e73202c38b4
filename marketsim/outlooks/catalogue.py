"""The rows of the outlook, each declared once: measured how, formed how, bounded by what.

Laboratories, owners, designers of accelerators and studies of prices are the groups of groups.csv.
"""

from __future__ import annotations

from typing import Final

from .financial import MONEY, TOKENS
from .physical import COMPUTE, MEMORY, POWER
from .row import Row

__all__ = ["CATALOGUE"]

CATALOGUE: Final[tuple[Row, ...]] = (*COMPUTE, *POWER, *MONEY, *TOKENS, *MEMORY)
"""The rows, in the order of the table."""
