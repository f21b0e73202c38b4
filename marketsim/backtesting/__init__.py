"""Walking forward in time: a strategy decides on what was known, and lives with what came.

`backtest` hands a strategy a `History` on every rebalance date, trades to the weights it
answers with, pays for the trades, and lets prices do the rest until the next date.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from marketsim.backtesting.audits.audit import Audit, audit
from marketsim.backtesting.costs import BPS, Costs
from marketsim.backtesting.forward import backtest
from marketsim.backtesting.history import History
from marketsim.backtesting.loading import load_strategy, strategy_names, theses
from marketsim.backtesting.result import BacktestResult
from marketsim.backtesting.shrinking import shrunk, weekly_returns
from marketsim.backtesting.sweeps.policy import Policy
from marketsim.backtesting.sweeps.sweep import Sweep, sweep
from marketsim.backtesting.tilts import equally, least_cap, tilted

__all__ = [
    "BPS",
    "Audit",
    "BacktestResult",
    "Costs",
    "History",
    "Policy",
    "Sweep",
    "audit",
    "backtest",
    "equally",
    "least_cap",
    "load_strategy",
    "shrunk",
    "strategy_names",
    "sweep",
    "theses",
    "tilted",
    "weekly_returns",
]

IN_JAX = ("policies", "quadratic")
"""Modules that are imported when first asked for, since they import JAX."""


def __getattr__(name: str) -> ModuleType:
    if name in IN_JAX:
        return import_module(f"{__name__}.sweeps.{name}")
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
