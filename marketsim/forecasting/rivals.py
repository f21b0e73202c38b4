"""Naive forecasters, fitted to the same vintage of one series: what a model has to beat.

Each takes the logarithms of one series quarter by quarter, NaN where nothing was reported, and
gives a lognormal for each of the quarters after the last reported one. Quarters before the first
report and after the last are dropped, so horizon 1 is the quarter after the last report. Fewer
than :data:`MINIMUM` reports are too few, for all alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from .history import MINIMUM, YEAR, bridged, predictive, reported
from .predictive import Predictive
from .smoothing import exponential_smoothing, has_statsmodels

__all__ = [
    "MINIMUM",
    "RIVALS",
    "Rival",
    "available",
    "exponential_smoothing",
    "log_linear_trend",
    "random_walk",
    "seasonal_random_walk",
]

Rival = Callable[[ArrayLike, int], Predictive]

RECENT: Final = 8
"""Changes the random walk takes its drift from, and reports the trend is drawn through."""


def seasonal_random_walk(log_values: ArrayLike, horizons: int) -> Predictive:
    """Last year's quarter again, plus the mean change from year to year.

    Parameters
    ----------
    log_values : array [quarter]
        Natural logarithms, NaN where nothing was reported.
    horizons : int
        Quarters after the last reported one.

    Returns
    -------
    Predictive [horizon]
        The scale is that of the seasonal differences, with the error of their mean. Beyond a year
        the step repeats: after `k` years `k` innovations and `k` times the drift's error.

    Raises
    ------
    InputError
        If fewer than :data:`MINIMUM` quarters were reported, or `horizons` is below 1.

    Notes
    -----
    Hyndman and Athanasopoulos, *Forecasting: principles and practice*, 3rd edition, section 5.2:
    the seasonal naive method and the drift method, together. Differences are taken where both
    quarters were reported; a gap in the last year is bridged by a straight line.
    """
    y = reported(log_values, horizons)
    whole = bridged(y)
    change = y[YEAR:] - y[:-YEAR]
    change = change[np.isfinite(change)]
    if len(change) < 2:
        change = whole[YEAR:] - whole[:-YEAR]
    years = 1 + np.arange(horizons) // YEAR
    last = whole[len(y) - YEAR + np.arange(horizons) % YEAR]
    spread = change.std(ddof=1) * np.sqrt(years + years**2 / len(change))
    return predictive(last + years * change.mean(), spread)


def random_walk(log_values: ArrayLike, horizons: int) -> Predictive:
    """The last report, plus the mean change of the last eight quarters for each quarter ahead.

    Parameters
    ----------
    log_values : array [quarter]
        Natural logarithms, NaN where nothing was reported.
    horizons : int
        Quarters after the last reported one.

    Returns
    -------
    Predictive [horizon]
        The scale is that of these changes, one for each quarter ahead, with the error of their
        mean. It knows no seasons.

    Raises
    ------
    InputError
        If fewer than :data:`MINIMUM` quarters were reported, or `horizons` is below 1.

    Notes
    -----
    Hyndman and Athanasopoulos, *Forecasting: principles and practice*, 3rd edition, section 5.2,
    the drift method, and 5.5, its standard deviation. Changes are taken where both quarters were
    reported, or where fewer than two were along straight lines over the gaps.
    """
    y = reported(log_values, horizons)
    change = np.diff(y)[-RECENT:]
    change = change[np.isfinite(change)]
    if len(change) < 2:
        change = np.diff(bridged(y))[-RECENT:]
    ahead = 1 + np.arange(horizons)
    spread = change.std(ddof=1) * np.sqrt(ahead + ahead**2 / len(change))
    return predictive(y[-1] + ahead * change.mean(), spread)


def log_linear_trend(log_values: ArrayLike, horizons: int) -> Predictive:
    """A straight line through the last eight reports, drawn on.

    Parameters
    ----------
    log_values : array [quarter]
        Natural logarithms, NaN where nothing was reported.
    horizons : int
        Quarters after the last reported one.

    Returns
    -------
    Predictive [horizon]
        The scale is the prediction error of regression: the residuals' own, and that of the line.

    Raises
    ------
    InputError
        If fewer than :data:`MINIMUM` quarters were reported, or `horizons` is below 1.
    """
    y = reported(log_values, horizons)
    when = np.flatnonzero(np.isfinite(y))[-RECENT:]
    n, middle = len(when), when.mean()
    design = np.column_stack([np.ones(n), when - middle])
    line, *_ = np.linalg.lstsq(design, y[when], rcond=None)
    residual = y[when] - design @ line
    ahead = len(y) + np.arange(horizons) - middle
    leverage = 1.0 / n + ahead**2 / ((when - middle) ** 2).sum()
    spread = np.sqrt((residual @ residual) / (n - 2) * (1.0 + leverage))
    return predictive(line[0] + line[1] * ahead, spread)


RIVALS: Final[Mapping[str, Rival]] = MappingProxyType(
    {
        "seasonal random walk with drift": seasonal_random_walk,
        "random walk with drift": random_walk,
        "log-linear trend": log_linear_trend,
        "exponential smoothing": exponential_smoothing,
    }
)
"""All by name, in the order tables show them."""


def available() -> dict[str, Rival]:
    """The rivals that can run here: without statsmodels, exponential smoothing is left out.

    Returns
    -------
    dict
        Rivals by name. Whoever reports scores says which of :data:`RIVALS` are not among them.
    """
    known = dict(RIVALS)
    if not has_statsmodels():
        del known["exponential smoothing"]
    return known
