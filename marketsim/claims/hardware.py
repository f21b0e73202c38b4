"""Claims on architectures: C5, C7, C8, C16."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model import ARCHITECTURES, CLASSES, Assumptions, Quarter, Served, State
from marketsim.model.roofline import log_decode, needs

from .claim import Finding, found
from .where import CALIBRATED, SLACK, measured
from .worlds import Worlds, layer

GPU, FAST = ARCHITECTURES.index("gpu"), ARCHITECTURES.index("low_latency")
BATCH, AGENTIC = CLASSES.index("batch"), CLASSES.index("agentic")
SPEEDS: Final = (5.0, 10.0, 50.0, 100.0, 500.0)
"""Tokens per second: slow, twice, ten, twenty and a hundred times as fast."""

HUNDRED: Final = SPEEDS.index(100.0)


def speed(worlds: Worlds) -> Finding:
    """C5. On GPUs cost is flat in speed, then convex; demand for speed goes to fast designs."""
    served = worlds.setting.served
    cost = jax.vmap(frontier, in_axes=(0, 0, None))(worlds.assumptions, worlds.state, served)
    slope = np.diff(cost, axis=1) / np.diff(np.log(np.array(SPEEDS)))[:, None]
    dear = cost[:, -1] - cost[:, 0]
    flat, convex = slope[:, 0, GPU] < 0.2, (np.diff(slope[..., GPU], axis=1) > 0.0).all(axis=1)
    shape = flat & convex & (dear[:, GPU] > np.log(100.0)) & (dear[:, FAST] < dear[:, GPU])
    shares = [paced(worlds, x).ahead().token_share[:, -1, FAST] for x in (0.0, 0.12)]
    moves = shares[1][:, AGENTIC] > shares[0][:, AGENTIC]
    keeps = shares[1][:, BATCH] < 0.1
    fast = cost[:, HUNDRED, GPU] - cost[:, 0, GPU]
    return found(np.exp(fast), shape & moves & keeps)


def paced(worlds: Worlds, growth: float) -> Worlds:
    """Return worlds in which agents' required speed grows at a rate, per year."""
    return worlds.entry("speed_growth", AGENTIC, lambda g: np.full_like(g, growth))


def frontier(a: Assumptions, now: State, served: Served) -> Array:
    """Return ln H100e-seconds of decode per token at each of ``SPEEDS``, [speed, architecture]."""

    def at(tokens_per_second: Array) -> Array:
        wanted = jnp.full(len(CLASSES), jnp.log(tokens_per_second))
        return log_decode(needs(a, now.technology, served, wanted), served)[:, BATCH]

    return jax.vmap(at)(jnp.array(SPEEDS))


@measured(CALIBRATED, SLACK)
def size(worlds: Worlds) -> Finding:
    """C7. A gain per chip from power, not efficiency, costs GW; a plateau helps newcomers."""
    watt = worlds.assumptions.compute_per_watt_growth[:, GPU]
    bigger = worlds.entry("compute_per_watt_growth", GPU, lambda g: g - 0.7 * np.abs(watt)).entry(
        "chip_power_growth", GPU, lambda g: g + 0.7 * np.abs(watt)
    )
    plateau = bigger.entry("hardware_decay", GPU, lambda d: 0.0 * d + 0.5)
    plain, large, stuck = (w.ahead() for w in (worlds, bigger, plateau))
    hungry = np.log((large.load / large.compute) / (plain.load / plain.compute))[:, -1]
    gained = newcomers(stuck) - newcomers(plain)
    return found(gained, (hungry > 0.0) & (gained > 0.0))


def newcomers(q: Quarter) -> Array:
    """Return the share of compute delivered last that is no GPU, [draw]."""
    return 1.0 - q.architecture_share[:, -1, GPU]


@measured(CALIBRATED, SLACK)
def friction(worlds: Worlds) -> Finding:
    """C8. Dearer porting delays specialised silicon and keeps the incumbent's revenue."""
    drawn = worlds.with_(preference_drift=0.6, drift_fading=1e-6)
    loose, stuck = (drawn.with_(porting_inertia=x).ahead() for x in (0.6, 0.97))
    kept = np.log(layer(stuck, "gpu").sum(axis=1) / layer(loose, "gpu").sum(axis=1))
    later = newcomers(loose) - newcomers(stuck)
    return found(kept, (kept > 0.0) & (later > 0.0))


@measured(CALIBRATED, SLACK)
def absorbed(worlds: Worlds) -> Finding:
    """C16. Buying the low-latency design keeps the incumbent's share as demand for speed grows."""
    hurried = worlds.entry("speed_growth", AGENTIC, lambda g: g + 0.15).entry(
        "preference_drift", 1, lambda d: d + 0.8
    )
    alone, bought = (hurried.with_(absorption=x).ahead() for x in (0.01, 1.0))
    gained = share(bought, "gpu") - share(alone, "gpu")
    grows = share(alone, "low_latency") > share(worlds.plain, "low_latency")
    return found(gained, (gained > 0.0) & grows)


def share(q: Quarter, name: str) -> np.ndarray:
    """Return a design's share of spending on accelerators in the end, [draw]."""
    parts = np.stack([layer(q, part)[:, -1] for part in ARCHITECTURES])
    return np.asarray(layer(q, name)[:, -1] / parts.sum(axis=0))
