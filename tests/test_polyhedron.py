"""How far the weights reach: against SciPy on programmes written from the limits' definitions."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from marketsim.allocation import limits, polyhedron
from marketsim.allocation.constraints import Constraints, constraints_from
from marketsim.allocation.polyhedron import (
    highest,
    moves_needed,
    nearest_feasible,
    slack_needed,
)
from marketsim.errors import SolverError
from tests import textbook
from tests.compared import HELD, scenarios_of

FloatArray = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
SOME = settings(max_examples=40, deadline=None)
NAMES = tuple("ABCDE")
NOW = np.array([HELD.get(name, 0.0) for name in NAMES])


def drawn(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arguments of `constraints_from`, and the same as SciPy's programme over buys and sells.

    Its columns are the weights, what is bought and what is sold; the weights are equal ones or
    nearer, so that there are some.
    """
    chance = np.random.default_rng(seed)
    equal = np.full(5, 0.2)
    cap, floor = 0.2 + chance.uniform(0, 0.6), 0.2 - chance.uniform(0, 0.6)
    cap, floor = (cap, floor) if floor < 0.0 else (min(cap, 1.0), floor)
    loads = chance.normal(size=5)
    least = float(loads @ equal) - chance.uniform(0, 0.3)
    traded = 0.5 * float(np.abs(equal - NOW).sum()) + chance.uniform(0, 0.4)
    group = 0.4 + chance.uniform(0, 0.3)
    arguments = {
        "max_weight": cap,
        "min_weight": floor,
        "limits": [
            limits.Exposure("tilt", dict(zip(NAMES, loads.tolist(), strict=True)), at_least=least),
            limits.Turnover(traded, HELD),
            limits.Group("two", ("B", "C"), at_most=group),
        ],
    }
    none, one = np.zeros(5), np.ones(5)
    rows = [
        np.concatenate([-loads, none, none]),
        np.concatenate([none, one, one]),
        np.concatenate([[0.0, 1.0, 1.0, 0.0, 0.0], none, none]),
    ]
    reference = {
        "A_ub": np.array(rows),
        "b_ub": [-least, 2 * traded, group],
        "A_eq": np.vstack(
            [np.hstack([np.eye(5), -np.eye(5), np.eye(5)]), np.repeat([1.0, 0.0], [5, 10])]
        ),
        "b_eq": [*NOW, 1.0],
        "bounds": [(floor, cap)] * 5 + [(0.0, None)] * 10,
    }
    return arguments, reference


def polyhedron_of(**arguments: Any) -> Constraints:
    return constraints_from(scenarios_of(0), **arguments)


# The farthest


@SOME
@given(SEEDS)
def test_the_highest_is_scipys(seed: int) -> None:
    arguments, reference = drawn(seed)
    gradient = np.random.default_rng(seed + 1).normal(size=5)
    found = linprog(np.concatenate([-gradient, np.zeros(10)]), **reference)
    assert found.status == 0
    assert highest(gradient, polyhedron_of(**arguments)) == pytest.approx(-found.fun, abs=1e-8)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_the_highest_scales_with_its_gradient(scale: float) -> None:
    gradient = np.array([0.3, -0.1, 0.2, 0.05, 0.0])
    found = highest(scale * gradient, polyhedron_of(max_weight=0.4))
    assert found == pytest.approx(scale * (0.4 * 0.3 + 0.4 * 0.2 + 0.2 * 0.05), rel=1e-9)
    assert highest(0.0 * gradient, polyhedron_of(max_weight=0.4)) == 0.0


@pytest.mark.parametrize("count", range(2, 6))
def test_the_highest_of_few_holdings_is_that_of_the_best_choice(count: int) -> None:
    gradient = np.array([0.3, -0.1, 0.2, 0.05, -0.4])
    limit = limits.Holdings(at_most=count)
    given = {"min_weight": -0.5, "max_weight": 0.8}
    found = highest(gradient, polyhedron_of(limits=[limit], **given))
    best = -np.inf
    for names in combinations(range(5), count):
        some = np.isin(np.arange(5), names)
        bounds = np.outer(some, [-0.5, 0.8])
        one = linprog(-gradient, A_eq=np.ones((1, 5)), b_eq=[1.0], bounds=bounds)
        best = max(best, -one.fun) if one.status == 0 else best
    assert found == pytest.approx(best, abs=1e-8)


def test_without_weights_there_is_no_highest() -> None:
    with pytest.raises(SolverError, match="infeasible"):
        highest(np.ones(5), polyhedron_of(max_weight=0.1))


