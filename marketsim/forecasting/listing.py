"""A forecast as a table: a row for each series and quarter."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.statements import Series

__all__ = ["COLUMNS", "QUANTILES", "as_text", "figure", "listed"]

QUANTILES: Final = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
COLUMNS: Final = (
    "ticker",
    "segment",
    "quantity",
    "entity",
    "quarter_end",
    "horizon",
    "unit",
    "mean",
    *(f"p{round(100 * q):02d}" for q in QUANTILES),
)


def listed(
    series: tuple[Series, ...], mean: np.ndarray, quantiles: np.ndarray, quarters: int
) -> pd.DataFrame:
    """Return rows of means and quantiles, [series, horizon] and [series, horizon, quantile]."""
    rows = [
        (
            s.ticker,
            s.segment,
            s.quantity,
            s.entity,
            end,
            h + 1,
            s.unit,
            mean[i, h],
            *quantiles[i, h],
        )
        for i, s in enumerate(series)
        for h, end in enumerate(s.ends(quarters))
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def as_text(table: pd.DataFrame) -> str:
    """Return rows of the table as text."""
    columns = ["quantity", "entity", "quarter_end", "unit", "p10", "p50", "p90"]
    return table[columns].to_string(index=False, float_format=figure)


def figure(x: float) -> str:
    """Return a figure to five digits, or as a whole number where it has more before the point."""
    return f"{x:,.5g}" if abs(x) < 99_999.5 else f"{x:,.0f}"
