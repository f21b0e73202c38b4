"""Walk-forwards per second of processor time, and what other libraries' accounts come to.

    python benchmarks/backtest.py PANEL [--start 2016-01-04]

Inverse volatility of the last year over all companies of the panel that have ten years of closes,
ten basis points a trade, monthly and daily: marketsim (a function, a file, and the same file again,
whose decisions are kept), and whichever of bt, skfolio and cvxportfolio can be imported, each in
its own way of saying it; cvxportfolio, whose simulator alone is timed, with equal weights, so that
its wealth is another one. Where a library takes weights by date (bt), its account is held against
marketsim's on the same weights. All on one thread of one process, one after the other.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from ten_years import asked_for  # type: ignore[import-not-found]

import marketsim as ms

YEAR, COST = 252, 10 * ms.backtesting.BPS
FILE = """
import marketsim as ms
def strategy(history):
    moves = history.closes[list(history.tickers)].iloc[-253:].pct_change(fill_method=None)
    calm = 1.0 / moves.std()
    return calm / calm.sum()
"""


def inverse(history: ms.backtesting.History) -> pd.Series:
    """Weights in proportion to one over last year's volatility."""
    moves = history.closes[list(history.tickers)].iloc[-YEAR - 1 :].pct_change(fill_method=None)
    calm = 1.0 / moves.std()
    return calm / calm.sum()


def main() -> None:
    """Print a table for each time between decisions."""
    warnings.simplefilter("ignore")
    facts, closes, start = asked_for(__doc__.splitlines()[0])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MARKETSIM_CACHE"] = folder
        file = Path(folder) / "inverse.py"
        file.write_text(FILE)
        for when in ("monthly", "daily"):
            compare(closes, facts, start, when, file)


def compare(closes: pd.DataFrame, facts: Any, start: str, when: str, file: Path) -> None:
    """Print rebalancings per second, and wealth at the end."""

    def walked(strategy: Any, free: bool = False, **more: Any) -> ms.backtesting.BacktestResult:
        return ms.backtest(
            strategy,
            closes,
            facts=facts,
            start=start,
            rebalance=when,
            cost=0.0 if free else COST,
            cash_yield=0.0,
            **more,
        )

    mine = walked(inverse)
    count = len(mine.weights)
    found: dict[str, tuple[float, float]] = {}
    for name, job in {
        "marketsim, a function": lambda: walked(inverse).wealth.iloc[-1],
        "marketsim, a file": lambda: walked(file, workers=1).wealth.iloc[-1],
        "marketsim, the file again": lambda: walked(file, workers=1).wealth.iloc[-1],
        "bt": lambda: by_bt(closes, mine),
        "skfolio": lambda: by_skfolio(closes, start, when),
        "cvxportfolio, equal weights": lambda: by_cvxportfolio(closes, start, when),
    }.items():
        try:
            found[name] = timed(job)
        except ImportError:
            continue
    with suppress(ImportError):
        free = walked(inverse, free=True)
        apart = by_bt(closes, free, 0.0) / free.wealth.iloc[-1] - 1.0
        print(f"\n{when}, without costs: bt's account of the same weights is {apart:+.1e} off")
    print(f"\n{when}, {count} decisions" + " " * 12 + "a second   wealth in the end")
    for name, (seconds, wealth) in found.items():
        print(f"{name:28s}{count / seconds:12,.0f}{wealth:14.8f}")


def timed(job: Callable[[], float]) -> tuple[float, float]:
    """Seconds of processor time, and what the job returns."""
    begun = process_time()
    wealth = job()
    return process_time() - begun, float(wealth)


def by_bt(closes: pd.DataFrame, mine: ms.backtesting.BacktestResult, cost: float = COST) -> float:
    """Walk the same weights by bt, whose shares may be fractions."""
    import bt

    days = closes.loc[mine.returns.index[0] :]
    steps = [bt.algos.RunOnDate(*mine.weights.index), bt.algos.SelectAll()]
    steps += [bt.algos.WeighTarget(mine.weights), bt.algos.Rebalance()]
    strategy = bt.Strategy("same", steps)
    test = bt.Backtest(
        strategy,
        days,
        initial_capital=1e9,
        commissions=lambda quantity, price: abs(quantity) * price * cost,
        integer_positions=False,
        progress_bar=False,
    )
    done = bt.run(test)
    return float(done.prices["same"].iloc[-1] / 100.0)


def by_skfolio(closes: pd.DataFrame, start: str, when: str) -> float:
    """Walk inverse volatility by skfolio, which charges what weights move between its windows."""
    from skfolio.model_selection import WalkForward, cross_val_predict
    from skfolio.optimization import InverseVolatility

    moves = closes.pct_change().dropna()
    later = len(moves.loc[start:])
    step = 21 if when == "monthly" else 1
    test = WalkForward(train_size=YEAR, test_size=step)
    done = cross_val_predict(InverseVolatility(), moves.iloc[-later - YEAR :], cv=test)
    return float(np.prod(1.0 + np.asarray(done.returns)))


def by_cvxportfolio(closes: pd.DataFrame, start: str, when: str) -> float:
    """Walk equal weights by cvxportfolio: its simulator, without an optimisation."""
    import cvxportfolio as cvx

    days = closes.loc[start:]
    simulator = cvx.MarketSimulator(
        returns=days.pct_change().shift(-1).iloc[:-1].assign(cash=0.0),
        costs=[cvx.TransactionCost(a=COST, b=None)],
        cash_key="cash",
        trading_frequency=when if when == "monthly" else None,
        round_trades=False,
    )
    done = simulator.backtest(cvx.Uniform(), start_time=days.index[0], initial_value=1e9)
    return float(done.v.iloc[-1] / 1e9)


if __name__ == "__main__":
    main()
