"""What rose most over the last year goes on, its last month left out (Jegadeesh and Titman 1993).

Equal weights leant towards the ranks of that return: among thirty companies of one theme it follows
whichever layer of the stack the market is rewarding.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms

YEAR, MONTH = 252, 21


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights leant towards last year's winners; a ticker without a year stands in the middle."""
    closes = history.closes[list(history.tickers)].ffill()
    if len(closes) <= YEAR:
        return ms.backtesting.equally(history.tickers)
    grown = closes.iloc[-MONTH - 1] / closes.iloc[-YEAR - 1] - 1.0
    return ms.backtesting.tilted(grown)
