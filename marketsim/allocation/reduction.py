"""Many draws, few of which matter: solve near a guess, prove over all, move the guess.

The weights that are best over a fraction of the draws say which draws lie near the quantile of
the whole. Only those stay open: worse ones are in the tail, better ones out of it. The programme
over the open draws overrates what can be had, and the certificate, which counts every draw, says
by how much. Draws near the quantile at the new weights are opened too, so that the programmes grow
towards the whole, until the certificate holds: the answer is that of the whole programme. What
does not get there falls back to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..returns import ReturnScenarios
from .constraints import Constraints
from .objectives import Focus, Objective
from .problem import build
from .solvers import LINEAR, QUADRATIC, Found, attempt
from .terms import CVaR

__all__ = ["reduced"]

FloatArray = NDArray[np.float64]

SMALL: Final = 2_000
"""Draws up to which the whole programme is solved at once."""

STEP: Final = 5
"""The guess comes from every fifth draw."""

BY_COMPANY, BY_DRAWS, LEAST = 4, 0.01, 150
"""Open draws on either side of a quantile, at weights visited: so many for each company, such a
part of all draws, but no fewer than the last."""

ROUNDS: Final = 12
"""Guesses after which the whole programme is called for."""

LOOSE: Final = 1e-3
"""Relative gap that does for a guess."""


def reduced(
    objective: Objective, scenarios: ReturnScenarios, constraints: Constraints, time_limit: float
) -> Found | None:
    """Certified weights from programmes over few of the draws; None if the whole is called for."""
    if not any(isinstance(term, CVaR) for _, term in objective.parts):
        return None
    return _near(objective, scenarios, constraints, time_limit, gap=1e-6)


def _near(
    objective: Objective,
    scenarios: ReturnScenarios,
    constraints: Constraints,
    time_limit: float,
    gap: float,
) -> Found | None:
    count = len(scenarios)
    if count <= SMALL:
        return None
    weights = _guess(objective, scenarios, constraints, time_limit)
    width = max(BY_COMPANY * len(scenarios.tickers), int(BY_DRAWS * count), LEAST)
    visited: tuple[FloatArray, ...] = ()
    for _ in range(ROUNDS):
        if weights is None or 2 * width >= count:
            return None
        visited = (*visited, scenarios.returns @ weights)
        focus = Focus(visited, width)
        found = _solved(objective, scenarios, constraints, time_limit, focus)
        if found is None:
            return None
        if found[1].certificate.holds(gap):
            return found
        weights = found[0]
    return None


def _guess(
    objective: Objective, scenarios: ReturnScenarios, constraints: Constraints, time_limit: float
) -> FloatArray | None:
    """Weights that are about the best over a part of the draws; None where it says nothing."""
    try:
        part = _thinned(scenarios)
    except InputError:  # draws that are all the same leave nothing to choose between
        return None
    near = _near(objective, part, constraints, time_limit, LOOSE)
    found = near or _solved(objective, part, constraints, time_limit, None)
    return None if found is None else found[0]


def _thinned(scenarios: ReturnScenarios) -> ReturnScenarios:
    """Every fifth draw of those that have any probability."""
    kept = np.flatnonzero(scenarios.probabilities > 0)[::STEP]
    odds = scenarios.probabilities[kept]
    return replace(
        scenarios,
        returns=scenarios.returns[kept],
        probabilities=odds / odds.sum(),
        regimes=scenarios.regimes[kept],
    )


def _solved(
    objective: Objective,
    scenarios: ReturnScenarios,
    constraints: Constraints,
    time_limit: float,
    focus: Focus | None,
) -> Found | None:
    programme = build(objective, scenarios, constraints, focus)
    for solver in QUADRATIC if programme.quadratic else LINEAR:
        found = attempt(programme, solver, time_limit, objective, scenarios, constraints)
        if not isinstance(found, str):
            return found
    return None
