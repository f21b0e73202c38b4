"""Tokens processed, as changes of each provider."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import jax.numpy as jnp
from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Outlook, Report

__all__ = ["TOKEN_VOLUME"]

MONTHS: Final = 3.0


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield a series for each provider."""
    for provider, rows in knowledge.select("token_volume").groupby("entity"):
        yield Report(f"tokens {provider}", rows)


def measure(quarters: Quarter) -> Array:
    """Return tokens of all classes per month, as they are counted, [quarter]."""
    return quarters.tokens.sum(axis=-1) * jnp.exp(-quarters.quality) / MONTHS


TOKEN_VOLUME: Final = Observable(
    kind="token_volume",
    meaning="tokens that a provider processes",
    quantities=("token_volume",),
    unit="T per month",
    reports=reports,
    measure=measure,
    measured="tokens of all classes in the world, each of the quality that is served",
    floor=0.40,
    reason="providers gain and lose share, and what they count changes",
    relative=True,
    outlook=Outlook("token_volume", by="calendar"),
)
