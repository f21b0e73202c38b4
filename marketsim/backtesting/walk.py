"""The walk: holdings grow with prices, ended tickers are sold, decisions are traded.

It is accounting alone: what is wanted on a date is asked of a function. Rows between two trades are
taken at once. Nothing of a later row enters: rewriting the future changes no bit of the past.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.account import rebalanced, total
from marketsim.backtesting.choosing import Choose
from marketsim.backtesting.costs import Dated, Rates
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


class _Book:
    """What is held, [row, ...], and what was chosen, traded and sold for want of prices."""

    def __init__(self, rows: int, tickers: int) -> None:
        self.holdings = np.empty((rows, tickers))
        self.cash = np.empty(rows)
        self.gains = np.zeros((rows, tickers + 2))
        self.costs = np.zeros(rows)
        self.weights: dict[pd.Timestamp, Array] = {}
        self.trades: dict[pd.Timestamp, Array] = {}
        self.ended: list[str] = []

    def before(self, row: int) -> tuple[Array, float]:
        """Holdings and cash with which a row begins: one unit of cash at first."""
        if row == 0:
            return np.zeros(self.holdings.shape[1]), 1.0
        return self.holdings[row - 1], float(self.cash[row - 1])


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
    book = _Book(len(market.rows), len(market.universe))
    row = 0
    for stop in map(int, np.flatnonzero(decisions | market.ending)):
        _drift(book, market.growth[row : stop + 1], interest[row : stop + 1], row)
        _trade(book, market, choose if decisions[stop] else None, costs.on(stop), stop)
        row = stop + 1
    _drift(book, market.growth[row:], interest[row:], row)
    return _written(market, book)


def _drift(book: _Book, growth: Array, interest: Array, row: int) -> None:
    """Let holdings grow with prices, and cash at its interest, over rows from one on."""
    values, cash = book.before(row)
    grown = np.cumprod(np.vstack([values, growth]), axis=0)
    money = np.cumprod(np.r_[cash, 1.0 + interest])
    rows = slice(row, row + len(growth))
    book.holdings[rows], book.cash[rows] = grown[1:], money[1:]
    book.gains[rows, :-2], book.gains[rows, -2] = np.diff(grown, axis=0), np.diff(money)


def _trade(book: _Book, market: Market, choose: Choose | None, rates: Rates, row: int) -> None:
    """Sell what has no price any more, then reach the weights chosen where there is a decision."""
    kept, cash = book.holdings[row].copy(), float(book.cash[row])
    values, paid, wealth = kept, np.zeros_like(kept), total(kept) + cash
    ended = (values > 0.0) & ~np.isfinite(market.prices[row])
    if ended.any():
        book.ended += [_ending(market, row, int(i)) for i in np.flatnonzero(ended)]
        sold = np.where(ended, values, 0.0)
        paid = rates.of(sold)
        values, cash = np.where(ended, 0.0, values), cash + total(sold) - total(paid)
    date = market.rows[row]
    if choose is not None and market.open(row):
        now = total(values) + cash
        wanted = book.weights[date] = choose(row, values / now)
        before = values
        values, left = rebalanced(values, now, wanted[:-1], rates)
        paid, cash = paid + rates.of(values - before), wanted[-1] * left
    if (values != kept).any():
        book.trades[date] = (values - kept) / wealth
    spent = total(paid)
    book.holdings[row], book.cash[row] = values, cash
    book.costs[row], book.gains[row, -1] = spent / wealth, -spent


def _ending(market: Market, row: int, ticker: int) -> str:
    name = market.universe[ticker]
    priced = market.closes[name].loc[: market.rows[row]].dropna()
    return (
        f"{name}: its closes end on {priced.index[-1]:%Y-%m-%d}, as it is traded no more or the "
        f"panel has no more of it; sold on {market.rows[row]:%Y-%m-%d} at the last, "
        f"{market.prices[row - 1, ticker]:g}"
    )


def _written(market: Market, book: _Book) -> Walk:
    index, named = market.rows.rename("date"), with_cash(market.universe)
    wealth = np.array(list(map(fsum, book.holdings.tolist()))) + book.cash
    before = np.r_[1.0, wealth[:-1]]
    weights = _table(book.weights, named)
    return Walk(
        weights=weights if (weights[CASH] != 0.0).any() else weights.drop(columns=CASH),
        trades=_table(book.trades, market.universe),
        costs=pd.Series(book.costs, index=index, name="cost"),
        returns=pd.Series(wealth / before - 1.0, index=index, name="return"),
        holdings=pd.DataFrame(book.holdings, index=index, columns=list(market.universe)),
        cash=pd.Series(book.cash, index=index, name="cash"),
        gains=pd.DataFrame(book.gains, index=index, columns=[*named, PAID]),
        ended=tuple(book.ended),
    )


def _table(rows: dict[pd.Timestamp, Array], names: list[str] | tuple[str, ...]) -> pd.DataFrame:
    values = np.array(list(rows.values())).reshape(len(rows), len(names))
    index = pd.DatetimeIndex(list(rows), name="date")
    return pd.DataFrame(values, index=index, columns=list(names))
