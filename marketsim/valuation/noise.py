"""Market noise: what returns do besides the worlds, with the tails and correlation of real ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from marketsim.precision import one_thread
from marketsim.prices import Prices
from marketsim.prices.statistics import nearest_correlation

__all__ = ["horizon_dof", "market_noise", "noise", "usual_volatility"]

PERSISTENCE: Final = 0.7
"""Share of a stock's distance in log volatility from the median that is still there a year on."""

LEAST_NOISE: Final = 0.5
"""Share of a stock's volatility that no world explains, at the least."""

LEAN: Final = 0.8
"""Rise of the log of volatility for a fall of the log of prices (Christie 1982, Bekaert and Wu
2000: near one for indices over months)."""

TRIED: Final = 1_000
SCALES: Final = np.linspace(0.5, 2.0, 16)

MOST_ALIKE: Final = 0.95
"""Correlation of the noise of two companies, at the most."""

CUT: Final = 4.0
"""Standardised shocks end here: an annual move past it has no observation behind it."""

BLOCK: Final = 250
"""Draws whose noise has a mean of exactly one, so that none of it is taken for expected return."""


def usual_volatility(prices: Prices, names: list[str]) -> np.ndarray:
    """Return each share's volatility of log returns in a usual year, [company].

    Shrunk to the median of all: what is left of a distance from it a year on.
    """
    own = prices.statistics.loc[names, "volatility"].to_numpy()
    return np.asarray(own**PERSISTENCE * np.median(own) ** (1.0 - PERSISTENCE))


def noise(
    explained: np.ndarray,
    volatility: np.ndarray,
    prices: Prices,
    names: list[str],
    moments: list[float],
    mood: np.ndarray,
    seed: int,
) -> np.ndarray:
    """Return factors on wealth that let worlds move as the market does, [moment, draw, company].

    Parameters
    ----------
    explained
        Covariance of log returns that worlds bring by each of the ``moments`` (years), [moment,
        company, company].
    volatility
        In a usual year, [company].
    prices
        Tails and correlation of the companies' ``names`` are taken from their statistics.
    mood
        What each world brings to companies on average, in logs, [draw]: markets are wilder where
        they fall (Black 1976).
    seed
        Of the stream.

    Notes
    -----
    Noise brings what worlds leave of the market's covariance, and never less than a quarter of its
    variance: worlds that move companies apart have noise that moves them together.
    """
    years = np.array(moments)[:, None]
    total = volatility**2 * years
    bought = np.diagonal(explained, axis1=1, axis2=2)
    steps = np.maximum(total - bought, LEAST_NOISE**2 * total)
    # Noise that has come does not go: never more of it at a step than at a later one.
    left = np.minimum.accumulate(steps[::-1])[::-1]
    market = prices.correlation.loc[names, names].to_numpy()
    size = np.sqrt(total[-1])
    missing = (np.outer(size, size) * market - explained[-1]) / np.sqrt(
        np.outer(left[-1], left[-1])
    )
    np.fill_diagonal(missing, 1.0)
    with one_thread():
        correlation = nearest_correlation(np.clip(missing, -MOST_ALIKE, MOST_ALIKE))
    dof = prices.statistics.loc[names, "dof"].fillna(5.0).to_numpy()
    freedom = horizon_dof(float(np.median(dof)), moments[-1])
    factors = market_noise(max(len(mood), TRIED), np.sqrt(left), correlation, freedom, seed)
    return np.stack([wilder(factor, np.exp(-LEAN * mood)) for factor in factors])


def wilder(factors: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return factors [draw, company] whose logs are ``scale`` [draw] times as wide, of mean one.

    What keeps the mean is found on the first :data:`TRIED` of them, at a few scales and between.
    """
    logs = np.log(factors)
    mean = np.log([np.exp(s * logs[:TRIED]).mean(axis=0) for s in SCALES])
    near = np.clip(scale, SCALES[0], SCALES[-1])
    place = (near - SCALES[0]) / (SCALES[1] - SCALES[0])
    low = np.minimum(place.astype(int), len(SCALES) - 2)
    part = (place - low)[:, None]
    middle = mean[low] * (1.0 - part) + mean[low + 1] * part
    return np.asarray(np.exp(near[:, None] * logs[: len(scale)] - middle))


def horizon_dof(daily: float, years: float) -> float:
    """Return Student-t degrees of freedom over a horizon, from those of daily returns.

    Sums of returns come closer to normal (aggregational Gaussianity, Cont 2001), but slowly, since
    volatility persists: excess kurtosis, 6 / (dof - 4), is taken to fall with the square root of
    the number of days.
    """
    kurtosis = 6.0 / max(daily - 4.0, 0.25)
    return 4.0 + 6.0 * math.sqrt(max(252.0 * years, 1.0)) / kurtosis


def market_noise(
    draws: int, volatility: np.ndarray, correlation: np.ndarray, dof: float, seed: int
) -> np.ndarray:
    """Return factors on wealth from the start to the end of each step, mean one.

    A multivariate Student t in logs: one mixing variable for all companies, so that bad years are
    bad together. Draws come in blocks of :data:`BLOCK`, each with a stream of its own and a mean of
    exactly one, so that a draw is the same whatever their number.

    Parameters
    ----------
    volatility
        Of log returns from the start to the end of each step, [step, company], never falling; the
        last step is the horizon.
    correlation
        [company, company], positive definite.
    dof
        Degrees of freedom over the horizon.

    Returns
    -------
    numpy.ndarray
        [step, draw, company]. The factors of the last step do not depend on the steps before.

    Notes
    -----
    What happens on the way is a Brownian bridge to the shock of the horizon, on the clock that
    ``volatility`` sets for each company. The horizon's mixing variable scales the whole path, so a
    wild year is wild throughout and each step has the tails of the horizon.
    """
    share = (volatility / np.maximum(volatility[-1], np.finfo(float).tiny)) ** 2
    with one_thread():
        root = np.linalg.cholesky(correlation).T
        blocks = [
            _block(np.random.SeedSequence([seed, block]), root, share, dof, volatility[-1])
            for block in range(-(-draws // BLOCK))
        ]
    return np.concatenate(blocks, axis=1)[:, :draws]


def _block(
    seed: np.random.SeedSequence,
    root: np.ndarray,
    share: np.ndarray,
    dof: float,
    volatility: np.ndarray,
) -> np.ndarray:
    """Return the factors of one block of draws, [step, draw, company]."""
    horizon, way = (np.random.Generator(np.random.PCG64(own)) for own in seed.spawn(2))
    end = horizon.standard_normal((BLOCK, len(root))) @ root
    mixing = np.sqrt((dof - 2.0) / horizon.chisquare(dof, size=(BLOCK, 1)))
    factors = np.empty((len(share), BLOCK, len(root)))
    for step, shocks in enumerate(_bridge(end, share, root, way)):
        bound = CUT * np.sqrt(share[step])
        wealth = np.exp(np.clip(shocks * mixing, -bound, bound) * volatility)
        factors[step] = wealth / wealth.mean(axis=0)
    return factors


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
