"""What the structural model says of each series: growth from its last report on, with uncertainty.

Worlds are drawn from the posterior, with the shocks of history, and run on with news of their own.
Only growth is read off them: what the model misses of a level, the report itself tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import jax
import numpy as np
import pandas as pd

from marketsim.calibration import Posterior
from marketsim.ensemble import ahead, assumptions_at, coordinates_of, histories, news_of
from marketsim.model import Quarter
from marketsim.observables import CATALOGUE
from marketsim.observables.revenue import REVENUE

from .panel import Series

__all__ = ["Growth", "growth"]

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
    """Log growth since the last report over worlds.

    Medians [series, horizon] and covariances [series, horizon, horizon]; NaN where the model has
    nothing that the series follows.
    """

    median: np.ndarray
    covariance: np.ndarray


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
    worlds = _worlds(posterior, horizons + LAG + 1, seed)
    median = np.full((len(series), horizons), np.nan)
    covariance = np.full((*median.shape, horizons), np.nan)
    for i, s in enumerate(series):
        path = _path(posterior, worlds, s)
        if path is not None:
            ends = pd.DatetimeIndex([s.dates[-1], *s.ends(horizons)])
            logs = np.log(_read(path, posterior.window.position(ends)))
            gained = logs[:, 1:] - logs[:, :1]
            median[i] = np.median(gained, axis=0)
            covariance[i] = np.cov(gained, rowvar=False, bias=True)
    return Growth(median, covariance)


def _path(posterior: Posterior, worlds: dict[str, np.ndarray], s: Series) -> np.ndarray | None:
    """Return what the model has of a series, [draw, quarter], in any unit.

    A segment that the revenue map does not know grows as its whole company.
    """
    if s.quantity in WORLDS:
        return worlds[WORLDS[s.quantity]]
    known = posterior.revenue_map.series()
    lines = known.get(s.entity, known.get(f"{s.ticker}.total"))
    return None if lines is None else worlds[REVENUE.kind] @ lines


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
    index = np.arange(DRAWS)
    x = coordinates_of(index, posterior.mode, posterior.covariance, seed)
    c, setting = posterior.coordinates, posterior.setting
    last = histories(x, c, setting, _followed)
    values, news = assumptions_at(last.link, c), news_of(index, quarters, seed)
    _, seen = ahead(values, setting, last.state, news, _followed)
    followed: dict[str, np.ndarray] = jax.tree.map(
        lambda *parts: np.concatenate(parts, axis=1), last.quarters, seen
    )
    return followed


def _followed(quarters: Quarter) -> dict[str, Any]:
    return {one.kind: one.measure(quarters) for one in FOLLOWED}
