"""Market noise: what returns do besides the worlds, with the tails and correlation of real ones."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

__all__ = ["horizon_dof", "market_noise"]

CUT: Final = 4.0
"""Standardised shocks end here: an annual move past it has no observation behind it."""


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
    """Return factors on wealth, mean one, [draw, company].

    A multivariate Student t in logs: one mixing variable for all companies, so that bad years are
    bad together.

    Parameters
    ----------
    volatility
        Of log returns over the horizon, [company].
    correlation
        [company, company], positive definite.
    dof
        Degrees of freedom over the horizon.
    """
    generator = np.random.Generator(np.random.PCG64([seed, 0x6D61726B]))
    normal = generator.standard_normal((draws, len(volatility)))
    shocks = normal @ np.linalg.cholesky(correlation).T
    mixing = np.sqrt(dof / generator.chisquare(dof, size=(draws, 1)))
    scaled = np.clip(shocks * mixing * np.sqrt((dof - 2.0) / dof), -CUT, CUT)
    factors = np.exp(scaled * volatility)
    return np.asarray(factors / factors.mean(axis=0))
