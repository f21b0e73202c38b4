"""What the structural model says of each series: growth from its last report on, with uncertainty.

Worlds are drawn from the posterior, with the shocks of history, and run on with news of their own.
Only growth is read off them: what the model misses of a level, the report itself tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import jax
import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.ensemble import (
    Histories,
    ahead,
    assumptions_at,
    coordinates_of,
    histories,
    news_of,
)
from marketsim.model import Quarter
from marketsim.observables import CATALOGUE
from marketsim.observables.revenue import REVENUE
from marketsim.precision import Precision
from marketsim.statements import Series

__all__ = [
    "DRAWS",
    "LAG",
    "Growth",
    "ends_of",
    "followed",
    "followed_on",
    "growth",
    "growth_in",
    "growth_of",
    "levels_of",
    "pasts",
    "reader_of",
]

Reader = Callable[[Mapping[str, np.ndarray]], np.ndarray]
"""From what is followed of worlds, [world, quarter, ...], to logs [world, series, 1 + horizon]."""

FOLLOWED: Final = tuple(one for one in CATALOGUE if one.outlook is not None)
WORLDS: Final = {
    one.outlook.quantity: one.kind for one in FOLLOWED if one.outlook and not one.by_line
}
"""What of a modelled quarter each quantity follows; revenue follows its lines."""

DRAWS: Final = 1_000
LAG: Final = 4
"""Quarters by which a series' last report may lie before the window's end, and be forecast."""


@dataclass(frozen=True, eq=False)
class Growth:
    """Log growth since the last report in worlds, [world, series, horizon].

    NaN where the model has nothing that the series follows.
    """

    paths: np.ndarray

    @property
    def heard(self) -> np.ndarray:
        """Whether the model has what the series follows, [series]."""
        return np.asarray(~np.isnan(self.paths).any(axis=(0, 2)))

    @cached_property
    def median(self) -> np.ndarray:
        """Medians over worlds, [series, horizon]."""
        return np.asarray(np.median(self.paths, axis=0))

    @cached_property
    def deviation(self) -> np.ndarray:
        """Deviations from the mean over worlds, [world, series, horizon]; none if not followed."""
        return np.asarray(np.nan_to_num(self.paths - self.paths.mean(axis=0)))

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariances of each series' growth, [series, horizon, horizon]."""
        by_series = self.deviation.transpose(1, 0, 2)
        return np.asarray(by_series.swapaxes(1, 2) @ by_series / len(self.paths))


def growth(posterior: Posterior, series: tuple[Series, ...], horizons: int, seed: int) -> Growth:
    """Return the growth of ``series`` over the next ``horizons`` quarters of each.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`.
    series
        As known on the posterior's date.
    seed
        Of the draws.
    """
    return growth_of(posterior, _worlds(posterior, horizons + LAG, seed), series, horizons)


def growth_of(
    posterior: Posterior,
    worlds: Mapping[str, np.ndarray],
    series: tuple[Series, ...],
    horizons: int,
) -> Growth:
    """Return the growth of ``series`` in given worlds, as :func:`levels_of` takes them."""
    return growth_in(levels_of(posterior, worlds, series, horizons))


def growth_in(levels: np.ndarray) -> Growth:
    """Return the growth in the logs of levels, [world, series, 1 + horizon]."""
    return Growth(levels[:, :, 1:] - levels[:, :, :1])


def levels_of(
    posterior: Posterior,
    worlds: Mapping[str, np.ndarray],
    series: tuple[Series, ...],
    horizons: int,
) -> np.ndarray:
    """Return the logs of what the model has of ``series`` at their last reports and after.

    Parameters
    ----------
    worlds
        What is :func:`followed` of the window and the quarters after, [world, quarter, ...].

    Returns
    -------
    array [world, series, 1 + horizon]
        In the model's unit; NaN where it has nothing that a series follows.
    """
    return reader_of(posterior, series, horizons)(worlds)


def reader_of(posterior: Posterior, series: tuple[Series, ...], horizons: int) -> Reader:
    """Return what reads levels off worlds, as :func:`levels_of` returns them.

    What it takes to find their calendars and lines is done once, however many worlds are read.
    """
    kinds, known = [WORLDS.get(s.quantity) for s in series], posterior.revenue_map.series()
    # A segment that the revenue map does not know grows as its whole company.
    own = [known.get(s.entity, known.get(f"{s.ticker}.total")) for s in series]
    lines = np.stack([np.zeros(len(posterior.revenue_map.lines)) if x is None else x for x in own])
    at = [posterior.window.position(ends_of(s, horizons)) for s in series]

    def read(worlds: Mapping[str, np.ndarray]) -> np.ndarray:
        by_line = worlds[REVENUE.kind]
        revenue = lines @ by_line.swapaxes(1, 2)
        levels = np.full((len(by_line), len(series), 1 + horizons), np.nan)
        for i, kind in enumerate(kinds):
            if kind is not None or own[i] is not None:
                path = revenue[:, i] if kind is None else worlds[kind]
                levels[:, i] = np.log(_read(path, at[i]))
        return levels

    return read


def ends_of(series: Series, horizons: int) -> pd.DatetimeIndex:
    """Return the end of the last quarter reported and those of the coming ones."""
    return pd.DatetimeIndex([series.dates[-1], *series.ends(horizons)])


def _read(path: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Return paths [draw, quarter] at positions between quarters, [draw, position]."""
    position = np.clip(position, 0.0, path.shape[1] - 1.0)
    low = np.minimum(np.floor(position).astype(int), path.shape[1] - 2)
    part = position - low
    return np.asarray(path[:, low] * (1.0 - part) + path[:, low + 1] * part)


def _worlds(posterior: Posterior, quarters: int, seed: int) -> dict[str, np.ndarray]:
    """Return what is followed of the window and ``quarters`` beyond, [draw, quarter, ...].

    The draws are the first of those that ``simulate`` takes of the same seed.
    """
    last = pasts(posterior, seed)
    news = news_of(last.coming, np.arange(DRAWS), quarters, seed)
    return followed_on(posterior, last, news)


def pasts(posterior: Posterior, seed: int) -> Histories:
    """Return the histories of the worlds that growth is read off."""
    x = coordinates_of(np.arange(DRAWS), posterior.mode, posterior.covariance, seed)
    return histories(x, posterior.coordinates, posterior.setting, followed)


def followed_on(
    posterior: Posterior,
    last: Histories,
    news: np.ndarray,
    precision: Precision = "float64",
    move: np.ndarray | float = 0.0,
) -> dict[str, np.ndarray]:
    """Return what is :func:`followed` of histories and of how they go on, [world, quarter, ...].

    With a ``move`` of the linked coordinates [entry] from the decision date on.
    """
    values = assumptions_at(last.link + move, posterior.coordinates)
    seen = ahead(values, posterior.setting, last.state, news, followed, precision)
    both: dict[str, np.ndarray] = jax.tree.map(
        lambda *parts: np.concatenate(parts, axis=1, dtype=float), last.quarters, seen
    )
    return both


def followed(quarters: Quarter) -> dict[str, Any]:
    """Return what series follow, by kind of observable, [..., quarter, ...]."""
    return {one.kind: one.measure(quarters) for one in FOLLOWED}
