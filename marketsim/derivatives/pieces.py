"""Terms that have a derivative, each as an expectation over draws (see `local`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..allocation import terms
from ..allocation.families import Portfolio
from ..allocation.names import Numbers, benchmark_of
from ..allocation.objectives import Term
from ..errors import InputError
from ..returns import ReturnScenarios
from .kernel import edge_of, plus
from .local import Local

__all__ = ["Piece", "piece_of"]

FloatArray = NDArray[np.float64]

INSTEAD: Final[Mapping[type, str]] = {
    terms.TrackingError: "limit or charge its square, Variance(relative_to=benchmark)",
    terms.WorstRegime: "use ExpectedReturn() or CVaR(0.95)",
    terms.AmbiguousReturn: "use ExpectedReturn() or CVaR(0.95)",
    terms.Regret: "use CVaR(0.95, relative_to=benchmark)",
    terms.Drawdown: "use CVaR(0.95)",
    terms.MarketImpact: "use TransactionCost(rate, current)",
}
"""What would be right, for terms that are neither linear, quadratic nor smoothed."""


SAME: Final = 1e-9
"""Outcomes whose standard deviation is no more are the same in all draws."""


class Piece(NamedTuple):
    """A term of outcomes, and how wide it is smoothed."""

    term: Term
    centre: FloatArray  # [company]: weights of a benchmark
    width: float  # standard deviation of the noise of a CVaR, as a return; 0 elsewhere

    def local(self, weights: FloatArray, returns: FloatArray, probabilities: FloatArray) -> Local:
        """The term near weights [company]."""
        active = weights - self.centre
        outcomes = returns @ active
        if isinstance(self.term, terms.CVaR):
            return _tail(outcomes, probabilities, active, self.term.level, self.width)
        if isinstance(self.term, terms.Variance):
            return _variance(outcomes, probabilities, active)
        flat = np.ones(len(outcomes))
        return Local(float(probabilities @ outcomes), outcomes, flat, 0.0 * flat, 0.0, active)


def piece_of(term: Term, at: Portfolio, width: float) -> Piece:
    """A term, with the width of its smoothing as a share of the spread of its outcomes.

    Raises
    ------
    InputError
        For a term that has no derivative here, with what would be right; or where a CVaR's
        outcomes are the same in all draws.
    """
    if not isinstance(term, (terms.ExpectedReturn, terms.Variance, terms.CVaR)):
        raise InputError(
            f"{term!r} has no derivative here: it is neither linear, quadratic nor a CVaR that is "
            f"smoothed; {INSTEAD.get(type(term), 'use ExpectedReturn(), Variance() or CVaR(0.95)')}"
        )
    centre = _centre(term, at.scenarios)
    if not isinstance(term, terms.CVaR):
        return Piece(term, centre, 0.0)
    if term.radius:
        raise InputError(f"{term!r} has no derivative here: give it no radius, CVaR({term.level})")
    odds = at.scenarios.probabilities
    outcomes = at.scenarios.returns @ (at.weights - centre)
    spread = float(odds @ (outcomes - odds @ outcomes) ** 2) ** 0.5
    if spread <= SAME:
        raise InputError(
            f"{term!r} is the same in all draws at these weights, so that there is no spread to "
            "smooth it by; its derivative needs weights that can lose"
        )
    return Piece(term, centre, width * spread)


def _centre(term: Any, scenarios: ReturnScenarios) -> FloatArray:
    given: Numbers | None = term.relative_to
    centre = benchmark_of(given, scenarios.tickers, f"{type(term).__name__} relative_to")
    return np.zeros(len(scenarios.tickers)) if centre is None else centre


def _variance(outcomes: FloatArray, odds: FloatArray, active: FloatArray) -> Local:
    centred = outcomes - odds @ outcomes / odds.sum()
    each = centred**2
    return Local(float(odds @ each), each, 2.0 * centred, np.full(len(each), 2.0), 1.0, active)


def _tail(
    outcomes: FloatArray, odds: FloatArray, active: FloatArray, level: float, width: float
) -> Local:
    edge = edge_of(-outcomes, odds, 1.0 - level, width)
    beyond, slope, bend = (part / (1.0 - level) for part in plus(-outcomes - edge, width))
    return Local(edge + float(odds @ beyond), beyond, -slope, bend, 1.0, active)
