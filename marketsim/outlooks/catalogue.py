"""The rows of the outlook, each declared once: measured how, formed how, bounded by what.

Laboratories, owners, designers of accelerators and studies of prices are the groups of groups.csv.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from marketsim.model import Quarter

from .financial import MONEY, TOKENS
from .physical import COMPUTE, MEMORY, POWER
from .row import Row

__all__ = ["CATALOGUE"]

FIELDS: Final = {one.name for one in fields(Quarter)}

CATALOGUE: Final[tuple[Row, ...]] = tuple(
    row for row in (*COMPUTE, *POWER, *MONEY, *TOKENS, *MEMORY) if row.field in {"", *FIELDS}
)
"""The rows that quarters have the fields for, in the order of the table."""
