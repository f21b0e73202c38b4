"""The past of one series, as a naive forecaster takes it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from marketsim.errors import InputError

from .predictive import FloatArray, Predictive

__all__ = ["FLOOR", "MINIMUM", "YEAR", "bridged", "predictive", "reported"]

MINIMUM: Final = 6
"""Reports a rival needs: two seasonal differences, four degrees of freedom about a line."""

FLOOR: Final = 1e-3
"""Smallest standard deviation of a log: nobody knows a figure to a tenth of a percent."""

YEAR: Final = 4
"""Quarters."""


def reported(log_values: ArrayLike, horizons: int) -> FloatArray:
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


def bridged(y: FloatArray) -> FloatArray:
    """Return a series with straight lines where nothing was reported."""
    quarters, there = np.arange(len(y)), np.isfinite(y)
    return np.interp(quarters, quarters[there], y[there])


def predictive(location: FloatArray, spread: FloatArray) -> Predictive:
    """Return a forecast of these standard deviations, or the smallest."""
    return Predictive(location, np.maximum(spread, FLOOR))
