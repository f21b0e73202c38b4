"""The probabilities nearest to others in relative entropy: Meucci (2008), by the dual.

Over probabilities with E[c] <= 0, or E[c] = 0, the nearest to q are proportional to
q exp(-x c), where the multipliers x minimise the convex, smooth

    D(x) = log sum_j q_j exp(-x c_j),        x >= 0 where E[c] may be below 0,

and their relative entropy to q is -D. That is one unknown per constraint, whatever the number of
draws. It is solved by Newton's method, projected on the bounds (Bertsekas 1982).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from ..precision import precise
from .constraint import BoolArray, FloatArray, ViewConstraint

__all__ = [
    "TOLERANCE",
    "Tilt",
    "effective_number",
    "nearest_probabilities",
    "relative_entropy",
    "scale",
]

TOLERANCE: Final = 1e-10
"""By how much a constraint may fail, over the size of its quantity."""

CLOSEST: Final = 1e-14
STEPS: Final = 200
ROUNDING: Final = 1e-12
SUFFICIENT: Final = 1e-4

Dual = Callable[[FloatArray], tuple[float, FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class Tilt:
    """Probabilities [draw] and multipliers [constraint].

    A multiplier is the derivative of the relative entropy by the constraint's bound: 0 where the
    bound does not matter, infinite where it is all that the quantity can reach.
    """

    probabilities: FloatArray
    multipliers: FloatArray


def nearest_probabilities(prior: FloatArray, constraints: Sequence[ViewConstraint]) -> Tilt | None:
    """Return the probabilities nearest to ``prior`` [draw] under which the constraints hold.

    Returns
    -------
    Tilt or None
        None where none were found: there are none, or the solver stopped short of
        :data:`TOLERANCE`. Where the constraints hold already, the prior ones.
    """
    multipliers = np.zeros(len(constraints))
    inside = _allowed(prior > 0.0, constraints, multipliers)
    if inside is None:
        return None
    open_ones = [i for i, one in enumerate(constraints) if _undecided(one, inside)]
    probabilities = np.where(inside, prior, 0.0)
    if inside.sum() < (prior > 0.0).sum():
        probabilities /= probabilities.sum()
    if open_ones:
        kept = [constraints[i].within(inside) for i in open_ones]
        tilted, found = _tilted(probabilities[inside], kept)
        multipliers[open_ones] = found
        if found.any():
            probabilities[inside] = tilted
    missed = [one.miss(probabilities) > TOLERANCE * scale(one, prior) for one in constraints]
    return None if any(missed) else Tilt(probabilities, multipliers)


def relative_entropy(new: FloatArray, old: FloatArray) -> float:
    """Return that of ``new`` probabilities to ``old`` ones, in nats."""
    some = new > 0.0
    return max(float(new[some] @ np.log(new[some] / old[some])), 0.0)


def effective_number(probabilities: FloatArray) -> float:
    """Return how many equally likely outcomes would be as uncertain: the exp of the entropy."""
    likely = probabilities[probabilities > 0.0]
    return float(np.exp(-likely @ np.log(likely)))


def scale(one: ViewConstraint, prior: FloatArray) -> float:
    """Size of a quantity: its standard deviation, or its bound where that is larger."""
    mean = prior @ one.values
    return max(float(np.sqrt(prior @ (one.values - mean) ** 2)), abs(one.bound), 1e-300)


# ---------------------------------------------------------------- the ends of what can be reached


def _allowed(
    inside: BoolArray, constraints: Sequence[ViewConstraint], multipliers: FloatArray
) -> BoolArray | None:
    """Draws that may keep any probability, None for none.

    A bound at the end of what its quantity can reach, such as `P(bear) == 0`, leaves only the
    draws there; its multiplier is infinite. What is left may bring another bound to an end.
    """
    while True:
        before = inside
        for i, one in enumerate(constraints):
            upper, slack = one.upper(), _slack(one)
            low, high = upper[inside].min(), upper[inside].max()
            if low > slack or (one.sense == "==" and high < -slack):
                return None
            at_low = low >= -slack and high > slack
            if at_low or (one.sense == "==" and high <= slack and low < -slack):
                inside = inside & (np.abs(upper) <= slack)
                multipliers[i] = -np.inf if at_low != (one.sense == ">=") else np.inf
        if inside is before:
            return inside


def _undecided(one: ViewConstraint, inside: BoolArray) -> bool:
    """Whether a constraint holds under some probabilities over the draws and not under others."""
    upper, slack = one.upper()[inside], _slack(one)
    return bool(upper.max() > slack or (one.sense == "==" and upper.min() < -slack))


def _slack(one: ViewConstraint) -> float:
    return ROUNDING * max(abs(one.bound), float(np.abs(one.values).max()))


# ---------------------------------------------------------------- the dual


def _tilted(
    prior: FloatArray, constraints: Sequence[ViewConstraint]
) -> tuple[FloatArray, FloatArray]:
    """Probabilities over positive ``prior`` [draw] and multipliers [constraint]."""
    sizes = np.array(
        [np.sqrt(prior @ (one.values - prior @ one.values) ** 2) for one in constraints]
    )
    upper = np.stack([one.upper() for one in constraints]) / sizes[:, None]
    equal = np.array([one.sense == "==" for one in constraints])
    logs = np.log(prior)
    with precise("float64"):
        dual, least = _dual(logs, upper), float(logs.min())
        x, done = _minimiser(dual, upper, ~equal, least, cautious=False)
        if not done:
            x, _ = _minimiser(dual, upper, ~equal, least, cautious=True)
    exponents = logs - x @ upper
    tilted = np.exp(exponents - exponents.max())
    sign = np.array([1.0 if one.sense == ">=" else -1.0 for one in constraints])
    return tilted / tilted.sum(), sign * x / sizes + 0.0  # no minus zero


def _minimiser(
    dual: Dual, upper: FloatArray, bounded: BoolArray, least: float, *, cautious: bool
) -> tuple[FloatArray, bool]:
    """Multipliers that minimise the dual, by projected Newton steps, and whether that is settled.

    A dual below ``least``, the lowest log of the prior, proves that nothing satisfies the
    constraints: no probabilities are further from the prior than that.

    Where the dual is all but straight, Newton's step may be too long by any order of magnitude. A
    modest one moves the logs of two draws apart by not much more than the prior has them. Bold, it
    is the resort of a search in trouble; cautious, all steps are such, which is slower where a few
    draws take all.
    """
    x = best = np.zeros(len(bounded))
    value, slope, curve = dual(x)
    best_gap, idle = np.inf, 0
    for _ in range(STEPS):
        gap = float(np.abs(x - _onto(x - slope, bounded)).max())
        idle = 0 if gap < 0.5 * best_gap else idle + 1
        if gap < best_gap:
            best, best_gap = x, gap
        if gap <= CLOSEST or value < least - 1.0 or (idle > 3 and best_gap < TOLERANCE):
            break
        step = _newton_step(x, slope, curve, bounded, gap)
        modest = (10.0 - 2.0 * least) / max(float(np.ptp(step @ upper)), 1e-300)
        lengths = _lengths(min(1.0, modest), cautious)
        x, value, slope, curve, moved = _search(dual, x, value, slope, step, bounded, lengths)
        if not moved:
            break
    return best, best_gap <= TOLERANCE or value < least - 1.0


def _lengths(modest: float, cautious: bool) -> FloatArray:
    """Lengths of a step to try, each half the one before."""
    halves: FloatArray = np.ldexp(1.0, -np.arange(60))
    return (
        modest * halves if cautious else np.concatenate([halves[:5], min(modest, 0.5**5) * halves])
    )


def _newton_step(
    x: FloatArray, slope: FloatArray, curve: FloatArray, bounded: BoolArray, gap: float
) -> FloatArray:
    """Newton's step of those that are free; those held at 0 stay there."""
    held = bounded & (x <= min(gap, 1e-6)) & (slope > 0.0)
    free = np.flatnonzero(~held)
    step = -x
    if free.size:
        sizes, axes = np.linalg.eigh(curve[np.ix_(free, free)])
        floor = max(float(sizes[-1]), 1e-200) * CLOSEST
        step[free] = -axes @ ((axes.T @ slope[free]) / np.maximum(sizes, floor))
    return step


