"""Exponential smoothing, the naive forecaster that learns most: statsmodels', a little wider."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from marketsim.errors import InputError

from .history import YEAR, bridged, predictive, reported
from .predictive import FloatArray, Predictive

__all__ = ["exponential_smoothing", "has_statsmodels"]

ESTIMATED: Final = 10
"""Quarters from which exponential smoothing estimates the states it begins with."""


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
        If fewer than :data:`~marketsim.forecasting.history.MINIMUM` quarters were reported,
        `horizons` is below 1, or statsmodels is not installed (`available` says so beforehand).

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
    if not has_statsmodels():
        raise InputError(
            "exponential smoothing needs statsmodels; install it with: pip install marketsim[bench]"
        )
    y = bridged(reported(log_values, horizons))
    centre, unit = y.mean(), y.std()
    if unit < np.finfo(np.float64).eps * max(1.0, abs(centre)):
        return predictive(np.full(horizons, centre), np.zeros(horizons))
    # In its own unit, so that the optimiser's steps and tolerances mean the same for all series
    z = (y - centre) / unit
    with warnings.catch_warnings():
        # A form that does not converge has a poor likelihood, and is not chosen for it
        warnings.simplefilter("ignore")
        _ets()  # when first imported it puts filters of its own in front
        warnings.simplefilter("ignore")
        fits = [fit for form in _forms(len(z)) if (fit := _fit(z, form)) is not None]
        location, variance = _ahead(z, min(fits, key=lambda fit: fit.aicc), horizons)
    return predictive(centre + unit * location, unit * np.sqrt(variance))


class _Form(NamedTuple):
    trend: str | None
    damped: bool
    seasonal: str | None


class _Fit(NamedTuple):
    aicc: float
    model: Any
    params: FloatArray
    degrees: int


def has_statsmodels() -> bool:
    """Whether exponential smoothing can run here."""
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
