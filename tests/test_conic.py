"""Programmes with bends: built once for each shape, and never trusted when inexact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cvxpy as cp
import numpy as np
import pytest
from numpy.typing import NDArray

from marketsim.allocation import allocate, conic, terms
from marketsim.allocation.conic import solve_conic
from marketsim.allocation.constraints import constraints_from
from marketsim.allocation.limits import Group
from marketsim.allocation.linear import Solution, solve_linear
from marketsim.allocation.programme import Answer, Programme, assemble, families_of
from marketsim.errors import SolverError
from marketsim.returns import ReturnScenarios
from tests.compared import HELD, scenarios_of, weights_of

FloatArray = NDArray[np.float64]

BENT: dict[str, Any] = {  # one of each bend
    "square": terms.Variance() - terms.ExpectedReturn(),
    "ball": terms.TrackingError(HELD) - 0.3 * terms.ExpectedReturn(),
    "cube": terms.MarketImpact(0.05, HELD) - terms.ExpectedReturn(),
}
KINDS = pytest.mark.parametrize("kind", list(BENT))


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[conic.Shape]]:
    """The shape of every problem that is built, from none kept; none is kept afterwards."""
    shapes: list[conic.Shape] = []
    true = conic._problem

    def spy(shape: conic.Shape, numbers: conic.Numbers) -> conic.Built:
        shapes.append(shape)
        return true(shape, numbers)

    monkeypatch.setattr(conic, "_problem", spy)
    conic._kept.cache_clear()
    yield shapes
    conic._kept.cache_clear()


def programme_of(kind: str, seed: int = 0, cap: float = 0.4, **given: Any) -> Programme:
    returns = given.pop("returns", None) or scenarios_of(seed)
    constraints = constraints_from(returns, cap, **given)
    objective = (1.0 * BENT[kind]).settled(returns, constraints)
    return assemble(objective, returns, constraints, families_of(objective, returns, None))


def answer(programme: Programme, solver: str = "CLARABEL") -> Answer:
    found = solve_conic(programme, solver, 20.0)
    assert isinstance(found, Answer), found
    return found


# Shapes


@KINDS
def test_a_shape_is_built_once_whatever_its_numbers(kind: str, built: list[conic.Shape]) -> None:
    for seed, cap in [(0, 0.4), (1, 0.4), (2, 0.7), (0, 0.4)]:
        answer(programme_of(kind, seed, cap))
    assert len(built) == 1
    kept = conic._kept.cache_info()
    assert (kept.misses, kept.hits) == (1, 3)


@KINDS
def test_another_shape_is_another_problem(kind: str, built: list[conic.Shape]) -> None:
    answer(programme_of(kind))
    answer(programme_of(kind, limits=[Group("two", ("A", "B"), at_most=0.5)]))
    answer(programme_of(kind, returns=scenarios_of(0, companies=4)))
    assert len(set(built)) == len(built) == 3


def test_another_bend_is_another_problem(built: list[conic.Shape]) -> None:
    for kind in BENT:
        answer(programme_of(kind))
    assert len(built) == 3
    assert [shape.bends[0].kind for shape in built] == list(BENT)


def test_allocations_share_what_is_built(built: list[conic.Shape]) -> None:
    for cap in (0.3, 0.4, 0.5):
        allocate(scenarios_of(int(10 * cap)), terms.Variance(), max_weight=cap)
    assert len(built) == 1


@KINDS
def test_a_problem_solved_again_gives_the_answer_of_one_built_anew(kind: str) -> None:
    programmes = [programme_of(kind, seed) for seed in range(3)]
    again = [answer(one) for one in programmes]
    for programme, one in zip(programmes, again, strict=True):
        conic._kept.cache_clear()
        assert answer(programme).weights == pytest.approx(one.weights, abs=1e-6)


@KINDS
@pytest.mark.parametrize("solver", ["CLARABEL", "SCS"])
def test_what_was_solved_before_leaves_no_trace(kind: str, solver: str) -> None:
    first = answer(programme_of(kind, 0), solver)
    answer(programme_of(kind, 1), solver)
    second = answer(programme_of(kind, 0), solver)
    assert first.weights.tobytes() == second.weights.tobytes()
    assert first.prices.tobytes() == second.prices.tobytes()


@KINDS
def test_allocations_before_leave_no_trace(kind: str) -> None:
    first = allocate(scenarios_of(0), BENT[kind])
    for seed in (1, 2):
        allocate(scenarios_of(seed), BENT[kind])
    second = allocate(scenarios_of(0), BENT[kind])
    assert weights_of(first).tobytes() == weights_of(second).tobytes()
    assert first.certificate == second.certificate


def test_the_shapes_kept_are_few() -> None:
    assert conic._kept.cache_info().maxsize is not None


# Large programmes


@KINDS
def test_a_large_programme_is_built_with_its_numbers(
    kind: str, built: list[conic.Shape], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = answer(programme_of(kind))
    monkeypatch.setattr(conic, "KEPT", {True: 0, False: 0})
    large = answer(programme_of(kind))
    answer(programme_of(kind))
    assert large.weights == pytest.approx(small.weights, abs=1e-6)
    assert large.prices == pytest.approx(small.prices, abs=1e-6)
    assert len(built) == 3  # each of the large ones anew
    assert conic._kept.cache_info().currsize == 1


# Answers


@KINDS
def test_members_keep_to_their_bends_and_the_weights_to_the_budget(kind: str) -> None:
    found = answer(programme_of(kind))
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-7)
    assert found.weights.max() <= 0.4 + 1e-7
    assert (found.prices >= 0.0).all()
    if kind == "ball":
        assert np.linalg.norm(found.members[0]) <= 1.0 + 1e-7


@KINDS
def test_both_solvers_say_the_same(kind: str) -> None:
    programme = programme_of(kind)
    one, other = answer(programme), answer(programme, "SCS")
    assert other.weights == pytest.approx(one.weights, abs=1e-4)


def test_without_bends_it_is_the_linear_programme() -> None:
    returns = scenarios_of(4)
    constraints = constraints_from(returns, 0.4)
    objective = terms.ExpectedReturn() - terms.CVaR(0.8)
    linear = assemble(objective, returns, constraints, families_of(objective, returns, None))
    exact = solve_linear(linear.linear, 10.0)
    assert isinstance(exact, Solution)
    assert answer(linear).weights == pytest.approx(-exact.duals[:5], abs=1e-6)


def test_a_return_of_nothing_is_a_number_like_others(built: list[conic.Shape]) -> None:
    """A zero in the numbers is no other shape."""
    returns = scenarios_of(0)
    table = returns.returns.copy()
    table[0, 0] = 0.0
    mixed = terms.Variance() + terms.CVaR(0.8)
    allocate(returns, mixed)
    allocate(ReturnScenarios(table, returns.tickers, returns.probabilities), mixed)
    assert len(built) == 1


# Refusals


@pytest.mark.parametrize("kept", [True, False])
def test_a_problem_that_is_not_convex_is_refused(
    kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = cp.sum_squares
    monkeypatch.setattr(cp, "sum_squares", lambda part: -true(part))
    if not kept:
        monkeypatch.setattr(conic, "KEPT", {True: 0, False: 0})
    with pytest.raises(SolverError, match="DPP"):
        solve_conic(programme_of("square"), "CLARABEL", 20.0)


def test_a_problem_whose_parameters_are_multiplied_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Convex for any numbers, but slow to solve again: the rule that a shape must keep."""
    true = cp.sum_squares

    def scaled(part: Any) -> Any:
        return cp.Parameter(nonneg=True) * cp.Parameter(nonneg=True) * true(part)

    monkeypatch.setattr(cp, "sum_squares", scaled)
    with pytest.raises(SolverError, match="DPP"):
        solve_conic(programme_of("square"), "CLARABEL", 20.0)