def _search(
    dual: Dual,
    x: FloatArray,
    value: float,
    slope: FloatArray,
    step: FloatArray,
    bounded: BoolArray,
    lengths: FloatArray,
) -> tuple[FloatArray, float, FloatArray, FloatArray, bool]:
    """Go the first length at which the dual falls enough (Armijo), up to rounding."""
    for length in lengths:
        there = _onto(x + length * step, bounded)
        found, its_slope, its_curve = dual(there)
        if found <= value + SUFFICIENT * slope @ (there - x) + CLOSEST * (1.0 + abs(value)):
            return there, found, its_slope, its_curve, bool((there != x).any())
    return x, value, slope, np.empty(0), False


def _onto(x: FloatArray, bounded: BoolArray) -> FloatArray:
    return np.where(bounded, np.maximum(x, 0.0), x)


# ---------------------------------------------------------------- in JAX


def _dual(logs: FloatArray, upper: FloatArray) -> Dual:
    """The dual as a function of the multipliers [constraint]: value, gradient and Hessian.

    Arrays are padded, draws by less than a quarter and constraints to a multiple of four, so that
    few sizes compile anew; a draw of the padding has probability 0.
    """
    import jax.numpy as jnp

    count, draws = upper.shape
    rows, columns = -(-count // 4) * 4, _room(draws)
    padded = jnp.asarray(np.pad(upper, ((0, rows - count), (0, columns - draws))))
    padded_logs = jnp.asarray(np.pad(logs, (0, columns - draws), constant_values=-np.inf))

    def dual(x: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        value, slope, curve = _program()(np.pad(x, (0, rows - count)), padded_logs, padded)
        return float(value), np.asarray(slope)[:count], np.asarray(curve)[:count, :count]

    return dual


def _room(draws: int) -> int:
    """The number of draws, rounded up to three binary digits."""
    unit: int = 1 << max(draws.bit_length() - 3, 0)
    return -(-draws // unit) * unit


@cache
def _program() -> Any:
    """Log of the sum, its gradient -E[c] and its Hessian Cov(c), compiled."""
    import jax
    import jax.numpy as jnp

    def program(x: Any, logs: Any, upper: Any) -> tuple[Any, Any, Any]:
        exponents = logs - x @ upper
        value = jax.nn.logsumexp(exponents)
        tilted = jnp.exp(exponents - value)
        mean = upper @ tilted
        apart = upper - mean[:, None]
        return value, -mean, (apart * tilted) @ apart.T

    return jax.jit(program)
