"""Closing prices and what they say about risk, as known on a date.

`load_prices` reads the embedded snapshot, a panel of the user's, or Yahoo's with a cache;
`statistics_from` turns a panel into volatilities, betas, tails and correlations; `check_prices`
says what a panel is worth. The network is reached from this package alone, and only when
`source="yahoo"` is asked for.
"""

from __future__ import annotations

from marketsim.prices.check import PriceCheck, check_prices
from marketsim.prices.load import load_prices, load_universe, newest_close
from marketsim.prices.splits import splits_between, splits_in
from marketsim.prices.statistics import statistics_from
from marketsim.prices.table import Prices

__all__ = [
    "PriceCheck",
    "Prices",
    "check_prices",
    "load_prices",
    "load_universe",
    "newest_close",
    "splits_between",
    "splits_in",
    "statistics_from",
]
