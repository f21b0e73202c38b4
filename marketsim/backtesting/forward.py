"""`backtest`: a strategy, a panel and the rules of trading, put together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

from marketsim.backtesting.loading import Decide, ask, load_strategy
from marketsim.backtesting.market import Market, decision_rows
from marketsim.backtesting.result import HINDSIGHT, BacktestResult, panel_digest
from marketsim.backtesting.walk import walk
from marketsim.dates import day_or_none
from marketsim.errors import InputError
from marketsim.prices import Prices, load_prices
from marketsim.prices.embedded import embedded_splits
from marketsim.prices.panel import read_panel
from marketsim.prices.table import require_known
from marketsim.provenance import versions

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge

__all__ = ["Rebalance", "backtest"]

Rebalance = Literal["weekly", "monthly", "quarterly"]
COSTLIEST: Final = 0.5


def backtest(
    strategy: str | Path | Decide,
    prices: Prices | pd.DataFrame | Path | str | None = None,
    *,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    rebalance: Rebalance = "monthly",
    cost: float = 0.001,
    facts: Knowledge | None = None,
    tickers: Iterable[str] | None = None,
) -> BacktestResult:
    """Walk a strategy forward in time, beside equal weights of the same universe.

    The rows of the panel are the trading days. A decision sees the close of its date and
    nothing later, and is traded at that close; between decisions weights drift with prices.
    A ticker is absent until it is listed; one without a close for more than five rows is sold
    at its last close.

    Parameters
    ----------
    strategy : name, path or function
        `strategy(history) -> weights`; a name is looked up in the strategies folder.
    prices : Prices, DataFrame or path, optional
        Adjusted daily closes (see `load_prices`, which also takes splits of one's own); the
        embedded closes by default. Everything up to a date is shown to the strategy, whether it is
        in the universe or not.
    start, end : dates, optional
        The first decision falls on the first row from `start` on; all rows by default.
    rebalance : {"weekly", "monthly", "quarterly"}
        Further decisions fall on the first row of each week, month or quarter.
    cost : float
        Fraction of the traded value, the first purchase included: 0.001 is ten basis points.
    facts : Knowledge, optional
        From `load_facts`; the embedded facts, loaded once, by default. The strategy sees what was
        known on each date.
    tickers : names, optional
        The universe; by default every ticker of the panel that is not an index (`^IRX`).

    Returns
    -------
    BacktestResult

    Raises
    ------
    InputError
        An argument is wrong, or the strategy's answer is (see `load_strategy`).
    DataError
        The panel has faults, all listed.
    """
    if not 0.0 <= cost < COSTLIEST:
        raise InputError(f"cost={cost!r} is a fraction of the traded value, from 0 to {COSTLIEST}")
    loaded = load_strategy(strategy)
    chosen = None if tickers is None else tuple(tickers)
    shown = _shown(prices, chosen)
    closes, universe = shown.closes, _universe(shown.closes, chosen)
    rows = _rows(closes.index, day_or_none(start, "start"), day_or_none(end, "end"))
    decisions = decision_rows(rows, rebalance)
    market = Market(
        closes=closes.loc[: rows[-1]],
        universe=universe,
        rows=rows,
        facts=_embedded() if facts is None else facts,
        splits=shown.splits,
        adjusted=shown.adjusted,
    )
    mine = walk(
        lambda row, held: ask(loaded, market.history(row, held), universe), market, decisions, cost
    )
    rival = walk(market.equal_weights, market, decisions, cost)
    arguments = {
        "start": f"{rows[0]:%Y-%m-%d}",
        "end": f"{rows[-1]:%Y-%m-%d}",
        "rebalance": rebalance,
        "cost": cost,
        "tickers": list(universe),
    }
    digests = {
        "strategy": loaded.digest,
        "prices": panel_digest(market.closes),
        "facts": market.facts.upto(rows[-1]).digest,
    }
    return BacktestResult(
        strategy=loaded.name,
        weights=mine.weights,
        trades=mine.trades,
        costs=mine.costs,
        returns=mine.returns,
        equal_weight=rival.returns.rename("equal_weight"),
        holdings=mine.holdings,
        cash=mine.cash,
        summary=pd.DataFrame({loaded.name: mine.measures, "equal weight": rival.measures}),
        notes=(HINDSIGHT, *mine.ended),
        meta={"arguments": arguments, "sha256": digests, "versions": versions()},
    )


def _embedded() -> Knowledge:
    from marketsim.knowledge import load_facts  # only where no facts are given

    return load_facts()


@dataclass(frozen=True, eq=False)
class _Shown:
    """Closes [date, ticker], the splits they are adjusted for, and the day of adjustment."""

    closes: pd.DataFrame
    splits: pd.DataFrame
    adjusted: pd.Timestamp | None


def _shown(
    prices: Prices | pd.DataFrame | Path | str | None, tickers: tuple[str, ...] | None
) -> _Shown:
    if prices is None or isinstance(prices, Prices):
        given = prices or load_prices()
        return _Shown(given.closes.copy(), given.splits, given.adjusted)
    closes = read_panel(prices, tickers or ())
    splits = embedded_splits()
    if closes.empty:
        return _Shown(closes, splits, None)
    last = pd.Timestamp(closes.index[-1])
    return _Shown(closes, splits[splits["date"] <= last], last)


def _universe(closes: pd.DataFrame, tickers: tuple[str, ...] | None) -> tuple[str, ...]:
    """What can be held: the tickers asked for, else all of the panel but indices."""
    require_known(tickers or (), closes.columns)
    listed = [str(column) for column in closes.columns if not str(column).startswith("^")]
    universe = tuple(listed if tickers is None else dict.fromkeys(tickers))
    if not universe or closes.empty:
        raise InputError("no closes to walk through; give a panel, or tickers that are in it")
    return universe


def _rows(
    index: pd.Index, start: pd.Timestamp | None, end: pd.Timestamp | None
) -> pd.DatetimeIndex:
    dates = pd.DatetimeIndex(index)
    first, last = start or dates[0], end or dates[-1]
    rows = dates[(dates >= first) & (dates <= last)]
    if rows.empty:
        raise InputError(
            f"no closes from {first:%Y-%m-%d} to {last:%Y-%m-%d}; the panel runs from "
            f"{dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"
        )
    return rows
