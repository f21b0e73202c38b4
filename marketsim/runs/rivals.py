"""What else could be held within the same limits, and how it compares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.allocation import Allocation, CVaR, Objective, WorstRegime, allocate
from marketsim.allocation.measures import conditional_value_at_risk, variance
from marketsim.allocation.prospects import prospects
from marketsim.allocation.terms import Regret
from marketsim.errors import InfeasibleError
from marketsim.returns import CASH, ReturnScenarios
from marketsim.valuation import Valuation, without_pull

from .benchmarks import even_weights
from .cash import cash_return, invested
from .neutral import FREE, freed, neutral_limits
from .regimes import regime_means

__all__ = ["alternatives", "compared", "in_prospect", "loss", "parts_of"]

CHOSEN: Final = "chosen"
TAMED: Final = "chosen with cash, at the risk of least CVaR"
UNPULLED: Final = "if prices do not come back"

SOME: Final = 5e-4
"""Less cash is none."""


def alternatives(
    returns: ReturnScenarios,
    choice: Allocation,
    market: pd.Series,
    level: float,
    limits: Mapping[str, Any],
    rules: Mapping[str, Any],
) -> pd.DataFrame:
    """Return the weights of the choice and of others, [ticker x name].

    The others keep to the same ``limits`` and hold no cash, which alone would have the least CVaR,
    save where the limits leave them no choice. Beside that of the least CVaR stands the choice with
    as much cash as brings it there. Where the choice holds cash, what it would be without stands
    beside it, if there is such a portfolio within its ``rules``; where it is neutral to
    assumptions, what it would be if it were not. Where prices are taken to come back to the model's
    value, what would be best within the same ``rules`` if they did not is among them.
    """
    held = list(returns.tickers)
    rivals: dict[str, Objective] = {
        "least CVaR": -1.0 * CVaR(level),
        "best worst regime": 1.0 * WorstRegime(),
        "least regret": -1.0 * Regret(),
    }
    columns = {CHOSEN: choice.weights}
    if choice.weights.get(CASH, 0.0) > SOME:
        without = _allocated(returns, choice.terms, invested(rules))
        columns |= {} if without is None else {"no cash": without}
    if neutral_limits(rules):
        columns[FREE] = allocate(returns, choice.terms, **freed(rules)).weights
    if (still := without_pull(returns)) is not None:
        best = _allocated(still, choice.terms, rules)
        columns |= {} if best is None else {UNPULLED: best}
    for name, goal in rivals.items():
        found = _allocated(returns, goal, invested(limits))
        columns[name] = allocate(returns, goal, **limits).weights if found is None else found
    part = _with_cash(returns, choice.weights, columns["least CVaR"], level)
    if part is not None and part[CASH] <= float((limits.get("max_weights") or {}).get(CASH, 1.0)):
        columns[TAMED] = part
    columns |= {"equal weight": even_weights(returns), "benchmark": market}
    if CASH in held:
        columns[CASH] = pd.Series({CASH: 1.0})
    return pd.DataFrame({name: w.reindex(held).fillna(0.0) for name, w in columns.items()})


def _with_cash(
    returns: ReturnScenarios, weights: pd.Series, safest: pd.Series, level: float
) -> pd.Series | None:
    """Return weights with as much cash as they need for the CVaR of others; None if not so."""
    if CASH not in returns.tickers:
        return None
    cash = pd.Series({CASH: 1.0}).reindex(list(returns.tickers)).fillna(0.0)
    mine, theirs, none = (loss(returns, w, level) for w in (weights, safest, cash))
    if not none < theirs < mine - 1e-9:
        return None
    # Cash earns the same in every draw, so that CVaR is a straight line on the way to it.
    part = (mine - theirs) / (mine - none)
    return (1.0 - part) * weights.reindex(list(returns.tickers)).fillna(0.0) + part * cash


def _allocated(
    returns: ReturnScenarios, goal: Objective, limits: Mapping[str, Any]
) -> pd.Series | None:
    """Return the best weights within limits; None where there are none."""
    try:
        return allocate(returns, goal, **limits).weights
    except InfeasibleError:
        return None


def loss(returns: ReturnScenarios, weights: pd.Series, level: float) -> float:
    """Return the mean of the worst part of the worlds as a loss: CVaR at a ``level``."""
    earned = returns.returns @ weights.reindex(list(returns.tickers)).fillna(0.0).to_numpy()
    return conditional_value_at_risk(earned, returns.probabilities, level)


def compared(
    returns: ReturnScenarios, weights: pd.DataFrame, market: pd.Series, level: float
) -> pd.DataFrame:
    """Return what each portfolio of ``weights`` [ticker x name] returns, risks, leaves in cash."""
    odds, drawn = returns.probabilities, returns.returns
    base, asked = drawn @ market.to_numpy(), _carry(returns)
    still = without_pull(returns)
    rows = {}
    for name, column in weights.items():
        w = column.to_numpy()
        earned = drawn @ w
        rows[name] = {
            "expected_return": odds @ earned,
            "over_cost": odds @ earned - w @ asked,
            "without_pull": odds @ (earned if still is None else still.returns @ w),
            f"CVaR_{100 * level:g}": loss(returns, column, level),
            "active_risk": float(np.sqrt(variance(earned - base, odds))),
            "cash": float(column.get(CASH, 0.0)),
            **regime_means(returns, w)["mean"].to_dict(),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("portfolio")


def in_prospect(
    returns: ReturnScenarios, weights: pd.DataFrame, market: pd.Series, cash: float | None
) -> pd.DataFrame:
    """Return chances and quantiles of each portfolio of ``weights`` [ticker x name], [name].

    See :meth:`marketsim.allocation.Allocation.prospects`; ``cash`` is what cash returns.
    """
    base = market.reindex(list(returns.tickers)).fillna(0.0).to_numpy()
    rows = {
        name: prospects(returns, column.to_numpy(), base, cash) for name, column in weights.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("portfolio")


def _carry(returns: ReturnScenarios) -> np.ndarray:
    """Return the cost of equity over the horizon, [ticker]; nothing where it is unknown."""
    found = parts_of(returns)
    if found is None:
        found = pd.DataFrame({"carry": 0.0}, index=list(returns.tickers))
        if CASH in returns.tickers:
            found.loc[CASH, "carry"] = cash_return(returns)
    return np.asarray(found["carry"].reindex(list(returns.tickers)), dtype=float)


def parts_of(returns: ReturnScenarios) -> pd.DataFrame | None:
    """Return carry, pull and what regimes bring, by ticker, cash among them; None if unknown."""
    world = returns.world
    if not isinstance(world, Valuation):
        return None
    parts = world.table(returns.probabilities)[["carry", "pull", "regimes"]].copy()
    if CASH in returns.tickers:
        parts.loc[CASH] = [cash_return(returns), 0.0, 0.0]
    return parts
