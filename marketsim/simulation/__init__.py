"""Worlds of every regime as tables: how many of each, and what is kept of them."""

from .allotment import allot
from .outcomes import WORLD, Outcomes, kept, outcomes
from .paths import Paths
from .worlds import QUARTERS, REFERENCE, simulate

__all__ = [
    "QUARTERS",
    "REFERENCE",
    "WORLD",
    "Outcomes",
    "Paths",
    "allot",
    "kept",
    "outcomes",
    "simulate",
]
