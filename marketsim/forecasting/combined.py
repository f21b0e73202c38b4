"""Trends that have heard of the model's growth: in one world, and over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .agreement import Parts
from .ahead import Ahead
from .predictive import Predictive
from .structure import Growth

__all__ = ["Combined", "combine", "uncombined"]

DISCREPANCY: Final = 0.10
"""How far a series' growth over a year may lie from what the model's worlds span, as a standard
deviation of its log: shares move, products fail, prices of one vendor fall. Declared, not fitted:
the score of past forecasts is flat about it (from 0.10 to 0.20 it moves by 1.6 %)."""


@dataclass(frozen=True, eq=False)
class Combined:
    """What is expected of each series by itself.

    Attributes
    ----------
    mean, covariance
        Of logs, [series, horizon] and [series, horizon, horizon].
    gain
        By how much they rise from world to world with the model's growth, [series, horizon,
        horizon].
    weight
        By how much the mean rises for each log that the growth over worlds does in proportion to
        the horizon, [series, horizon].
    """

    mean: np.ndarray
    covariance: np.ndarray
    gain: np.ndarray
    weight: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """Variances of the logs, [series, horizon]."""
        return np.diagonal(self.covariance, axis1=1, axis2=2)

    @property
    def logs(self) -> Predictive:
        """Mean and standard deviation of logs."""
        return Predictive(self.mean, np.sqrt(self.variance))

    def agreed(self, parts: Parts) -> Combined:
        """Return it with wholes and parts that agree."""
        mean = parts.agreed(self.mean, self.variance)
        held = parts.held(mean, self.variance)[:, :, None]
        covariance = held * self.covariance * held.swapaxes(1, 2)
        return Combined(mean, covariance, held * self.gain, self.weight)


def uncombined(own: Ahead) -> Combined:
    """Return trends that have heard of no model."""
    return Combined(own.location, own.covariance, 0.0 * own.cross, 0.0 * own.location)


def combine(own: Ahead, model: Growth, discrepancy: float = DISCREPANCY) -> Combined:
    """Return trends that have heard of the model's growth.

    In one world the model's growth is an observation of the level's, up to the discrepancy: the
    update is Kalman's. Over worlds it is one whose variance they add, which decides how far the
    mean is moved. The worlds are as wide as they are: they were drawn by the same past as trends
    are, which cannot narrow them again.

    Parameters
    ----------
    own, model
        Of the same series and horizons.
    discrepancy
        Standard deviation over a year of a series' growth about that of a world of the model's; one
        rate is wrong, so that errors at two horizons are the same in proportion.
    """
    years = np.arange(1, own.location.shape[1] + 1) / 4.0
    found, heard = uncombined(own), model.heard
    mean, covariance, gain, weight = (
        x.copy() for x in (found.mean, found.covariance, found.gain, found.weight)
    )
    worlds, cross = model.covariance[heard], own.cross[heard].swapaxes(1, 2)
    doubt = own.drift_covariance[heard] + discrepancy**2 * np.outer(years, years)
    # cross doubt^-1, both symmetric
    within = np.linalg.solve(doubt, cross).swapaxes(1, 2)
    over = np.linalg.solve(doubt + worlds, cross).swapaxes(1, 2)
    surprise = model.median[heard] - own.drift[heard]
    mean[heard] += np.einsum("sij,sj->si", over, surprise)
    covariance[heard] += within @ (worlds @ within.swapaxes(1, 2) - cross)
    gain[heard], weight[heard] = within, over @ years / years
    return Combined(mean, covariance, gain, weight)
