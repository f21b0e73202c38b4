"""The share of the world's AI compute that answers rather than learns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jax import Array

from marketsim.knowledge import Knowledge
from marketsim.model import Quarter
from marketsim.observables.observable import Observable, Report

__all__ = ["INFERENCE_SHARE"]


def reports(knowledge: Knowledge) -> Iterator[Report]:
    """Yield a series for each source of the group `inference_share`, by its label."""
    share = knowledge.select("inference_share")
    for source, name in knowledge.universe.labels("inference_share").items():
        yield Report(name, share[share["entity"] == source])


def measure(quarters: Quarter) -> Array:
    """Return inference's share of running compute, [quarter]."""
    return quarters.inference_share


INFERENCE_SHARE: Final = Observable(
    kind="inference_share",
    meaning="share of the world's AI compute that goes to inference",
    quantities=("inference_share",),
    unit="share",
    reports=reports,
    measure=measure,
    measured="the same of running compute",
    floor=0.12,
    reason="a consultant's and a maker's rounded estimates of a share that nobody measures",
    scale=0.01,
)
