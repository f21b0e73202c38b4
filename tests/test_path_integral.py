"""What inputs add to a change: closed forms, sums, symmetry, and what is refused."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.derivatives import path_integral
from marketsim.derivatives.path_integral import integrated
from marketsim.errors import InputError, SolverError

Point = np.ndarray[Any, np.dtype[np.float64]]

numbers = st.lists(st.floats(-2.0, 2.0), min_size=3, max_size=3).map(np.array)


def wavy(x: Point) -> tuple[float, Point]:
    value = np.exp(x[0]) * np.sin(3.0 * x[1]) + x[1] * x[2] ** 3
    slopes = [
        np.exp(x[0]) * np.sin(3.0 * x[1]),
        3.0 * np.exp(x[0]) * np.cos(3.0 * x[1]) + x[2] ** 3,
        3.0 * x[1] * x[2] ** 2,
    ]
    return float(value), np.array(slopes)


def folded(x: Point) -> tuple[float, Point]:
    """Kinks in the middle of nowhere."""
    value = max(x[0] - 0.3, 0.0) * x[1] + abs(x[2] - 0.177)
    return value, np.array([(x[0] > 0.3) * x[1], max(x[0] - 0.3, 0.0), np.sign(x[2] - 0.177)])


class TestClosedForms:
    def test_of_a_product_each_adds_its_change_at_the_other_s_middle(self) -> None:
        found = path_integral(lambda x: (x[0] * x[1], [x[1], x[0]]), [1.0, 2.0], [3.0, 5.0])
        np.testing.assert_allclose(found.contributions, [2.0 * 3.5, 3.0 * 2.0], rtol=1e-12)
        assert found.change == pytest.approx(13.0)

    def test_of_a_product_from_nothing_both_add_half(self) -> None:
        found = path_integral(lambda x: (x[0] * x[1], [x[1], x[0]]), [0.0, 0.0], [0.7, 3.0])
        np.testing.assert_allclose(found.contributions, [1.05, 1.05], rtol=1e-12)

    def test_a_linear_function_is_exact(self) -> None:
        slopes = np.array([1.0, -2.0, 0.5])
        found = path_integral(lambda x: (slopes @ x, slopes), [0.0, 1.0, 2.0], [4.0, 4.0, 4.0])
        np.testing.assert_allclose(found.contributions, slopes * [4.0, 3.0, 2.0], rtol=1e-13)
        assert found.points == 5

    def test_a_softmax_of_a_sum_of_quarters(self) -> None:
        """Of ln(e^x + e^y) from (0, 0) to (a, 0): all of it is the first's, y does not move."""
        found = path_integral(
            jax.value_and_grad(lambda x: jnp.log(jnp.exp(x).sum())), [0.0, 0.0], [1.3, 0.0]
        )
        np.testing.assert_allclose(
            found.contributions, [np.log((np.exp(1.3) + 1.0) / 2.0), 0.0], atol=1e-6
        )

    def test_several_outputs_at_once(self) -> None:
        def both(x: Point) -> tuple[Point, Point]:
            return np.array([x[0] * x[1], x[0] ** 3]), np.array([[x[1], x[0]], [3 * x[0] ** 2, 0]])

        found = path_integral(both, [0.0, 0.0], [1.0, 2.0])
        np.testing.assert_allclose(found.contributions, [[1.0, 1.0], [1.0, 0.0]], atol=1e-9)


@given(start=numbers, end=numbers)
@pytest.mark.parametrize("function", [wavy, folded])
def test_contributions_add_up(function: Any, start: Point, end: Point) -> None:
    found = path_integral(function, start, end)
    size = max(abs(found.change), np.abs(found.contributions).sum(), 1e-12)
    assert abs(found.contributions.sum() - found.change) <= 1.001e-6 * size + 1e-12
    assert found.change == pytest.approx(function(end)[0] - function(start)[0])


@given(start=numbers, end=numbers, order=st.permutations(range(3)))
def test_no_order_of_inputs_matters(start: Point, end: Point, order: list[int]) -> None:
    place = np.argsort(order)

    def relabelled(x: Point) -> tuple[float, Point]:
        value, slopes = wavy(x[place])
        return value, slopes[order]

    one = path_integral(wavy, start, end).contributions
    other = path_integral(relabelled, start[order], end[order]).contributions
    np.testing.assert_allclose(other, one[order], atol=1e-9)


def test_a_change_that_is_lost_in_rounding_is_nothing() -> None:
    found = path_integral(wavy, np.array([1.0, 5e-324, 0.0]), np.zeros(3))
    assert np.abs(found.contributions).max() < 1e-300


@given(start=numbers, end=numbers)
def test_the_way_back_takes_off_what_the_way_there_added(start: Point, end: Point) -> None:
    there, back = path_integral(wavy, start, end), path_integral(wavy, end, start)
    size = np.abs(there.contributions).sum()
    np.testing.assert_allclose(back.contributions, -there.contributions, atol=1e-5 * size + 1e-12)


@given(at=numbers)
def test_no_change_adds_nothing(at: Point) -> None:
    found = path_integral(wavy, at, at)
    assert not found.contributions.any()
    assert found.points == 5


def test_a_jump_is_refused_and_told_where_it_is_asked_for() -> None:
    def step(x: Point) -> tuple[float, Point]:
        return float(x[0] > 0.3), np.zeros(1)

    with pytest.raises(SolverError, match="there may be a jump"):
        path_integral(step, [0.0], [1.0])
    found = integrated(lambda t: ([float(t > 0.3)], [[0.0]]), most=50, whole=False)
    assert found.left == pytest.approx([1.0])


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ([0.0], [1.0, 2.0], "one number by input"),
        ([0.0, np.nan, 0.0], [1.0, 1.0, 1.0], "not finite"),
        ([0.0, 0.0, 800.0], [1.0, 1.0, np.inf], "not finite"),
    ],
)
def test_wrong_points_are_named(start: list[float], end: list[float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        path_integral(wavy, start, end)


@pytest.mark.parametrize(
    ("function", "start", "more", "said"),
    [
        (None, [0.0], {}, "is no function"),
        (lambda x: x[0], [0.0], {}, "must return a value and its slopes"),
        (lambda x: (x[0], ["a"]), [0.0], {}, "slopes is"),
        (lambda x: (x[0], [1.0]), ["a"], {}, "start is"),
        (lambda x: (x[0], [1.0]), [0.0], {"tolerance": -1.0}, "tolerance"),
        (lambda x: (x[0], [1.0]), [0.0], {"most": np.nan}, "most"),
    ],
)
def test_what_is_no_function_or_number_is_named(
    function: Any, start: Any, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        path_integral(function, start, [1.0], **more)


def test_wrong_slopes_are_named() -> None:
    with pytest.raises(InputError, match="they must be"):
        path_integral(lambda x: (x[0], [1.0, 1.0]), [0.0], [1.0])
    with pytest.raises(InputError, match="not finite 0 % of the way"):
        path_integral(lambda x: (np.nan, [1.0]), [0.0], [1.0])