# The nearest


@SOME
@given(SEEDS)
def test_the_nearest_weights_are_allowed_and_as_near_as_scipys(seed: int) -> None:
    arguments, reference = drawn(seed)
    far = np.random.default_rng(seed + 1).normal(0.2, 0.5, 5)
    found = nearest_feasible(far, polyhedron_of(**arguments))
    assert textbook.violation(textbook.world_of(scenarios_of(0)), found, **arguments) <= 1e-8
    # |w - far| is what is added and taken away: ten more columns, five more equations.
    wide = {**reference, "A_ub": np.hstack([reference["A_ub"], np.zeros((3, 10))])}
    same = np.hstack([np.eye(5), np.zeros((5, 10)), -np.eye(5), np.eye(5)])
    wide["A_eq"] = np.vstack([np.hstack([reference["A_eq"], np.zeros((6, 10))]), same])
    wide["b_eq"] = [*reference["b_eq"], *far]
    wide["bounds"] = reference["bounds"] + [(0.0, None)] * 10
    nearest = linprog(np.repeat([0.0, 1.0], [15, 10]), **wide)
    assert float(np.abs(found - far).sum()) == pytest.approx(nearest.fun, abs=1e-7)


@SOME
@given(SEEDS)
def test_weights_that_are_allowed_stay_where_they_are(seed: int) -> None:
    arguments, _ = drawn(seed)
    equal = np.full(5, 0.2)
    assert nearest_feasible(equal, polyhedron_of(**arguments)) == pytest.approx(equal, abs=1e-9)


def test_where_there_are_none_weights_stay_as_they_are() -> None:
    given = np.array([0.5, 0.5, 0.0, 0.0, 0.0])
    assert nearest_feasible(given, polyhedron_of(max_weight=0.1)) is given


# What must give way


def test_slack_is_what_all_bounds_must_give_way_by() -> None:
    assert slack_needed(polyhedron_of(max_weight=0.2)) == pytest.approx(0.0, abs=1e-12)
    assert slack_needed(polyhedron_of(max_weight=0.1)) == pytest.approx(0.1)
    groups = [
        limits.Group("x", ("A", "B"), at_most=0.2),
        limits.Group("y", ("C", "D", "E"), at_most=0.5),
    ]
    # 0.2 + s and 0.5 + s must reach 1.
    assert slack_needed(polyhedron_of(limits=groups)) == pytest.approx(0.15)


def test_nothing_gives_way_that_no_number_bounds() -> None:
    nothing = polyhedron_of(limits=[limits.Holdings(at_most=2)]).held(np.zeros(5, dtype=np.int8))
    assert slack_needed(nothing) == np.inf


@SOME
@given(SEEDS)
def test_no_slack_is_needed_where_there_are_weights(seed: int) -> None:
    arguments, _ = drawn(seed)
    assert slack_needed(polyhedron_of(**arguments)) <= 1e-9


def test_moves_are_the_least_that_make_room() -> None:
    given = [
        limits.Group("x", ("A", "B"), at_most=0.2),
        limits.Group("y", ("C", "D", "E"), at_most=0.5),
        limits.Turnover(0.1, {"A": 1.0}),
    ]
    constraints = polyhedron_of(limits=given)
    one, other, turnover = constraints.bounds[-3:]
    # Turnover keeps 0.9 in A, so the first group must reach that.
    assert moves_needed(constraints, [one]) == pytest.approx([0.7])
    assert moves_needed(constraints, [other]) is None
    assert moves_needed(constraints, [turnover]) is None
    less = constraints.without(turnover)
    assert moves_needed(less, [one]) == pytest.approx([0.3])
    assert moves_needed(less, [other]) == pytest.approx([0.3])
    both = moves_needed(less, [one, other])
    assert both is not None
    assert both.sum() == pytest.approx(0.3)
    # Half the trades count: from 0.1 to 0.8, though 1.4 more is traded.
    freed = constraints.without(other)
    assert moves_needed(freed, [turnover]) == pytest.approx([0.7])


def test_no_time_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    late = "status time limit reached"
    monkeypatch.setattr(polyhedron, "solve_linear", lambda *given: late)
    constraints = polyhedron_of(max_weight=0.1)
    assert slack_needed(constraints) == 0.0
    assert moves_needed(constraints, [constraints.bounds[-1]]) is None
    with pytest.raises(SolverError, match="time limit reached"):
        highest(np.ones(5), constraints)
