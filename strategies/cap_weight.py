"""Companies by market value: what all who hold them hold together, and the cheapest to keep.

Shares are the last that were reported by the date, on its own split basis; closes are as they were
traded. What all investors hold cannot be beaten by all of them.
"""

from __future__ import annotations

import pandas as pd

import marketsim as ms


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights by market value of what has known shares; equal weights where nothing has."""
    prices = history.prices
    priced = [ticker for ticker in history.tickers if ticker in prices.statistics.index]
    values = ms.valuation.market_values(prices, history.facts, priced)["market_cap"].dropna()
    return values / values.sum() if len(values) else ms.backtesting.equally(history.tickers)
