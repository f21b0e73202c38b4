"""Where one belief, or the mix of regimes, makes value the market's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .target import Target

__all__ = ["roots", "tilted"]

FloatArray = NDArray[np.float64]

GRID: Final = np.array([-1.0, -0.6, -0.3, -0.12, 0.0, 0.12, 0.3, 0.6, 1.0])
"""Shares of the way to the ends of the support at which a belief is tried first."""

CLOSE: Final = 1e-9
"""Of the log of value over the market's: there it is met."""

ROUNDS: Final = 40

STEEPEST: Final = 700.0
"""Of a tilt, in logs between the dearest regime and the cheapest."""


def roots(
    gap: Callable[[FloatArray], FloatArray], low: float, high: float, now: float
) -> tuple[float, float]:
    """Return where a gap is nothing, nearest to the model's own belief, and the gap left there.

    By a grid over the support and false position (the Illinois method of Dowell and Jarratt 1971).
    Where it is nowhere nothing, the belief that leaves the least.

    Parameters
    ----------
    gap
        Of several cases at once.
    low, high
        The support, about zero.
    now
        The gap at zero.
    """
    x = np.where(GRID < 0.0, -GRID * low, GRID * high)
    y = np.full(len(x), now)
    y[x != 0.0] = gap(x[x != 0.0])
    y = np.where(np.isfinite(y), y, np.nan)
    crossing = np.flatnonzero(y[:-1] * y[1:] <= 0.0)
    if not len(crossing):
        best = int(np.nanargmin(np.abs(y)))
        return float(x[best]), float(y[best])
    a, b, fa, fb = x[crossing], x[crossing + 1], y[crossing], y[crossing + 1]
    guess = a - fa * (b - a) / np.where(fa == fb, 1.0, fb - fa)
    at = crossing[np.abs(guess).argmin()]
    return _between(gap, (x[at], y[at]), (x[at + 1], y[at + 1]))


def _between(
    gap: Callable[[FloatArray], FloatArray],
    left: tuple[float, float],
    right: tuple[float, float],
) -> tuple[float, float]:
    (a, fa), (b, fb) = left, right
    x, fx = (a, fa) if abs(fa) < abs(fb) else (b, fb)
    for _ in range(ROUNDS):
        if abs(fx) < CLOSE or fa == fb:
            break
        x = b - fb * (b - a) / (fb - fa)
        fx = float(gap(np.array([x]))[0])
        # The end that stays counts half, so that it does not stay for ever.
        a, fa = (b, fb) if fx * fb < 0.0 else (a, 0.5 * fa)
        b, fb = x, fx
    return float(x), float(fx)


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

    tilt, left = roots(gap, -STEEPEST, STEEPEST, target.now)
    return at(tilt), left
