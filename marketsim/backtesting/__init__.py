"""Walking forward in time: a strategy decides on what was known, and lives with what came.

`backtest` hands a strategy a `History` on every rebalance date, trades to the weights it
answers with, pays for the trades, and lets prices do the rest until the next date.
"""

from __future__ import annotations

from marketsim.backtesting.audit import Audit, audit
from marketsim.backtesting.costs import BPS, Costs
from marketsim.backtesting.forward import backtest
from marketsim.backtesting.history import History
from marketsim.backtesting.loading import load_strategy, strategy_names, theses
from marketsim.backtesting.result import BacktestResult

__all__ = [
    "BPS",
    "Audit",
    "BacktestResult",
    "Costs",
    "History",
    "audit",
    "backtest",
    "load_strategy",
    "strategy_names",
    "theses",
]
