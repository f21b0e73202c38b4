"""Many draws, few of which matter: solve near a guess, prove over all, move the guess.

The weights that are best over a fraction of the draws say which draws lie near the quantile of
the whole. Only those stay open: worse ones are in the tail, better ones out of it. The programme
over the open draws overrates what can be had, and the certificate, which counts every draw, says
by how much. Draws near the quantile at the new weights are opened too, so that the programmes grow
towards the whole, until the certificate holds: the answer is that of the whole programme. What
does not get there falls back to it.

Terms that are told to the solver by a model near a guess, such as the growth of wealth, take the
same rounds: solve, prove, move the guess.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ..errors import InputError, SolverError
from ..returns import ReturnScenarios
from .certificate import violation
from .families import Focus, Portfolio, portfolio_of
from .solvers import Case, Found, once
from .terms import CVaR

__all__ = ["convex", "wide"]

SMALL: Final = 1_000
"""Draws up to which the whole programme is solved at once."""

STEP: Final = 5
"""The guess comes from every fifth draw."""

BY_COMPANY, BY_DRAWS, LEAST = 4, 0.01, 150
"""Open draws on either side of a quantile, at weights visited: so many for each company, such a
part of all draws, but no fewer than the last."""

ROUNDS: Final = 12
"""Guesses after which the whole programme is called for."""

STEPS: Final = 40
"""Guesses after which a model near them is given up."""

TRIED: Final = 8
"""Points on the way to the next guess that are looked at, each half as far as the one before."""

FAR: Final = 1e-6
"""A guess that misses the constraints by more is not compared with the next."""

LOOSE: Final = 1e-3
"""Relative gap that does for a guess."""


def convex(case: Case, gap: float = 1e-6) -> Found:
    """Weights proved to be within a relative gap of the best.

    Raises
    ------
    SolverError
        If there are none in time.
    """
    if any(term.by_draw for term in case.terms()):
        found = _reduced(case, gap)
        if found is not None:
            return found
    if any(term.local for term in case.terms()):
        return _modelled(case, gap)
    return once(case, None, gap)


def wide(scenarios: ReturnScenarios) -> int:
    """Draws that stay open on either side of a quantile."""
    return max(BY_COMPANY * len(scenarios.tickers), int(BY_DRAWS * len(scenarios)), LEAST)


def _reduced(case: Case, gap: float) -> Found | None:
    """The answer from programmes over few of the draws; None if the whole is called for."""
    count, width = len(case.scenarios), wide(case.scenarios)
    if count <= SMALL or 2 * width >= count:
        return None
    guess = _guess(case)
    if guess is None:
        return None
    try:
        return _rounds(case, gap, guess, width, ROUNDS)
    except SolverError:
        case.deadline.left()
        return None


def _modelled(case: Case, gap: float) -> Found:
    """The answer from models near guesses, with every draw open."""
    found = _rounds(case, gap, _start(case), None, STEPS)
    if found is None:
        raise SolverError(f"no weights for {case.objective!r} were certified in {STEPS} steps")
    return found


def _start(case: Case) -> Portfolio:
    """A portfolio near which a model can begin: the one that loses least, if another may lose all.

    Raises
    ------
    SolverError
        If that loses all as well.
    """
    if case.inside is not None:
        return portfolio_of(case.scenarios, case.inside)
    if not case.objective.searches:
        first = once(case).portfolio
        if np.isfinite(case.objective.value(first)):
            return first
    plain = replace(case.constraints, on_terms=())
    worst = 1.0 * CVaR(1.0 - 1e-9)
    safest = convex(case._replace(objective=worst, constraints=plain), LOOSE).portfolio
    if not np.isfinite(case.objective.value(safest)):
        odds = case.scenarios.probabilities
        draw = int(np.argmin(np.where(odds > 0, safest.outcomes, np.inf)))
        raise SolverError(
            f"{case.objective!r} is minus infinity for all weights allowed: draw {draw} of the "
            "scenarios, or one like it, loses all that is held; allow cash or smaller weights"
        )
    return safest


def _rounds(
    case: Case, gap: float, guess: Portfolio, width: int | None, rounds: int
) -> Found | None:
    visited: tuple[Portfolio, ...] = (guess,)
    for _ in range(rounds):
        found = once(case, Focus(visited, width))
        if found.proof.certificate.holds(gap):
            return found
        # Weights moved into limits on terms hide the draws that the programme left out.
        moved = found.proof.found is not found.portfolio
        guess = _towards(case, visited[-1], found.portfolio)
        visited = (*visited, *([found.proof.found] if moved else []), guess)
    return None


def _towards(case: Case, last: Portfolio, new: Portfolio) -> Portfolio:
    """The best of some portfolios on the way from the last to the new one."""
    sign = case.objective.direction()
    tried = [new]
    if violation(last, case.objective, case.constraints) <= FAR:
        for halvings in range(1, TRIED):
            weights = last.weights + 0.5**halvings * (new.weights - last.weights)
            outcomes = last.outcomes + 0.5**halvings * (new.outcomes - last.outcomes)
            tried.append(Portfolio(weights, outcomes, case.scenarios))
    return max(tried, key=lambda one: sign * case.objective.value(one))


def _guess(case: Case) -> Portfolio | None:
    """The best portfolio over a part of the draws; None where it says nothing."""
    try:
        part = _thinned(case.scenarios)
        weights = convex(case._replace(scenarios=part), LOOSE).portfolio.weights
    except (InputError, SolverError):  # draws that are all alike leave nothing to choose between
        case.deadline.left()
        return None if case.inside is None else portfolio_of(case.scenarios, case.inside)
    return portfolio_of(case.scenarios, weights)


def _thinned(scenarios: ReturnScenarios) -> ReturnScenarios:
    """The first and every fifth draw of each regime, of those that have any probability."""
    counted = scenarios.probabilities > 0
    by_regime = [
        np.flatnonzero(counted & (scenarios.regimes == name))[::STEP]
        for name in scenarios.regime_names()
    ]
    kept = np.sort(np.concatenate(by_regime))
    odds = scenarios.probabilities[kept]
    return replace(
        scenarios,
        returns=scenarios.returns[kept],
        probabilities=odds / odds.sum(),
        regimes=scenarios.regimes[kept],
        paths=None if scenarios.paths is None else scenarios.paths[kept],
    )
