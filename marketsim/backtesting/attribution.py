"""Where wealth came from: gains by company, layer and year, what cash earned and trading cost."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

__all__ = ["by_layer", "by_year"]

UNKNOWN = "no layer known"


def by_layer(gains: pd.DataFrame, layers: Mapping[str, str]) -> pd.Series:
    """Return gains by layer, over all dates; cash and costs stand by themselves.

    Parameters
    ----------
    gains : DataFrame [date, ticker, cash and costs]
        Of a `BacktestResult`: its sum is the wealth gained, whichever way it is added up.
    layers : mapping of ticker to layer
    """
    whole, others = gains.sum(), gains.columns[-2:]
    named = [layers.get(str(name), UNKNOWN) for name in gains.columns[:-2]]
    return whole.groupby([*named, *others]).sum().rename("gain").rename_axis("layer")


def by_year(gains: pd.DataFrame) -> pd.DataFrame:
    """Return gains [year, ticker, cash and costs], in shares of what was invested at the start."""
    return gains.groupby(pd.DatetimeIndex(gains.index).year).sum().rename_axis("year")
