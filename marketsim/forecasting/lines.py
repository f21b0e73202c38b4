"""Series as each world has them: the model's growth in it, and a life of their own.

What is forecast of a series is the mean over worlds of what each says: a trend that has heard of
the growth of that world, and what the model does not explain. So the published distribution is that
of the worlds, and one in which the model grows faster has more of everything that follows it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from marketsim.ensemble.chunks import in_chunks

from .joint import Joint, coupled
from .structure import Growth

__all__ = ["Lines", "lived"]


@dataclass(frozen=True, eq=False)
class Lines:
    """Series to come, in logs, world by world.

    Attributes
    ----------
    mean
        Before any statement is heard, [series, horizon].
    gain
        By how much they rise with the model's growth, [series, horizon, horizon].
    centre
        The model's mean growth over worlds, [series, horizon]; zero where it has nothing.
    factor
        Of the covariance of what worlds do not explain, lower triangular, [entry, entry].
    joint
        All of it as one joint normal.
    """

    mean: np.ndarray
    gain: np.ndarray
    centre: np.ndarray
    factor: np.ndarray
    joint: Joint

    def logs(self, growth: np.ndarray, chance: np.ndarray, joint: Joint) -> np.ndarray:
        """Return the logs of the series in worlds, [world, series, horizon].

        Parameters
        ----------
        growth
            The model's since the last report, [world, series, horizon]; NaN where it has nothing.
        chance
            Standard normal numbers, [world, entry].
        joint
            That led on from ``joint``: its steps are taken.
        """
        turn, shift = joint.moves
        own = self.factor.T @ turn

        # Chunk by chunk: what BLAS does with a row hangs on how many there are.
        def of_some(index: np.ndarray) -> np.ndarray:
            apart = np.nan_to_num(growth[index] - self.centre)
            plain = self.mean + np.einsum("sij,wsj->wsi", self.gain, apart)
            worlds = plain.reshape(len(plain), -1) @ turn + chance[index] @ own + shift
            return np.asarray(worlds.reshape(plain.shape))

        return in_chunks(of_some, np.arange(len(growth)))


def lived(
    mean: np.ndarray,
    covariance: np.ndarray,
    gain: np.ndarray,
    model: Growth,
    correlation: np.ndarray,
) -> Lines:
    """Return series that share what worlds explain, and of the rest what is correlated.

    Parameters
    ----------
    mean, covariance
        Of each series alone, [series, horizon] and [series, horizon, horizon].
    gain
        By how much they rise with the model's growth, [series, horizon, horizon].
    model
        The growth of the same series in worlds.
    correlation
        Between what is new in series beyond it, positive definite, [series, series].
    """
    explained = np.einsum("sij,wsj->wsi", gain, model.deviation)
    by_series = explained.transpose(1, 0, 2)
    worlds = len(explained)
    left = covariance - by_series.swapaxes(1, 2) @ by_series / worlds
    own = coupled(mean, left, correlation)
    together = explained.reshape(worlds, -1)
    return Lines(
        mean=mean,
        gain=gain,
        centre=np.nan_to_num(model.paths.mean(axis=0)),
        factor=np.linalg.cholesky(own.covariance),
        joint=Joint(mean, own.covariance + together.T @ together / worlds),
    )