def inexact(monkeypatch: pytest.MonkeyPatch, times: int) -> list[dict[str, Any]]:
    """Make the solver call its first answers inexact, and note how it was asked."""
    true, asked = cp.Problem.solve, []

    def solve(self: Any, **options: Any) -> Any:
        found = true(self, **options)
        asked.append(options)
        if len(asked) <= times:
            self._status = cp.OPTIMAL_INACCURATE
        return found

    monkeypatch.setattr(cp.Problem, "solve", solve)
    return asked


@KINDS
def test_an_inexact_answer_is_asked_for_again_with_less(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = answer(programme_of(kind))
    asked = inexact(monkeypatch, times=1)
    assert answer(programme_of(kind)).weights == pytest.approx(exact.weights, abs=1e-5)
    first, second = (options["tol_gap_rel"] for options in asked)
    assert first < second <= 1e-8


@KINDS
@pytest.mark.parametrize("solver", ["CLARABEL", "SCS"])
def test_an_answer_that_stays_inexact_is_none(
    kind: str, solver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = inexact(monkeypatch, times=99)
    assert solve_conic(programme_of(kind), solver, 20.0) == "status optimal_inaccurate"
    assert 1 <= len(asked) <= 3


def test_an_allocation_of_inexact_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    inexact(monkeypatch, times=99)
    with pytest.raises(SolverError, match=r"CLARABEL: status optimal_inaccurate; SCS: status opt"):
        allocate(scenarios_of(0), terms.Variance())


def test_a_solver_that_breaks_off_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, **options: Any) -> None:
        raise cp.SolverError("Solver 'CLARABEL' failed.\nTry another.")

    monkeypatch.setattr(cp.Problem, "solve", broken)
    found = solve_conic(programme_of("square"), "CLARABEL", 20.0)
    assert found == "Solver 'CLARABEL' failed."


@KINDS
def test_no_time_is_no_answer(kind: str) -> None:
    found = solve_conic(programme_of(kind, returns=scenarios_of(0, 400, 8)), "CLARABEL", 1e-9)
    assert isinstance(found, str)


@KINDS
def test_warnings_of_the_solver_stay_inside(kind: str, recwarn: pytest.WarningsRecorder) -> None:
    assert weights_of(allocate(scenarios_of(2), BENT[kind])).sum() == pytest.approx(1.0)
    assert not recwarn.list
