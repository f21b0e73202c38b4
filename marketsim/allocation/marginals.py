"""What a unit more of each company would do at the best weights, by the dual of the programme.

At the best weights every company earns, after its charge for risk and for the limits that it
fills, what money earns elsewhere: the hurdle. One at its cap earns more, one that is not held less
(complementary slackness). By how much is its reduced cost.

Where dual values are not the only ones, as where every holding stands at its cap, the programme is
solved again with a little more of a company, which says what it does whatever the dual.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import MarketsimError
from ..returns import ReturnScenarios
from .bounds import Bound
from .certificate import Proof
from .constraints import Constraints
from .deadline import Deadline
from .objectives import Objective
from .reduction import convex
from .search import inside
from .solvers import Case
from .terms import ExpectedReturn

__all__ = ["CHARGED", "Optimum", "marginals", "negligible", "sampling_errors", "tried", "unit_of"]

FloatArray = NDArray[np.float64]

AS_GOOD: Final = 5e-4
"""A reduced cost of less, in units of what a company earns and is charged, is none."""

STEP: Final = 2e-3
"""More of a company that is tried where duals do not say what it would do."""

EDGE: Final = 1e-7
"""Weights closer to their lowest or highest lie on it."""

CHARGED: Final = ["risk_charge", "limit_charge", "hurdle", "reduced_cost"]

MOST: Final = 60
"""Companies that are tried, the largest holdings first."""

SECONDS: Final = 30.0
NEAR: Final = 1e-8
"""Relative gap of a programme that is solved again: differences of two are taken."""


class Optimum(NamedTuple):
    """What was solved, as it was solved, and the proof of its answer."""

    objective: Objective
    scenarios: ReturnScenarios
    constraints: Constraints
    proof: Proof
    weights: FloatArray  # [company]

    @property
    def priced(self) -> bool:
        """Whether expected return counts, so that all else has a price in it."""
        parts = [*self.objective.utility()]
        for by, limit in zip(self.proof.multipliers, self.constraints.on_terms, strict=True):
            parts += [(by * scale, term) for scale, term in limit.parts]
        return sum(scale for scale, term in parts if isinstance(term, ExpectedReturn)) > EDGE

    @property
    def selected(self) -> bool:
        """Whether only so many companies may be held, and these were chosen."""
        return any(one.argument == "Holdings" for one in self.constraints.bounds)


def marginals(optimum: Optimum) -> pd.DataFrame:
    """Return derivatives by weight at the optimum, in units of expected return.

    Returns
    -------
    DataFrame [ticker]
        ``earned``, ``risk_charge``, ``limit_charge``, ``hurdle``, and ``reduced_cost``, the first
        less the others: above 0 for a company at its cap, below for one at its floor. ``limit`` is
        the limit on several companies that charges it most, ``cap`` what it is capped by; empty
        where there is none. ``at_cap`` and ``at_floor`` say where its weight stands.

    Notes
    -----
    An objective without expected return is in its own units.
    """
    scenarios, constraints, proof = optimum.scenarios, optimum.constraints, optimum.proof
    earned, charged, unit = _by_term(optimum)
    count = len(scenarios.tickers)
    own = _own_rows(constraints)
    rows = constraints.matrix.tocsr()[:, :count].toarray()
    fills = rows * np.where(own, 0.0, proof.prices)[:, None]
    limits = fills.sum(axis=0)
    low, high = constraints.ranges
    names = _row_names(constraints)
    return pd.DataFrame(
        {
            "earned": earned / unit,
            "risk_charge": charged / unit,
            "limit_charge": limits / unit,
            "hurdle": proof.budget / unit,
            "reduced_cost": (earned - charged - limits - proof.budget) / unit,
            "limit": _dearest(fills, names),
            "cap": [_cap(constraints, names, own, rows[:, i], high[i]) for i in range(count)],
            "at_cap": optimum.weights >= high - EDGE,
            "at_floor": optimum.weights <= low + EDGE,
        },
        index=pd.Index(scenarios.tickers, name="ticker"),
    )


def negligible(found: pd.DataFrame) -> float:
    """Return the reduced cost that counts for none, by what companies earn and are charged."""
    sizes = found[["earned", "risk_charge", "hurdle"]].abs().sum(axis=1)
    return AS_GOOD * (float(sizes.median()) or 1.0)


def unsure(optimum: Optimum, found: pd.DataFrame) -> pd.Series[bool]:
    """Return whose reduced cost the dual may not say: ties, and all where there are other duals.

    There are others where fewer companies lie between their limits than limits have a price.
    """
    proof, own = optimum.proof, _own_rows(optimum.constraints)
    between = int((~found["at_cap"] & ~found["at_floor"]).sum())
    priced = int((proof.prices[~own] > EDGE).sum() + (proof.multipliers > EDGE).sum())
    tied = found["reduced_cost"].abs() <= negligible(found)
    edge = found["at_cap"] ^ found["at_floor"]  # both where nothing may be held
    return edge & (tied | (between < priced + optimum.constraints.budget))


def sampling_errors(optimum: Optimum, found: pd.DataFrame) -> pd.Series[float]:
    """Return standard errors of reduced costs by the chance of the draws, [ticker].

    A reduced cost is what a company earns, each draw counted as the dual has it, over those between
    their limits in such a mix that risk is charged alike: the price of risk and the hurdle, which
    these set, fall out. Not known of those themselves, nor where one draw is all.
    """
    scenarios, proof = optimum.scenarios, optimum.proof
    odds, unit = scenarios.probabilities, unit_of(optimum)
    counts = np.divide(proof.slope, odds, out=np.zeros_like(odds), where=odds > 0.0) / unit
    between = np.flatnonzero(~found["at_cap"] & ~found["at_floor"])
    charge = found["risk_charge"].to_numpy(dtype=float)
    errors = np.full(len(charge), np.nan)
    for place in np.flatnonzero(found["at_cap"] ^ found["at_floor"]):
        mix = optimum.weights.copy()
        if len(between):
            alike = np.vstack([np.ones(len(between)), charge[between]])
            mix = np.zeros(len(charge))
            mix[between] = np.linalg.pinv(alike, rcond=1e-3) @ np.array([1.0, charge[place]])
        earned = counts * (scenarios.returns[:, place] - scenarios.returns @ mix)
        spread = odds @ (earned - odds @ earned) ** 2
        errors[place] = (spread * float(odds @ odds)) ** 0.5
    return pd.Series(errors, found.index)


def tried(optimum: Optimum, found: pd.DataFrame) -> pd.DataFrame:
    """Return the same, where it is unsure with the reduced cost that solving again gives.

    Charges and hurdle are then those of the dual with a little more of the company, and ``again``
    says so. Where a little more cannot be had, the first dual's are left. ``kept`` is what a unit
    less would lose, where a company stands at its cap and more of it adds nothing.
    """
    least, answer = negligible(found), found.assign(kept=np.nan, again=False)
    doubtful = unsure(optimum, found).to_numpy()
    largest = np.argsort(-np.abs(optimum.weights), kind="stable")
    for place in largest[doubtful[largest]][:MOST]:
        capped, name = bool(found["at_cap"].iloc[place]), optimum.scenarios.tickers[place]
        more = _again(optimum, int(place), capped, STEP)
        if more is None:
            continue
        gained = _slope(optimum, more, STEP)
        then = marginals(more)[CHARGED].iloc[place].to_dict()
        # What is left by a step too long for one straight line goes to what money earns elsewhere.
        then["hurdle"] += then.pop("reduced_cost") - gained
        answer.loc[name, list(then)] = list(then.values())
        answer.loc[name, ["reduced_cost", "again"]] = [gained, True]
        if capped and gained <= least:
            less = _again(optimum, int(place), capped, -STEP)
            answer.loc[name, "kept"] = np.nan if less is None else _slope(optimum, less, -STEP)
    return answer


def _by_term(optimum: Optimum) -> tuple[FloatArray, FloatArray, float]:
    """Return what companies earn and are charged by weight [company], and units of return."""
    count = len(optimum.scenarios.tickers)
    parts = list(optimum.objective.utility())
    for by, limit in zip(optimum.proof.multipliers, optimum.constraints.on_terms, strict=True):
        parts += [(by * scale, term) for scale, term in limit.parts]
    earned, charged, unit = np.zeros(count), np.zeros(count), 0.0
    for (scale, term), (gradient, _) in zip(parts, optimum.proof.lines, strict=True):
        if isinstance(term, ExpectedReturn):
            earned, unit = earned + scale * gradient, unit + scale
        else:
            charged = charged - scale * gradient
    return earned, charged, unit if unit > EDGE else 1.0


def unit_of(optimum: Optimum) -> float:
    """Return units of the objective in one of expected return; one where that does not count."""
    return _by_term(optimum)[2]


def _own_rows(constraints: Constraints) -> NDArray[np.bool_]:
    """Return which rows bound one company by itself [row]."""
    filled = constraints.matrix.tocsr()
    count = len(constraints.tickers)
    companies = np.diff(filled[:, :count].indptr)
    return np.asarray((companies == 1) & (np.diff(filled.indptr) == 1))


def _row_names(constraints: Constraints) -> list[str]:
    arguments = [one.argument for one in constraints.bounds for _ in one.names]
    return [name or argument for name, argument in zip(constraints.names, arguments, strict=True)]


def _dearest(fills: FloatArray, names: list[str]) -> list[str]:
    if not len(fills):
        return [""] * fills.shape[1]
    place = np.abs(fills).argmax(axis=0)
    return [names[r] if abs(fills[r, i]) > EDGE else "" for i, r in enumerate(place)]


def _cap(
    constraints: Constraints, names: list[str], own: Any, column: FloatArray, high: float
) -> str:
    """Return the bound of one company that says its highest weight; none where the budget does."""
    caps = np.flatnonzero(own & (column > 0.0))
    return next((names[r] for r in caps if constraints.sides[r] / column[r] <= high + EDGE), "")


def _again(optimum: Optimum, company: int, capped: bool, step: float) -> Optimum | None:
    """Return the optimum with the cap of a company, or its floor, a step higher; None if none."""
    constraints, edge = optimum.constraints, optimum.weights[company]
    moved = tuple(_moved(one, company, edge, capped, step) for one in constraints.bounds)
    wider = replace(constraints, bounds=moved)
    case = Case(optimum.objective, optimum.scenarios, wider, Deadline.after(SECONDS))
    try:
        found = convex(case._replace(inside=inside(case, convex)), NEAR)
    except MarketsimError:
        return None
    return optimum._replace(constraints=wider, proof=found.proof, weights=found.portfolio.weights)


def _slope(optimum: Optimum, other: Optimum, step: float) -> float:
    """Return what the objective gains per unit of a step, in units of expected return."""
    gained = optimum.objective.direction() * (other.proof.objective - optimum.proof.objective)
    return gained / step / _by_term(optimum)[2]


def _moved(one: Bound, company: int, edge: float, capped: bool, step: float) -> Bound:
    """Return a bound with its cap of a company, or its floor, a step higher if that is its edge."""
    single = ((one.members != 0.0).sum(axis=1) == 1) & ~one.extra.any(axis=-1)
    member = one.members[:, company]
    side = member > 0.0 if capped else member < 0.0
    rows = single & side & (one.sides - member * edge <= EDGE)
    if not rows.any():
        return one
    shifts = one.shifts if one.shifts.size else np.zeros(len(member))
    return replace(one, shifts=shifts + np.where(rows, step * member, 0.0))
