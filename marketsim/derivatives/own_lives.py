"""What companies sell over what the model has of it, as worlds and chance move it: to first order.

Revenue begins at the last report in every world, so that a world whose history sold more than was
reported has companies that sell less than it says. The logs of revenue are linear in those of the
model's and in the companies' own chance, so that a straight line through the calibrated world is
exact in the second and good in the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.ensemble import COMING, histories
from marketsim.forecasting import Forecast
from marketsim.forecasting.projection import LONGEST
from marketsim.forecasting.structure import LAG, followed, followed_on
from marketsim.model import NEWS
from marketsim.precision import one_thread
from marketsim.simulation.lives import deviations

__all__ = ["OwnLives", "heard_ahead", "own_lives"]

FloatArray = NDArray[np.float64]

STEP: Final = 0.1
"""Standard deviations to either side over which the line is drawn."""


@dataclass(frozen=True, eq=False)
class OwnLives:
    """Log of companies' revenue over the model's, [quarter, company], and what moves it.

    ``middle`` of the calibrated world; by unknowns of the world, ``by_world`` [unknown, quarter,
    company], and by standard normal chance of the companies, ``by_chance`` [entry, ...].
    """

    middle: FloatArray
    by_world: FloatArray
    by_chance: FloatArray

    def at(self, world: FloatArray, chance: FloatArray) -> FloatArray:
        """Return it at unknowns [point, unknown] and chance [point, entry], [point, ...]."""
        moved = np.tensordot(world, self.by_world, 1) + np.tensordot(chance, self.by_chance, 1)
        return np.asarray(self.middle + moved)

    def back(self, slopes: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pull derivatives [point, quarter, company] back to unknowns and to chance."""
        by_world, by_chance = (
            np.tensordot(slopes, by, ((1, 2), (1, 2))) for by in (self.by_world, self.by_chance)
        )
        return by_world, by_chance


def heard_ahead(quarters: int) -> int:
    """Return how many quarters of the future worlds are told of, and companies hear of."""
    return max(quarters, LONGEST + LAG)


def own_lives(
    posterior: Posterior,
    forecast: Forecast,
    factor: FloatArray,
    quarters: int,
    columns: NDArray[np.int_],
) -> OwnLives:
    """Return the line through the calibrated world.

    Unknowns of the world are those of the posterior and the news of later quarters.

    Parameters
    ----------
    posterior, forecast
        Of one date.
    factor
        Of the posterior's covariance, lower triangular, [unknown, unknown].
    quarters
        Of the future.
    columns
        Positions of the companies wanted, [company].
    """
    link = partial(_deviations, posterior, forecast, quarters)
    entries, companies = forecast.joint.mean.size, len(posterior.companies)
    worlds = _worlds(posterior, factor, heard_ahead(quarters))
    calm = {name: path[:1] for name, path in worlds.items()}
    none = np.zeros((1, entries)), np.zeros((1, quarters, companies))
    middle = link(calm, *none)[:, :, columns]
    count = len(next(iter(worlds.values())))
    still = np.zeros((count, entries)), np.zeros((count, quarters, companies))
    around = link(worlds, *still)[1:, :, columns]
    up, down = np.split(around, 2)
    own = entries + quarters * companies
    units = np.eye(own)
    first, later = units[:, :entries], units[:, entries:].reshape(own, quarters, companies)
    tiled = {name: np.broadcast_to(path, (own, *path.shape[1:])) for name, path in calm.items()}
    by_chance = link(tiled, first, later)[:, :, columns] - middle
    return OwnLives(middle[0], (up - down) / (2.0 * STEP), by_chance)


def _deviations(
    posterior: Posterior,
    forecast: Forecast,
    quarters: int,
    worlds: dict[str, Any],
    chance: FloatArray,
    later: FloatArray,
) -> FloatArray:
    with one_thread():
        return deviations(posterior, forecast, worlds, chance, later, quarters).companies


def _worlds(posterior: Posterior, factor: FloatArray, reach: int) -> dict[str, Any]:
    """Return what series follow in the calibrated world and to both sides of it, unknown by one."""
    unknowns = len(factor)
    later = len(NEWS) * (reach - COMING)
    steps = STEP * np.eye(unknowns + later)
    moved = np.concatenate([np.zeros((1, len(steps))), steps, -steps])
    pasts = histories(
        posterior.mode + moved[:, :unknowns] @ factor.T,
        posterior.coordinates,
        posterior.setting,
        followed,
    )
    told = moved[:, unknowns:].reshape(len(moved), len(NEWS), reach - COMING)
    news = np.concatenate([pasts.coming, told], axis=2)
    return followed_on(posterior, pasts, news)
