"""Worlds: drawn, run through history once, and run on from it. Nothing else runs any."""

from .batches import YEAR, Histories, ahead, ahead_and_left, histories
from .chunks import CHUNK
from .draws import coordinates_of, lives_of, news_of
from .linked import assumptions_at, slopes_at
from .world import COMING, future, past

__all__ = [
    "CHUNK",
    "COMING",
    "YEAR",
    "Histories",
    "ahead",
    "ahead_and_left",
    "assumptions_at",
    "coordinates_of",
    "future",
    "histories",
    "lives_of",
    "news_of",
    "past",
    "slopes_at",
]
