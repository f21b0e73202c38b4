"""One joint normal for the coming quarters of all series, in logs, and what it is told.

Entries run over series and, within each, over horizons: the entry of series i and horizon h, from
one, is i x horizons + h - 1. Whatever is learnt is a step: some linear functions of the entries get
another mean and another spread, and the rest follows them. A step moves worlds too: each keeps its
rank among the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from scipy.stats import norm

__all__ = ["Joint", "Step", "coupled"]


@dataclass(frozen=True, eq=False)
class Step:
    """A change of what is known of some linear functions of the entries.

    Attributes
    ----------
    directions
        Coefficients of the functions, [function, entry].
    gain
        Regression of the entries on them, [entry, function].
    before, after
        Their means, [function].
    stretch
        What becomes of a deviation from the mean, [function, function].
    """

    directions: np.ndarray
    gain: np.ndarray
    before: np.ndarray
    after: np.ndarray
    stretch: np.ndarray

    @property
    def shift(self) -> np.ndarray:
        """Change of the means of the entries by function, [entry, function]."""
        return np.asarray(self.gain * (self.after - self.before))

    def taken(self, worlds: np.ndarray) -> np.ndarray:
        """Return worlds [world, entry] once they have taken the step."""
        deviation = worlds @ self.directions.T - self.before
        moved = self.after - self.before + deviation @ (self.stretch - np.eye(len(self.after))).T
        return np.asarray(worlds + moved @ self.gain.T)


@dataclass(frozen=True, eq=False)
class Joint:
    """A joint normal.

    Attributes
    ----------
    mean
        [series, horizon].
    covariance
        [entry, entry].
    steps
        Those that led here, in order.
    """

    mean: np.ndarray
    covariance: np.ndarray
    steps: tuple[Step, ...] = field(default=(), repr=False)

    @property
    def variance(self) -> np.ndarray:
        """Variances, [series, horizon]."""
        return np.asarray(np.diagonal(self.covariance).reshape(self.mean.shape))

    @cached_property
    def moves(self) -> tuple[np.ndarray, np.ndarray]:
        """What all steps together make of worlds [world, entry].

        A linear map that they are multiplied by, [entry, entry], and what is added, [entry].
        """
        start = np.zeros((1, self.mean.size))
        worlds = np.concatenate([start, np.eye(self.mean.size)])
        for step in self.steps:
            worlds = step.taken(worlds)
        return worlds[1:] - worlds[0], worlds[0]

    def observed(
        self,
        direction: np.ndarray,
        value: float,
        variance: float,
        within: np.ndarray | slice = slice(None),
    ) -> Joint:
        """Return it once a linear function of it is known up to an error: the update of Kalman.

        The entries ``within`` follow, the rest stays.

        Parameters
        ----------
        direction
            Coefficients of the function, [entry].
        value, variance
            What was observed of it, and the variance of the error.
        """
        spread, before = self._of(direction)
        weight = spread / (spread + variance)
        after = before + weight * (value - before)
        return self._along(direction, after, spread * (1.0 - weight), within)

    def at_least(
        self,
        direction: np.ndarray,
        bound: float,
        variance: float,
        within: np.ndarray | slice,
    ) -> Joint:
        """Return it once a linear function of it, and an error, is known to exceed a bound.

        Mean and variance are those of the truncated normal: one step of assumed-density filtering.
        The entries ``within`` follow, the rest stays.
        """
        spread, before = self._of(direction)
        whole = spread + variance
        short = (bound - before) / np.sqrt(whole)
        hazard = np.exp(norm.logpdf(short) - norm.logsf(short))
        after = before + spread * hazard / np.sqrt(whole)
        left = spread - spread**2 * hazard * (hazard - short) / whole
        return self._along(direction, after, left, within)

    def settled(
        self, entries: np.ndarray, mean: np.ndarray, variance: np.ndarray, within: np.ndarray
    ) -> Joint:
        """Return it once some entries have distributions of their own, and others follow them.

        What is known of those given these entries stays (the rule of Jeffrey).

        Parameters
        ----------
        entries
            Their places, each once, [settled].
        mean, variance
            Of each, independent of one another, [settled].
        within
            Places of all that follow, these entries among them, [followed]; the rest stays.
        """
        directions = np.eye(self.mean.size)[entries]
        return self._moved(directions, mean, np.diag(variance), within)

    def _of(self, direction: np.ndarray) -> tuple[float, float]:
        """Return variance and mean of a linear function."""
        return float(direction @ self.covariance @ direction), float(direction @ self.mean.ravel())

    def _along(
        self,
        direction: np.ndarray,
        mean: float,
        variance: float,
        within: np.ndarray | slice,
    ) -> Joint:
        return self._moved(direction[None], np.array([mean]), np.array([[variance]]), within)

    def _moved(
        self,
        directions: np.ndarray,
        mean: np.ndarray,
        covariance: np.ndarray,
        within: np.ndarray | slice = slice(None),
    ) -> Joint:
        """Return it once linear functions of the entries ``within`` have another distribution."""
        with_them = self.covariance @ directions.T
        among = directions @ with_them
        gain = np.zeros_like(with_them)
        gain[within] = np.linalg.solve(among, with_them[within].T).T
        before = directions @ self.mean.ravel()
        step = Step(directions, gain, before, mean, _transport(among, covariance))
        # Deviations take the step, from one side and from the other.
        turn, found = step.stretch - np.eye(len(mean)), self.covariance.copy()
        found[within] += gain[within] @ (turn @ (directions @ found))
        found[:, within] += (found @ directions.T @ turn.T) @ gain[within].T
        return Joint(
            mean=self.mean + step.shift.sum(axis=1).reshape(self.mean.shape),
            covariance=0.5 * (found + found.T),
            steps=(*self.steps, step),
        )


def _transport(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the symmetric map that takes a normal of covariance ``one`` to one of ``other``.

    Of all maps that do, it moves least (Knott and Smith 1984).
    """
    root = _root(one)
    inverse = np.linalg.inv(root)
    return np.asarray(inverse @ _root(root @ other @ root) @ inverse)


def _root(covariance: np.ndarray) -> np.ndarray:
    """Return the symmetric square root."""
    value, vector = np.linalg.eigh(0.5 * (covariance + covariance.T))
    return np.asarray((vector * np.sqrt(np.maximum(value, 0.0))) @ vector.T)


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
