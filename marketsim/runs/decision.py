"""What to hold: the most return for the risk of a benchmark, beside what others would hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.allocation import Allocation, CVaR, ExpectedReturn, Objective, WorstRegime, allocate
from marketsim.allocation.limits import at_most
from marketsim.allocation.measures import conditional_value_at_risk, variance
from marketsim.allocation.terms import Regret
from marketsim.returns import ReturnScenarios
from marketsim.valuation import Valuation

__all__ = ["Decision", "alternatives", "benchmark", "decide"]

CHOSEN: Final = "chosen"


@dataclass(frozen=True, eq=False)
class Decision:
    """A choice of weights, and what stands beside it.

    Attributes
    ----------
    choice
        The allocation.
    objective
        What it makes best, as a phrase after "to".
    benchmark
        Weights by market value, by ticker.
    alternatives
        By portfolio: expected return, what of it exceeds the cost of equity (``over_cost``), CVaR,
        ``active_risk`` (standard deviation of the difference to the benchmark), and the mean return
        in each regime.
    weights
        Of each portfolio, [ticker x portfolio].
    """

    choice: Allocation
    objective: str
    benchmark: pd.Series
    alternatives: pd.DataFrame
    weights: pd.DataFrame


def benchmark(returns: ReturnScenarios) -> pd.Series:
    """Return weights by market value, those of even weights where none is known."""
    held = list(returns.tickers)
    world = returns.world
    if isinstance(world, Valuation) and world.economics["market_cap"].notna().any():
        caps = world.economics["market_cap"].reindex(held).fillna(0.0)
        return (caps / caps.sum()).rename("benchmark")
    return pd.Series(1.0 / len(held), pd.Index(held), name="benchmark")


def decide(
    returns: ReturnScenarios,
    *,
    level: float = 0.95,
    risk: float = 1.0,
    risk_aversion: float | None = None,
    limits: Mapping[str, Any],
) -> Decision:
    """Choose weights.

    Parameters
    ----------
    returns
        From :func:`marketsim.revalue`.
    level
        Of CVaR.
    risk
        CVaR that may be taken, over that of the benchmark.
    risk_aversion
        In place of the budget: expected return less so many times CVaR.
    limits
        As in :func:`marketsim.allocate`.

    Raises
    ------
    InfeasibleError
        Where the limits leave no portfolio within the budget; it says what could be had.
    """
    market = benchmark(returns)
    if risk_aversion is None:
        budget = risk * loss(returns, market, level)
        rules = {**limits, "limits": [*(limits.get("limits") or ()), at_most(CVaR(level), budget)]}
        choice = allocate(returns, ExpectedReturn(), **rules)
        told = (
            f"have the highest expected return whose mean of the worst {100 * (1 - level):g} % of "
            f"worlds is no worse than {risk:g} times that of the market-value benchmark, "
            f"{100 * budget:.1f} %"
        )
    else:
        choice = allocate(returns, ExpectedReturn() - risk_aversion * CVaR(level), **limits)
        told = (
            f"maximise expected return less {risk_aversion:g} times the mean of the worst "
            f"{100 * (1 - level):g} % of worlds"
        )
    weights = alternatives(returns, choice, market, level, limits)
    return Decision(choice, told, market, _compared(returns, weights, market, level), weights)


def alternatives(
    returns: ReturnScenarios,
    choice: Allocation,
    market: pd.Series,
    level: float,
    limits: Mapping[str, Any],
) -> pd.DataFrame:
    """Return the weights of the choice and of others within the same limits, [ticker x name]."""
    held = list(returns.tickers)
    rivals: dict[str, Objective] = {
        "least CVaR": -1.0 * CVaR(level),
        "best worst regime": 1.0 * WorstRegime(),
        "least regret": -1.0 * Regret(),
    }
    found = {name: allocate(returns, goal, **limits).weights for name, goal in rivals.items()}
    even = pd.Series(1.0 / len(held), pd.Index(held))
    columns = {CHOSEN: choice.weights, **found, "equal weight": even, "benchmark": market}
    return pd.DataFrame({name: w.reindex(held).fillna(0.0) for name, w in columns.items()})


def loss(returns: ReturnScenarios, weights: pd.Series, level: float) -> float:
    """Return the mean of the worst part of the worlds as a loss: CVaR at a ``level``."""
    earned = returns.returns @ weights.reindex(list(returns.tickers)).fillna(0.0).to_numpy()
    return conditional_value_at_risk(earned, returns.probabilities, level)


def _compared(
    returns: ReturnScenarios, weights: pd.DataFrame, market: pd.Series, level: float
) -> pd.DataFrame:
    odds, drawn = returns.probabilities, returns.returns
    base = drawn @ market.to_numpy()
    rows = {}
    for name, column in weights.items():
        w = column.to_numpy()
        earned = drawn @ w
        rows[name] = {
            "expected_return": odds @ earned,
            "over_cost": odds @ earned - w @ _carry(returns),
            f"CVaR_{100 * level:g}": loss(returns, column, level),
            "active_risk": float(np.sqrt(variance(earned - base, odds))),
            **_by_regime(returns, earned),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("portfolio")


def _carry(returns: ReturnScenarios) -> np.ndarray:
    """Return the cost of equity over the horizon, [ticker]; nothing where it is unknown."""
    world = returns.world
    if not isinstance(world, Valuation):
        return np.zeros(len(returns.tickers))
    asked = world.economics["cost_of_equity"].reindex(list(returns.tickers)).to_numpy()
    return np.asarray(np.expm1(asked * returns.horizon_years))


def _by_regime(returns: ReturnScenarios, earned: np.ndarray) -> dict[str, float]:
    odds, names = returns.probabilities, np.asarray(returns.regimes)
    return {
        str(name): float(odds[names == name] @ earned[names == name] / odds[names == name].sum())
        for name in dict.fromkeys(names)
    }
