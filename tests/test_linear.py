"""Linear programmes: duality on random ones, whole columns by enumeration, and refusals."""

from __future__ import annotations

from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

from marketsim.allocation.constraints import constraints_from
from marketsim.allocation.families import Focus, portfolio_of
from marketsim.allocation.linear import (
    LinearProgramme,
    Solution,
    dual_of,
    solve_linear,
    with_bounds,
)
from tests.compared import OBJECTIVES, scenarios_of

FloatArray = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)
COLUMNS, ROWS = 8, 5


class Pair(NamedTuple):
    """A programme, a point it allows, and one that its dual allows: so both have an optimum."""

    programme: LinearProgramme
    primal: FloatArray  # [column]
    dual: FloatArray  # [row], then for each upper bound, then for each lower bound other than 0


def random_pair(seed: int) -> Pair:
    """Columns from 0, from elsewhere or free, with or without a top; rows of all three kinds."""
    chance = np.random.default_rng(seed)
    matrix = chance.normal(size=(ROWS, COLUMNS)) * (chance.random((ROWS, COLUMNS)) < 0.7)
    floors, tops = chance.integers(0, 3, COLUMNS), chance.integers(0, 2, COLUMNS)
    point = np.where(floors == 0, chance.uniform(0, 1, COLUMNS), chance.normal(size=COLUMNS))
    away = chance.uniform(0, 1, COLUMNS)
    lower = np.select([floors == 0, floors == 1], [np.zeros(COLUMNS), point - away], -np.inf)
    upper = np.where(tops == 1, point + chance.uniform(0, 1, COLUMNS), np.inf)
    middle, kinds = matrix @ point, chance.integers(0, 3, ROWS)
    room = np.where(kinds == 0, 0.0, chance.uniform(0, 1, ROWS))
    low = np.where(kinds == 1, -np.inf, middle - room)
    high = np.where(kinds == 2, np.inf, middle + room)
    prices = chance.normal(size=ROWS)
    prices = np.select([kinds == 1, kinds == 2], [-np.abs(prices), np.abs(prices)], prices)
    # A reduced cost is above 0 only at a lower bound, below 0 only at an upper one.
    over = np.where(np.isfinite(lower), chance.uniform(0, 1, COLUMNS), 0.0)
    under = np.where(np.isfinite(upper), chance.uniform(0, 1, COLUMNS), 0.0)
    programme = LinearProgramme(
        matrix.T @ prices + over - under, lower, upper, sparse.csc_array(matrix), low, high
    )
    floored = np.isfinite(lower) & (lower != 0.0)
    dual = np.concatenate([prices, under[np.isfinite(upper)], over[floored]])
    return Pair(programme, point, dual)


def solved(programme: LinearProgramme) -> Solution:
    found = solve_linear(programme, 10.0)
    assert isinstance(found, Solution), found
    return found


def misses(programme: LinearProgramme, point: FloatArray) -> float:
    """The most by which a point misses a row or a range."""
    rows = programme.matrix @ point
    parts = (programme.low - rows, rows - programme.high)
    sides = (programme.lower - point, point - programme.upper)
    return float(max(np.max(part, initial=0.0) for part in (*parts, *sides)))


