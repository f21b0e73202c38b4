"""Walk a strategy of your own forward in time, beside equal weight of the same companies."""

import pandas as pd

import marketsim as ms


def momentum(history: ms.backtesting.History) -> pd.Series:
    """Weights in proportion to the rank of last year's return; nothing later than the date."""
    closes = history.prices.closes[list(history.tickers)].dropna(axis="columns")
    rank = (closes.iloc[-1] / closes.iloc[-min(252, len(closes))]).rank()
    return rank.div(rank.sum())


prices = ms.load_prices(["NVDA", "AMD", "MSFT", "AMZN", "META"], as_of="2022-12-28")
result = ms.backtest(
    momentum, prices, start="2018-01-02", end="2022-12-28", rebalance="quarterly", cost=0.001
)
print(result.summary.to_string(float_format="{:.4f}".format))
