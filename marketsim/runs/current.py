"""What is held before a decision, and the trades that lead from there to what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.allocation import Objective
from marketsim.allocation.names import numbers
from marketsim.allocation.terms import TransactionCost
from marketsim.errors import InputError, nearest
from marketsim.returns import CASH, ReturnScenarios
from marketsim.valuation import Valuation

__all__ = ["Current", "closes_in", "trades", "trades_story", "within"]

WHOLE: Final = 1e-3
"""By how much weights may sum to more than 1."""

SOME: Final = 5e-4
"""Smaller trades are none, and smaller weights no holding, to a reader."""

MOST_COST: Final = 0.2
"""Of what is traded: above it, per cent or points were meant."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Current:
    """What is held now.

    Attributes
    ----------
    held
        By ticker, ``cash`` among them: fractions of the whole, or numbers of shares, of cash in
        USD. What weights leave of 1 is cash.
    in_shares
        Which of both.
    money
        USD, the worth of all of it; of shares what they are worth, unless more is given, which is
        cash. None where it is not known.
    cost
        Of a trade, a fraction of what is bought or sold; cash trades for nothing.
    """

    held: Mapping[str, float]
    in_shares: bool = False
    money: float | None = None
    cost: float = 0.0

    def __post_init__(self) -> None:
        name = "shares" if self.in_shares else "current"
        pairs = numbers(self.held, name)
        if below := [ticker for ticker, value in pairs if value < 0.0]:
            raise InputError(f"{name}[{below[0]!r}] is below 0; short holdings are not taken")
        total = sum(value for _, value in pairs)
        if not self.in_shares and total > 1.0 + WHOLE:
            hint = ": write fractions, not per cent" if abs(total - 100.0) < 1.0 else ""
            raise InputError(f"the weights of current sum to {total:.6g}, more than 1{hint}")
        if self.in_shares and total <= 0.0:
            raise InputError("shares are all 0; leave them out where nothing is held")
        if self.money is not None and not (np.isfinite(self.money) and self.money > 0.0):
            raise InputError(f"money is {self.money}; give USD, above 0")
        if not 0.0 <= self.cost <= MOST_COST:
            right = f"give a fraction of what is traded up to {MOST_COST:g}, as 0.001"
            raise InputError(f"cost is {self.cost}; {right}")

    def check(self, priced: Sequence[str], companies: Sequence[str]) -> None:
        """Refuse holdings in what the choice is not made among: ``priced`` of ``companies``."""
        for ticker in self.held:
            if ticker in (*priced, CASH):
                continue
            if ticker in companies:
                why = "which this run leaves out or has no price of"
                right = "let it be among tickers, or leave it out of what is held"
            else:
                why, right = "which is no company of the model", "leave it out, or add it"
            raise InputError(f"current holds {ticker}, {why}; {right}.{nearest(ticker, priced)}")

    def worth(self, closes: pd.Series) -> float | None:
        """Return what all of it is worth, USD, at closes [ticker]; None where that is unknown.

        Raises
        ------
        InputError
            A share has no close, or the money given is less than the shares are worth.
        """
        if not self.in_shares:
            return self.money
        value = sum(self._values(closes).values())
        if self.money is not None and self.money < value * (1.0 - WHOLE):
            raise InputError(
                f"the shares held are worth {value:,.0f} USD at the close, more than the money "
                f"given, {self.money:,.0f}; give all of it, or leave money out"
            )
        return value if self.money is None else max(self.money, value)

    def weights(self, closes: pd.Series) -> dict[str, float]:
        """Return fractions of the whole by ticker at closes [ticker]; those of cash sum to 1."""
        if self.in_shares:
            total = self.worth(closes)
            assert total is not None  # shares have a worth, or closes are missing
            found = {ticker: value / total for ticker, value in self._values(closes).items()}
        else:
            found = {ticker: float(weight) for ticker, weight in self.held.items()}
        rest = 1.0 - sum(found.values())
        return {**found, CASH: found.get(CASH, 0.0) + max(rest, 0.0)}

    def _values(self, closes: pd.Series) -> dict[str, float]:
        """Return what each holding of so many shares is worth, USD."""
        prices = {**closes.to_dict(), CASH: 1.0}
        missing = [t for t, n in self.held.items() if n and not np.isfinite(prices.get(t, np.nan))]
        if missing:
            raise InputError(
                f"there is no close of {', '.join(missing)}; give weights in place of shares"
            )
        return {t: float(n) * float(prices[t]) for t, n in self.held.items() if n}

    def charge(self, returns: ReturnScenarios, aim: Objective) -> Objective:
        """Return an objective less what the trades would cost."""
        if not self.cost:
            return aim
        now = within(self.weights(closes_in(returns)), returns)
        rates = {ticker: self.cost for ticker in returns.tickers if ticker != CASH}
        return aim - aim.direction() * TransactionCost(rates, now)

    def record(self) -> dict[str, Any]:
        """Return it for the record of a run."""
        return {str(name): float(value) for name, value in sorted(self.held.items())}


