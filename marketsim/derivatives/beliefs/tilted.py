"""Where one belief, or the mix of regimes, makes value the market's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketsim.valuation.roots import roots

from .target import Target

__all__ = ["root", "tilted"]

FloatArray = NDArray[np.float64]

STEEPEST: Final = 700.0
"""Of a tilt, in logs between the dearest regime and the cheapest."""


def root(
    gap: Callable[[FloatArray], FloatArray], low: float, high: float, now: float
) -> tuple[float, float]:
    """Return where a gap is nothing, nearest to the model's own belief, and the gap left there.

    As `valuation.roots` finds it; of several cases at once, [case].
    """
    ends = (np.array([x]) for x in (low, high, now))
    x, left = roots(lambda cases: gap(cases[:, 0])[:, None], *ends)
    return float(x[0]), float(left[0])


def tilted(target: Target) -> tuple[FloatArray, float]:
    """Return the probabilities of regimes nearest to the model's at which the gap is nothing.

    Nearest by relative entropy: each is multiplied by exp(tilt x value). With the gap left where no
    mix explains the price: then all is on the regime that comes nearest.
    """
    sample = target.sample
    worth = sample.means[:, target.members].sum(axis=1) / target.market
    if not worth.min() < 1.0 < worth.max():
        best = int(np.abs(np.log(worth)).argmin())
        return np.eye(len(worth))[best], float(np.log(worth[best]))

    def at(tilt: float) -> FloatArray:
        logs = np.log(sample.odds) + tilt * (worth - worth.mean()) / np.ptp(worth)
        odds = np.exp(logs - logs.max())
        return np.asarray(odds / odds.sum())

    def gap(tilts: FloatArray) -> FloatArray:
        return np.array([np.log(at(x) @ worth) for x in tilts])

    tilt, left = root(gap, -STEEPEST, STEEPEST, target.now)
    return at(tilt), left
