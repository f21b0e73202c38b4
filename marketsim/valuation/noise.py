"""Market noise: what returns do besides the worlds, with the tails and correlation of real ones.

What there is of it; what is drawn stands in `shocks`, and what that does to returns in `noisy`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model.tree import leaf
from marketsim.precision import RUN_SELDOM, one_thread, precise
from marketsim.prices import Prices
from marketsim.prices.statistics import LEAST_EIGENVALUE

from .assumptions import ValuationAssumptions

__all__ = [
    "Noise",
    "correlation_left",
    "horizon_dof",
    "left_for_noise",
    "nearest",
    "noise",
    "usual_volatility",
]

MOST_ALIKE: Final = 0.95
"""Correlation of the noise of two companies, at the most."""


def usual_volatility(a: ValuationAssumptions, own: Array) -> Array:
    """Return each share's volatility of log returns in a usual year, [company]; in JAX.

    Its ``own`` [company] shrunk to the median of all: what is left of a distance from it a year on.
    """
    lasts = a.volatility_persistence
    return own**lasts * jnp.median(own) ** (1.0 - lasts)


@dataclass(frozen=True)
class Noise:
    """What is left for noise.

    Its ``size`` by each moment, [moment, company], its ``correlation`` [company, company], and the
    degrees of freedom over the horizon, ``dof``. Log of the factor by which it would raise what
    shares are worth on average over the worlds drawn, ``level`` [moment, company], or nothing: it
    is taken off, so that chance moves no expected return.
    """

    size: np.ndarray
    correlation: np.ndarray
    dof: float
    level: np.ndarray = field(default_factory=lambda: np.zeros(()))

    @property
    def levels(self) -> np.ndarray:
        """The level of each moment, [moment, company]."""
        return np.broadcast_to(self.level, self.size.shape)


def noise(
    a: ValuationAssumptions,
    explained: np.ndarray,
    volatility: np.ndarray,
    prices: Prices,
    names: list[str],
    moments: list[float],
) -> Noise:
    """Return the noise that lets worlds move as the market does.

    Parameters
    ----------
    a
        How far volatility lasts, and how much of it is noise at the least.
    explained
        Covariance of log returns that worlds bring by each of the ``moments`` (years), [moment,
        company, company].
    volatility
        As it was, [company].
    prices
        Tails and correlation of the companies' ``names`` are taken from their statistics.

    Notes
    -----
    Noise brings what worlds leave of the market's covariance in a usual year, and never less than
    its floor: worlds that move companies apart have noise that moves them together.
    """
    market = prices.correlation.loc[names, names].to_numpy()
    given = (explained, volatility, market, np.array(moments))
    with precise("float64"), one_thread():
        size, correlation = map(np.asarray, _left(a, *map(leaf, given)))
    dof = prices.statistics.loc[names, "dof"].fillna(5.0).to_numpy()
    return Noise(size, correlation, horizon_dof(float(np.median(dof)), moments[-1]))


def left_for_noise(
    a: ValuationAssumptions, explained: Array, volatility: Array, market: Array, years: Array
) -> tuple[Array, Array]:
    """Return the size of noise [moment, company] and its correlation [company, company]; in JAX.

    Parameters
    ----------
    a, explained, volatility
        As for :func:`noise`.
    market
        Correlation of shares, [company, company].
    years
        The moments, [moment].

    Notes
    -----
    Kinks: where the variance left is the least there may be, or that of a later moment, since noise
    that has come does not go; where two companies' noise is as alike as it may be; and where an
    eigenvalue of the correlation is the least.
    """
    total = usual_volatility(a, volatility) ** 2 * years[:, None]
    bought = jnp.diagonal(explained, axis1=1, axis2=2)
    steps = jnp.maximum(total - bought, a.noise_floor**2 * total)
    left = jax.lax.cummin(steps, axis=0, reverse=True)
    return jnp.sqrt(left), correlation_left(explained[-1], left[-1], market, total[-1])


def correlation_left(explained: Array, left: Array, market: Array, total: Array) -> Array:
    """Return the correlation that noise must have, as near as one can be, [company, company].

    Of the horizon: the covariance ``explained``, the variance ``left`` and the ``total`` [company].
    """
    size = jnp.sqrt(total)
    missing = jnp.outer(size, size) * market - explained
    alike = jnp.clip(missing / jnp.sqrt(jnp.outer(left, left)), -MOST_ALIKE, MOST_ALIKE)
    same = jnp.eye(len(left), dtype=bool)
    return nearest(jnp.where(same, 1.0, alike))


def nearest(matrix: Array) -> Array:
    """Return a positive definite correlation matrix close to a symmetric one.

    As :func:`marketsim.prices.statistics.nearest_correlation`, and with a derivative.
    """
    lifted, least = _lifted((matrix + matrix.T) / 2.0)
    size = jnp.sqrt(jnp.diagonal(lifted))
    scaled = jnp.where(jnp.eye(len(matrix), dtype=bool), 1.0, lifted / jnp.outer(size, size))
    return jnp.where(least >= LEAST_EIGENVALUE, matrix, (scaled + scaled.T) / 2.0)


@jax.custom_jvp
def _lifted(matrix: Array) -> tuple[Array, Array]:
    """Return a symmetric matrix whose eigenvalues are raised to the least, and its own smallest."""
    values, vectors = jnp.linalg.eigh(matrix, symmetrize_input=False)
    return _with(jnp.maximum(values, LEAST_EIGENVALUE), vectors), values[0]


@_lifted.defjvp
def _lifted_along(
    primals: tuple[Array], tangents: tuple[Array]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """By divided differences (Daleckii and Krein 1965): eigenvalues alike are no trouble."""
    values, vectors = jnp.linalg.eigh(primals[0], symmetrize_input=False)
    raised = jnp.maximum(values, LEAST_EIGENVALUE)
    above = values > LEAST_EIGENVALUE
    alone = above[:, None] != above
    apart = jnp.where(alone, values[:, None] - values, 1.0)
    slopes = jnp.where(alone, (raised[:, None] - raised) / apart, above[:, None] & above)
    turned = vectors.T @ tangents[0] @ vectors
    moved = vectors @ (slopes * turned) @ vectors.T
    return (_with(raised, vectors), values[0]), (moved, turned[0, 0])


def _with(values: Array, vectors: Array) -> Array:
    return (vectors * values) @ vectors.T


_left = jax.jit(left_for_noise, compiler_options=RUN_SELDOM)


def horizon_dof(daily: float, years: float) -> float:
    """Return Student-t degrees of freedom over a horizon, from those of daily returns.

    Sums of returns come closer to normal (aggregational Gaussianity, Cont 2001), but slowly, since
    volatility persists: excess kurtosis, 6 / (dof - 4), is taken to fall with the square root of
    the number of days.
    """
    kurtosis = 6.0 / max(daily - 4.0, 0.25)
    return 4.0 + 6.0 * math.sqrt(max(252.0 * years, 1.0)) / kurtosis