def within(weights: Mapping[str, float], returns: ReturnScenarios) -> dict[str, float]:
    """Return weights of what is among the returns: cash where it may be held."""
    return {ticker: w for ticker, w in weights.items() if ticker in returns.tickers}


def closes_in(returns: ReturnScenarios) -> pd.Series:
    """Return the closes that returns rest on, USD [ticker]; none of those made elsewhere."""
    world = returns.world
    if not isinstance(world, Valuation):
        return pd.Series(dtype=float)
    return world.prices.statistics["close"].astype(float)


def trades(now: Current, then: pd.Series, closes: pd.Series) -> pd.DataFrame:
    """Return what to buy and sell, largest sale first and largest purchase last.

    Parameters
    ----------
    now
        What is held.
    then
        Weights chosen, [ticker].
    closes
        USD [ticker], on the day of the decision.

    Returns
    -------
    DataFrame [ticker]
        ``weight_now``, ``weight_then``, ``change``; ``money``, USD, negative where sold, and
        ``shares`` of it at ``close``, both NaN where the worth of all is unknown; ``cost``, a
        fraction of the whole. A row for each holding, now or then.
    """
    before = pd.Series(now.weights(closes), dtype=float)
    names = list(dict.fromkeys([*then.index, *before.index]))
    table = pd.DataFrame(
        {"weight_now": before.reindex(names), "weight_then": then.reindex(names)}
    ).fillna(0.0)
    table["change"] = table["weight_then"] - table["weight_now"]
    worth = now.worth(closes)
    table["money"] = table["change"] * (np.nan if worth is None else worth)
    table["close"] = closes.reindex(names)
    table["shares"] = table["money"] / table["close"]
    table["cost"] = now.cost * table["change"].abs()
    if CASH in table.index:
        table.loc[CASH, "cost"] = 0.0
    some = (table[["weight_now", "weight_then"]].abs() > SOME).any(axis=1)
    order = table[some].sort_values("change", kind="stable")
    return order.rename_axis("ticker")


def trades_story(table: pd.DataFrame) -> str:
    """Return trades for a terminal, and what they come to."""
    moved = table[table["change"].abs() > SOME]
    if moved.empty:
        return "trades: none"
    known = bool(moved["money"].notna().any())
    wide = max(len(str(name)) for name in moved.index)
    lines = [f"trades, sales first{'' if known else ' (say what all is worth for sizes)'}"]
    for name, row in moved.iterrows():
        told = f"{name!s:{wide}} {row['weight_now']:7.3f} to {row['weight_then']:5.3f}"
        if known:
            told += f"  {row['money']:+15,.0f} USD"
        if np.isfinite(row["shares"]):
            told += f"  {row['shares']:+12,.1f} shares at {row['close']:,.2f}"
        lines.append(told)
    turnover = 0.5 * float(table["change"].abs().sum())
    cost = float(table["cost"].sum())
    told = f", at a cost of {100 * cost:.2f} %" if cost > 0.0 else ""
    lines.append(f"{100 * turnover:.1f} % changes hands{told}")
    return "\n".join(lines)
