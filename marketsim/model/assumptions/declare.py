"""How an assumption is declared: a field that carries its unit, meaning, prior and source."""

from __future__ import annotations

from dataclasses import field
from typing import Any, Final

from marketsim.model.priors import Prior

TRENDS: Final = "data/facts/trends.csv"
JUDGEMENT: Final = "judgement"


def assumption(
    unit: str, meaning: str, prior: Prior, source: str, entries: tuple[str, ...] = ()
) -> Any:
    """Declare a field of :class:`Assumptions`; a vector one names its ``entries``."""
    return field(
        metadata={
            "unit": unit,
            "meaning": meaning,
            "prior": prior,
            "source": source,
            "entries": entries,
        }
    )
