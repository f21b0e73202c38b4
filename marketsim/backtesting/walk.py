"""The walk: one close at a time, holdings grow, ended tickers are sold, decisions are traded.

Nothing of a later row enters: rewriting the future changes no bit of the past.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.account import rebalanced, total
from marketsim.backtesting.market import Market
from marketsim.backtesting.measures import measures

__all__ = ["Walk", "walk"]

Array = npt.NDArray[np.float64]
Choose = Callable[[int, Array], Array]


@dataclass(frozen=True, eq=False)
class Walk:
    """What a walk leaves behind; see `BacktestResult` for the shapes."""

    weights: pd.DataFrame
    trades: pd.DataFrame
    costs: pd.Series
    returns: pd.Series
    holdings: pd.DataFrame
    cash: pd.Series
    ended: tuple[str, ...]

    @property
    def measures(self) -> pd.Series:
        """See `measures`."""
        return measures(self.returns, self.trades, self.costs)


@dataclass
class _Log:
    weights: dict[pd.Timestamp, Array] = field(default_factory=dict)
    trades: dict[pd.Timestamp, Array] = field(default_factory=dict)
    costs: list[float] = field(default_factory=list)
    holdings: list[Array] = field(default_factory=list)
    cash: list[float] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


def walk(choose: Choose, market: Market, decisions: npt.NDArray[np.bool_], cost: float) -> Walk:
    """Walk through all rows of a market, starting with one unit of cash.

    Parameters
    ----------
    choose : function of (row, weights held) -> weights
        Asked on decision rows on which anything can be bought.
    market : Market
    decisions : bool array [row]
    cost : float
        Fraction of the traded value.
    """
    log = _Log()
    values, cash = np.zeros(len(market.universe)), 1.0
    for row, date in enumerate(market.rows):
        values = values * market.growth[row]
        before, wealth = values, total(values) + cash
        values, cash = _sell_ended(values, cash, cost, market, row, log)
        if decisions[row] and np.isfinite(market.prices[row]).any():
            now = total(values) + cash
            weights = log.weights[date] = choose(row, values / now)
            values, cash = rebalanced(values, now, weights, cost), 0.0
        if (values != before).any():
            log.trades[date] = (values - before) / wealth
        log.costs.append(cost * total(np.abs(values - before)) / wealth)
        log.holdings.append(values)
        log.cash.append(cash)
    return _written(market, log)


def _sell_ended(
    values: Array, cash: float, cost: float, market: Market, row: int, log: _Log
) -> tuple[Array, float]:
    """Sell what has no price any more at its last close."""
    ended = (values > 0.0) & ~np.isfinite(market.prices[row])
    for i in np.flatnonzero(ended):
        log.ended.append(
            f"{market.universe[i]}: its prices ended; sold on {market.rows[row]:%Y-%m-%d} at its "
            f"last close, {market.prices[row - 1, i]:g}"
        )
    return np.where(ended, 0.0, values), cash + (1.0 - cost) * total(values[ended])


def _written(market: Market, log: _Log) -> Walk:
    index = market.rows.rename("date")
    wealth = np.array([total(v) + c for v, c in zip(log.holdings, log.cash, strict=True)])
    before = np.r_[1.0, wealth[:-1]]
    return Walk(
        weights=_table(log.weights, market.universe),
        trades=_table(log.trades, market.universe),
        costs=pd.Series(log.costs, index=index, name="cost"),
        returns=pd.Series(wealth / before - 1.0, index=index, name="return"),
        holdings=pd.DataFrame(np.array(log.holdings), index=index, columns=list(market.universe)),
        cash=pd.Series(log.cash, index=index, name="cash"),
        ended=tuple(log.ended),
    )


def _table(rows: dict[pd.Timestamp, Array], tickers: tuple[str, ...]) -> pd.DataFrame:
    values = np.array(list(rows.values())).reshape(len(rows), len(tickers))
    index = pd.DatetimeIndex(list(rows), name="date")
    return pd.DataFrame(values, index=index, columns=list(tickers))
