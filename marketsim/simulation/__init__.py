"""Worlds of every regime as tables: how many of each, and what is kept of them."""

from .allotment import allot
from .buyers import spent_over
from .outcomes import WORLD, Outcomes, kept, outcomes
from .parts import Part, parts, run_part
from .paths import Paths
from .worlds import QUARTERS, REFERENCE, Ahead, again, simulate

__all__ = [
    "QUARTERS",
    "REFERENCE",
    "WORLD",
    "Ahead",
    "Outcomes",
    "Part",
    "Paths",
    "again",
    "allot",
    "kept",
    "outcomes",
    "parts",
    "run_part",
    "simulate",
    "spent_over",
]
