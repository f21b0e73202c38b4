"""The coming quarters of every series under its own trend: one joint normal each, in logs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from marketsim.precision import precise

from .form import SEES, SLOPE
from .trend import Trend

__all__ = ["Ahead", "ahead"]


@dataclass(frozen=True, eq=False)
class Ahead:
    """What trends say of figures to come, and of the growth of their levels.

    Attributes
    ----------
    location, covariance
        Of the logs of the figures that will be reported, [series, horizon] and [series, horizon,
        horizon].
    drift, drift_covariance
        Of the growth of the level since the last report; its covariance is what is not known of
        the slope.
    cross
        Covariance of the figures with the growth, [series, horizon, horizon].
    """

    location: np.ndarray
    covariance: np.ndarray
    drift: np.ndarray
    drift_covariance: np.ndarray
    cross: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """Variances of the logs, [series, horizon]."""
        return np.diagonal(self.covariance, axis1=1, axis2=2)


def ahead(trend: Trend, horizons: int) -> Ahead:
    """Return the joint distribution of the next ``horizons`` quarters of each series.

    Figures and growth are linear in the state at the last report and in what is new in it each
    quarter after; the latter is the same for all series but for their scales.
    """
    form, size = trend.form, len(SEES)
    with precise("float64"):
        move, changes = map(np.asarray, (form.transition, form.changes))
    state, grown = trend.state, np.zeros(len(trend.state))
    # Columns: the state at the last report, then what is new, quarter by quarter.
    now, slopes = np.zeros((size, size * (1 + horizons))), np.zeros(size * (1 + horizons))
    now[:, :size] = np.eye(size)
    sees, grows, location, drift = [], [], [], []
    for h in range(1, horizons + 1):
        slopes, grown = slopes + now[SLOPE], grown + state[:, SLOPE]
        now, state = move @ now, state @ move.T
        now[:, size * h : size * (h + 1)] = np.eye(size)
        sees.append(SEES @ now)
        grows.append(slopes)
        location.append(state @ SEES)
        drift.append(grown)
    seen, grow = np.array(sees), np.array(grows)
    new = np.kron(np.eye(horizons), changes)
    scale = trend.scale_squared[:, None, None]

    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        shared = a[:, size:] @ new @ b[:, size:].T
        return np.asarray(scale * (a[:, :size] @ trend.covariance @ b[:, :size].T + shared))

    return Ahead(
        location=np.stack(location, axis=1),
        covariance=between(seen, seen) + scale * form.noise * np.eye(horizons),
        drift=np.stack(drift, axis=1),
        drift_covariance=between(grow, grow),
        cross=between(seen, grow),
    )
