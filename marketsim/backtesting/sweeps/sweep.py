"""`sweep`: a policy under every combination of its settings and of costs, walked side by side.

Decisions, trades and wealth of all variants are one compiled program. Each is what `backtest` makes
of that policy by itself, and all are counted: the best of many looks better than it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.costs import Costs, costs_of
from marketsim.backtesting.inference import deflated_sharpe, scatter, sharpe_estimate
from marketsim.backtesting.market import Market
from marketsim.backtesting.measures import measured
from marketsim.backtesting.preparing import market_of
from marketsim.backtesting.rebalancing import Rebalance, decision_rows
from marketsim.backtesting.sweeps.policy import Policy, number
from marketsim.dates import Day
from marketsim.errors import InputError
from marketsim.prices import Prices

if TYPE_CHECKING:
    from pathlib import Path

    from marketsim.backtesting.sweeps.side_by_side import Walked
    from marketsim.knowledge import Knowledge

__all__ = ["Sweep", "sweep"]

Array = npt.NDArray[np.float64]
COST = "cost"


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
    """

    policy: Policy
    table: pd.DataFrame
    returns: pd.DataFrame
    interest: pd.Series

    def __repr__(self) -> str:
        days = self.returns.index
        return (
            f"Sweep({self.policy.name}, {len(self.table):,} variants, {days[0].date()} to "
            f"{days[-1].date()})"
        )

    def best(self, measure: str = "sharpe_ratio") -> Policy:
        """Return the policy of the variant that a measure is highest of; backtest it by itself."""
        names = list(self.policy.all)
        values = self.table[names].to_numpy(float)[self._variant(measure)]
        return self.policy.at(**dict(zip(names, map(float, values), strict=True)))

    def deflated_sharpe(self, measure: str = "sharpe_ratio") -> float:
        """Probability that the best Sharpe ratio is above that of the best by luck alone.

        All variants count as tried, and how far their ratios lie apart is how far luck reaches: see
        `marketsim.backtesting.inference`.
        """
        excess = self.returns.sub(self.interest, axis=0).iloc[1:]
        ratios = (excess.mean() / excess.std()).to_numpy(float)
        estimate = sharpe_estimate(excess[self._variant(measure)])
        return deflated_sharpe(estimate, len(ratios), scatter(ratios, len(excess)))

    def _variant(self, measure: str) -> int:
        if measure not in self.table or measure in self.policy.all:
            raise InputError(f"'{measure}' is no measure of a sweep; see the columns of its table")
        return int(np.nanargmax(self.table[measure].to_numpy(float)))


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
    costs = list(cost) if isinstance(cost, Sequence) else [cost]
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
    index = market.rows.rename("date")
    returns = pd.DataFrame(walked.returns.T, index=index).rename_axis(columns="variant")
    earned = pd.Series(interest, index=index, name="interest")
    table = pd.DataFrame(stacked)
    table[COST] = [_told(costs[place]) for _, place in variants]
    found = measured(walked.returns, interest, index, walked.turnover, walked.paid)
    table = pd.concat([table, pd.DataFrame(found)], axis=1).rename_axis("variant")
    return Sweep(policy, table, returns, earned)


def _tried(policy: Policy, settings: Mapping[str, Iterable[float]]) -> list[dict[str, float]]:
    """Return every combination of settings, those that are not varied among them."""
    lists = {name: [number(name, value) for value in values] for name, values in settings.items()}
    for name, values in lists.items():
        policy.at(**{name: 0.0})
        if not values:
            raise InputError(f"{name} has no values to try; give some, or leave it out")
    combined = product(*lists.values())
    return [{**policy.all, **dict(zip(lists, values, strict=True))} for values in combined]


def _linear(cost: float | Costs, market: Market) -> Array:
    """Return costs by ticker, as a fraction of the traded value."""
    if isinstance(cost, Costs) and cost.impact:
        raise InputError("a sweep charges commission and spread; walk one by `backtest` for impact")
    return costs_of(cost, market.closes, market.rows, market.universe).linear


def _told(cost: float | Costs) -> float | str:
    told = cost.record() if isinstance(cost, Costs) else cost
    return float(told) if isinstance(told, int | float) else str(told)


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
