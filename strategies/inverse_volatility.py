"""Each holding in proportion to how calm it was: one over the volatility of the last half year.

Risk parity where correlations are alike, as they nearly are among companies that live off one
boom: nothing is forecast but that what moved much will.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

DAYS = 126
FEWEST = 40


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights in proportion to one over volatility; a ticker too new has the median's."""
    moves = history.closes[list(history.tickers)].iloc[-DAYS - 1 :].pct_change(fill_method=None)
    volatility = moves.std().where(moves.count() >= FEWEST)
    volatility = volatility.where(volatility > 0.0)
    if volatility.isna().all():
        return ms.backtesting.equally(history.tickers)
    calm = 1.0 / volatility.fillna(volatility.median())
    return calm / calm.sum()
