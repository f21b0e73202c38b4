"""What it costs to get from the weights held now to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from marketsim.checks import check_number

from ...returns import ReturnScenarios
from ..families import Attribution, Bend, Family, Focus, Line, Portfolio
from ..names import Numbers, array_of, fractions, numbers
from ..objectives import Curvature, Term
from .moments import free

if TYPE_CHECKING:
    import pandas as pd

    from ..constraints import Constraints
    from ..deadline import Deadline

__all__ = ["MarketImpact", "TransactionCost"]

FloatArray = NDArray[np.float64]


class Trading(Term):
    """A cost of trading: so much of each company, times a power of what is traded."""

    curvature: ClassVar[Curvature] = "convex"
    price: ClassVar[str]  # the field that holds how much
    power: ClassVar[float]
    current: Mapping[str, float] | pd.Series[float] | Numbers

    def __post_init__(self) -> None:
        where, given = f"{type(self).__name__} {self.price}", getattr(self, self.price)
        what = "a number from 0 up"
        if isinstance(given, (int, float, np.number)):
            check_number(where, given, 0.0, what=what)
            object.__setattr__(self, self.price, float(given))
        else:
            pairs = numbers(given, where)
            for ticker, value in pairs:
                check_number(f"{where}[{ticker!r}]", value, 0.0, what=what)
            object.__setattr__(self, self.price, pairs)
        held = fractions(self.current, f"{type(self).__name__} current")
        object.__setattr__(self, "current", held)

    def __repr__(self) -> str:
        given = getattr(self, self.price)
        text = f"{given:g}" if isinstance(given, float) else f"{self.price}s"
        return f"{type(self).__name__}({text}, current)"

    def settled(
        self,
        scenarios: ReturnScenarios,
        constraints: Constraints,
        deadline: Deadline | None = None,
    ) -> Term:
        """The term itself, if its names are there."""
        self.prices(scenarios)
        self.held(scenarios)
        return self

    def magnitude(self, unit: float, scenarios: ReturnScenarios) -> float:
        """The mean price."""
        return float(self.prices(scenarios).mean())

    def value(self, at: Portfolio) -> float:
        """The cost of the trades."""
        trades = np.abs(at.weights - self.held(at.scenarios))
        return float(self.prices(at.scenarios) @ trades**self.power)

    def attribution(self, at: Portfolio, near: FloatArray | float | None = None) -> Attribution:
        """What each trade costs, in no draw more than in others."""
        scenarios, held = at.scenarios, self.held(at.scenarios)
        trades = at.weights - held
        tilt = self.prices(scenarios) * np.abs(trades) ** (self.power - 1.0) * np.sign(trades)
        none = np.zeros(scenarios.returns.shape)
        return Attribution(scenarios.probabilities, none, tilt, held)

    def prices(self, scenarios: ReturnScenarios) -> FloatArray:
        """How much of each [company]; nothing where a mapping has none."""
        given, tickers = getattr(self, self.price), scenarios.tickers
        if isinstance(given, float):
            return np.full(len(tickers), given)
        return array_of(given, tickers, f"{type(self).__name__} {self.price}")

    def held(self, scenarios: ReturnScenarios) -> FloatArray:
        """Weights held now [company]."""
        where = f"{type(self).__name__} current"
        return array_of(fractions(self.current, where), scenarios.tickers, where)


@dataclass(frozen=True, repr=False)
class TransactionCost(Trading):
    """Cost in proportion to what is bought and sold: the sum of rate times |w - current|.

    Parameters
    ----------
    rate : float or mapping or Series of ticker to float
        Cost of a unit traded, as a fraction of it: half the spread and fees, such as 0.0005.
        Companies that a mapping leaves out trade for nothing.
    current : mapping or Series of ticker to weight
        Weights held now; what is left out has none.
    """

    rate: float | Mapping[str, float] | pd.Series[float] | Numbers
    current: Mapping[str, float] | pd.Series[float] | Numbers
    price: ClassVar[str] = "rate"
    power: ClassVar[float] = 1.0

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Trades at any price within the spread: the cost is that at the worst."""
        rates = self.prices(scenarios)
        reach, cost = np.ones(len(rates)), -rates * self.held(scenarios)
        return Family(np.zeros(len(rates)), np.diag(rates), cost, lower=-reach, upper=reach)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The prices found, kept within the spread."""
        tilt = self.prices(at.scenarios) * np.clip(member, -1.0, 1.0)
        return Line(0.0, tilt, -float(tilt @ self.held(at.scenarios)))


@dataclass(frozen=True, repr=False)
class MarketImpact(Trading):
    """Cost of moving the price by trading: the sum of coefficient times |w - current|^(3/2).

    Parameters
    ----------
    coefficient : float or mapping or Series of ticker to float
        Cost of trading the whole portfolio's value in a name: by the square-root law about
        daily volatility times the square root of that value over the name's daily volume
        (Grinold and Kahn 1999, chapter 16). Companies that a mapping leaves out have none.
    current : mapping or Series of ticker to weight
        Weights held now; what is left out has none.
    """

    coefficient: float | Mapping[str, float] | pd.Series[float] | Numbers
    current: Mapping[str, float] | pd.Series[float] | Numbers
    price: ClassVar[str] = "coefficient"
    power: ClassVar[float] = 1.5

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Tangents: -k |d|^(3/2) is the lowest of s y d + |y|^3 with k = 2 (s / 3)^(3/2)."""
        steep = self._steep(scenarios)
        cost = -steep * self.held(scenarios)
        return free(np.diag(steep), Bend("cube", 0, len(steep)), cost)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tangent found; that at the weights is steep where little is traded."""
        tilt = self._steep(at.scenarios) * member
        offset = float((np.abs(member) ** 3).sum() - tilt @ self.held(at.scenarios))
        return Line(0.0, tilt, offset)

    def _steep(self, scenarios: ReturnScenarios) -> FloatArray:
        return np.asarray(3.0 * (self.prices(scenarios) / 2.0) ** (2.0 / 3.0))
