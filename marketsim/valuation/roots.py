"""Where gaps are nothing: of several companies at once, each by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["MET", "roots"]

FloatArray = NDArray[np.float64]

Gaps = Callable[[FloatArray], FloatArray]
"""From cases [case, company] to gaps [case, company]."""

GRID: Final = np.array([-1.0, -0.6, -0.3, -0.12, 0.0, 0.12, 0.3, 0.6, 1.0])
"""Shares of the way to the ends of the support at which gaps are tried first."""

CLOSE: Final = 1e-9
"""Gap at which a root is met."""

MET: Final = 1e-6
"""Gap below which a root that was looked for was found."""

ROUNDS: Final = 40


def roots(
    gaps: Gaps, low: FloatArray, high: FloatArray, now: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return where gaps are nothing, nearest to zero, and the gaps left there, each [company].

    By a grid over the support and false position (the Illinois method of Dowell and Jarratt 1971).
    Where one is nowhere nothing, the point of the grid that leaves the least.

    Parameters
    ----------
    gaps
        Of cases in which each company may be elsewhere.
    low, high
        The support, about zero, [company].
    now
        The gaps at zero, [company]; where they are no number there is no root, and none left.
    """
    share = GRID[:, None]
    x = np.where(share < 0.0, -share * low, share * high)
    tried = GRID != 0.0
    y = np.tile(now, (len(GRID), 1))
    y[tried] = gaps(x[tried])
    y = np.where(np.isfinite(y), y, np.nan)
    crossing = y[:-1] * y[1:] <= 0.0
    flat = y[:-1] == y[1:]
    guess = x[:-1] - y[:-1] * (x[1:] - x[:-1]) / np.where(flat, 1.0, y[1:] - y[:-1])
    near = np.where(crossing, np.abs(guess), np.inf).argmin(axis=0)
    best = np.where(np.isnan(y), np.inf, np.abs(y)).argmin(axis=0)
    some, column = crossing.any(axis=0), np.arange(x.shape[1])
    first, last = np.where(some, near, best), np.where(some, near + 1, best)
    return _between(gaps, (x[first, column], y[first, column]), (x[last, column], y[last, column]))


def _between(
    gaps: Gaps, left: tuple[FloatArray, FloatArray], right: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return roots between ends; where both are one it is that."""
    (a, fa), (b, fb) = left, right
    nearer = np.abs(fa) < np.abs(fb)
    x, fx = np.where(nearer, a, b), np.where(nearer, fa, fb)
    for _ in range(ROUNDS):
        done = ~(np.abs(fx) >= CLOSE) | (fa == fb)
        if done.all():
            break
        x = np.where(done, x, b - fb * (b - a) / np.where(fa == fb, 1.0, fb - fa))
        fx = np.where(done, fx, gaps(x[None])[0])
        # The end that stays counts half, so that it does not stay for ever.
        changed = fx * fb < 0.0
        a, fa = (
            np.where(done, old, np.where(changed, end, kept))
            for old, end, kept in ((a, b, a), (fa, fb, 0.5 * fa))
        )
        b, fb = np.where(done, b, x), np.where(done, fb, fx)
    return x, fx
