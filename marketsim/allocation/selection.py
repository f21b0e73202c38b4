"""Which companies to hold: whole-number limits by outer approximation.

A mixed-integer linear programme chooses the companies, knowing of each term the lines found so
far; the convex programme finds the best weights of those companies, with new lines. The first
overrates what can be had, the second attains it, and they meet (Duran and Grossmann 1986). The
lines are those of the certificates, so every term that has a family can be used.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import SolverError
from .certificate import certify, size_of
from .constraints import Constraints
from .families import Focus, Portfolio, hull, portfolio_of
from .limits.holdings import LEAST, MOST
from .linear import dual_of, solve_linear, with_bounds
from .polyhedron import slack_needed
from .programme import assemble
from .reduction import convex, wide
from .search import lacks_room, room
from .solvers import Case, Found

__all__ = ["select"]

FloatArray = NDArray[np.float64]
Pattern = NDArray[np.int8]  # 1 where a company is held, -1 where it is sold short [company]
Lines = list[tuple[FloatArray, float]]

ROUNDS: Final = 10_000
PATIENCE: Final = 0.7  # part of the time left that one choice of companies may take
SLACK: Final = 1e-9  # less than this is none
ROOM: Final = 1.2
"""A gap said to do is wider than that found: by the tenth of it that a choice may be off, and by
what its digits round."""


def select(case: Case, gap: float) -> Found:
    """Weights proved to be within a relative gap of the best that the holdings allow.

    Raises
    ------
    SolverError
        If there are none in time; it says how near the best found are.
    """
    relaxed = convex(case._replace(constraints=case.constraints.relaxed()))
    bound = case.objective.direction() * relaxed.proof.certificate.bound
    lines: list[Lines] = [[line] for line in relaxed.proof.lines]
    visited: tuple[Portfolio, ...] = (relaxed.portfolio,)
    best: Found | None = None
    pattern = _largest(relaxed.portfolio.weights, case.constraints)
    try:
        for _ in range(ROUNDS):
            found, allowed = _held(case, pattern)
            if found is not None:
                visited = (*visited, found.portfolio)
                # What only says that the limits on terms cannot be kept has lines of theirs alone.
                for known, line in zip(reversed(lines), reversed(found.proof.lines), strict=False):
                    known.append(line)
                if allowed and (best is None or _better(case, found, best)):
                    best = found
            if best is not None and _proved(case, best, bound).proof.certificate.holds(gap):
                return _proved(case, best, bound)
            bound, weights, pattern = _chosen(case, lines, visited, bound, gap)
            visited = (*visited, portfolio_of(case.scenarios, weights))
            for known, term in zip(lines, case.terms(), strict=True):
                if term.smooth:  # so that what was thought there is thought no more
                    tangent = term.line(np.empty(0), visited[-1])
                    known.append((tangent.gradient(case.scenarios), tangent.offset))
    except SolverError as error:
        if best is None:
            raise
        proof = _proved(case, best, bound).proof
        raise SolverError(
            f"{error} (of the holdings tried the best has "
            f"{proof.objective:.6g}, none can have better than {proof.certificate.bound:.6g}: "
            f"gap={ROOM * proof.certificate.relative_gap:.1e} would do)"
        ) from error
    raise SolverError(f"the best holdings were not found in {ROUNDS} rounds; raise gap")


def _chosen(
    case: Case, lines: list[Lines], visited: tuple[Portfolio, ...], bound: float, gap: float
) -> tuple[float, FloatArray, Pattern]:
    """The most that utility may be, and the weights and companies that the lines think best."""
    focus, families = Focus(visited, wide(case.scenarios)), []
    for term, known in zip(case.terms(), lines, strict=True):
        family = None if term.local else term.family(case.scenarios, focus)
        families.append(hull(known) if family is None or family.bends else family)
    constraints = case.constraints
    programme = assemble(case.objective, case.scenarios, constraints, families)
    (low, high), tops = constraints.ranges, constraints.tops
    # The multipliers of the programme's first rows are minus the weights and auxiliaries.
    master = with_bounds(
        dual_of(programme.linear),
        -np.concatenate([high, tops]),
        -np.concatenate([low, np.zeros(len(tops))]),
        np.concatenate([np.zeros(len(low), dtype=bool), constraints.whole]),
    )
    enough = gap / 10 * size_of(case.objective, visited[0]) / programme.size
    found = solve_linear(master, PATIENCE * case.deadline.left(), enough)
    if isinstance(found, str):
        raise SolverError(f"HIGHS found no holdings for {case.objective!r} ({found})")
    values = -found.values[: len(low) + len(tops)]
    held = np.rint(values[len(low) :][constraints.whole]).reshape(-1, 2, len(low)).min(axis=0)
    most = min(bound, -found.bound * programme.size + programme.constant)
    return most, values[: len(low)], (held[0] - held[1]).astype(np.int8)


def _largest(weights: FloatArray, constraints: Constraints) -> Pattern:
    """The largest positions, as many as may be held: a first guess."""
    most = [int(one.bound) for one in constraints.bounds if one.argument == MOST]
    least = [one.bound / 2 for one in constraints.bounds if one.argument == LEAST]
    order = np.argsort(-np.abs(weights), kind="stable")
    pattern = np.sign(weights) * (np.abs(weights) >= max(least, default=0.0))
    pattern[order[min(most, default=len(weights)) :]] = 0
    return pattern.astype(np.int8)


def _held(case: Case, pattern: Pattern) -> tuple[Found | None, bool]:
    """The best weights of some companies, None where the limits allow none; and if they do.

    Weights that come nearest to keeping limits on terms that cannot be kept are not allowed.
    """
    case = case._replace(constraints=case.constraints.held(pattern))
    if slack_needed(case.constraints, case.deadline) > SLACK:
        return None, False
    if case.constraints.on_terms and not case.objective.searches:
        start = room(case, convex)
        if lacks_room(start):
            return start, False
        case = case._replace(inside=start.portfolio.weights)
    return convex(case), True


def _better(case: Case, one: Found, other: Found) -> bool:
    return case.objective.direction() * (one.proof.objective - other.proof.objective) > 0


def _proved(case: Case, best: Found, most: float) -> Found:
    """The best found, with the bound of all holdings in place of that of its own."""
    bound = case.objective.direction() * most
    proof = best.proof
    certificate = certify(proof.objective, bound, best.portfolio, case.objective, case.constraints)
    return best._replace(proof=replace(proof, certificate=certificate))
