"""Equal weights of everything that can be bought: the rival that is hardest to beat."""

from __future__ import annotations

import pandas as pd

import marketsim as ms


def strategy(history: ms.backtesting.History) -> pd.Series:
    """The same weight for every ticker of the universe with a price on the date."""
    return ms.backtesting.equally(history.tickers)
