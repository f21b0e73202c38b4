"""Worlds: drawn, run through history once, and run on from it. Nothing else runs any."""

from .batches import CHUNK, YEAR, Histories, ahead, assumptions_at, histories, slopes_at
from .draws import coordinates_of, lives_of, news_of
from .world import COMING, future, past

__all__ = [
    "CHUNK",
    "COMING",
    "YEAR",
    "Histories",
    "ahead",
    "assumptions_at",
    "coordinates_of",
    "future",
    "histories",
    "lives_of",
    "news_of",
    "past",
    "slopes_at",
]
