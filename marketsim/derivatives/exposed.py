"""What a portfolio hangs on an assumption by: what every holding adds, and which hedge."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["SOME", "against", "exposed"]

SOME: Final = 5e-4
"""Smaller weights, and trades, are none to a reader."""


def exposed(each: NDArray[np.float64], weights: pd.DataFrame) -> pd.DataFrame:
    """Return weights and what they add to exposure.

    Parameters
    ----------
    each
        Exposure of a unit of each, [ticker].
    weights
        Of portfolios, [ticker, portfolio].

    Returns
    -------
    DataFrame
        By ticker ``exposure``, of a unit; each portfolio's weights by its name; and what they add,
        ``adds_<name>``, which sums to the exposure of the portfolio.
    """
    adds = weights.mul(each, axis=0).add_prefix("adds_")
    found = pd.concat([weights, adds], axis=1).rename_axis("ticker")
    found.insert(0, "exposure", each)
    return found


def against(table: pd.DataFrame, name: str, whole: float) -> str:
    """Return who is held in a portfolio against an exposure ``whole``, the largest first.

    Parameters
    ----------
    table
        From `exposed`.
    name
        Of the portfolio.
    whole
        Exposure that is hedged: what is added with the other sign is a hedge.
    """
    adds = table[f"adds_{name}"][table[name].abs() > SOME]
    order = adds[adds * whole < 0.0].abs().sort_values(ascending=False, kind="stable").index
    return ", ".join(map(str, order))
