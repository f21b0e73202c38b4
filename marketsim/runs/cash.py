"""Cash beside the companies: what it earns, and how much of it there may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.knowledge import BILL, bill_yield
from marketsim.returns import CASH, ReturnScenarios
from marketsim.valuation import Valuation
from marketsim.valuation.assumptions import RATES

__all__ = [
    "CashRate",
    "cash_elsewhere",
    "cash_return",
    "earned_by_cash",
    "invested",
    "with_cash",
    "with_cash_cap",
]

SHORT: Final = 1.0
"""Years: whoever holds cash for longer can have a bond."""


@dataclass(frozen=True)
class CashRate:
    """What cash earns.

    Attributes
    ----------
    rate
        Per year, compounded continuously.
    name
        Of the security whose yield it is, or why there is none.
    date
        Of the yield; None where there is no security.
    """

    rate: float
    name: str
    date: pd.Timestamp | None = None

    def __str__(self) -> str:
        return self.name if self.date is None else f"{self.name} of {self.date.date()}"

    def record(self) -> dict[str, float | str | None]:
        """Return it for the record of a run."""
        date = None if self.date is None else str(self.date.date())
        return {"rate": round(self.rate, 12), "name": self.name, "date": date}


def earned_by_cash(returns: ReturnScenarios, given: float | None = None) -> CashRate:
    """Return what cash earns over the horizon of return scenarios.

    Over a year at the most the newest bill known by the date; over more, or where no bill is known,
    the return without risk that valuation assumes. A ``given`` rate comes before both, a column of
    cash before all. Scenarios made elsewhere know of no rate.
    """
    world = returns.world
    if CASH in returns.tickers:
        earned = float(np.log1p(cash_return(returns)) / returns.horizon_years)
        return CashRate(earned, "as the scenarios have it")
    if given is not None:
        return CashRate(given, "as given")
    if not isinstance(world, Valuation):
        return CashRate(0.0, "no rate known")
    facts = world.paths.scenarios.posterior.knowledge
    bills = facts.select(*BILL)
    if returns.horizon_years <= SHORT and len(bills):
        newest = bills.iloc[-1]
        return CashRate(bill_yield(newest["value"] / 100.0), BILL[1], newest["date"])
    return _assumed(world, facts.select(*RATES["risk_free"]))


def _assumed(world: Valuation, bonds: pd.DataFrame) -> CashRate:
    """Return the rate of valuation, with the bond that it is of unless it was set otherwise."""
    rate = float(world.assumed.risk_free)
    if len(bonds) and np.isclose(rate, bonds["value"].iloc[-1] / 100.0, rtol=1e-9):
        return CashRate(rate, RATES["risk_free"][1], bonds["date"].iloc[-1])
    return CashRate(rate, "the return without risk that valuation assumes")


def with_cash(returns: ReturnScenarios, earned: CashRate) -> ReturnScenarios:
    """Return scenarios with cash, unless they have some."""
    return returns if CASH in returns.tickers else returns.with_cash(earned.rate)


def with_cash_cap(limits: Mapping[str, Any], most_cash: float) -> dict[str, Any]:
    """Return limits in which cash has a cap of its own, unless they give it one."""
    return {**limits, "max_weights": {CASH: most_cash, **(limits.get("max_weights") or {})}}


def cash_return(returns: ReturnScenarios) -> float:
    """Return what cash earns over the horizon."""
    return float(returns.probabilities @ returns.returns[:, returns.tickers.index(CASH)])


def cash_elsewhere(returns: ReturnScenarios, given: float | None = None) -> float | None:
    """Return what cash would return where none may be held; None where no rate is known."""
    if CASH in returns.tickers:
        return cash_return(returns)
    if given is None and not isinstance(returns.world, Valuation):
        return None
    return float(np.expm1(earned_by_cash(returns, given).rate * returns.horizon_years))


def invested(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same limits without cash."""
    own = dict(limits.get("max_weights") or {})
    return {**limits, "max_weights": own | {CASH: 0.0} if CASH in own else own}
