"""Between what weights every company could be held, and the objective hardly worse for it.

The best weights are one point of a flat top: others are as good to what is known of returns. For
each company the lowest and the highest weight are found of all portfolios within the limits whose
objective lies at most so much below the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from marketsim.checks import check_number

from ..errors import InputError, SolverError
from .families import Portfolio, portfolio_of
from .linear import LinearProgramme, solve_linear
from .marginals import Optimum, unit_of
from .names import check_known
from .objectives import Term
from .terms import CVaR, ExpectedReturn, WorstRegime
from .terms.moments import TrackingError
from .terms.trading import TransactionCost

if TYPE_CHECKING:
    from .result import Allocation

__all__ = ["ranges"]

FloatArray = NDArray[np.float64]

CLOSE: Final = 1e-3
"""Of weight: how near the highest that is found must be to the highest that there can be."""

NEAR: Final = 1e-6
"""By how much a portfolio may miss a limit on a term, or the objective."""

SLACK: Final = 1e-3
"""Tangents that a found portfolio keeps to with more room are left out of the next programme."""

HALVINGS: Final = 10
"""Of the way to a portfolio that misses one."""

ROUNDS: Final = 200
"""Tangents after which the search for one weight is given up."""

SECONDS: Final = 20.0

IN_PROPORTION: Final = (ExpectedReturn, CVaR, WorstRegime, TransactionCost, TrackingError)
"""Terms that grow in proportion to weights, so that their parts are their tangent."""


class Floor(NamedTuple):
    """A sum of terms, in their concave directions, that must not fall below a level."""

    parts: tuple[tuple[float, Term], ...]
    level: float

    @property
    def flat(self) -> bool:
        """Whether one tangent says all of it."""
        return all(term.curvature == "affine" for _, term in self.parts)


def ranges(
    choice: Allocation, within: float = 1e-3, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the lowest and highest weights that are nearly as good; see `Allocation.ranges`.

    Notes
    -----
    Two programmes a company, by cutting planes (Kelley 1960): what is asked of terms is told by
    tangents, over all draws, that hold for every weight and so for every programme. Each solution
    is drawn back towards the best weights until it keeps what is asked, and the tangents are taken
    there too: what comes back is a weight that can be held, within a thousandth of the end.
    10,000 draws of 30 companies take 4 s of one core for all of them.
    """
    optimum = choice.optimum
    if optimum is None:
        raise InputError("ranges: an allocation that was stored has no proof left; allocate again")
    check_number("ranges within", within, 0.0, what="a number from 0 up")
    tickers = optimum.scenarios.tickers
    asked = list(tickers) if names is None else list(names)
    check_known("ranges", "ticker", asked, tickers)
    floors, cuts = _floors(optimum, within), Cuts(optimum)
    at = portfolio_of(optimum.scenarios, optimum.weights)
    for floor in floors:
        cuts.add(*_tangent(floor, at), floor.level)
    rows = {}
    for name in asked:
        place = tickers.index(name)
        low, high = (side * _furthest(place, side, floors, cuts, optimum) for side in (-1.0, 1.0))
        best = float(optimum.weights[place])
        rows[name] = (min(low, best), max(high, best))
    columns = ["lowest", "highest"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
    return found.rename_axis("ticker") + 0.0


def _floors(optimum: Optimum, within: float) -> list[Floor]:
    """Return what is asked of terms: the objective near its best, and the limits."""
    best = optimum.objective.direction() * optimum.proof.objective
    floors = [Floor(optimum.objective.utility(), best - within * unit_of(optimum))]
    return floors + [Floor(one.parts, one.floor) for one in optimum.constraints.on_terms]


class Cuts:
    """Linear programmes over the weights that limits allow, and tangents of what terms ask."""

    def __init__(self, optimum: Optimum) -> None:
        constraints = optimum.constraints
        count, more = len(constraints.tickers), len(constraints.tops)
        rows, low = [constraints.matrix], [np.full(len(constraints.sides), -np.inf)]
        high = [constraints.sides]
        if constraints.budget:
            rows.append(sparse.csc_array(np.repeat([1.0, 0.0], [count, more])[None, :]))
            low, high = [*low, np.ones(1)], [*high, np.ones(1)]
        self._fixed = sparse.vstack(rows), np.concatenate(low), np.concatenate(high)
        floor, cap = constraints.ranges
        self._lower = np.concatenate([floor, np.zeros(more)])
        self._upper = np.concatenate([cap, constraints.tops])
        self._more = more
        self._gradients: list[FloatArray] = []
        self._levels: list[float] = []

    def add(self, gradient: FloatArray, offset: float, level: float) -> None:
        """Ask that a tangent, a gradient [company] and an offset, is at a level at least."""
        self._gradients.append(np.concatenate([gradient, np.zeros(self._more)]))
        self._levels.append(level - offset)

    def keep(self, weights: FloatArray, first: int) -> None:
        """Leave out tangents that ask nothing at weights [company], but for the first ones."""
        rows = zip(self._gradients, self._levels, strict=True)
        near = [
            (gradient, level)
            for place, (gradient, level) in enumerate(rows)
            if place < first or gradient[: len(weights)] @ weights - level < SLACK
        ]
        self._gradients, self._levels = [g for g, _ in near], [x for _, x in near]

    def furthest(self, place: int, side: float) -> FloatArray:
        """Return the weights [company] with most of one company, or least where side is -1."""
        matrix, low, high = self._fixed
        cost = np.zeros(len(self._lower))
        cost[place] = -side
        programme = LinearProgramme(
            cost,
            self._lower,
            self._upper,
            sparse.vstack([matrix, sparse.csc_array(np.array(self._gradients))]),
            np.concatenate([low, self._levels]),
            np.concatenate([high, np.full(len(self._levels), np.inf)]),
        )
        found = solve_linear(programme, SECONDS)
        if isinstance(found, str):
            raise SolverError(f"ranges: no weights near the best were found ({found})")
        return found.values[: len(found.values) - self._more]


def _furthest(place: int, side: float, floors: list[Floor], cuts: Cuts, optimum: Optimum) -> float:
    """Return the highest weight of a company times ``side``."""
    inner = portfolio_of(optimum.scenarios, optimum.weights)
    bent = [floor for floor in floors if not floor.flat]
    for _ in range(ROUNDS):
        outer = portfolio_of(optimum.scenarios, cuts.furthest(place, side))
        edge = _last_within(floors, inner, outer)
        if side * (outer.weights[place] - edge.weights[place]) <= CLOSE:
            cuts.keep(outer.weights, len(floors))
            return side * float(edge.weights[place])
        for floor in bent:
            for at in (edge, outer):
                if _room(floor, at) < NEAR:
                    cuts.add(*_tangent(floor, at), floor.level)
        inner = edge
    name = optimum.scenarios.tickers[place]
    raise SolverError(
        f"ranges: {ROUNDS} tangents did not do for {name}; ask for a range ten times as wide"
    )


def _last_within(floors: list[Floor], inner: Portfolio, outer: Portfolio) -> Portfolio:
    """Return the furthest portfolio on the way from one within all floors to one that is not."""
    low, high = 0.0, 1.0
    if min(_room(floor, outer) for floor in floors) >= -NEAR:
        return outer
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        inside = min(_room(floor, _between(inner, outer, middle)) for floor in floors) >= -NEAR
        low, high = (middle, high) if inside else (low, middle)
    return _between(inner, outer, low)


def _between(inner: Portfolio, outer: Portfolio, part: float) -> Portfolio:
    weights = inner.weights + part * (outer.weights - inner.weights)
    outcomes = inner.outcomes + part * (outer.outcomes - inner.outcomes)
    return Portfolio(weights, outcomes, inner.scenarios)


def _room(floor: Floor, at: Portfolio) -> float:
    signs = [-1.0 if term.curvature == "convex" else 1.0 for _, term in floor.parts]
    values = [s * by * term.value(at) for s, (by, term) in zip(signs, floor.parts, strict=True)]
    return float(sum(values)) - floor.level


def _tangent(floor: Floor, at: Portfolio) -> tuple[FloatArray, float]:
    """Return the tangent of a sum at a portfolio: gradient [company] and offset."""
    gradient, offset = np.zeros(len(at.weights)), 0.0
    for scale, term in floor.parts:
        slope, level = _of_term(term, at)
        gradient, offset = gradient + scale * slope, offset + scale * level
    return gradient, offset


def _of_term(term: Term, at: Portfolio) -> tuple[FloatArray, float]:
    if term.smooth:
        line = term.line(np.zeros(0), at)
        return line.gradient(at.scenarios), line.offset
    parts = term.attribution(at) if isinstance(term, IN_PROPORTION) else None
    if parts is None:
        known = ", ".join(one.__name__ for one in IN_PROPORTION)
        raise InputError(
            f"ranges: {term!r} has no tangent here; use {known}, Variance or LogGrowth"
        )
    sign = -1.0 if term.curvature == "convex" else 1.0
    slope = sign * (parts.density @ parts.pulls + parts.tilt)
    return slope, -float(slope @ parts.centre)
