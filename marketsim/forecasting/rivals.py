"""Naive forecasters, fitted to the same vintage of one series: what a model has to beat.

Each takes the logarithms of one series quarter by quarter, NaN where nothing was reported, and
gives a lognormal for each of the quarters after the last reported one. Quarters before the first
report and after the last are dropped, so horizon 1 is the quarter after the last report. Fewer
than :data:`MINIMUM` reports are too few, for all three alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from marketsim.errors import InputError

from .predictive import FloatArray, Predictive

__all__ = [
    "MINIMUM",
    "RIVALS",
    "available",
    "exponential_smoothing",
    "log_linear_trend",
    "seasonal_random_walk",
]

Rival = Callable[[ArrayLike, int], Predictive]

MINIMUM: Final = 6
"""Reports a rival needs: two seasonal differences, four degrees of freedom about a line."""

FLOOR: Final = 1e-3
"""Smallest standard deviation of a log: nobody knows a figure to a tenth of a percent."""

YEAR: Final = 4
"""Quarters."""

TREND_QUARTERS: Final = 8
"""Reports the trend is drawn through."""

ESTIMATED: Final = 10
"""Quarters from which exponential smoothing estimates the states it begins with."""


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
    y = _reported(log_values, horizons)
    bridged = _bridged(y)
    change = y[YEAR:] - y[:-YEAR]
    change = change[np.isfinite(change)]
    if len(change) < 2:
        change = bridged[YEAR:] - bridged[:-YEAR]
    years = 1 + np.arange(horizons) // YEAR
    last = bridged[len(y) - YEAR + np.arange(horizons) % YEAR]
    spread = change.std(ddof=1) * np.sqrt(years + years**2 / len(change))
    return _predictive(last + years * change.mean(), spread)


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
    y = _reported(log_values, horizons)
    when = np.flatnonzero(np.isfinite(y))[-TREND_QUARTERS:]
    n, middle = len(when), when.mean()
    design = np.column_stack([np.ones(n), when - middle])
    line, *_ = np.linalg.lstsq(design, y[when], rcond=None)
    residual = y[when] - design @ line
    ahead = len(y) + np.arange(horizons) - middle
    leverage = 1.0 / n + ahead**2 / ((when - middle) ** 2).sum()
    spread = np.sqrt((residual @ residual) / (n - 2) * (1.0 + leverage))
    return _predictive(line[0] + line[1] * ahead, spread)


def exponential_smoothing(log_values: ArrayLike, horizons: int) -> Predictive:
    """The state-space exponential smoothing that AICc likes best.

    Parameters
    ----------
    log_values : array [quarter]
        Natural logarithms, NaN where nothing was reported.
    horizons : int
        Quarters after the last reported one.

    Returns
    -------
    Predictive [horizon]
        Analytic mean and variance.

    Raises
    ------
    InputError
        If fewer than :data:`MINIMUM` quarters were reported, `horizons` is below 1, or
        statsmodels is not installed (`available` says so beforehand).

    Notes
    -----
    Errors are additive; the trend is none, additive or damped, and from three years on the season
    none or additive. Hyndman, Koehler, Ord and Snyder (2008), *Forecasting with exponential
    smoothing: the state space approach*. Gaps are bridged by a straight line.

    Below :data:`ESTIMATED` quarters level and slope begin at the first report and at the mean
    change; estimated from so few, AICc would never allow a trend.

    The variance of the innovations is divided by what the parameters leave of the observations;
    statsmodels divides by their number, and its intervals are too narrow for short series.
    """
    if not _has_statsmodels():
        raise InputError(
            "exponential smoothing needs statsmodels; install it with: pip install marketsim[bench]"
        )
    y = _bridged(_reported(log_values, horizons))
    centre, unit = y.mean(), y.std()
    if unit < np.finfo(np.float64).eps * max(1.0, abs(centre)):
        return _predictive(np.full(horizons, centre), np.zeros(horizons))
    # In its own unit, so that the optimiser's steps and tolerances mean the same for all series
    z = (y - centre) / unit
    with warnings.catch_warnings():
        # A form that does not converge has a poor likelihood, and is not chosen for it
        warnings.simplefilter("ignore")
        _ets()  # when first imported it puts filters of its own in front
        warnings.simplefilter("ignore")
        fits = [fit for form in _forms(len(z)) if (fit := _fit(z, form)) is not None]
        location, variance = _ahead(z, min(fits, key=lambda fit: fit.aicc), horizons)
    return _predictive(centre + unit * location, unit * np.sqrt(variance))


RIVALS: Final[Mapping[str, Rival]] = MappingProxyType(
    {
        "seasonal random walk with drift": seasonal_random_walk,
        "log-linear trend": log_linear_trend,
        "exponential smoothing": exponential_smoothing,
    }
)
"""All three by name, in the order tables show them."""


def available() -> dict[str, Rival]:
    """The rivals that can run here: without statsmodels, exponential smoothing is left out.

    Returns
    -------
    dict
        Rivals by name. Whoever reports scores says which of :data:`RIVALS` are not among them.
    """
    known = dict(RIVALS)
    if not _has_statsmodels():
        del known["exponential smoothing"]
    return known


class _Form(NamedTuple):
    trend: str | None
    damped: bool
    seasonal: str | None


class _Fit(NamedTuple):
    aicc: float
    model: Any
    params: FloatArray
    degrees: int


def _has_statsmodels() -> bool:
    return find_spec("statsmodels") is not None


def _ets() -> Any:
    import statsmodels.tsa.exponential_smoothing.ets as ets

    return ets


def _forms(n: int) -> list[_Form]:
    seasons = (None, "add") if n >= 3 * YEAR else (None,)
    trends = ((None, False), ("add", False), ("add", True))
    return [_Form(trend, damped, season) for season in seasons for trend, damped in trends]


def _fit(z: FloatArray, form: _Form) -> _Fit | None:
    """Fit one form; None where the parameters leave AICc undefined."""
    model = _ets().ETSModel(
        pd.Series(z),  # statsmodels predicts from a Series alone
        error="add",
        trend=form.trend,
        damped_trend=form.damped,
        seasonal=form.seasonal,
        seasonal_periods=YEAR if form.seasonal else None,
        **_start(z, form),
    )
    # The seasons start with one state more than is free: statsmodels holds the last at zero
    free = model.k_params - (form.seasonal is not None)
    n, k = len(z), free + 1
    if n - k - 1 <= 0:
        return None
    params = np.asarray(model.fit(disp=False, return_params=True), np.float64)
    fitted, _ = model.smooth(params, return_raw=True)
    # Below a ten-thousandth of the series' own spread all fits are perfect; the simplest wins
    square = max(float(np.mean((z - fitted) ** 2)), 1e-8)
    aicc = n * (np.log(2.0 * np.pi * square) + 1.0) + 2.0 * k * n / (n - k - 1)
    read_off = 0 if n >= ESTIMATED else 1 + (form.trend is not None)
    return _Fit(aicc, model, params, n - free - read_off)


def _start(z: FloatArray, form: _Form) -> dict[str, Any]:
    """Return how the states begin: estimated, or where a series is short read off it."""
    if len(z) >= ESTIMATED:
        return {"initialization_method": "estimated"}
    slope = float(z[-1] - z[0]) / (len(z) - 1) if form.trend else 0.0
    known = {"initial_level": float(z[0]) - slope, "initial_trend": slope}
    return {"initialization_method": "known", **known}


def _ahead(z: FloatArray, best: _Fit, horizons: int) -> tuple[FloatArray, FloatArray]:
    n = len(z)
    coming = best.model.smooth(best.params).get_prediction(start=n, end=n + horizons - 1)
    variance = np.asarray(coming.forecast_variance, np.float64) * n / best.degrees
    return np.asarray(coming.predicted_mean, np.float64), variance


def _reported(log_values: ArrayLike, horizons: int) -> FloatArray:
    """Return the series from its first report to its last."""
    y = np.asarray(log_values, dtype=np.float64)
    if y.ndim != 1 or np.isinf(y).any():
        raise InputError("a rival takes one series of logarithms [quarter], NaN where not reported")
    if horizons < 1:
        raise InputError(f"horizons is {horizons}; give 1 or more quarters")
    there = np.flatnonzero(np.isfinite(y))
    if len(there) < MINIMUM:
        raise InputError(
            f"{len(there)} quarters were reported; a rival needs {MINIMUM}, so leave the series out"
        )
    return y[there[0] : there[-1] + 1]


def _bridged(y: FloatArray) -> FloatArray:
    quarters, there = np.arange(len(y)), np.isfinite(y)
    return np.interp(quarters, quarters[there], y[there])


def _predictive(location: FloatArray, spread: FloatArray) -> Predictive:
    return Predictive(location, np.maximum(spread, FLOOR))
