"""`sweep`: a policy under every combination of its settings and of costs, walked side by side.

Decisions, trades and wealth of all variants are one compiled program. Each is what `backtest` makes
of that policy by itself, and all are counted: the best of many looks better than it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.costs import Costs, costs_of
from marketsim.backtesting.deciding import TOLERANCE
from marketsim.backtesting.inference import deflated_sharpes
from marketsim.backtesting.market import Market
from marketsim.backtesting.measures import MEASURED, measured
from marketsim.backtesting.preparing import market_of, what_was_there
from marketsim.backtesting.rebalancing import Rebalance, decision_rows
from marketsim.backtesting.result import HINDSIGHT
from marketsim.backtesting.sweeps.policy import Policy, last_moves, number
from marketsim.dates import Day
from marketsim.errors import InputError
from marketsim.prices import Prices

if TYPE_CHECKING:
    from pathlib import Path

    from marketsim.backtesting.sweeps.side_by_side import Walked
    from marketsim.knowledge import Knowledge

__all__ = ["Sweep", "sweep"]

Array = npt.NDArray[np.float64]
COST: Final = "cost"
LEAST: Final = ("annual_volatility", "max_drawdown", "annual_turnover", "annual_cost")
"""Measures that are better the lower they are."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """All variants of a policy over the same dates.

    Attributes
    ----------
    policy : Policy
        Whose settings were varied.
    table : DataFrame [variant, settings, cost and measures]
        Measures as `BacktestResult.summary` has them.
    returns : DataFrame [date, variant]
        From close to close, after costs.
    interest : Series, by date
        What a unit of cash earned.
    costs : tuple of float or Costs
        That were tried, each with all settings: variant i is at cost i modulo their number.
    notes : tuple of str
        As `BacktestResult` has them.
    """

    policy: Policy
    table: pd.DataFrame
    returns: pd.DataFrame
    interest: pd.Series
    costs: tuple[float | Costs, ...]
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        days = self.returns.index
        return (
            f"Sweep({self.policy.name}, {len(self.table):,} variants, {days[0].date()} to "
            f"{days[-1].date()})"
        )

    def best(self, measure: str = "sharpe_ratio", cost: int = -1) -> Policy:
        """Return the policy of the best variant at one of the costs; backtest it by itself.

        Parameters
        ----------
        measure : str
            A column of measures: the highest, of risk, turnover and cost the lowest.
        cost : int
            Which of the costs that were tried, in their order: the last by default.
        """
        names = list(self.policy.all)
        values = self.table[names].to_numpy(float)[self._best(measure, cost)]
        return self.policy.at(**dict(zip(names, map(float, values), strict=True)))

    def deflated_sharpe(self, measure: str = "sharpe_ratio", cost: int = -1) -> float:
        """Probability that the best Sharpe ratio is above that of the best by luck alone.

        All variants at that cost count as tried, and how far their ratios lie apart is how far luck
        reaches: see `marketsim.backtesting.inference`.
        """
        excess = self.returns.sub(self.interest, axis=0)
        best, rivals = self._best(measure, cost), np.flatnonzero(self._at(cost))
        found = deflated_sharpes({"best": excess[best]}, [excess[rival] for rival in rivals])
        return found["best"]

    def _at(self, cost: int) -> Array:
        """Return which variants are walked at a cost, [variant]."""
        count = len(self.costs)
        if isinstance(cost, bool) or not isinstance(cost, int) or not -count <= cost < count:
            raise InputError(f"cost={cost!r}: name one of the {count} costs by its place, from 0")
        which: Array = np.arange(len(self.table)) % count == cost % count
        return which

    def _best(self, measure: str, cost: int) -> int:
        known = [name for name in self.table if name not in (*self.policy.all, COST)]
        if measure not in known:
            raise InputError(
                f"'{measure}' is no measure of a sweep; write one of {', '.join(map(str, known))}"
            )
        values = np.where(self._at(cost), self.table[measure].to_numpy(float), np.nan)
        if np.isnan(values).all():
            raise InputError(
                f"no variant has a {measure}: too few returns, or all of them the same"
            )
        return int(np.nanargmin(values) if measure in LEAST else np.nanargmax(values))


def sweep(
    policy: Policy,
    settings: Mapping[str, Iterable[float]],
    prices: Prices | pd.DataFrame | Path | str | None = None,
    *,
    start: Day | None = None,
    end: Day | None = None,
    rebalance: Rebalance | Iterable[Day] = "monthly",
    cost: float | Costs | Sequence[float | Costs] = 0.001,
    facts: Knowledge | None = None,
    tickers: Iterable[str] | None = None,
    cash_yield: float | None = None,
) -> Sweep:
    """Walk a policy forward under every combination of settings and costs, all at once.

    Parameters
    ----------
    policy : Policy
        What a decision is, in JAX.
    settings : mapping of str to floats
        Values to try of each setting; those left out stay as they are.
    cost : float, Costs or several
        Each is tried. Commission and spread, no impact.
    prices, start, end, rebalance, facts, tickers, cash_yield
        As in `backtest`.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
        An argument is wrong, or some variant's weights are: the message names the settings and the
        date.
    """
    from marketsim.backtesting.sweeps.side_by_side import side_by_side  # which imports JAX

    tried = _tried(policy, settings)
    costs = _costs(cost)
    market = market_of(prices, tickers, start, end, facts)
    decisions = decision_rows(market.rows, rebalance, market.traded)
    linear = np.array([_linear(one, market) for one in costs])
    variants = [(one, place) for one in tried for place in range(len(costs))]
    stacked = {name: np.array([one[name] for one, _ in variants]) for name in policy.all}
    interest = market.interest_of(cash_yield)
    walked = side_by_side(
        policy, stacked, market, decisions, linear[[place for _, place in variants]], interest
    )
    _require_sound(walked, policy, variants, market)
    _require_blind(policy.at(**tried[0]), market, decisions)
    index = market.rows.rename("date")
    returns = pd.DataFrame(walked.returns.T, index=index).rename_axis(columns="variant")
    earned = pd.Series(interest, index=index, name="interest")
    table = pd.DataFrame(stacked)
    table[COST] = [_told(costs[place]) for _, place in variants]
    found = measured(walked.returns, interest, index, walked.turnover, walked.paid)
    table = pd.concat([table, pd.DataFrame(found)], axis=1).rename_axis("variant")
    notes = (HINDSIGHT, *what_was_there(market, end))
    return Sweep(policy, table, returns, earned, costs, notes)


def _tried(policy: object, settings: object) -> list[dict[str, float]]:
    """Return every combination of settings, those that are not varied among them."""
    if not isinstance(policy, Policy):
        raise InputError(
            f"sweep takes a Policy, not {policy!r}: ms.backtesting.Policy(f, window=252)"
        )
    if not isinstance(settings, Mapping):
        raise InputError(
            f'settings={settings!r}; write values to try by name, {{"power": [1.0, 2.0]}}'
        )
    if taken := sorted({COST, *MEASURED} & set(policy.all)):
        raise InputError(f"a setting called '{taken[0]}' is taken for a column of the table")
    lists = {}
    for name, values in settings.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise InputError(f"{name}={values!r}: give a list of values to try, [{values}]")
        lists[name] = [number(name, value) for value in values]
        policy.at(**{name: 0.0})
        if not lists[name]:
            raise InputError(f"{name} has no values to try; give some, or leave it out")
        if len(set(lists[name])) < len(lists[name]):
            raise InputError(f"{name} has a value twice, which would count as tried twice")
    combined = product(*lists.values())
    return [{**policy.all, **dict(zip(lists, values, strict=True))} for values in combined]


def _costs(cost: Any) -> tuple[float | Costs, ...]:
    several = isinstance(cost, list | tuple | np.ndarray)
    costs: tuple[float | Costs, ...] = tuple(cost) if several else (cost,)
    if not costs:
        raise InputError("cost=[] has nothing to try; give some, or one number")
    return costs


def _linear(cost: float | Costs, market: Market) -> Array:
    """Return costs by ticker, as a fraction of the traded value."""
    if isinstance(cost, Costs) and cost.impact:
        raise InputError("a sweep charges commission and spread; walk one by `backtest` for impact")
    return costs_of(cost, market.closes, market.rows, market.universe).linear


def _told(cost: float | Costs) -> float | str:
    told = cost.record() if isinstance(cost, Costs) else cost
    return repr(cost) if isinstance(told, dict) else float(told)


def _require_sound(
    walked: Walked,
    policy: Policy,
    variants: list[tuple[dict[str, float], int]],
    market: Market,
) -> None:
    for says, rows in walked.faults.items():
        wrong = np.flatnonzero(rows >= 0)
        if len(wrong):
            settings = ", ".join(f"{k}={v:g}" for k, v in variants[wrong[0]][0].items())
            day = market.rows[rows[wrong[0]]]
            raise InputError(
                f"policy '{policy.name}' with {settings or 'no settings'} on {day:%Y-%m-%d}: its "
                f"weights {says}"
            )


def _require_blind(policy: Policy, market: Market, decisions: npt.NDArray[np.bool_]) -> None:
    """Refuse a policy whose weights hang on how many tickers there are that cannot be bought.

    `backtest` shows it those alone that can.
    """
    priced = np.isfinite(market.prices)
    some = decisions & priced.any(axis=1) & ~priced.all(axis=1)
    if not some.any():
        return
    row = int(np.argmax(some))
    closes = market.closes[list(market.universe)].to_numpy(float)
    moves = last_moves(closes[: len(closes) - len(market.rows) + row + 1], policy.window)
    able = priced[row]
    among = policy.weights(moves, able)[able]
    alone = policy.weights(moves[:, able], np.ones(int(able.sum()), bool))
    if np.abs(among - alone).max() > TOLERANCE:
        raise InputError(
            f"policy '{policy.name}' weighs otherwise on {market.rows[row]:%Y-%m-%d} when it is "
            "shown tickers that cannot be bought: count able.sum() of them, not moves.shape[1]"
        )
