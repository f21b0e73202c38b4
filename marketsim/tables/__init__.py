"""One reader, one schema and one voice for every table a person may write.

A file is read as text, whatever wrote it: its encoding and separator are known or refused by name,
fields are counted, and every row keeps the line it stands on. What its columns may hold is declared
once, as a `Schema`, and all that is wrong is told at once, each with file, line and column.
"""

from __future__ import annotations

from .faults import WHOLE, Fault, Place, listed, refuse
from .frames import is_parquet, read_frame, read_parquet
from .lines import Lines, read_lines
from .rows import Rows, empty, marked, merged, read_rows
from .schema import Column, Rule, Schema
from .toml import Toml, read_toml
from .values import day, days, number, number_hint, numbers

__all__ = [
    "WHOLE",
    "Column",
    "Fault",
    "Lines",
    "Place",
    "Rows",
    "Rule",
    "Schema",
    "Toml",
    "day",
    "days",
    "empty",
    "is_parquet",
    "listed",
    "marked",
    "merged",
    "number",
    "number_hint",
    "numbers",
    "read_frame",
    "read_lines",
    "read_parquet",
    "read_rows",
    "read_toml",
    "refuse",
]
