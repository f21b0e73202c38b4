"""The walk: one close at a time, holdings grow, ended tickers are sold, decisions are traded.

It is accounting alone: what is wanted on a date is asked of a function. Nothing of a later row
enters: rewriting the future changes no bit of the past.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.account import rebalanced, total
from marketsim.backtesting.choosing import Choose
from marketsim.backtesting.costs import Dated
from marketsim.backtesting.deciding import with_cash
from marketsim.backtesting.market import PAID, Market
from marketsim.returns import CASH

__all__ = ["Walk", "walk"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Walk:
    """What a walk leaves behind; see `BacktestResult` for the shapes."""

    weights: pd.DataFrame
    trades: pd.DataFrame
    costs: pd.Series
    returns: pd.Series
    holdings: pd.DataFrame
    cash: pd.Series
    gains: pd.DataFrame
    ended: tuple[str, ...]


@dataclass
class _Log:
    weights: dict[pd.Timestamp, Array] = field(default_factory=dict)
    trades: dict[pd.Timestamp, Array] = field(default_factory=dict)
    costs: list[float] = field(default_factory=list)
    holdings: list[Array] = field(default_factory=list)
    cash: list[float] = field(default_factory=list)
    gains: list[Array] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)


def walk(
    choose: Choose,
    market: Market,
    decisions: npt.NDArray[np.bool_],
    costs: Dated,
    interest: Array,
) -> Walk:
    """Walk through all rows of a market, starting with one unit of cash.

    Parameters
    ----------
    choose : function of (row, weights held) -> weights
        Asked on decision rows on which anything can be bought.
    market : Market
    decisions : bool array [row]
    costs : Dated
        Of trading.
    interest : array [row]
        What a unit of cash earns from the row before.
    """
    log = _Log()
    values, cash = np.zeros(len(market.universe)), 1.0
    for row, date in enumerate(market.rows):
        grown, earned = values * market.growth[row], cash * interest[row]
        gains = np.r_[grown - values, earned]
        values, cash = grown, cash + earned
        wealth, rates = total(values) + cash, costs.on(row)
        paid, kept = np.zeros_like(values), values
        ended = (values > 0.0) & ~np.isfinite(market.prices[row])
        if ended.any():
            log.ended += [_ending(market, row, int(i)) for i in np.flatnonzero(ended)]
            sold = np.where(ended, values, 0.0)
            paid = rates.of(sold)
            values, cash = np.where(ended, 0.0, values), cash + total(sold) - total(paid)
        if decisions[row] and market.open(row):
            now = total(values) + cash
            wanted = log.weights[date] = choose(row, values / now)
            before = values
            values, left = rebalanced(values, now, wanted[:-1], rates)
            paid, cash = paid + rates.of(values - before), wanted[-1] * left
        if (values != kept).any():
            log.trades[date] = (values - kept) / wealth
        log.costs.append(total(paid) / wealth)
        log.gains.append(np.r_[gains, -total(paid)])
        log.holdings.append(values)
        log.cash.append(cash)
    return _written(market, log)


def _ending(market: Market, row: int, ticker: int) -> str:
    return (
        f"{market.universe[ticker]}: its prices ended; sold on {market.rows[row]:%Y-%m-%d} at its "
        f"last close, {market.prices[row - 1, ticker]:g}"
    )


def _written(market: Market, log: _Log) -> Walk:
    index, named = market.rows.rename("date"), with_cash(market.universe)
    wealth = np.array([total(v) + c for v, c in zip(log.holdings, log.cash, strict=True)])
    before = np.r_[1.0, wealth[:-1]]
    weights = _table(log.weights, named)
    return Walk(
        weights=weights if (weights[CASH] != 0.0).any() else weights.drop(columns=CASH),
        trades=_table(log.trades, market.universe),
        costs=pd.Series(log.costs, index=index, name="cost"),
        returns=pd.Series(wealth / before - 1.0, index=index, name="return"),
        holdings=pd.DataFrame(np.array(log.holdings), index=index, columns=list(market.universe)),
        cash=pd.Series(log.cash, index=index, name="cash"),
        gains=pd.DataFrame(np.array(log.gains), index=index, columns=[*named, PAID]),
        ended=tuple(log.ended),
    )


def _table(rows: dict[pd.Timestamp, Array], names: list[str] | tuple[str, ...]) -> pd.DataFrame:
    values = np.array(list(rows.values())).reshape(len(rows), len(names))
    index = pd.DatetimeIndex(list(rows), name="date")
    return pd.DataFrame(values, index=index, columns=list(names))
