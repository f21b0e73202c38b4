"""Growth of wealth: the criterion of Kelly (1956)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ...returns import ReturnScenarios
from ..families import Bend, Family, Focus, Line, Portfolio, portfolio_of
from ..objectives import Curvature, Term
from .moments import root

__all__ = ["LogGrowth"]

FloatArray = NDArray[np.float64]

RUIN = 1e-9  # wealth below which a tangent is taken at this instead
KEPT = 0.5  # of a portfolio's least wealth, which weights must keep to have their tangent taken


@dataclass(frozen=True)
class LogGrowth(Term):
    """Expected logarithm of wealth, E[log(1 + x)]; minus infinity where all can be lost."""

    curvature: ClassVar[Curvature] = "concave"
    local: ClassVar[bool] = True
    smooth: ClassVar[bool] = True

    def value(self, at: Portfolio) -> float:
        """E[log(1 + x)] over the draws that have any probability."""
        counted = at.scenarios.probabilities > 0
        wealth = 1.0 + at.outcomes[counted]
        if wealth.min() <= 0.0:
            return -np.inf
        return float(at.scenarios.probabilities[counted] @ np.log(wealth))

    def family(self, scenarios: ReturnScenarios, focus: Focus | None = None) -> Family:
        """The quadratic model at the last portfolio visited, as the lowest of its tangents.

        With gradient g and curvature F'F / 2 at weights v, the model is the value at v, less g'v,
        plus the lowest of g'w - z'F (w - v) + |z|^2: as many members as companies, whatever the
        draws.
        """
        count = len(scenarios.tickers)
        at = focus.visited[-1] if focus else portfolio_of(scenarios, np.full(count, 1.0 / count))
        wealth = np.maximum(1.0 + at.outcomes, RUIN)
        odds = scenarios.probabilities
        gradient = (odds / wealth) @ scenarios.returns
        bent = scenarios.returns * (np.sqrt(2.0 * odds) / wealth)[:, None]
        factor = root(bent.T @ bent)
        reach, back = np.full(len(factor), np.inf), 2.0 * np.linalg.pinv(factor, rcond=1e-8)

        def where(member: FloatArray) -> FloatArray:
            """Weights at which the model has the tangent that a member is."""
            return np.asarray(at.weights + back @ member)

        return Family(
            gradient,
            -factor.T,
            factor @ at.weights,
            -reach,
            reach,
            bends=[Bend("square", 0, len(factor))],
            whole=where,
            offset=float(odds @ np.log(wealth) - gradient @ at.weights),
        )

    def line(self, member: FloatArray, at: Portfolio) -> Line:
        """The tangent at the weights found; without any that keep some wealth, at the portfolio.

        Weights found by a model that hardly counts may be anywhere.
        """
        outcomes = at.scenarios.returns @ member if member.size else at.outcomes
        if outcomes.min() < KEPT * (1.0 + at.outcomes.min()) - 1.0:
            outcomes = at.outcomes
        wealth = np.maximum(1.0 + outcomes, RUIN)
        odds = at.scenarios.probabilities
        slope = odds / wealth
        return Line(slope, 0.0, float(odds @ np.log(wealth) - slope @ (wealth - 1.0)))
