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

BETWEEN: Final = 6
"""Points that are added beside the one that leaves the least, where no sign changes."""

FINER: Final = 4
"""Times that this is done: what is tried comes a hundred times nearer together."""

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
    Where no sign changes the grid is made finer about the point that leaves the least, which may
    find that one does; else that point is the answer.

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
    for _ in range(FINER):
        if not _inner(y).any():
            break
        x, y = _finer(gaps, x, y)
    crossing = _crossing(y)
    flat = y[:-1] == y[1:]
    guess = x[:-1] - y[:-1] * (x[1:] - x[:-1]) / np.where(flat, 1.0, y[1:] - y[:-1])
    near = np.where(crossing, np.abs(guess), np.inf).argmin(axis=0)
    best = _least(y)
    some, column = crossing.any(axis=0), np.arange(x.shape[1])
    first, last = np.where(some, near, best), np.where(some, near + 1, best)
    return _between(gaps, (x[first, column], y[first, column]), (x[last, column], y[last, column]))


def _crossing(y: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(y[:-1] * y[1:] <= 0.0)


def _least(y: FloatArray) -> NDArray[np.int_]:
    """Return places of the gaps that are least, [company]."""
    return np.asarray(np.where(np.isnan(y), np.inf, np.abs(y)).argmin(axis=0))


def _inner(y: FloatArray) -> NDArray[np.bool_]:
    """Return of whom the least gap may lie between points: no sign changes, nor is it an end's."""
    best = _least(y)
    return np.asarray(~_crossing(y).any(axis=0) & (best > 0) & (best < len(y) - 1))


def _finer(gaps: Gaps, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return points and gaps with more of them between the neighbours of those that are least."""
    best, column = _least(y), np.arange(x.shape[1])
    low, high = (x[np.clip(best + side, 0, len(x) - 1), column] for side in (-1, 1))
    more = low + (high - low) * (np.arange(1, BETWEEN + 1) / (BETWEEN + 1.0))[:, None]
    found = gaps(more)
    found = np.where(np.isfinite(found), found, np.nan)
    every = np.concatenate([x, more]), np.concatenate([y, found])
    order = every[0].argsort(axis=0, kind="stable")
    at, left = (np.take_along_axis(one, order, axis=0) for one in every)
    return at, left


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
