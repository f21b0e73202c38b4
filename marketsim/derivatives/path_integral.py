"""What each input adds to a change: integrals of derivatives along the straight path between ends.

Aumann and Shapley's (1974) price of what is shared, which machine learning knows as integrated
gradients (Sundararajan, Taly and Yan 2017): an input's contribution is its change times its
derivative, averaged over the way from where one was to where one is. Contributions add up to the
change, and since all inputs go together, no order of them matters.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from marketsim.checks import check_number
from marketsim.errors import InputError, SolverError

__all__ = ["PathIntegral", "integrated", "path_integral"]

FloatArray = NDArray[np.float64]

TOLERANCE: Final = 1e-6
"""Share of the change by which contributions may miss it."""

MOST: Final = 2_000
"""Points of the path at which derivatives are taken, at the most."""

FEWEST: Final = 5
MANY: Final = 17
"""Nodes of a piece to begin with, and those past which it is parted instead."""

BETTER: Final = 0.1
"""What doubling leaves of the error where there is no kink; else the piece is parted."""

EDGE: Final = 0.02
"""Share of a piece that is parted from it at the least."""

NARROW: Final = 1e-9
"""Share of the way below which nothing is parted: what it still misses is a jump."""

SMALLEST: Final = float(np.finfo(np.float64).tiny / np.finfo(np.float64).eps)
"""Of a change: below it numbers lose digits, and nothing adds up to any share of it."""

ROUNDING: Final = 1e-14
"""Share of values that their change does not tell from nothing."""

Along = Callable[[float], tuple[ArrayLike, ArrayLike]]
"""From the share of the way gone to values [output] and what causes add a unit of it, [output,
cause]."""


class PathIntegral(NamedTuple):
    """A change, and what each input adds to it.

    ``contributions`` [output, input] (without outputs where the value is one number), the whole
    ``change`` [output], what contributions miss of it, ``left`` [output], and the number of
    ``points`` of the path at which derivatives were taken.
    """

    contributions: FloatArray
    change: FloatArray
    left: FloatArray
    points: int


def path_integral(
    value_and_slopes: Callable[[FloatArray], tuple[ArrayLike, ArrayLike]],
    start: ArrayLike,
    end: ArrayLike,
    *,
    tolerance: float = TOLERANCE,
    most: int = MOST,
) -> PathIntegral:
    """Return what each input adds to the change of a function between two points.

    Parameters
    ----------
    value_and_slopes
        From inputs [input] to a number and its derivatives [input], as ``jax.value_and_grad(f)``
        does; or to numbers [output] and derivatives [output, input].
    start, end
        Where one was and where one is, [input].
    tolerance
        By how much contributions may miss the change, as a share of it or, where they outweigh one
        another, of their sizes.
    most
        Points of the path at which derivatives are taken, at the most.

    Raises
    ------
    InputError
        For points of different shapes, what is not finite, and slopes that fit neither.
    SolverError
        Where contributions still miss the change after the most points, as with a jump.
    """
    first, last = (_numbers(name, x) for name, x in (("start", start), ("end", end)))
    if not callable(value_and_slopes):
        raise InputError(
            f"path_integral: {value_and_slopes!r} is no function; give one that returns a value "
            "and its slopes, as jax.value_and_grad(f)"
        )
    check_number("tolerance", tolerance, 1e-15, 1.0, "a share above 0")
    check_number("most", most, 2, 10**9, "a number of points, 2 or more")
    if first.shape != last.shape or first.ndim != 1:
        raise InputError(
            f"path_integral: start has shape {first.shape}, end {last.shape}; give one number by "
            "input in both"
        )
    if not (np.isfinite(first).all() and np.isfinite(last).all()):
        raise InputError("path_integral: start or end holds a number that is not finite")
    change = last - first
    single = False

    def along(share: float) -> tuple[FloatArray, FloatArray]:
        nonlocal single
        found = value_and_slopes(first + share * change)
        if not isinstance(found, tuple) or len(found) != 2:
            raise InputError(
                f"path_integral: the function returns {type(found).__name__}; it must return a "
                "value and its slopes, as jax.value_and_grad(f)"
            )
        value, slopes = (
            _numbers(name, x) for name, x in zip(("value", "slopes"), found, strict=True)
        )
        if slopes.shape != (*value.shape, len(change)) or value.ndim > 1:
            raise InputError(
                f"path_integral: a value of shape {value.shape} has slopes of shape {slopes.shape};"
                f" they must be {(*value.shape, len(change))}"
            )
        single = value.ndim == 0
        return np.atleast_1d(value), np.atleast_2d(slopes) * change

    found = integrated(along, tolerance=tolerance, most=most)
    if single:
        added, whole, left, points = found
        found = PathIntegral(added[0], whole[0], left[0], points)
    return found


def integrated(
    along: Along, *, tolerance: float = TOLERANCE, most: int = MOST, whole: bool = True
) -> PathIntegral:
    """Return what causes add to a change, of values along a path.

    Clenshaw and Curtis's (1960) rule, whose nodes are doubled where the path is smooth, and pieces
    parted where it has a kink, the worst first, until contributions miss the change of values by no
    more than the tolerance, and doubling moves none of them by more than its root.

    Parameters
    ----------
    along
        Values and what causes add at a share of the way, from 0 to 1.
    tolerance, most
        As for :func:`path_integral`, over all outputs together.
    whole
        Whether a change that is missed is refused; else ``left`` tells it.

    Raises
    ------
    InputError
        Where values or derivatives are not finite.
    SolverError
        As :func:`path_integral`.
    """
    seen: dict[float, tuple[FloatArray, FloatArray]] = {}

    def at(share: float) -> tuple[FloatArray, FloatArray]:
        if share not in seen:
            value, rates = (np.asarray(x, dtype=np.float64) for x in along(share))
            if not (np.isfinite(value).all() and np.isfinite(rates).all()):
                raise InputError(f"path_integral: not finite {100 * share:.3g} % of the way")
            seen[share] = value, rates
        return seen[share]

    tie = count()
    pieces = [_entry(_Piece.of(at, 0.0, 1.0, FEWEST), next(tie), tolerance)]
    change = at(1.0)[0] - at(0.0)[0]
    rounding = ROUNDING * max(float(np.abs(at(t)[0]).max(initial=0.0)) for t in (0.0, 1.0))
    while True:
        total = sum((one.added for *_, one in pieces), np.zeros_like(pieces[0][-1].added))
        scale = max(float(np.abs(change).max(initial=0.0)), float(np.abs(total).sum(axis=1).max()))
        enough = max(tolerance * scale, rounding, SMALLEST)
        if -sum(bad for bad, *_ in pieces) <= enough:
            break
        worst = pieces[0][-1]
        if len(seen) >= most or worst.end - worst.start < NARROW:
            break
        heapq.heappop(pieces)
        for one in worst.refined(at):
            heapq.heappush(pieces, _entry(one, next(tie), tolerance))
    left = change - total.sum(axis=1)
    if whole and np.abs(left).max(initial=0.0) > enough:
        raise SolverError(
            f"path_integral: after {len(seen)} points contributions still miss the change by "
            f"{np.abs(left).max():.3g} of {scale:.3g}; there may be a jump on the way"
        )
    return PathIntegral(total, change, left, len(seen))


def _numbers(name: str, given: Any) -> FloatArray:
    try:
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"path_integral: {name} is {given!r}; give numbers") from error


At = Callable[[float], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class _Piece:
    """A part of the path, what causes add on it, and by how much that misses or last moved."""

    start: float
    end: float
    nodes: int
    added: FloatArray
    missed: float
    moved: float
    before: float = field(default=np.inf)

    @classmethod
    def of(cls, at: At, start: float, end: float, nodes: int, before: float = np.inf) -> _Piece:
        values, rates = zip(*(at(t) for t in _shares(start, end, nodes)), strict=True)
        path = np.stack(rates)
        width = end - start
        fine, coarse = (
            width * np.tensordot(_weights(len(part)), part, 1) for part in (path, path[::2])
        )
        missed = np.abs(fine.sum(axis=1) - (values[-1] - values[0])).max(initial=0.0)
        moved = np.abs(fine - coarse).max(initial=0.0)
        return cls(start, end, nodes, fine, float(missed), float(moved), before)

    def refined(self, at: At) -> Iterator[_Piece]:
        """Yield it with twice the nodes, or its two parts where that does not help."""
        if self.nodes < MANY and self.missed <= BETTER * self.before:
            yield _Piece.of(at, self.start, self.end, 2 * self.nodes - 1, self.missed)
        else:
            middle = self._kink(at)
            yield _Piece.of(at, self.start, middle, FEWEST)
            yield _Piece.of(at, middle, self.end, FEWEST)

    def _kink(self, at: At) -> float:
        """Return where to part it: at the one kink that it may have, were it straight beside that.

        That is where the slopes at both ends, each up to there, make the change of values; of the
        output whose slope changes most.
        """
        (before, first), (after, last) = at(self.start), at(self.end)
        slopes = np.stack([first.sum(axis=1), last.sum(axis=1)])
        place = int(np.abs(slopes[1] - slopes[0]).argmax())
        bend = slopes[0, place] - slopes[1, place]
        width = self.end - self.start
        rise = float(after[place] - before[place]) - slopes[1, place] * width
        share = rise / (bend * width) if bend * width else 0.5
        inside = float(np.clip(share, EDGE, 1.0 - EDGE)) if 0.0 < share < 1.0 else 0.5
        return self.start + inside * width


def _entry(piece: _Piece, place: int, tolerance: float) -> tuple[float, int, _Piece]:
    """Return what a heap takes: the worst first."""
    return -max(piece.missed, np.sqrt(tolerance) * piece.moved), place, piece


def _shares(start: float, end: float, nodes: int) -> Iterator[float]:
    """Yield the nodes of a piece, Chebyshev's; those of half as many are every other."""
    for angle in np.linspace(-1.0, 1.0, nodes):
        share = 0.5 * (1.0 + np.sin(0.5 * np.pi * angle))
        yield float(start + (end - start) * share)


@cache
def _weights(nodes: int) -> Any:
    """Return the weights of Clenshaw and Curtis on a piece of length one, [node]."""
    degree = nodes - 1
    angle = np.pi * np.arange(nodes) / degree
    found = np.ones(nodes)
    for k in range(1, degree // 2 + 1):
        half = 1.0 if 2 * k == degree else 2.0
        found -= half * np.cos(2 * k * angle) / (4.0 * k**2 - 1.0)
    found *= 2.0 / degree
    found[[0, -1]] *= 0.5
    return 0.5 * found
