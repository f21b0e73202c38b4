"""The search of design points: closed forms, and another library's optimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from marketsim.derivatives.plausible import most_plausible

FloatArray = np.ndarray
CURVED = 2.0


def linear(a: FloatArray, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    return points @ a, np.tile(a, (len(points), 1))


def curved(y: FloatArray) -> tuple[FloatArray, FloatArray]:
    value = np.expm1(0.5 * y[:, 0]) + 0.3 * y[:, 1] ** 2 + 0.2 * y[:, 2]
    slope = [0.5 * np.exp(0.5 * y[:, 0]), 0.6 * y[:, 1], np.full(len(y), 0.2)]
    return value, np.stack(slope, axis=1)


@pytest.mark.parametrize("threshold", [-2.0, 0.5, 3.0])
def test_of_a_plane_it_is_the_foot_of_the_perpendicular(threshold: float) -> None:
    a = np.array([0.3, -1.2, 0.5, 0.0])
    found = most_plausible(lambda y: linear(a, y), np.zeros((1, 4)), threshold)
    assert found.converged.all()
    np.testing.assert_allclose(found.point[0], threshold * a / (a @ a), atol=1e-9)


def test_of_a_sphere_about_elsewhere_it_lies_on_the_line_between() -> None:
    centre, radius = np.array([3.0, 4.0]), 2.0

    def near(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        apart = y - centre
        return radius**2 - (apart**2).sum(axis=1), -2.0 * apart

    found = most_plausible(near, np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 5.0]]), 0.0)
    assert found.converged.all()
    np.testing.assert_allclose(found.point, np.tile(0.6 * centre, (3, 1)), atol=1e-2)


def test_where_one_of_a_group_has_arrived_the_others_stop() -> None:
    """The answer is the same, and found in no more calls than the first of them needs."""
    calls = [0]

    def counted(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        calls[0] += 1
        return curved(y)

    starts = np.random.default_rng(2).normal(size=(8, 3))
    ends, counts = [], []
    for groups in (None, np.zeros(8, dtype=int)):
        calls[0] = 0
        ends.append(most_plausible(counted, starts, CURVED, groups=groups))
        counts.append(calls[0])
    least = [np.linalg.norm(one.point[one.converged], axis=1).min() for one in ends]
    assert least[1] == pytest.approx(least[0], rel=1e-3)
    assert 0 < ends[1].converged.sum() < ends[0].converged.sum()
    assert counts[1] <= counts[0]


def test_from_several_starts_it_finds_what_scipy_finds() -> None:
    starts = np.random.default_rng(0).normal(size=(8, 3))
    found = most_plausible(curved, starts, CURVED, tolerance=1e-8)
    limit = {"type": "eq", "fun": lambda y: curved(y[None])[0][0] - CURVED}
    theirs = min(minimize(lambda y: 0.5 * y @ y, s, constraints=[limit]).fun for s in starts)
    ours = 0.5 * (found.point[found.converged] ** 2).sum(axis=1).min()
    assert ours == pytest.approx(theirs, rel=1e-5)


def test_where_it_arrives_the_threshold_is_met_and_the_gradient_points_to_zero() -> None:
    found = most_plausible(curved, np.random.default_rng(1).normal(size=(8, 3)), CURVED)
    points, slopes = found.point[found.converged], found.slope[found.converged]
    assert len(points)
    np.testing.assert_allclose(curved(points)[0], CURVED, atol=1e-5)
    cosine = (points * slopes).sum(axis=1)
    cosine /= np.linalg.norm(points, axis=1) * np.linalg.norm(slopes, axis=1)
    np.testing.assert_allclose(cosine, 1.0, atol=1e-5)


def test_what_cannot_be_reached_is_not_called_found() -> None:
    def bounded(y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return np.tanh(y[:, 0]), np.stack([1.0 / np.cosh(y[:, 0]) ** 2, 0.0 * y[:, 1]], axis=1)

    found = most_plausible(bounded, np.zeros((2, 2)), 1.5)
    assert not found.converged.any()
    assert np.isfinite(found.point).all()


def test_a_flat_function_goes_nowhere() -> None:
    found = most_plausible(lambda y: (0.0 * y[:, 0], 0.0 * y), np.zeros((1, 3)), 1.0)
    assert not found.converged.any()
    assert np.isfinite(found.point).all()
