"""The most plausible point at which a loss is reached: the design point of reliability theory.

Points are standard normal; the design point is the one nearest to where nothing is out of the
ordinary at which a function reaches a threshold. Its distance is the reliability index of Hasofer
and Lind (1974); the search is that of Rackwitz and Fiessler (1978), with the merit function of
Zhang and Der Kiureghian (1995), which keeps it from running in circles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Found", "most_plausible"]

FloatArray = NDArray[np.float64]

Function = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From points [start, unknown] to values [start] and gradients [start, unknown]."""

STEEP: Final = 2.0
"""Weight of the threshold in the merit, over the least at which its minimum is the design point."""

ENOUGH: Final = 0.1
"""Share of the decrease that a straight line promises which a step has to bring (Armijo)."""

LONGEST: Final = 4.0
"""Standard deviations that a step goes at most: far out functions may be flat."""

SHORTEST: Final = 2.0**-12
"""Part of a step below which a search is given up."""

SAME: Final = 0.05
"""Of their distance from zero by which two points differ that are the same."""

FLAT: Final = 1e-12
"""Slope below which there is none."""


class Found(NamedTuple):
    """Where searches ended.

    ``point`` [start, unknown], what the function is there, ``value`` [start], its gradient
    ``slope``, and whether each ``converged``.
    """

    point: FloatArray
    value: FloatArray
    slope: FloatArray
    converged: NDArray[np.bool_]


def most_plausible(
    function: Function,
    starts: FloatArray,
    threshold: float,
    *,
    groups: NDArray[np.int_] | None = None,
    tolerance: float = 1e-5,
    steps: int = 60,
) -> Found:
    """Search the design point from several starts at once.

    Parameters
    ----------
    function
        Smooth; it is called with all points, whether they still move or not.
    starts
        [start, unknown].
    threshold
        That the function is to reach.
    groups
        Of starts that may come to the same point, [start]; by default none do. A search that comes
        to where another of its group has arrived is given up.
    tolerance
        Of the value, and of how far the point is from a multiple of the gradient, in proportion.
    steps
        Calls of the function, at the most.

    Notes
    -----
    The step goes to the point of the tangent plane at the threshold that is nearest to zero, at
    first all of the way (up to :data:`LONGEST`), and half of it each time that the merit, half the
    squared distance and a multiple of what is missing of the threshold, falls by too little.
    """
    point = np.array(starts, dtype=float)
    value, slope = function(point)
    length = np.ones(len(point))
    tried = point.copy()
    stuck = np.zeros(len(point), dtype=bool)
    mine = np.arange(len(point)) if groups is None else groups
    for _ in range(steps):
        done = _converged(point, value - threshold, slope, tolerance)
        stuck |= ~done & _there_already(point, done, mine)
        if (done | stuck).all():
            break
        direction, weight = _direction(point, value - threshold, slope)
        moving = ~done & ~stuck
        tried = np.where(moving[:, None], point + length[:, None] * direction, point)
        values, slopes = function(tried)
        promised = _promised(point, value - threshold, slope, direction, weight)
        before, after = (
            _merit(at, reached - threshold, weight)
            for at, reached in ((point, value), (tried, values))
        )
        gained = np.where(np.isfinite(slopes).all(axis=1), before - after, -np.inf)
        good = moving & (gained >= ENOUGH * length * promised)
        point = np.where(good[:, None], tried, point)
        value, slope = np.where(good, values, value), np.where(good[:, None], slopes, slope)
        length = np.where(good, np.minimum(2.0 * length, 1.0), 0.5 * length)
        stuck |= moving & (length < SHORTEST)
    return Found(point, value, slope, _converged(point, value - threshold, slope, tolerance))


def _direction(point: FloatArray, short: FloatArray, slope: FloatArray) -> tuple[FloatArray, ...]:
    """Return the step to the nearest point of the tangent at the threshold, and merit's weight."""
    square = np.maximum((slope**2).sum(axis=1), FLAT**2)
    aim = ((slope * point).sum(axis=1) - short) / square
    step = aim[:, None] * slope - point
    size = np.linalg.norm(step, axis=1)
    far = np.maximum(np.linalg.norm(aim[:, None] * slope, axis=1), np.linalg.norm(point, axis=1))
    return step * (LONGEST / np.maximum(size, LONGEST))[:, None], STEEP * far / np.sqrt(square)


def _merit(point: FloatArray, short: FloatArray, weight: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (point**2).sum(axis=1) + weight * np.abs(short))


def _promised(
    point: FloatArray,
    short: FloatArray,
    slope: FloatArray,
    direction: FloatArray,
    weight: FloatArray,
) -> FloatArray:
    """Return by how much a straight line has the merit fall over the whole step, at least none."""
    along = (slope * direction).sum(axis=1)
    return np.asarray(-((point * direction).sum(axis=1) + weight * np.sign(short) * along))


def _converged(
    point: FloatArray, short: FloatArray, slope: FloatArray, tolerance: float
) -> NDArray[np.bool_]:
    """Return whether the threshold is reached, and where the gradient points to or from zero."""
    unit = slope / np.maximum(np.linalg.norm(slope, axis=1), FLAT)[:, None]
    along = (point * unit).sum(axis=1)
    off = np.linalg.norm(point - along[:, None] * unit, axis=1)
    norm = np.maximum(np.linalg.norm(point, axis=1), 1.0)
    return np.asarray((np.abs(short) <= tolerance) & (off <= np.sqrt(tolerance) * norm))


def _there_already(
    point: FloatArray, done: NDArray[np.bool_], groups: NDArray[np.int_]
) -> NDArray[np.bool_]:
    """Return which points are where one of their group has arrived, in direction and distance."""
    apart = np.linalg.norm(point[:, None] - point[None], axis=2)
    near = apart <= SAME * np.linalg.norm(point, axis=1)[:, None]
    return np.asarray((near & done[None] & (groups[:, None] == groups[None])).any(axis=1))
