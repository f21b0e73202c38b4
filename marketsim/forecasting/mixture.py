"""The published mixture: what is forecast over all regimes, each with its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from marketsim.ensemble import lives_of, news_of
from marketsim.precision import one_thread
from marketsim.scenarios import Scenarios
from marketsim.statements import Series

from .joint import Joint
from .lines import Lines
from .predictive import Predictive
from .structure import DRAWS, LAG, Growth, followed_on, growth_of, pasts

__all__ = ["Mixture", "mixture"]

EIGHTY: Final = (0.1, 0.5, 0.9)
"""Levels of a median and the interval about it that scores count the coverage of."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """Figures to come, in their own units, over regimes.

    Attributes
    ----------
    worlds
        [world, series, horizon]: as many of each regime, one after the other.
    probabilities
        Of each world, [world]; over a regime they sum to its probability.
    plain
        Logs of the worlds without shift, one regime's, [world, series, horizon].
    """

    worlds: np.ndarray
    probabilities: np.ndarray
    plain: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """Means, [series, horizon]."""
        return np.asarray(np.tensordot(self.probabilities, self.worlds, axes=1))

    def quantiles(self, p: Sequence[float]) -> np.ndarray:
        """Return quantiles, [series, horizon, p]: the least figure that so much does not exceed."""
        order = np.argsort(self.worlds, axis=0, kind="stable")
        reached = np.cumsum(self.probabilities[order], axis=0)
        sorted_worlds = np.take_along_axis(self.worlds, order, axis=0)
        first = [np.argmax(reached >= level - 1e-12, axis=0) for level in p]
        found = [np.take_along_axis(sorted_worlds, place[None], axis=0)[0] for place in first]
        return np.stack(found, axis=-1)

    def logs(self, joint: Joint) -> Predictive:
        """Return normals of the logs with the same median and 80 % interval, [series, horizon].

        Those of ``joint``, changed as regimes change them in the same worlds: what is chance in
        these is in neither.

        Parameters
        ----------
        joint
            The forecast without shift that the worlds are drawn from.
        """
        quarters, equal = self.worlds.shape[2], np.full(len(self.plain), 1.0 / len(self.plain))
        plain = Mixture(np.exp(self.plain), equal, self.plain)
        (low, middle, high), before = (
            np.moveaxis(np.log(one.quantiles(EIGHTY)), -1, 0) for one in (self, plain)
        )
        location = joint.mean[:, :quarters] + middle - before[1]
        scale = np.sqrt(joint.variance[:, :quarters]) * (high - low) / (before[2] - before[0])
        return Predictive(location, scale)


def mixture(
    scenarios: Scenarios,
    series: tuple[Series, ...],
    plain: Growth,
    lines: Lines,
    joint: Joint,
    quarters: int,
    seed: int,
) -> Mixture:
    """Return worlds of every regime, which move series by as much as they move the model.

    Parameters
    ----------
    scenarios
        Regimes over the posterior.
    series
        Those of ``lines``.
    plain
        The growth that the forecast was made of, with the same seed.
    lines, joint
        What worlds without shift say, and what it has become once statements are heard.
    quarters
        How many to come.
    seed
        Of the worlds: those that the forecast is made of.
    """
    posterior, index = scenarios.posterior, np.arange(DRAWS)
    last = pasts(posterior, seed)
    news = news_of(last.coming, index, quarters + LAG, seed)
    chance = lives_of(index, joint.mean.size, seed)
    with one_thread():
        logs = lines.logs(plain.paths, chance, joint)[:, :, :quarters]

    def under(move: np.ndarray) -> np.ndarray:
        seen = followed_on(posterior, last, news, move=move)
        shift = _beyond(growth_of(posterior, seen, series, quarters), plain)
        return np.asarray(np.exp(logs + shift))

    worlds = [under(move) for move in scenarios.moves]
    odds = np.repeat(scenarios.probabilities / DRAWS, DRAWS)
    return Mixture(np.concatenate(worlds), odds, logs)


def _beyond(shifted: Growth, plain: Growth) -> np.ndarray:
    """Return by how much growth is more than without shift, none where the model has nothing."""
    quarters = shifted.paths.shape[2]
    return np.asarray(np.nan_to_num(shifted.paths - plain.paths[:, :, :quarters]))