# Duality


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_the_dual_costs_minus_what_the_programme_costs(seed: int) -> None:
    programme = random_pair(seed).programme
    cost, other = solved(programme).cost, solved(dual_of(programme)).cost
    assert other == pytest.approx(-cost, rel=1e-7, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_dual_of_the_dual_costs_what_the_programme_costs(seed: int) -> None:
    programme = random_pair(seed).programme
    twice = dual_of(dual_of(programme))
    assert solved(twice).cost == pytest.approx(solved(programme).cost, rel=1e-7, abs=1e-7)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_no_point_costs_less_than_a_point_of_the_dual_allows(seed: int) -> None:
    programme, point, prices = random_pair(seed)
    dual = dual_of(programme)
    assert misses(programme, point) <= 1e-12
    assert misses(dual, prices) <= 1e-12
    cost, floor = float(programme.cost @ point), -float(dual.cost @ prices)
    best = solved(programme).cost
    assert floor - 1e-9 <= best <= cost + 1e-9


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_multipliers_of_the_dual_are_minus_the_programmes_columns(seed: int) -> None:
    programme = random_pair(seed).programme
    found = solved(dual_of(programme))
    point = -found.duals
    assert misses(programme, point) <= 1e-6
    assert programme.cost @ point == pytest.approx(-found.cost, rel=1e-6, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_the_optimum_is_scipys_and_its_own_bound(seed: int) -> None:
    programme = random_pair(seed).programme
    rows = programme.matrix.toarray()
    sides = [np.isfinite(programme.high), np.isfinite(programme.low)]
    reference = linprog(
        programme.cost,
        np.vstack([rows[sides[0]], -rows[sides[1]]]),
        np.concatenate([programme.high[sides[0]], -programme.low[sides[1]]]),
        bounds=np.column_stack([programme.lower, programme.upper]),
    )
    found = solved(programme)
    assert found.cost == pytest.approx(reference.fun, rel=1e-7, abs=1e-7)
    assert found.bound == found.cost
    assert misses(programme, found.values) <= 1e-8


@pytest.mark.parametrize("name", OBJECTIVES)
def test_rows_of_a_family_have_one_side_or_two_alike(name: str) -> None:
    """As `dual_of` takes them."""
    returns = scenarios_of(0)
    at = portfolio_of(returns, np.full(5, 0.2))
    objective = (1.0 * OBJECTIVES[name]).settled(returns, constraints_from(returns))
    for (_, term), focus in product(objective.parts, [None, Focus((at,), 3)]):
        low, high = term.family(returns, focus).sides
        assert ((low == high) | (np.isfinite(low) != np.isfinite(high))).all()


# Tighter bounds


def test_bounds_are_only_ever_tightened() -> None:
    programme = random_pair(3).programme
    tight = with_bounds(
        programme, np.array([-9.0, 9.0]), np.array([9.0, 10.0]), np.array([False, True])
    )
    assert tight.lower[0] == max(programme.lower[0], -9.0)
    assert tight.lower[1] == 9.0
    assert tight.upper[0] == min(programme.upper[0], 9.0)
    assert np.array_equal(tight.lower[2:], programme.lower[2:])
    assert np.array_equal(tight.upper[2:], programme.upper[2:])
    assert tight.whole is not None
    assert tight.whole.tolist() == [False, True] + [False] * (COLUMNS - 2)


# Whole columns


def knapsack(seed: int, items: int = 8) -> LinearProgramme:
    """Values to be carried under two limits of weight, beside an item that may be cut."""
    chance = np.random.default_rng(seed)
    weights = chance.uniform(0.1, 1.0, (2, items + 1))
    return LinearProgramme(
        -chance.uniform(0.1, 1.0, items + 1),
        np.zeros(items + 1),
        np.ones(items + 1),
        sparse.csc_array(weights),
        np.full(2, -np.inf),
        np.full(2, 0.4 * weights.sum(axis=1).min()),
        np.append(np.ones(items, dtype=bool), False),
    )


@pytest.mark.parametrize("seed", range(6))
def test_whole_columns_are_the_best_of_all_choices(seed: int) -> None:
    programme = knapsack(seed)
    rows = programme.matrix.toarray()
    best = 0.0
    for choice in product([0.0, 1.0], repeat=8):
        room = programme.high - rows[:, :8] @ choice
        if (room >= 0).all():
            part = min(1.0, float((room / rows[:, 8]).min()))
            best = min(best, float(programme.cost[:8] @ choice + programme.cost[8] * part))
    found = solved(programme)
    assert found.cost == pytest.approx(best, abs=1e-8)
    assert found.values[:8] == pytest.approx(np.rint(found.values[:8]), abs=1e-8)
    assert found.bound <= found.cost + 1e-12
    assert found.bound == pytest.approx(best, rel=1e-8)


@pytest.mark.parametrize("gap", [0.3, 0.05, 1e-9])
def test_a_bound_lies_within_the_gap_below_the_cost(gap: float) -> None:
    for seed in range(4):
        programme = knapsack(seed, items=30)
        found = solve_linear(programme, 10.0, gap)
        exact = solved(programme).cost
        assert isinstance(found, Solution)
        assert found.bound <= exact + 1e-8
        assert exact <= found.cost + 1e-8
        assert found.cost - found.bound <= gap * abs(found.cost) + 1e-9


# Programmes without an answer


def changed(programme: LinearProgramme, **others: Any) -> LinearProgramme:
    return LinearProgramme(**{**programme.__dict__, **others})


def test_what_has_no_answer_is_called_by_its_name() -> None:
    row = LinearProgramme(
        np.ones(2),
        np.zeros(2),
        np.full(2, np.inf),
        sparse.csc_array(np.ones((1, 2))),
        np.array([1.0]),
        np.array([1.0]),
    )
    assert solved(row).cost == pytest.approx(1.0)
    assert solve_linear(changed(row, upper=np.full(2, 0.4)), 10.0) == "status infeasible"
    free = changed(row, lower=np.full(2, -np.inf), cost=np.array([1.0, 0.0]))
    assert "unbounded" in str(solve_linear(free, 10.0))
    whole = changed(row, high=np.array([0.5]), low=np.array([0.5]), whole=np.ones(2, dtype=bool))
    assert solve_linear(whole, 10.0) == "status infeasible"


def test_time_that_runs_out_leaves_the_best_found_and_an_open_bound() -> None:
    """Market splits (Cornuejols and Dawande 1998) are small and take minutes."""
    chance, (rows, columns) = np.random.default_rng(0), (5, 40)
    matrix = chance.integers(0, 100, (rows, columns)).astype(float)
    half = np.floor(matrix.sum(axis=1) / 2)
    split = LinearProgramme(
        np.concatenate([np.zeros(columns), np.ones(2 * rows)]),
        np.zeros(columns + 2 * rows),
        np.concatenate([np.ones(columns), np.full(2 * rows, np.inf)]),
        sparse.csc_array(np.hstack([matrix, np.eye(rows), -np.eye(rows)])),
        half,
        half,
        np.repeat([True, False], [columns, 2 * rows]),
    )
    found = solve_linear(split, 0.05)
    assert isinstance(found, str) or found.bound < found.cost


@pytest.mark.parametrize("make", [lambda seed: random_pair(seed).programme, knapsack])
def test_same_programme_gives_the_same_bytes(make: Any) -> None:
    for seed in range(5):
        one, other = solved(make(seed)), solved(make(seed))
        assert one.values.tobytes() == other.values.tobytes()
        assert one.duals.tobytes() == other.duals.tobytes()
        assert (one.cost, one.bound) == (other.cost, other.bound)
