"""Cash beside the companies: what it earns, and how much of it there may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marketsim.returns import CASH, ReturnScenarios
from marketsim.valuation import Valuation

__all__ = ["cash_return", "invested", "with_cash", "with_cash_cap"]


def with_cash(returns: ReturnScenarios, rate: float | None) -> ReturnScenarios:
    """Return scenarios with cash, which earns a rate a year, by default that of valuation."""
    if CASH in returns.tickers:
        return returns
    if rate is None:
        world = returns.world
        rate = float(world.assumed.risk_free) if isinstance(world, Valuation) else 0.0
    return returns.with_cash(rate)


def with_cash_cap(limits: Mapping[str, Any], most_cash: float) -> dict[str, Any]:
    """Return limits in which cash has a cap of its own, unless they give it one."""
    return {**limits, "max_weights": {CASH: most_cash, **(limits.get("max_weights") or {})}}


def cash_return(returns: ReturnScenarios) -> float:
    """Return what cash earns over the horizon."""
    return float(returns.probabilities @ returns.returns[:, returns.tickers.index(CASH)])


def invested(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same limits without cash."""
    own = dict(limits.get("max_weights") or {})
    return {**limits, "max_weights": own | {CASH: 0.0} if CASH in own else own}
