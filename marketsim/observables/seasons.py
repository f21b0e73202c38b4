"""Seasons of what companies report."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["seasons"]


def seasons(dates: pd.Series, values: np.ndarray) -> np.ndarray:
    """Return the seasonal factor of each observation, from ratios to a centred yearly mean.

    Median ratios by quarter of the year, normalised to a geometric mean of one; all ones for fewer
    than ten observations. Uses only the observations given.
    """
    count = len(values)
    if count < 10:
        return np.ones(count)
    log = np.log(values)
    kernel = np.array([0.125, 0.25, 0.25, 0.25, 0.125])
    ratio = log[2:-2] - np.convolve(log, kernel, mode="valid")
    # A quarter of 13 weeks may end a day or two into the next month (AMD, 1 April 2023).
    quarter = ((pd.DatetimeIndex(dates) - pd.Timedelta(days=7)).month.to_numpy() - 1) // 3
    inner = quarter[2:-2]
    factors = np.array(
        [np.median(ratio[inner == q]) if (inner == q).any() else 0.0 for q in range(4)]
    )
    # Shrink towards none, as there are few years of each quarter.
    years = count / 4.0
    return np.asarray(np.exp((factors - factors.mean()) * years / (years + 1.0))[quarter])
