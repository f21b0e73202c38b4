"""One backtest of a batch, as a file asks for it: plain values, which travel to any process."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marketsim.backtesting import Costs
from marketsim.backtesting.rebalancing import days_or_period

__all__ = ["EMBEDDED", "Job"]

EMBEDDED = "embedded"
"""Names the closes that ship with marketsim."""


@dataclass(frozen=True)
class Job:
    """What is walked through, and how.

    Attributes
    ----------
    strategy
        A name, or the path of a file.
    period, start, end
        Its name, and days or None.
    universe, tickers
        Its name, and tickers or None for the companies priced.
    rebalance
        A period, or days apart by commas.
    cost, spread
        Fractions of what is traded.
    benchmark, cash_yield
        As `marketsim.backtest` takes them.
    prices
        A file, `embedded` or `yahoo`.
    facts
        A folder of rows beside the shipped facts, or None.
    believe
        Tickers whose closes are taken as they stand.
    scenarios
        A file of regimes, or None for those that ship.
    """

    strategy: str
    period: str = "all"
    start: str | None = None
    end: str | None = None
    universe: str = "all"
    tickers: tuple[str, ...] | None = None
    rebalance: str = "monthly"
    cost: float = 0.001
    spread: float = 0.0
    benchmark: str | None = None
    cash_yield: float | None = None
    prices: str = EMBEDDED
    facts: str | None = None
    believe: tuple[str, ...] = ()
    scenarios: str | None = None

    @property
    def name(self) -> str:
        """The strategy's name, that of its file."""
        return Path(self.strategy).stem if self.strategy.endswith(".py") else self.strategy

    @property
    def costs(self) -> float | Costs:
        """What trading costs, as `marketsim.backtest` takes it."""
        if not self.spread:
            return self.cost
        return Costs(proportional=self.cost, spread=self.spread)

    @property
    def when(self) -> Any:
        """When decisions fall, as `marketsim.backtest` takes it."""
        return days_or_period(self.rebalance)

    def settings(self) -> dict[str, Any]:
        """Return what tells this job from others of its batch, for tables: no paths."""
        told = asdict(self) | {"strategy": self.name, "prices": Path(self.prices).name}
        told["scenarios"] = self.scenarios and Path(self.scenarios).name
        return {name: told[name] for name in told if name not in ("tickers", "facts", "believe")}
