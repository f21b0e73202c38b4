"""What it costs to get from the weights held now to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...returns import ReturnScenarios
from ..families import Bend, Family, Focus, Line, Portfolio
from ..names import Numbers, array_of, check_number, numbers
from ..objectives import Curvature, Term
from .moments import free

if TYPE_CHECKING:
    import pandas as pd

    from ..constraints import Constraints

__all__ = ["MarketImpact", "TransactionCost"]

FloatArray = NDArray[np.float64]


def _frozen(term: object, argument: str, *, single: bool) -> None:
    """Turn an argument of a term into something that can be hashed."""
    given, where = getattr(term, argument), f"{type(term).__name__} {argument}"
    if single and isinstance(given, (int, float, np.number)):
        check_number(where, given, 0.0, what="a number from 0 up")
        object.__setattr__(term, argument, float(given))
        return
    pairs = numbers(given, where)
    for ticker, value in pairs if single else ():
        check_number(f"{where}[{ticker!r}]", value, 0.0, what="a number from 0 up")
    object.__setattr__(term, argument, pairs)


def _array(term: object, argument: str, scenarios: ReturnScenarios) -> FloatArray:
    given, tickers = getattr(term, argument), scenarios.tickers
    if isinstance(given, float):
        return np.full(len(tickers), given)
    return array_of(given, tickers, f"{type(term).__name__} {argument}")


@dataclass(frozen=True)
class TransactionCost(Term):
    """Cost in proportion to what is bought and sold: the sum of rate times |w - current|.

    Parameters
    ----------
    rate : float or mapping or Series of ticker to float
        Cost of a unit traded, as a fraction of it: half the spread and fees, such as 0.0005.
    current : mapping or Series of ticker to weight
        Weights held now; what is left out has none.
    """

    rate: float | Mapping[str, float] | pd.Series[float] | Numbers
    current: Mapping[str, float] | pd.Series[float] | Numbers
    curvature: ClassVar[Curvature] = "convex"

    def __post_init__(self) -> None:
        _frozen(self, "rate", single=True)
        _frozen(self, "current", single=False)

    def __repr__(self) -> str:
        rate = f"{self.rate:g}" if isinstance(self.rate, float) else "rates"
        return f"TransactionCost({rate}, current)"

    def settled(self, scenarios: ReturnScenarios, constraints: Constraints) -> Term:
        """The term itself, if its names are there."""
        self._rates(scenarios), self._held(scenarios)
        return self

    def magnitude(self, unit: float, scenarios: ReturnScenarios) -> float:
        """The mean rate."""
        return float(self._rates(scenarios).mean())

    def value(self, at: Portfolio) -> float:
        """The cost of the trades."""
        return float(self._rates(at.scenarios) @ np.abs(at.weights - self._held(at.scenarios)))

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Trades at any price within the spread: the cost is that at the worst."""
        rates = self._rates(scenarios)
        reach, cost = np.ones(len(rates)), -rates * self._held(scenarios)
        return Family(np.zeros(len(rates)), np.diag(rates), cost, lower=-reach, upper=reach)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The prices found, kept within the spread."""
        tilt = self._rates(at.scenarios) * np.clip(member, -1.0, 1.0)
        return Line(0.0, tilt, -float(tilt @ self._held(at.scenarios)))

    def _rates(self, scenarios: ReturnScenarios) -> FloatArray:
        return _array(self, "rate", scenarios)

    def _held(self, scenarios: ReturnScenarios) -> FloatArray:
        return _array(self, "current", scenarios)


@dataclass(frozen=True)
class MarketImpact(Term):
    """Cost of moving the price by trading: the sum of coefficient times |w - current|^(3/2).

    Parameters
    ----------
    coefficient : float or mapping or Series of ticker to float
        Cost of trading the whole portfolio's value in a name: by the square-root law about
        daily volatility times the square root of that value over the name's daily volume
        (Grinold and Kahn 1999, chapter 16).
    current : mapping or Series of ticker to weight
        Weights held now; what is left out has none.
    """

    coefficient: float | Mapping[str, float] | pd.Series[float] | Numbers
    current: Mapping[str, float] | pd.Series[float] | Numbers
    curvature: ClassVar[Curvature] = "convex"

    def __post_init__(self) -> None:
        _frozen(self, "coefficient", single=True)
        _frozen(self, "current", single=False)

    def __repr__(self) -> str:
        one = isinstance(self.coefficient, float)
        text = f"{self.coefficient:g}" if one else "coefficients"
        return f"MarketImpact({text}, current)"

    def settled(self, scenarios: ReturnScenarios, constraints: Constraints) -> Term:
        """The term itself, if its names are there."""
        self._sizes(scenarios), self._held(scenarios)
        return self

    def magnitude(self, unit: float, scenarios: ReturnScenarios) -> float:
        """The mean coefficient."""
        return float(self._sizes(scenarios).mean())

    def value(self, at: Portfolio) -> float:
        """The cost of the trades."""
        trades = np.abs(at.weights - self._held(at.scenarios))
        return float(self._sizes(at.scenarios) @ trades**1.5)

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """Tangents: -k |d|^(3/2) is the lowest of s y d + |y|^3 with k = 2 (s / 3)^(3/2)."""
        steep = self._steep(scenarios)
        cost = -steep * self._held(scenarios)
        return free(np.diag(steep), Bend("cube", 0, len(steep)), cost)

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tangent found; that at the weights is steep where little is traded."""
        tilt = self._steep(at.scenarios) * member
        offset = float((np.abs(member) ** 3).sum() - tilt @ self._held(at.scenarios))
        return Line(0.0, tilt, offset)

    def _steep(self, scenarios: ReturnScenarios) -> FloatArray:
        return np.asarray(3.0 * (self._sizes(scenarios) / 2.0) ** (2.0 / 3.0))

    def _sizes(self, scenarios: ReturnScenarios) -> FloatArray:
        return _array(self, "coefficient", scenarios)

    def _held(self, scenarios: ReturnScenarios) -> FloatArray:
        return _array(self, "current", scenarios)
