"""Reported figures in one currency."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["in_usd", "usd_per"]

EUR_USD: Final = 1.10
"""Average rate of 2018-2025; ASML alone reports in EUR."""


def usd_per(unit: str) -> float:
    """Return dollars in the currency of a unit of facts."""
    return EUR_USD if unit == "EUR m" else 1.0


def in_usd(rows: pd.DataFrame) -> np.ndarray:
    """Return the values of rows of facts in million USD, [row]."""
    return np.asarray(rows["value"].to_numpy() * rows["unit"].map(usd_per).to_numpy(dtype=float))
