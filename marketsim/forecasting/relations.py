"""Which series move together, beyond what trends and the model say: segments, and everything."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .panel import Panel
from .trend import Trend

__all__ = ["common", "correlation"]

WHOLE: Final = "total"

BEFOREHAND: Final = 0.05
YEARS: Final = 8.0
"""Correlation of two companies' surprises that is expected beforehand, and the years, one beginning
each quarter, that this counts as; judgement."""

MOST: Final = 0.5
"""Correlation that is never taken to be exceeded."""

TIGHT: Final = 0.9
"""Correlation of a segment with its whole that is never exceeded: recasts and roundings remain."""

YEAR: Final = 4
"""Quarters whose surprises are added up before they are compared."""

WILD: Final = 3.0
"""Standard deviations at which a surprise is cut."""


def correlation(panel: Panel, trend: Trend, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return the correlation of what is new in the series, positive definite, [series, series].

    A segment moves its company by its share of it; companies move together by as much as their
    surprises did on average: single pairs cannot be told from chance in thirty quarters.

    Parameters
    ----------
    panel, trend
        Of the same series.
    mean, variance
        Of the log of each series' next figure, [series].
    """
    root, loading = _segments(panel, mean, np.sqrt(variance))
    whole = root == np.arange(len(root))
    together = np.array([s.reported for s in panel.series])
    shared = np.outer(together, together) * common(trend, together & whole)
    np.fill_diagonal(shared, 1.0)
    found = np.outer(loading, loading) * shared[np.ix_(root, root)]
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def common(trend: Trend, chosen: np.ndarray) -> float:
    """Return the mean correlation between years of surprises of the ``chosen`` series [series].

    Of years, for what is common lasts: surprises of single quarters are half as correlated.
    """
    single = np.clip(trend.error / np.sqrt(trend.variance), -WILD, WILD)[chosen]
    surprise = sliding_window_view(single, YEAR, axis=1).sum(axis=2) / np.sqrt(YEAR)
    count = (~np.isnan(surprise)).sum(axis=0)
    total, squares = np.nansum(surprise, axis=0), np.nansum(surprise**2, axis=0)
    enough = count > 1
    pairs = count[enough] * (count[enough] - 1.0)
    means = (total[enough] ** 2 - squares[enough]) / pairs
    found = (means.sum() + YEARS * BEFOREHAND) / (len(means) + YEARS)
    return float(np.clip(found, 0.0, MOST))


def _segments(panel: Panel, mean: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return whose segment each series is, itself if it is whole, and its correlation with that.

    The log of a sum moves with that of a part by the part's share, if the rest stays.
    """
    place = {(s.quantity, s.entity): row for row, s in enumerate(panel.series)}
    root, loading = np.arange(len(panel.series)), np.ones(len(panel.series))
    for row, s in enumerate(panel.series):
        of = place.get((s.quantity, f"{s.ticker}.{WHOLE}"))
        if s.segment and of is not None and of != row:
            share = np.exp(min(0.0, mean[row] - mean[of]))
            root[row], loading[row] = of, min(TIGHT, share * spread[row] / spread[of])
    return root, loading
