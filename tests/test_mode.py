"""The search for a mode: where the gradient vanishes, from wherever it starts."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from marketsim.calibration.mode import Linear, find_mode

FloatArray = NDArray[np.float64]


def plain(residuals: FloatArray, jacobian: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    return residuals, jacobian, np.ones(len(residuals))


def linear_in(rows: FloatArray, values: FloatArray) -> Linear:
    return lambda x: plain(rows @ x - values, rows)


def rosenbrock(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The curved valley, with a third residual that never vanishes."""
    r = np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0], 2.0 + 0.5 * np.sin(x[0] + 2.0 * x[1])])
    slope = 0.5 * np.cos(x[0] + 2.0 * x[1])
    return plain(r, np.array([[-20.0 * x[0], 10.0], [-1.0, 0.0], [slope, 2.0 * slope]]))


def test_a_linear_problem_is_solved_as_least_squares_are() -> None:
    chance = np.random.default_rng(0)
    rows, values = chance.standard_normal((12, 4)), chance.standard_normal(12)
    found = find_mode(linear_in(rows, values), np.zeros(4))
    np.testing.assert_allclose(found.x, np.linalg.lstsq(rows, values)[0], atol=1e-8)
    assert found.size < 1e-8


@pytest.mark.parametrize("start", [(-1.2, 1.0), (2.0, -3.0), (0.0, 0.0)])
def test_residuals_that_do_not_vanish_leave_no_gradient(start: tuple[float, float]) -> None:
    found = find_mode(rosenbrock, np.array(start))
    assert found.size < 1e-8
    assert found.residual[2] > 1.0, "there is something left to fit"


def test_second_order_curvature_is_learnt() -> None:
    """Started from the mode with what was learnt, a nudge is undone in a handful of steps."""
    first = find_mode(rosenbrock, np.array([-1.2, 1.0]))
    again = find_mode(rosenbrock, first.x + 1e-3, first.second_order)
    np.testing.assert_allclose(again.x, first.x, atol=1e-8)
    assert again.steps < first.steps / 2


def test_a_point_that_cannot_be_evaluated_is_stepped_back_from() -> None:
    def log(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        with np.errstate(invalid="ignore", divide="ignore"):
            return plain(np.log(x) + 3.0, np.diag(1.0 / x))

    found = find_mode(log, np.array([5.0]))
    np.testing.assert_allclose(found.x, np.exp(-3.0), rtol=1e-7)


def test_a_search_that_cannot_end_says_so_by_its_gradient() -> None:
    def kinked(x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """|x| has no gradient that vanishes."""
        return plain(
            np.sqrt(2.0 * np.abs(x) + 1e-300),
            np.sign(x)[:, None] / np.sqrt(2.0 * np.abs(x) + 1e-300)[:, None],
        )

    found = find_mode(kinked, np.array([1.0]), most=30)
    assert found.steps <= 30
    assert found.size > 0.5
