"""What latencies do to the cost of speed and to fast designs; docs/generate.py writes a table."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import jax
import numpy as np

import marketsim as ms
from marketsim.claims.hardware import (
    FAST,
    GPU,
    HUNDRED,
    SPEEDS,
    absorbed,
    frontier,
    speed,
)
from marketsim.claims.worlds import Worlds, layer, posterior_worlds
from marketsim.model import ARCHITECTURES
from marketsim.precision import precise

LATENCIES: Final = ("layer_latency", "reduction_latency", "node_latency")
NONE: Final = 1e-3
"""Of what is assumed: next to nothing, where logs are still known."""
OTHERS: Final = ("gpu", "asic")
KINDS: Final[tuple[tuple[str, tuple[str, ...], float], ...]] = (
    ("as assumed", (), 1.0),
    ("a third, GPUs and ASICs", OTHERS, 1.0 / 3.0),
    ("next to none, GPUs and ASICs", OTHERS, NONE),
    ("next to none, all designs", ARCHITECTURES, NONE),
)
DRAWS: Final = 200
FIVE: Final = slice(16, 20)
"""Quarters of the fifth year ahead."""


def with_latencies(worlds: Worlds, designs: Collection[str], factor: float) -> Worlds:
    """Return worlds in which latencies of some designs are a factor of what is assumed."""
    part = np.array([factor if name in designs else 1.0 for name in ARCHITECTURES])
    return worlds.with_(**{name: getattr(worlds.assumptions, name) * part for name in LATENCIES})


def fast_share(worlds: Worlds) -> np.ndarray:
    """Return the share of low-latency designs in spending on accelerators in year five, [draw]."""
    spent = [layer(worlds.plain, name)[:, FIVE].sum(axis=1) for name in ARCHITECTURES]
    return np.asarray(spent[FAST] / sum(spent))


def premia(worlds: Worlds) -> np.ndarray:
    """Return cost of decode on GPUs at each speed over that at the lowest, [draw, speed]."""
    given = worlds.assumptions, worlds.state, worlds.setting.served
    cost = np.asarray(jax.vmap(frontier, in_axes=(0, 0, None))(*given))[..., GPU]
    return np.asarray(np.exp(cost - cost[:, :1]))


def table(posterior: ms.Posterior) -> str:
    """Return, by latencies, what speed costs, what fast designs sell, and two claims."""
    lines = [
        "| latencies | cost on GPUs at 100 tokens per second, over that at 5 | at 500 "
        "| low-latency designs in spending on accelerators, year five | C5 holds in draws "
        "| C16 holds in draws | accelerator spending that absorbing them keeps (C16) |",
        "|---" * 7 + "|",
    ]
    with precise("float64"):
        worlds = posterior_worlds(posterior, DRAWS, seed=0)
        lines += [
            _row(words, with_latencies(worlds, designs, factor)) for words, designs, factor in KINDS
        ]
    return "\n".join(lines)


def _row(words: str, worlds: Worlds) -> str:
    cost = np.median(premia(worlds), axis=0)
    low, share, high = np.percentile(fast_share(worlds), [10.0, 50.0, 90.0])
    fast, kept = speed(worlds), absorbed(worlds)
    most = cost[len(SPEEDS) - 1]
    return (
        f"| {words} | {cost[HUNDRED]:.2f} | {'over 1,000' if most > 1e3 else f'{most:.3g}'} "
        f"| {100.0 * share:.2f} % ({100.0 * low:.2f} to {100.0 * high:.2f}) "
        f"| {100.0 * fast.holds.mean():.0f} % | {100.0 * kept.holds.mean():.0f} % "
        f"| {100.0 * np.median(kept.value):.2f} points |"
    )
