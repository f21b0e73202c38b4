"""Which series move together, beyond what trends and the model say: segments, and everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from marketsim.knowledge import Knowledge

from .agreement import wholes_of
from .panel import Panel
from .trend import Trend

__all__ = ["common", "correlation", "layers_of"]

BEFOREHAND: Final = 0.05
YEARS: Final = 8.0
"""Correlation of two companies' surprises that is expected beforehand, and the years, one beginning
each quarter, that this counts as; judgement."""

LAYER_YEARS: Final = 16.0
"""Years that what all companies share counts as against what those of one layer do; judgement."""

MOST: Final = 0.5
"""Correlation of companies that is never taken to be exceeded."""

YEAR: Final = 4
"""Quarters whose surprises are added up before they are compared."""

WILD: Final = 3.0
"""Standard deviations at which a surprise is cut."""


def correlation(
    panel: Panel, trend: Trend, loading: np.ndarray, layers: Mapping[str, str]
) -> np.ndarray:
    """Return the correlation of what is new in the series, positive definite, [series, series].

    Companies move together by as much as their surprises did on average, those of one layer by as
    much more as the past shows, and segments through their companies: single pairs cannot be told
    from chance in thirty quarters.

    Parameters
    ----------
    panel, trend
        Of the same series.
    loading
        Correlation of each series with its company, [series] (`agreement.Parts.loading`).
    layers
        Layer of each company.
    """
    root = wholes_of(panel)
    whole = (root == np.arange(len(root))) & [s.reported for s in panel.series]
    every = common(trend, whole)
    shared = np.outer(whole, whole) * every
    for kin in _kin(panel, layers):
        together = whole & kin
        if together.sum() > 1:
            among = common(trend, together, expected=every, years=LAYER_YEARS)
            shared[np.ix_(together, together)] = max(every, among)
    np.fill_diagonal(shared, 1.0)
    found = np.outer(loading, loading) * shared[np.ix_(root, root)]
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def layers_of(knowledge: Knowledge) -> dict[str, str]:
    """Return the layer of each company."""
    layers = knowledge.universe.companies["layer"]
    return dict(zip(layers.index.astype(str), layers.astype(str), strict=True))


def _kin(panel: Panel, layers: Mapping[str, str]) -> Iterator[np.ndarray]:
    """Yield which series are of one kind, [series]: of one quantity and one layer."""
    kinds = np.array([f"{s.quantity} {layers.get(s.ticker, '')}" for s in panel.series])
    yield from (kinds == kind for kind in np.unique(kinds))


def common(
    trend: Trend, chosen: np.ndarray, expected: float = BEFOREHAND, years: float = YEARS
) -> float:
    """Return the mean correlation between years of surprises of the ``chosen`` series [series].

    Of years, for what is common lasts: surprises of single quarters are half as correlated. Shrunk
    to what is ``expected``, which counts as so many ``years``.
    """
    single = np.clip(trend.error / np.sqrt(trend.variance), -WILD, WILD)[chosen]
    surprise = sliding_window_view(single, YEAR, axis=1).sum(axis=2) / np.sqrt(YEAR)
    count = (~np.isnan(surprise)).sum(axis=0)
    total, squares = np.nansum(surprise, axis=0), np.nansum(surprise**2, axis=0)
    enough = count > 1
    pairs = count[enough] * (count[enough] - 1.0)
    means = (total[enough] ** 2 - squares[enough]) / pairs
    found = (means.sum() + years * expected) / (len(means) + years)
    return float(np.clip(found, 0.0, MOST))
