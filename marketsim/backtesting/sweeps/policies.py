"""Policies of prices alone, in JAX: to walk, to sweep, or to read before writing one's own."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from marketsim.backtesting.sweeps.policy import Policy
from marketsim.backtesting.sweeps.quadratic import best_trade
from marketsim.backtesting.tilts import ROOM

__all__ = ["CALM", "LEAST_VARIANCE", "MEAN_VARIANCE", "MOMENTUM"]

YEAR: Final = 252
FEWEST: Final = 40
"""Moves from which on a ticker is judged by its own."""


def calm(moves: Array, able: Array, power: float = 1.0) -> Array:
    """Weights in proportion to one over volatility to a power; a new ticker has the median's."""
    raw = jnp.where(able, _volatility(moves, able) ** -power, 0.0)
    return raw / raw.sum()


def momentum(moves: Array, able: Array, strength: float = 1.0, skipped: float = 21.0) -> Array:
    """Weights in proportion to exp(strength z), z what was earned but for the last rows.

    In logs and over volatility (Jegadeesh and Titman 1993; Moskowitz, Ooi and Pedersen 2012).
    """
    age = jnp.arange(len(moves))[::-1, None]
    earned = jnp.where(age >= skipped, jnp.nan_to_num(jnp.log1p(moves)), 0.0).sum(axis=0)
    score = earned / _volatility(moves, able)
    level = jnp.where(able, score, 0.0).sum() / able.sum()
    apart = jnp.where(able, score - level, 0.0)
    z = apart / jnp.sqrt((apart**2).sum() / able.sum() + 1e-12)
    raw = jnp.where(able, jnp.exp(strength * z), 0.0)
    return raw / raw.sum()


def least_variance(moves: Array, able: Array, cap: float = 0.15, shrink: float = 0.1) -> Array:
    """Weights of least variance up to a cap, the covariance drawn so far towards its diagonal.

    The cap is no less than twice equal weight.
    """
    covariance = _covariance(moves, able, shrink)
    return best_trade(covariance, jnp.zeros(moves.shape[1]), able, _roomy(cap, able))


def mean_variance(
    moves: Array,
    able: Array,
    aversion: float = 3.0,
    cap: float = 0.15,
    shrink: float = 0.1,
    own: float = 0.1,
) -> Array:
    """Weights of the best trade of mean for variance; a mean is its own by so much, else of all.

    The cap is no less than twice equal weight.
    """
    means = jnp.where(able, jnp.nan_to_num(jnp.nanmean(moves, axis=0)), 0.0)
    common = means.sum() / able.sum()
    believed = (common + own * (means - common)) / aversion
    return best_trade(_covariance(moves, able, shrink), believed, able, _roomy(cap, able))


def _roomy(cap: Array | float, able: Array) -> Array:
    """Return a cap with room to choose: see `marketsim.backtesting.least_cap`."""
    return jnp.maximum(cap, ROOM / able.sum())


def _volatility(moves: Array, able: Array) -> Array:
    """Return standard deviations; where there are too few moves the median of the others."""
    apart, count = _centred(moves)
    found = jnp.sqrt((apart**2).sum(axis=0) / jnp.maximum(count - 1, 1))
    judged = able & (count >= FEWEST) & (found > 0.0)
    middle = jnp.nanmedian(jnp.where(judged, found, jnp.nan))
    return jnp.where(judged, found, jnp.where(judged.any(), middle, 1.0))


def _covariance(moves: Array, able: Array, shrink: Array | float) -> Array:
    """Return the covariance of moves, shrunk; a missing move is taken for the ticker's mean."""
    apart, _ = _centred(moves)
    volatility = _volatility(moves, able)
    apart *= volatility / jnp.sqrt((apart**2).sum(axis=0) / len(moves) + 1e-18)
    found = apart.T @ apart / len(moves)
    return (1.0 - shrink) * found + shrink * jnp.diag(volatility**2)


def _centred(moves: Array) -> tuple[Array, Array]:
    """Return moves less the mean of their ticker, 0 where missing, and how many there are."""
    seen = jnp.isfinite(moves)
    count = seen.sum(axis=0)
    mean = jnp.where(seen, moves, 0.0).sum(axis=0) / jnp.maximum(count, 1)
    return jnp.where(seen, moves - mean, 0.0), count


CALM: Final = Policy(calm, window=YEAR // 2)
MOMENTUM: Final = Policy(momentum, window=YEAR)
LEAST_VARIANCE: Final = Policy(least_variance, window=2 * YEAR)
MEAN_VARIANCE: Final = Policy(mean_variance, window=2 * YEAR)
