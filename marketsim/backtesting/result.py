"""`BacktestResult`: what was decided, what it cost, what came of it, and how to write it down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.backtesting import measures
from marketsim.backtesting.attribution import by_layer
from marketsim.backtesting.inference import deflated_sharpe, sharpe_estimate
from marketsim.backtesting.views import Views
from marketsim.errors import InputError, nearest
from marketsim.files import RECORD, REPORT, check_folder
from marketsim.folders import digests, replace_folder

__all__ = ["EVEN", "HINDSIGHT", "RETURNS", "BacktestResult", "as_json"]

EVEN: Final = "equal weight"
"""Names what every walk is held beside."""

RETURNS: Final = "returns.csv"
"""A folder's table of returns by date."""

GROUPS: Final = ("ticker", "layer", "view")

HINDSIGHT: Final = (
    "The universe was chosen with hindsight, which flatters every strategy on it: compare with "
    "equal weight of the same universe, not with zero."
)


@dataclass(frozen=True, eq=False)
class BacktestResult:
    """A walk through time, beside equal weights of the same universe.

    Attributes
    ----------
    strategy : str
        Its name.
    weights : DataFrame [rebalance date, ticker]
        Targets chosen by the strategy, summing to 1; a column `cash` where it ever chose some.
    trades : DataFrame [date of trading, ticker]
        Bought positive, sold negative, as fractions of the wealth before the trade.
    costs : Series, by date
        Paid on the date, as a fraction of the wealth before the trade.
    returns : Series, by date
        From close to close, after costs. The first is the cost of the first purchase.
    equal_weight : Series, by date
        The same for equal weights of whatever could be bought, at the same dates and cost.
    holdings : DataFrame [date, ticker]
        Value at the close, after the trades of the date; wealth at the start is 1.
    cash : Series, by date
        Likewise.
    gains : DataFrame [date, ticker, "cash" and "costs"]
        What each holding gained since the date before, what cash earned and what trading cost;
        wealth at the start is 1. All of them up to a date sum to the wealth gained by it.
    interest : Series, by date
        What a unit of cash earns since the date before.
    summary : DataFrame [measure, strategy, "equal weight" and the benchmark]
        See `measures`; for the strategy also `active`, against the benchmark.
    benchmark : Series, by date, or None
        Returns of the benchmark, named after it, before costs.
    layers : mapping of ticker to layer
        As the facts have them.
    views : Views or None
        Decisions and gains by what they rest on, where `backtest` was asked for them.
    notes : tuple of str
        What a reader must know: the hindsight of the universe, who of it could be bought when, and
        sales forced by prices that ended.
    meta : mapping
        arguments (start, end, rebalance, cost, tickers, benchmark, cash_yield, and the policy where
        it was one), available (the first date of the walk on which each ticker could be bought),
        sha256 (of the strategy's file, of closes and facts up to the last date, and of the
        benchmark, volumes and scenarios where there are any),
        versions, trials where they were counted, and views where they were asked for.
    """

    strategy: str
    weights: pd.DataFrame
    trades: pd.DataFrame
    costs: pd.Series
    returns: pd.Series
    equal_weight: pd.Series
    holdings: pd.DataFrame
    cash: pd.Series
    gains: pd.DataFrame
    interest: pd.Series
    summary: pd.DataFrame
    benchmark: pd.Series | None = None
    layers: Mapping[str, str] = field(default_factory=dict)
    views: Views | None = None
    notes: tuple[str, ...] = (HINDSIGHT,)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        days = self.returns.index
        return (
            f"BacktestResult({self.strategy}, {days[0].date()} to {days[-1].date()}, "
            f"{self.holdings.shape[1]} companies, {len(self.weights)} rebalancings)"
        )

    @property
    def wealth(self) -> pd.Series:
        """Growth of one unit of money, after costs, by date."""
        return measures.wealth(self.returns)

    @property
    def drawdown(self) -> pd.Series:
        """Fall from the highest wealth so far (the start included), as a fraction from 0 to 1."""
        return measures.drawdown(self.returns)

    @property
    def gross(self) -> pd.Series:
        """Returns by date before the costs that were paid on it."""
        return ((1.0 + self.returns) / (1.0 - self.costs) - 1.0).rename("gross")

    @property
    def trials(self) -> int:
        """Variants that this one was chosen from, itself included: 1 unless it was told."""
        return int(self.meta.get("trials", 1))

    def deflated_sharpe(self, trials: int | None = None) -> float:
        """Probability that the Sharpe ratio is above that of the best of so many by luck alone.

        Parameters
        ----------
        trials : int, optional
            Variants tried, this one included; by default those it was told of, else 1. See
            `marketsim.backtesting.inference`.
        """
        estimate = sharpe_estimate((self.returns - self.interest).iloc[1:])
        return deflated_sharpe(estimate, self.trials if trials is None else trials)

    def attribution(self, by: str = "ticker") -> pd.Series:
        """Where the wealth gained came from, in shares of what was invested at the start.

        Parameters
        ----------
        by : {"ticker", "layer", "view"}
            By company or layer costs and what cash earned stand by themselves; by view there are
            equal weight, the rule at even odds, the odds of each regime, and costs. The sum is the
            wealth gained.
        """
        if by == "view":
            return self._views().gains.sum().rename("gain").rename_axis("view")
        if by == "layer":
            return by_layer(self.gains, self.layers)
        if by != "ticker":
            raise InputError(f"by={by!r} is none of {', '.join(GROUPS)}.{nearest(by, GROUPS)}")
        return self.gains.sum().rename("gain").rename_axis("ticker")

    def _views(self) -> Views:
        if self.views is None:
            raise InputError("decisions were not parted over views: ask backtest(..., views=True)")
        return self.views

    def to_folder(self, path: Path | str, report: str | None = None) -> Path:
        """Write weights.csv, returns.csv, trades.csv, gains.csv and, last, run.json.

        Where there are views, view_weights.csv and view_gains.csv too.

        The same inputs give the same bytes. Results of an earlier run there are replaced as a
        whole: whenever the process ends, no new table stands beside an old record.

        Parameters
        ----------
        path : Path or str
            The folder.
        report : str, optional
            A page about it, for report.html.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OSError
            The folder holds what no run wrote, or cannot be written.
        """
        folder = Path(path).expanduser()
        check_folder(folder)
        files = self.files() | ({} if report is None else {REPORT: report.encode()})
        record = self.record() | {"results": digests(files)}
        return replace_folder(folder, {**files, RECORD: as_json(record)})

    def files(self) -> dict[str, bytes]:
        """Return the tables of a folder of results, by the names of their files."""
        views = {} if self.views is None else self.views.files()
        return {
            "weights.csv": _csv(self.weights.reset_index()),
            RETURNS: _csv(self._by_date().reset_index()),
            "trades.csv": _csv(_long(self.trades)),
            "gains.csv": _csv(self.gains.reset_index()),
            **{name: _csv(table) for name, table in views.items()},
        }

    def _by_date(self) -> pd.DataFrame:
        table = pd.DataFrame(
            {
                "return": self.returns,
                "cost": self.costs,
                "wealth": self.wealth,
                "interest": self.interest,
                "equal_weight": self.equal_weight,
                "equal_weight_wealth": measures.wealth(self.equal_weight),
            }
        )
        if self.benchmark is None:
            return table
        wealth = measures.wealth(self.benchmark)
        return table.assign(benchmark=self.benchmark, benchmark_wealth=wealth)

    def record(self) -> dict[str, Any]:
        """Return what run.json says: arguments, digests, versions, measures and notes."""
        summary = {
            name: {key: float(value) if np.isfinite(value) else None for key, value in rows.items()}
            for name, rows in self.summary.items()
        }
        return {
            "strategy": self.strategy,
            **self.meta,
            "summary": summary,
            "notes": list(self.notes),
        }


def _long(trades: pd.DataFrame) -> pd.DataFrame:
    """One row for each trade: date, ticker, trade (fraction of wealth)."""
    row, column = np.nonzero(trades.to_numpy(float))
    return pd.DataFrame(
        {
            "date": trades.index[row],
            "ticker": trades.columns[column],
            "trade": trades.to_numpy(float)[row, column],
        }
    )


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d").encode()


def as_json(record: dict[str, Any]) -> bytes:
    """Return a record as the bytes of run.json."""
    return (json.dumps(record, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
