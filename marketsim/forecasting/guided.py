"""The rival who repeats what companies say: last guidance times its usual beat.

The statement on the next quarter, moved by the mean log of what the company's past ones came to,
with their spread; both drawn to those of all companies. No trend, no model, no tails. Beyond the
next quarter it goes on as the random walk does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.statements import STATEMENTS, came_true, still_open

from .history import MINIMUM
from .panel import Panel
from .predictive import Predictive
from .rivals import random_walk

__all__ = ["SOURCES", "guided", "usual_beat"]

SOURCES: Final = ("guidance", "preliminary result")
"""Kinds of statements that it reads; of two on one quarter the later."""

POOL: Final = 4.0
"""Statements that the pool counts as, against a company's own."""

ENOUGH: Final = 10
"""Statements of a kind that must have come true before it speaks."""


def guided(knowledge: Knowledge, panel: Panel, horizons: int) -> dict[int, Predictive]:
    """Return what it forecasts of the series that have guidance, by their row, [horizon] each.

    Parameters
    ----------
    knowledge, panel
        What was known.
    horizons
        Quarters after the last report of each series.
    """
    past = {kind.kind: came_true(knowledge, kind) for kind in STATEMENTS if kind.kind in SOURCES}
    said = [
        one
        for one in still_open(knowledge, panel.series)
        if one.last == 1 and not one.floor and len(past.get(one.kind.kind, ())) >= ENOUGH
    ]
    found = {}
    for one in sorted(said, key=lambda one: one.published):
        logs = panel.logs[one.row]
        if np.isfinite(logs).sum() >= MINIMUM:
            mean, variance = usual_beat(past[one.kind.kind], panel.series[one.row].entity)
            found[one.row] = _carried_on(one.log + mean, variance, logs, horizons)
    return found


def usual_beat(past: pd.DataFrame, entity: str) -> tuple[float, float]:
    """Return mean and variance of the log of an outcome over what a company says.

    Parameters
    ----------
    past
        From :func:`~marketsim.statements.came_true`.
    entity
        As in the facts.
    """
    every = past["ratio"].to_numpy()
    own = every[(past["entity"] == entity).to_numpy()]
    weight = len(own) + POOL
    mean = (own.sum() + POOL * every.mean()) / weight
    squares = ((own - mean) ** 2).sum() + POOL * every.var()
    return float(mean), float(squares / weight * (1.0 + 1.0 / weight))


def _carried_on(location: float, variance: float, logs: np.ndarray, horizons: int) -> Predictive:
    walk = random_walk(logs, horizons)
    after = np.concatenate([[0.0], walk.scale[:-1] ** 2])
    drift = walk.location - walk.location[0]
    return Predictive(location + drift, np.sqrt(variance + after))
