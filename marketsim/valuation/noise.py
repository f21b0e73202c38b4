"""Market noise: what returns do besides the worlds, with the tails and correlation of real ones.

What is drawn, in NumPy; what it does to returns is in `noisy`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model.tree import leaf
from marketsim.precision import RUN_SELDOM, one_thread
from marketsim.prices import Prices
from marketsim.prices.statistics import nearest_correlation

__all__ = [
    "BLOCK",
    "Noise",
    "horizon_dof",
    "left_for_noise",
    "noise",
    "shocks",
    "usual_volatility",
]

PERSISTENCE: Final = 0.7
"""Share of a stock's distance in log volatility from the median that is still there a year on."""

LEAST_NOISE: Final = 0.5
"""Share of a stock's volatility that no world explains, at the least."""

MOST_ALIKE: Final = 0.95
"""Correlation of the noise of two companies, at the most."""

CUT: Final = 4.0
"""Standardised shocks end here: an annual move past it has no observation behind it."""

BLOCK: Final = 250
"""Draws that are drawn together."""


def usual_volatility(prices: Prices, names: list[str]) -> np.ndarray:
    """Return each share's volatility of log returns in a usual year, [company].

    Shrunk to the median of all: what is left of a distance from it a year on.
    """
    own = prices.statistics.loc[names, "volatility"].to_numpy()
    return np.asarray(own**PERSISTENCE * np.median(own) ** (1.0 - PERSISTENCE))


@dataclass(frozen=True)
class Noise:
    """What is left for noise.

    Its ``size`` by each moment, [moment, company], its ``correlation`` [company, company], and the
    degrees of freedom over the horizon, ``dof``.
    """

    size: np.ndarray
    correlation: np.ndarray
    dof: float


def noise(
    explained: np.ndarray,
    volatility: np.ndarray,
    prices: Prices,
    names: list[str],
    moments: list[float],
) -> Noise:
    """Return the noise that lets worlds move as the market does.

    Parameters
    ----------
    explained
        Covariance of log returns that worlds bring by each of the ``moments`` (years), [moment,
        company, company].
    volatility
        In a usual year, [company].
    prices
        Tails and correlation of the companies' ``names`` are taken from their statistics.

    Notes
    -----
    Noise brings what worlds leave of the market's covariance, and never less than a quarter of its
    variance: worlds that move companies apart have noise that moves them together.

    Its correlation is made what one can be, by bounds and eigenvalues, in NumPy: no derivative goes
    through it. What moves worlds moves it little (see docs/valuation.md).
    """
    bought = np.ascontiguousarray(np.diagonal(explained, axis1=1, axis2=2))
    left = np.asarray(_left(leaf(bought), leaf(volatility), leaf(np.array(moments))))
    market = prices.correlation.loc[names, names].to_numpy()
    size = volatility * np.sqrt(moments[-1])
    missing = (np.outer(size, size) * market - explained[-1]) / np.sqrt(
        np.outer(left[-1], left[-1])
    )
    np.fill_diagonal(missing, 1.0)
    with one_thread():
        correlation = nearest_correlation(np.clip(missing, -MOST_ALIKE, MOST_ALIKE))
    dof = prices.statistics.loc[names, "dof"].fillna(5.0).to_numpy()
    return Noise(np.sqrt(left), correlation, horizon_dof(float(np.median(dof)), moments[-1]))


def left_for_noise(explained: Array, volatility: Array, years: Array) -> Array:
    """Return the variance that worlds leave for noise, [moment, company]; in JAX.

    Of the variance ``explained`` by so many ``years`` [moment, company] and that of the market's
    ``volatility`` [company]. With kinks where it is the least there may be, and where it is that of
    a later moment: noise that has come does not go.
    """
    total = volatility**2 * years[:, None]
    steps = jnp.maximum(total - explained, LEAST_NOISE**2 * total)
    return jax.lax.cummin(steps, axis=0, reverse=True)


_left = jax.jit(left_for_noise, compiler_options=RUN_SELDOM)


def horizon_dof(daily: float, years: float) -> float:
    """Return Student-t degrees of freedom over a horizon, from those of daily returns.

    Sums of returns come closer to normal (aggregational Gaussianity, Cont 2001), but slowly, since
    volatility persists: excess kurtosis, 6 / (dof - 4), is taken to fall with the square root of
    the number of days.
    """
    kurtosis = 6.0 / max(daily - 4.0, 0.25)
    return 4.0 + 6.0 * math.sqrt(max(252.0 * years, 1.0)) / kurtosis


def shocks(draws: int, noise: Noise, seed: int) -> np.ndarray:
    """Return what noise brings to logs by each moment, in units of its size at the horizon.

    A multivariate Student t: one mixing variable for all companies, so that bad years are bad
    together. Draws come in blocks of :data:`BLOCK`, each with a stream of its own, so that a draw
    is the same whatever their number.

    Returns
    -------
    numpy.ndarray
        [moment, draw, company]. Those of the horizon, the last, do not depend on the ones before.

    Notes
    -----
    What happens on the way is a Brownian bridge to the shock of the horizon, on the clock that the
    noise's size sets for each company. The horizon's mixing variable scales the whole path, so a
    wild year is wild throughout and each step has the tails of the horizon.
    """
    share = (noise.size / np.maximum(noise.size[-1], np.finfo(float).tiny)) ** 2
    with one_thread():
        root = np.linalg.cholesky(noise.correlation).T
        blocks = [
            _block(np.random.SeedSequence([seed, block]), root, share, noise.dof)
            for block in range(-(-draws // BLOCK))
        ]
    return np.concatenate(blocks, axis=1)[:, :draws]


def _block(
    seed: np.random.SeedSequence, root: np.ndarray, share: np.ndarray, dof: float
) -> np.ndarray:
    """Return the shocks of one block of draws, [moment, draw, company]."""
    horizon, way = (np.random.Generator(np.random.PCG64(own)) for own in seed.spawn(2))
    end = horizon.standard_normal((BLOCK, len(root))) @ root
    mixing = np.sqrt((dof - 2.0) / horizon.chisquare(dof, size=(BLOCK, 1)))
    found = np.empty((len(share), BLOCK, len(root)))
    for moment, reached in enumerate(_bridge(end, share, root, way)):
        bound = CUT * np.sqrt(share[moment])
        found[moment] = np.clip(reached * mixing, -bound, bound)
    return found


def _bridge(
    end: np.ndarray, share: np.ndarray, root: np.ndarray, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield standard normal shocks [draw, company] up to each step, given those at the ``end``.

    ``share`` of the horizon's variance, [step, company], rises to one. The stream is the bridge's
    own, so that the horizon's shocks are the same with and without it.
    """
    here, past = np.zeros_like(end), np.zeros_like(share[0])
    for now in share[:-1]:
        covered = (now - past) / np.maximum(1.0 - past, np.finfo(float).tiny)
        news = generator.standard_normal(end.shape) @ root
        here = here + covered * (end - here) + np.sqrt(covered * (1.0 - now)) * news
        past = now
        yield here
    yield end
