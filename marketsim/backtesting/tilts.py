"""From scores to weights: equal weights leant towards what scores well, none above a cap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from marketsim.errors import InputError

__all__ = ["ROOM", "equally", "least_cap", "tilted"]

Array = npt.NDArray[np.float64]

ROOM: Final = 2.0
"""A cap on few tickers is no less than so many times their equal weight."""


def least_cap(cap: float, count: int) -> float:
    """Return a cap that so many tickers can keep to with room to choose: twice equal weight."""
    return min(max(cap, ROOM / count), 1.0)


def equally(tickers: Sequence[str]) -> pd.Series:
    """Return equal weights by ticker."""
    return pd.Series(1.0 / len(tickers), index=list(tickers))


def tilted(
    scores: Mapping[str, float] | pd.Series, strength: float = 1.0, cap: float = 0.15
) -> pd.Series:
    """Return weights in proportion to exp(strength z), z the normal score of each rank.

    Ranks alone count, so that no outlier takes all: of many tickers the best is held about
    exp(4 strength) times as much as the worst.

    Parameters
    ----------
    scores : by ticker
        Higher is better. Where one is missing (NaN) the ticker counts as in the middle.
    strength : float
        How far to lean; 0 is equal weights.
    cap : float
        On each weight; no less than twice equal weight.

    Returns
    -------
    Series, by ticker
        Summing to 1.

    Raises
    ------
    InputError
        There are no scores, or one is infinite.
    """
    given = pd.Series(scores, dtype=float)
    if given.empty or np.isinf(given).any():
        raise InputError("tilted: give a finite score for at least one ticker")
    places = given.rank() / (given.notna().sum() + 1.0)
    z = ndtri(places.fillna(0.5).to_numpy(float))
    raw = np.exp(strength * z)
    return pd.Series(_capped(raw / raw.sum(), least_cap(cap, len(given))), given.index)


def _capped(weights: Array, cap: float) -> Array:
    """Return weights none of which is above the cap; the others take what is cut, in proportion."""
    for _ in range(len(weights)):
        full = weights >= cap
        if full.all() or weights.max() <= cap * (1.0 + 1e-12):
            break
        room = 1.0 - cap * full.sum()
        rest = np.where(full, 0.0, weights)
        weights = np.where(full, cap, rest * room / rest.sum())
    result: Array = weights / weights.sum()
    return result
