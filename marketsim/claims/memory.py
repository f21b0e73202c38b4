"""The claim on memory: C21."""

from __future__ import annotations

from typing import Final

import numpy as np

from marketsim.model import YEARS, Quarter

from .claim import Finding, found
from .where import CALIBRATED, ONLY_MEMORY, measured
from .worlds import AHEAD, Worlds

__all__ = ["cycle"]

SURPRISE: Final = 0.2
"""Bits wanted above plan, in logs."""

LASTS: Final = 8
"""Quarters that they are wanted."""


@measured(CALIBRATED, ONLY_MEMORY)
def cycle(worlds: Worlds) -> Finding:
    """C21. Bits wanted above plan double contract prices, and overbuilding halves them later.

    Demand of others is above its path for two years, which no maker planned for, and then is back.
    Prices are against those of the same world without.
    """
    news = np.zeros(AHEAD)
    news[0], news[LASTS] = 1.0, -1.0
    more = worlds.with_(memory_persistence=1.0, memory_volatility=SURPRISE)
    calm, tight = more.ahead(), more.ahead(memory=news)
    rise = np.asarray(np.log(tight.memory_price / calm.memory_price))
    up, down = rise[:, :4].max(axis=1), rise[:, LASTS:].min(axis=1)
    swing = margin(worlds, tight) - margin(worlds, calm)
    chips = np.abs(np.log(tight.chip_price / calm.chip_price)).max(axis=1)
    doubled, halved = up > np.log(2.0), down - rise.max(axis=1) < -np.log(2.0)
    makers = (swing.max(axis=1) > 0.1) & (swing.min(axis=1) < -0.1)
    return found(up, doubled & halved & (down < 0.0) & makers & (chips < 0.2 * np.abs(rise).max(1)))


def margin(worlds: Worlds, quarters: Quarter) -> np.ndarray:
    """Return what makers keep of the price over cost with a normal return, [draw, quarter]."""
    a, now = worlds.assumptions, worlds.state.memory
    falls = np.asarray(a.memory_cost_decline)[:, None] * YEARS * np.arange(AHEAD)
    cost = np.exp(np.asarray(now.log_cost)[:, None] - falls)
    return np.asarray(1.0 - cost / quarters.memory_price)
