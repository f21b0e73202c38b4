"""Claims on the structure of the industry: C13, C14, C15."""

from __future__ import annotations

from typing import Final

import jax
import numpy as np
from jax import Array

from marketsim.model import ARCHITECTURES, CONTESTED, LAYERS, Quarter, State
from marketsim.model.industry import concentrated
from marketsim.scenarios import load_scenarios

from .claim import Finding, found
from .worlds import AHEAD, Worlds, layer

CLOUD: Final = CONTESTED.index("cloud")
GPU, ASIC, FAST = range(len(ARCHITECTURES))
SLUMP: Final = slice(10, 14)
LEAN: Final = slice(10, 16)
"""Quarters in which demand falls short, and in which cloud revenue shows how durable it is."""

NAMED: Final = ("fragmentation", "vertical_integration", "novel_hardware")


def consolidation(worlds: Worlds) -> Finding:
    """C13. Fewer owners: cloud revenue is more durable, and spreads wider between them."""
    fewer = worlds.entry("concentration", CLOUD, lambda c: c + 0.10)
    news = np.zeros(AHEAD)
    news[SLUMP] = -3.0
    lost = [worst_fall(kind.ahead(), kind.ahead(demand=news)) for kind in (worlds, fewer)]
    wider = spread(fewer) - spread(worlds)
    return found(1.0 - lost[1] / lost[0], (lost[1] < lost[0]) & (wider > 0.0))


def worst_fall(calm: Quarter, slump: Quarter) -> Array:
    """Return the largest log fall of cloud revenue in a slump, [draw]."""
    fall: Array = np.log(layer(calm, "cloud") / layer(slump, "cloud"))[:, LEAN].max(axis=1)
    return fall


def spread(worlds: Worlds) -> Array:
    """Return the standard deviation of ln cloud shares among owners in the end, [draw]."""
    owned = held(worlds, "cloud")
    spread: Array = np.log(owned).std(axis=1)
    return spread


def held(worlds: Worlds, name: str) -> Array:
    """Return shares of a layer in the end, by company that has one, [draw, line]."""
    share, place = np.asarray(worlds.setting.lines.share), LAYERS.index(name)
    after, _ = worlds.states_and_quarters()
    shares = jax.vmap(concentrated, in_axes=(0, None))(after.industry, worlds.setting.lines.share)
    return shares[:, np.flatnonzero(share[:, place]), place]


def named_regimes(worlds: Worlds) -> Finding:
    """C14. The named regimes move shares, margins and energy as described, each its own way."""
    moves = load_scenarios(worlds.posterior, names=NAMED).moves
    apart, inside, novel = (worlds.moved(move) for move in moves)
    split, own = (w.ahead() for w in (apart, inside))
    (before, plain), (after, new) = (w.states_and_quarters() for w in (worlds, novel))
    leader = held(apart, "gpu").max(axis=1) < held(worlds, "gpu").max(axis=1)
    fragmented = leader & (last(split.merchant_margin) < last(plain.merchant_margin))
    integrated = (of(own, ASIC) > of(plain, ASIC)) & (of(own, GPU) < of(plain, GPU))
    saved = np.log(energy(before) / energy(after))
    frugal = (saved > 0.0) & (of(new, FAST) > of(plain, FAST))
    return found(saved, fragmented & integrated & frugal)


def last(path: Array) -> Array:
    """Return the last quarter of a path [draw, quarter]."""
    return path[:, -1]


def of(q: Quarter, architecture: int) -> Array:
    """Return an architecture's share of compute delivered last, [draw]."""
    return q.architecture_share[:, -1, architecture]


def energy(now: State) -> np.ndarray:
    """Return kW per H100e of what was delivered last, [draw]."""
    power, compute = (np.asarray(x)[:, 0].sum(axis=1) for x in (now.fleet.power, now.fleet.compute))
    return np.asarray(power / compute)


def controls(worlds: Worlds) -> Finding:
    """C15. Controls cut merchant sales; compute inside the region, and outside it, is dearer."""
    free, barred = (worlds.with_(export_control=x).ahead() for x in (0.01, 0.9))
    sales = np.log(layer(barred, "gpu") / layer(free, "gpu")).mean(axis=1)
    inside = [np.log(last(q.rent)) + last(q.restricted_premium) for q in (free, barred)]
    return found(sales, (sales < 0.0) & (inside[1] > inside[0]))
