"""Worlds that begin at the last report: what owners spend, as reported, then as it is forecast.

Worlds lie about what was reported of their past. Where the same is published and forecast company
by company, worlds take its reports, and go on from the last by as much as the forecast grows beyond
the model, so that two pages of one run say one thing of next year. After what is forecast they go
on as the model does.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.forecasting import Forecast
from marketsim.forecasting.structure import ends_of
from marketsim.observables.capital_spending import CAPITAL_SPENDING

__all__ = ["BUILT", "SPENDING", "begun"]

SPENDING: Final = "owners' capital spending"

BUILT: Final = "capital spending on AI", "capital spending on AI, five years"
"""What builders of sites pay: in what comes, that of the simulated worlds."""

YEAR: Final = 4
"""Quarters whose mean tells what stays of what a forecast has beyond the model."""

QUANTITY: Final = CAPITAL_SPENDING.quantities[0]

Floats = NDArray[np.float64]


def begun(path: Floats, posterior: Posterior, forecast: Forecast) -> Floats:
    """Return owners' capital spending of worlds with its reports and its forecast.

    Parameters
    ----------
    path
        Of the worlds, USD bn, [regime, world, quarter], over history and the future.
    posterior, forecast
        Of one date.

    Returns
    -------
    array [regime, world, quarter]
        As it is where the owners' spending is not reported together, or not forecast.
    """
    (report,) = CAPITAL_SPENDING.reports(posterior.knowledge)
    rows = report.rows[report.rows["date"].isin(posterior.window.history_ends)]
    series = {s.entity: i for i, s in enumerate(forecast.series) if s.quantity == QUANTITY}
    owners = [series.get(name) for name in posterior.knowledge.universe.group("owners")]
    if not len(rows) or None in owners:
        return path
    places = posterior.window.position(rows["date"]).round().astype(int)
    reported = CAPITAL_SPENDING.scale * rows["value"].to_numpy(dtype=float)
    found = path.copy()
    found[:, :, places] = reported
    last = int(places[-1])
    after = np.arange(last + 1, path.shape[2])
    beyond = _beyond(posterior, forecast, [row for row in owners if row is not None], after)
    ratio = reported[-1] / path[:, :, last : last + 1]
    found[:, :, after] = path[:, :, after] * ratio * np.exp(beyond)
    return found


def _beyond(
    posterior: Posterior, forecast: Forecast, rows: list[int], position: NDArray[np.int_]
) -> Floats:
    """Return by how much the log of the sum of series grows beyond the model, [position]."""
    logs, centre = forecast.logs.location[rows], forecast.lines.centre[rows]
    last = np.array([np.log(forecast.series[row].values[-1]) for row in rows])
    grown = np.logaddexp.reduce(logs, axis=0) - np.logaddexp.reduce(last)
    weight = np.exp(logs - np.logaddexp.reduce(logs, axis=0))
    found = grown - (weight * centre).sum(axis=0)
    at = posterior.window.position(ends_of(forecast.series[rows[0]], len(grown)))
    inside = np.interp(position, at, np.concatenate([[0.0], found]))
    return np.asarray(np.where(position > at[-1], found[-YEAR:].mean(), inside))
