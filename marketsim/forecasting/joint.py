"""One joint normal for the coming quarters of all series, in logs, and what it is told.

Entries run over series and, within each, over horizons: the entry of series i and horizon h, from
one, is i x horizons + h - 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

__all__ = ["Joint", "coupled"]


@dataclass(frozen=True, eq=False)
class Joint:
    """A joint normal.

    Attributes
    ----------
    mean
        [series, horizon].
    covariance
        [entry, entry].
    """

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """Variances, [series, horizon]."""
        return np.asarray(np.diagonal(self.covariance).reshape(self.mean.shape))

    def observed(self, direction: np.ndarray, value: float, variance: float) -> Joint:
        """Return it once a linear function of it is known up to an error: the update of Kalman.

        Parameters
        ----------
        direction
            Coefficients of the function, [entry].
        value, variance
            What was observed of it, and the variance of the error.
        """
        with_it = self.covariance @ direction
        known = direction @ with_it + variance
        return self._moved(with_it, (value - direction @ self.mean.ravel()) / known, 1.0 / known)

    def at_least(self, direction: np.ndarray, bound: float, variance: float) -> Joint:
        """Return it once a linear function of it, and an error, is known to exceed a bound.

        Mean and variance are those of the truncated normal: one step of assumed-density filtering.
        """
        with_it = self.covariance @ direction
        spread = np.sqrt(direction @ with_it + variance)
        short = (bound - direction @ self.mean.ravel()) / spread
        hazard = np.exp(norm.logpdf(short) - norm.logsf(short))
        return self._moved(with_it, hazard / spread, hazard * (hazard - short) / spread**2)

    def settled(self, entries: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> Joint:
        """Return it once some entries have distributions of their own, and the rest follows them.

        What is known of the rest given these entries stays (the rule of Jeffrey).

        Parameters
        ----------
        entries
            Their places, each once, [settled].
        mean, variance
            Of each, independent of one another, [settled].
        """
        gain = self.gain(entries)
        shift = gain @ (mean - self.mean.ravel()[entries])
        less = self.covariance[np.ix_(entries, entries)] - np.diag(variance)
        covariance = self.covariance - gain @ less @ gain.T
        return Joint(self.mean + shift.reshape(self.mean.shape), covariance)

    def gain(self, entries: np.ndarray) -> np.ndarray:
        """Return the regression of all entries on some, [entry, settled]."""
        among = self.covariance[np.ix_(entries, entries)]
        return np.asarray(np.linalg.solve(among, self.covariance[entries]).T)

    def _moved(self, with_it: np.ndarray, step: float, known: float) -> Joint:
        shift = (with_it * step).reshape(self.mean.shape)
        covariance = self.covariance - known * np.outer(with_it, with_it)
        return replace(self, mean=self.mean + shift, covariance=covariance)


def coupled(mean: np.ndarray, covariance: np.ndarray, correlation: np.ndarray) -> Joint:
    """Return series that move together: what is new in two of them at one horizon is correlated.

    Parameters
    ----------
    mean, covariance
        Of each series, [series, horizon] and [series, horizon, horizon].
    correlation
        Between the innovations of series, positive definite, [series, series].
    """
    series, horizons = mean.shape
    factor = np.linalg.cholesky(covariance)
    # Independent innovations, the same for every series but for what it makes of them.
    blocks = np.einsum("ij,iha,jka->ihjk", correlation, factor, factor)
    return Joint(mean, blocks.reshape(series * horizons, series * horizons))
