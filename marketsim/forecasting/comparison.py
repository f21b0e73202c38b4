"""Whether one forecaster beats another by more than chance: the test of Diebold and Mariano."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr

from marketsim.errors import InputError

from .predictive import FloatArray

__all__ = ["DieboldMariano", "diebold_mariano"]


class DieboldMariano(NamedTuple):
    """Outcome of the test.

    Attributes
    ----------
    n
        Origins at which both were scored.
    difference
        Mean loss of the first less that of the second: below zero the first is better.
    statistic
        Of Harvey, Leybourne and Newbold, with the sign of the difference; NaN where the sample is
        too short for the horizon.
    p_value
        Two-sided, by Student's t with `n - 1` degrees of freedom.
    """

    n: int
    difference: float
    statistic: float
    p_value: float


def diebold_mariano(first: ArrayLike, second: ArrayLike, horizon: int) -> DieboldMariano:
    """Test whether two forecasters' losses are equal on average.

    Parameters
    ----------
    first, second : array [origin]
        Losses of the same outcomes at origins one quarter apart; NaN where there is none.
    horizon : int
        Quarters ahead. Errors of forecasts so far ahead overlap, so differences are taken to be
        correlated up to `horizon - 1` origins apart.

    Returns
    -------
    DieboldMariano
        Exchanging the forecasters changes the sign of difference and statistic, nothing else.

    Raises
    ------
    InputError
        If the losses are not two series of one length, or `horizon` is below 1.

    Notes
    -----
    Diebold and Mariano (1995), *Comparing predictive accuracy*, Journal of Business and Economic
    Statistics 13, 253-263: autocovariances up to `horizon - 1` with equal weights, and where the
    sum is not positive with the falling weights of Newey and West (1987). Harvey, Leybourne and
    Newbold (1997), *Testing the equality of prediction mean squared errors*, International Journal
    of Forecasting 13, 281-291: the factor for small samples, and Student's t. For one quarter
    ahead the statistic is that of the paired t test.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise InputError("diebold_mariano: give two series of losses of one length [origin]")
    if horizon < 1:
        raise InputError(f"diebold_mariano: horizon is {horizon}; give 1 or more quarters")
    apart = a - b
    n = int(np.isfinite(apart).sum())
    difference = float(np.nanmean(apart)) if n else np.nan
    factor = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n if n else 0.0
    if n < 2 or factor <= 0:
        return DieboldMariano(n, difference, np.nan, np.nan)
    if not np.nan_to_num(apart).any():
        return DieboldMariano(n, 0.0, 0.0, 1.0)
    variance = _variance_of_the_mean(apart - difference, horizon, n)
    if not variance > 0:
        return DieboldMariano(n, difference, np.nan, np.nan)
    statistic = float(np.sqrt(factor / variance) * difference)
    return DieboldMariano(n, difference, statistic, float(2.0 * stdtr(n - 1, -abs(statistic))))


def _variance_of_the_mean(deviations: FloatArray, horizon: int, n: int) -> float:
    """Return the long-run variance over n; products with a gap on either side count as nothing."""
    d = np.nan_to_num(deviations)
    lags = np.arange(1, min(horizon, len(d)))
    own = float(d @ d)
    cross = np.array([d[lag:] @ d[:-lag] for lag in lags])
    equal = own + 2.0 * cross.sum()
    falling = own + 2.0 * (cross * (1.0 - lags / horizon)).sum()
    return float(equal if equal > 0 else falling) / n**2
