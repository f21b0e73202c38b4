"""Worlds drawn from scenarios: history as calibrated, futures under each regime."""

from .drawing import CHUNK
from .ensemble import QUARTERS, simulate
from .paths import Paths
from .worlds import FEWEST, WORLD, future

__all__ = ["CHUNK", "FEWEST", "QUARTERS", "WORLD", "Paths", "future", "simulate"]
