"""Portfolios of least variance, or of the best trade of mean for variance, in JAX: a batch at once.

A primal-dual interior point with Mehrotra's corrector (Mehrotra 1992; Nocedal and Wright 2006,
section 16.6) under jit, vmap and scan: a batch goes on until all of it has arrived. On the budget
and two bounds each system is one Cholesky factor of ``aversion`` times the covariance and a
diagonal.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.scipy.linalg import cho_factor, cho_solve

__all__ = ["best_trade"]

USUAL: Final = 12
"""Steps that nearly all problems take, and all are given: a loop that asks each time is slower."""

MOST: Final = 40
"""Steps after which the search gives up."""

ARRIVED: Final = 1.0
"""Power of the machine's epsilon at which the gap, in units of the problem, is none: weights are
then exact to 1e-8 and better in float64."""

CLOSE: Final = 1e-4
"""Gap and residuals, in units of the problem, above which there is no answer."""

RIDGE: Final = 1e-10
"""Added to every variance, in units of the mean one: so that what is singular has an answer."""

ROOM: Final = 1.0 + 1e-6
"""A cap is no less than so many times equal weight: an interior needs some room."""

INSIDE: Final = 0.995
"""Share of the way to the nearest bound that a step goes at most."""


NOWHERE: Final = 1e-10
"""Cap on what cannot be bought: an interior needs some room."""


class _Point(NamedTuple):
    """Weights, price of the budget, room to both bounds and prices of both."""

    weights: Array
    budget: Array
    above: Array
    below: Array
    low: Array
    high: Array


def best_trade(covariance: Array, means: Array, able: Array, cap: Array | float) -> Array:
    """Return weights that minimise ``w'Cw / 2 - m'w`` over 0 <= w <= cap, summing to 1.

    Parameters
    ----------
    covariance : array [ticker, ticker]
        Positive definite among tickers that can be bought, in any unit.
    means : array [ticker]
        In the same unit; zeros give the least variance.
    able : bool array [ticker]
        What can be bought; the others get 0.
    cap : float
        On each weight; where so few tickers cannot sum to 1 under it, it is equal weight.

    Returns
    -------
    array [ticker]
        NaN where the search did not come to an end: the covariance is not positive semidefinite.
    """
    count = able.sum()
    most = jnp.maximum(cap, ROOM / count)
    both = able[:, None] & able[None, :]
    m = means - jnp.where(able, means, 0.0).sum() / count  # of what all have nothing hangs on it
    scale = jnp.where(able, jnp.diag(covariance), 0.0).sum() / count
    scale = jnp.maximum(scale, jnp.where(able, jnp.abs(m), 0.0).max())
    # What cannot be bought is a ticker of unit variance by itself whose room is next to nothing.
    eye = jnp.eye(len(able))
    c = jnp.where(both, covariance / scale, eye) + RIDGE * eye
    m = jnp.where(able, m / scale, 0.0)
    top = jnp.where(able, most, NOWHERE)
    even = jnp.where(able, 1.0 / count, 0.5 * NOWHERE)
    ones = jnp.ones_like(even)
    start = _Point(even, jnp.zeros(()), even, top - even, ones, ones)
    none = float(np.finfo(even.dtype).eps) ** ARRIVED

    def step(p: _Point, _: object = None) -> tuple[_Point, None]:
        """Go on, unless the point has arrived."""
        new = _step(p, c, m, top)
        return jax.tree.map(lambda x, y: jnp.where(_gap(p) > none, x, y), new, p), None

    point, _ = jax.lax.scan(step, start, None, length=USUAL)
    _, point = jax.lax.while_loop(
        lambda state: (_gap(state[1]) > none) & (state[0] < MOST),
        lambda state: (state[0] + 1, step(state[1])[0]),
        (USUAL, point),
    )
    held = jnp.where(able, jnp.clip(point.weights, 0.0, top), 0.0)
    return jnp.where(_off(point, c, m) < CLOSE, held / held.sum(), jnp.nan)


def _off(p: _Point, c: Array, m: Array) -> Array:
    """Return how far a point is from the optimum: gap, budget and slope."""
    slope = c @ p.weights - m - p.budget - p.low + p.high
    gap = 2 * len(m) * _gap(p)
    return jnp.maximum(jnp.maximum(gap, jnp.abs(p.weights.sum() - 1.0)), jnp.abs(slope).max())


def _gap(p: _Point) -> Array:
    """Return the mean product of a room and its price, which is zero at the optimum."""
    return (p.above @ p.low + p.below @ p.high) / (2 * len(p.weights))


def _step(p: _Point, c: Array, m: Array, top: Array) -> _Point:
    """One step towards the optimum: predict, choose how much to centre, correct."""
    dual = c @ p.weights - m - p.budget - p.low + p.high
    primal = 1.0 - p.weights.sum()
    room = top - p.weights - p.below
    floor = p.weights - p.above
    gap = _gap(p)
    factor = cho_factor(c + jnp.diag(p.low / p.above + p.high / p.below))
    ones = cho_solve(factor, jnp.ones_like(m))

    def towards(low: Array, high: Array) -> _Point:
        """Newton's direction to given products of rooms and prices."""
        pull = (low - p.low * floor) / p.above - (high - p.high * room) / p.below
        free = cho_solve(factor, pull - dual)
        budget = (primal - free.sum()) / ones.sum()
        weights = free + budget * ones
        above, below = weights + floor, room - weights
        return _Point(
            weights,
            budget,
            above,
            below,
            (low - p.low * above) / p.above,
            (high - p.high * below) / p.below,
        )

    guess = towards(-p.above * p.low, -p.below * p.high)
    far = _far(p, guess)
    left = (p.above + far * guess.above) @ (p.low + far * guess.low)
    left += (p.below + far * guess.below) @ (p.high + far * guess.high)
    aim = gap * (left / (2 * len(m)) / jnp.maximum(gap, 1e-300)) ** 3
    way = towards(
        aim - p.above * p.low - guess.above * guess.low,
        aim - p.below * p.high - guess.below * guess.high,
    )
    far = INSIDE * _far(p, way)
    moved: _Point = jax.tree.map(lambda x, dx: x + far * dx, p, way)
    return moved


def _far(p: _Point, way: _Point) -> Array:
    """Return how much of a step keeps rooms and prices above zero, at most all of it."""
    pairs = ((p.above, way.above), (p.below, way.below), (p.low, way.low), (p.high, way.high))
    ratios = [jnp.where(dx < 0.0, -x / jnp.where(dx < 0.0, dx, -1.0), jnp.inf) for x, dx in pairs]
    return jnp.minimum(jnp.min(jnp.concatenate(ratios)), 1.0)
