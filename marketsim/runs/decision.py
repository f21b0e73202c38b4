"""What to hold: the most return for the risk of a benchmark, beside what others would hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import pandas as pd

from marketsim.allocation import (
    Allocation,
    CVaR,
    ExpectedReturn,
    Frontier,
    Objective,
    allocate,
    frontier,
    limit_from,
    objective_from,
)
from marketsim.allocation.limits import at_most
from marketsim.errors import MarketsimError
from marketsim.returns import ReturnScenarios

from .benchmarks import market_weights, stated_weights
from .cash import (
    CashRate,
    cash_elsewhere,
    cash_return,
    earned_by_cash,
    with_cash,
    with_cash_cap,
)
from .current import Current, closes_in, within
from .neutral import FREE, Neutrality, neutral_limits, neutrality, phrase
from .parts import made_of
from .regimes import by_regime
from .rivals import alternatives, compared, in_prospect, loss, parts_of

__all__ = ["Chosen", "Decision", "choose", "decide"]

POINTS: Final = 12
"""Of the frontier."""


class Chosen(NamedTuple):
    """A choice of weights: what it makes best, its benchmark, cash, and what it keeps to.

    ``limits`` on weights, those of cash among them, and ``rules`` with those on risk.
    """

    choice: Allocation
    objective: str
    benchmark: pd.Series
    cash: CashRate | None
    limits: Mapping[str, Any]
    rules: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Decision:
    """A choice of weights, and what stands beside it.

    Attributes
    ----------
    choice
        The allocation, over the companies and, where it may be held, cash.
    objective
        What it makes best, as a phrase after "to".
    benchmark
        Its weights, by ticker.
    alternatives
        By portfolio: expected return, what of it exceeds the cost of equity (``over_cost``), what
        it would be if prices did not come back to the model's value (``without_pull``), CVaR,
        ``active_risk`` (standard deviation of the difference to the benchmark), the weight of
        ``cash``, of which all but the choice hold none where limits let them, and the mean return
        in each regime (as in ``by_regime``).
    prospects
        By portfolio, what is asked first: median and range, and chances of a loss, of less than
        cash earns and of more than the benchmark; see
        :meth:`marketsim.allocation.Allocation.prospects`.
    by_regime
        `Allocation.by_scenario` with expected returns before the noise of the market, which is one
        on average, where these are known, and their standard ``error``.
    parts
        What expected return and CVaR of the choice are made of, by name, layer and regime; see
        :func:`~marketsim.runs.parts.made_of`.
    weights
        Of each portfolio, [ticker x portfolio].
    reasons
        Why each company is held, or is not; see :meth:`marketsim.allocation.Allocation.reasons`.
    cash
        What cash earns, and whose yield that is; None where none may be held.
    neutral
        How far the choice hangs on the assumptions that it is neutral to; None where there are
        none.
    frontier
        The least CVaR at some levels of expected return within the same limits on weights; None
        where it is not found, or names are limited in number.
    """

    choice: Allocation
    objective: str
    benchmark: pd.Series
    alternatives: pd.DataFrame
    prospects: pd.DataFrame
    by_regime: pd.DataFrame
    parts: pd.DataFrame
    weights: pd.DataFrame
    reasons: pd.DataFrame
    cash: CashRate | None = None
    neutral: Neutrality | None = None
    frontier: Frontier | None = None

    def __repr__(self) -> str:
        return f"Decision({self.choice!r}, beside {len(self.weights.columns) - 1} others)"


def decide(
    returns: ReturnScenarios,
    *,
    level: float = 0.95,
    risk: float = 1.0,
    risk_aversion: float | None = None,
    limits: Mapping[str, Any],
    benchmark: Mapping[str, float] | pd.Series | None = None,
    most_cash: float = 1.0,
    cash_rate: float | None = None,
    objective: str | None = None,
    limit: Sequence[str] = (),
    current: Current | None = None,
) -> Decision:
    """Choose weights.

    Parameters
    ----------
    returns
        From :func:`marketsim.revalue`, or anybody's.
    level
        Of CVaR.
    risk
        CVaR that may be taken, over that of the benchmark.
    risk_aversion
        In place of the budget: expected return less so many times CVaR.
    limits
        As in :func:`marketsim.allocate`.
    benchmark
        Weights by ticker; by default companies by market value.
    most_cash
        The most that may stay in cash; at 0 there is none.
    cash_rate
        What cash earns a year (see :meth:`marketsim.ReturnScenarios.with_cash`); by default the
        yield of the newest three-month bill known by the date, over horizons of more than a year
        the return without risk that valuation assumes, 0 where the returns were made elsewhere. A
        column ``cash`` that the returns have is left as it is.

    Raises
    ------
    InfeasibleError
        Where the limits leave no portfolio within the budget; it says what could be had.
    InputError
        For a benchmark that is none.
    """
    found = choose(
        returns,
        level=level,
        risk=risk,
        risk_aversion=risk_aversion,
        limits=limits,
        benchmark=benchmark,
        most_cash=most_cash,
        cash_rate=cash_rate,
        objective=objective,
        limit=limit,
        current=current,
    )
    choice, returns, market = found.choice, found.choice.returns, found.benchmark
    weights = alternatives(returns, choice, market, level, found.limits, found.rules)
    asked = neutral_limits(limits)
    return Decision(
        choice,
        found.objective,
        market,
        compared(returns, weights, market, level),
        in_prospect(returns, weights, market, cash_elsewhere(returns, cash_rate)),
        by_regime(choice),
        made_of(choice, level),
        weights,
        choice.reasons(market, parts_of(returns)),
        found.cash,
        neutrality(choice, weights[FREE], asked) if asked else None,
        efficient(choice, level, found.limits),
    )


def efficient(choice: Allocation, level: float, limits: Mapping[str, Any]) -> Frontier | None:
    """Return the frontier of expected return and CVaR within limits; None where there is none."""
    if choice.optimum is not None and choice.optimum.selected:
        return None
    try:
        return frontier(choice.returns, CVaR(level), points=POINTS, **limits)
    except MarketsimError:
        return None


def choose(
    returns: ReturnScenarios,
    *,
    level: float = 0.95,
    risk: float = 1.0,
    risk_aversion: float | None = None,
    limits: Mapping[str, Any],
    benchmark: Mapping[str, float] | pd.Series | None = None,
    most_cash: float = 1.0,
    cash_rate: float | None = None,
    objective: str | None = None,
    limit: Sequence[str] = (),
    current: Current | None = None,
) -> Chosen:
    """Choose weights as :func:`decide` does, with nothing beside them."""
    told, cash = "", None
    if most_cash > 0.0:
        cash = earned_by_cash(returns, cash_rate)
        returns, limits = with_cash(returns, cash), with_cash_cap(limits, most_cash)
        told = f", where cash earns {100 * cash_return(returns):.1f} % ({cash})"
    market = (
        market_weights(returns) if benchmark is None else stated_weights(benchmark, returns.tickers)
    )
    name = "market-value benchmark" if benchmark is None else "given benchmark"
    worst = f"mean of the worst {100 * (1 - level):g} % of worlds"
    aim: Objective = 1.0 * ExpectedReturn()
    given = {"benchmark": {str(t): float(w) for t, w in market.items()}}
    if current is not None:
        given["current"] = within(current.weights(closes_in(returns)), returns)
    if limit:
        more = [limit_from(text, given) for text in limit]
        limits = {**limits, "limits": [*(limits.get("limits") or ()), *more]}
        told = f", within {', '.join(limit)}{told}"
    if current is not None and current.cost:
        told = f", less {100 * current.cost:g} % of what is traded{told}"
    rules, asked = dict(limits), neutral_limits(limits)
    if asked:
        told = f"{phrase(asked)}{told}"
    if objective is not None:
        aim, goal = objective_from(objective, given), f"maximise {objective}{told}"
    elif risk_aversion is None:
        budget = risk * loss(returns, market, level)
        rules["limits"] = [*(limits.get("limits") or ()), at_most(CVaR(level), budget)]
        least = "that" if risk == 1.0 else f"{risk:g} times that"
        goal = (
            f"have the highest expected return whose {worst} is no worse than {least} of the "
            f"{name}, {100 * budget:.1f} %{told}"
        )
    else:
        aim = ExpectedReturn() - risk_aversion * CVaR(level)
        goal = f"maximise expected return less {risk_aversion:g} times the {worst}{told}"
    if current is not None:
        aim = current.charge(returns, aim)
    choice = allocate(returns, aim, **rules)
    return Chosen(choice, goal, market, cash, limits, rules)
