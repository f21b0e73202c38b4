"""What a forecaster says of a figure not yet reported: a lognormal, by its logarithm.

Scores of the logarithm count relative errors, so a series in billions weighs no more than one in
millions; the score of the figure itself is there for those who think in dollars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from marketsim.errors import InputError

__all__ = ["Predictive"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Predictive:
    """Lognormal predictive distributions, any number of them.

    Parameters
    ----------
    location : array [...]
        Means of the natural logarithm of the figure.
    scale : array [...]
        Its standard deviations, above zero, of the same shape.

    Raises
    ------
    InputError
        If the shapes differ, or a location is not finite, or a scale not finite and above zero.
    """

    location: FloatArray
    scale: FloatArray

    def __post_init__(self) -> None:
        location, scale = _own(self.location), _own(self.scale)
        if location.shape != scale.shape:
            raise InputError(
                f"Predictive: location has shape {location.shape} and scale {scale.shape}; "
                "give arrays of one shape"
            )
        if not np.isfinite(location).all():
            raise InputError("Predictive: a location is not finite; leave such a forecast out")
        if not (np.isfinite(scale) & (scale > 0)).all():
            raise InputError("Predictive: a scale is not a number above 0")
        object.__setattr__(self, "location", location)
        object.__setattr__(self, "scale", scale)

    def mean(self) -> FloatArray:
        """Means of the figure, in its unit [...]."""
        return np.asarray(np.exp(self.location + 0.5 * self.scale**2))

    def quantile(self, p: ArrayLike) -> FloatArray:
        """Quantiles of the figure, in its unit.

        Parameters
        ----------
        p : float or array [k]
            Probabilities between 0 and 1, both left out.

        Returns
        -------
        array [...] or [..., k]
            Several probabilities stand on a last axis of their own.

        Raises
        ------
        InputError
            If a probability is not between 0 and 1.
        """
        z = ndtri(_inside(p, "quantile: p"))
        log = self.location.reshape(self.location.shape + (1,) * z.ndim)
        spread = self.scale.reshape(log.shape)
        return np.asarray(np.exp(log + spread * z))

    def crps(self, log_value: ArrayLike) -> FloatArray:
        """Continuous ranked probability score of the logarithm; smaller is better, in logs.

        Parameters
        ----------
        log_value : array [...]
            Logarithm of what was reported; NaN gives NaN.

        Notes
        -----
        Normal distribution: Gneiting, Raftery, Westveld and Goldman (2005), *Calibrated
        probabilistic forecasting using ensemble model output statistics and minimum CRPS
        estimation*, Monthly Weather Review 133, 1098-1118.
        """
        z = self._standard(log_value)
        density = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
        return np.asarray(
            self.scale * (z * (2.0 * ndtr(z) - 1.0) + 2.0 * density - 1.0 / np.sqrt(np.pi))
        )

    def crps_level(self, value: ArrayLike) -> FloatArray:
        """Continuous ranked probability score of the figure itself, in its unit.

        Parameters
        ----------
        value : array [...]
            What was reported, in its unit, above zero.

        Raises
        ------
        InputError
            If a value is zero or below.

        Notes
        -----
        Lognormal distribution: Baran and Lerch (2015), *Log-normal distribution based ensemble
        model output statistics models for probabilistic wind-speed forecasting*, Quarterly
        Journal of the Royal Meteorological Society 141, 2289-2299.
        """
        x = np.asarray(value, dtype=np.float64)
        if (x <= 0).any():
            raise InputError("crps_level: a value is zero or below; a lognormal is above zero")
        z = self._standard(np.log(x))
        tails = ndtr(z - self.scale) + ndtr(self.scale / np.sqrt(2.0)) - 1.0
        return np.asarray(x * (2.0 * ndtr(z) - 1.0) - 2.0 * self.mean() * tails)

    def covers(self, log_value: ArrayLike, mass: float = 0.8) -> NDArray[np.bool_]:
        """Whether the central interval of this mass holds what was reported [...].

        Parameters
        ----------
        log_value : array [...]
            Logarithm of what was reported; NaN is in no interval.
        mass : float, optional
            Probability of the interval, between 0 and 1.

        Raises
        ------
        InputError
            If the mass is not between 0 and 1.
        """
        inside = 0.5 + 0.5 * float(_inside(mass, "covers: mass"))
        return np.asarray(np.abs(self._standard(log_value)) <= ndtri(inside))

    def pit(self, log_value: ArrayLike) -> FloatArray:
        """Probability integral transform: the probability given to less than this [...].

        Uniform between 0 and 1 when the forecaster is calibrated; the same for the figure as for
        its logarithm.
        """
        return np.asarray(ndtr(self._standard(log_value)))

    def _standard(self, log_value: ArrayLike) -> FloatArray:
        return np.asarray((np.asarray(log_value, np.float64) - self.location) / self.scale)


def _own(values: ArrayLike) -> FloatArray:
    copy = np.array(values, dtype=np.float64)
    copy.setflags(write=False)
    return copy


def _inside(p: ArrayLike, what: str) -> FloatArray:
    values = np.asarray(p, dtype=np.float64)
    if not ((values > 0) & (values < 1)).all():
        raise InputError(f"{what} is {p!r}; it must lie between 0 and 1, both left out")
    return values
