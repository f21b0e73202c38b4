"""Names of those whose forecasts are scored side by side; the rivals' own are in `rivals`."""

from __future__ import annotations

from typing import Final

__all__ = [
    "APART",
    "GUIDED",
    "HINDSIGHT",
    "MARKETSIM",
    "OWN",
    "PARTIAL",
    "PARTS",
    "SAID",
    "UNHEARD",
]

MARKETSIM: Final = "marketsim"

HINDSIGHT: Final = "with hindsight of regimes"
"""The mixture over regimes that are given, with probabilities of today at every origin: what is
published, but no test of it, for nobody had these regimes then."""

UNHEARD: Final = "statements apart"
"""Our forecast before series hear what companies say; the model has heard plans and guidance."""

SAID: Final = "statements alone"
"""Trends that hear what companies say, without the model."""

OWN: Final = "its trend alone"
"""Trends without either."""

PARTS: Final = (UNHEARD, SAID, OWN)
"""Ours with something left out, to tell what each adds; no rivals."""

APART: Final = "series independent"
"""Ours of every series, as if no two shared a cause: of sums alone."""

GUIDED: Final = "last guidance and its usual beat"

PARTIAL: Final = (GUIDED,)
"""Rivals that speak of some outcomes only: scored on those, and no other score waits for them."""
