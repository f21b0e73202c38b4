"""Worlds of every regime as tables: how many of each, and what is kept of them."""

from .allotment import allot
from .paths import WORLD, Paths, Worlds
from .worlds import QUARTERS, REFERENCE, simulate

__all__ = ["QUARTERS", "REFERENCE", "WORLD", "Paths", "Worlds", "allot", "simulate"]
