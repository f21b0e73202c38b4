"""Smooth stand-ins: on the safe side of what they stand in for, and never far from it."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jax import Array

from marketsim.model.smooth import (
    bounded,
    excess,
    log_minimum,
    log_sum,
    positive_part,
    power_mean,
    relax,
    scarcity,
    sigmoid,
    smooth_maximum,
    smooth_minimum,
    sum_by_halves,
)
from marketsim.precision import Precision, precise

ROUNDING = 1e-9
LOGS = hnp.arrays(float, st.integers(1, 6), elements=st.floats(-50.0, 50.0))
NUMBERS = st.floats(-200.0, 200.0)
LEVELS = st.floats(1e-6, 1e6)
WIDTHS = st.floats(0.01, 0.5)
PAIRS = pytest.mark.parametrize("smooth", [excess, smooth_maximum, smooth_minimum])

logs_least = jax.jit(lambda logs, sharpness: log_minimum(*logs, sharpness=sharpness))


# Of levels


@given(LEVELS, LEVELS, WIDTHS)
def test_a_smooth_maximum_lies_above_both_and_a_minimum_below(
    x: float, y: float, width: float
) -> None:
    """By no more than the width, which is the gap where they are equal."""
    high = float(smooth_maximum(jnp.asarray(x), y, width)) / max(x, y)
    low = float(smooth_minimum(jnp.asarray(x), y, width)) / min(x, y)
    assert 1.0 - ROUNDING <= high <= 1.0 + width + ROUNDING
    assert 1.0 / (1.0 + width) - ROUNDING <= low <= 1.0 + ROUNDING
    assert low == pytest.approx(1.0 / high)
    assert float(smooth_maximum(jnp.asarray(x), x, width)) == pytest.approx((1.0 + width) * x)


@given(st.floats(0.1, 10.0), st.floats(0.1, 10.0))
def test_excess_is_what_a_power_mean_has_over_the_second(x: float, y: float) -> None:
    over = float(excess(jnp.asarray(x), jnp.asarray(y)))
    assert over > max(x - y, 0.0) * (1.0 - ROUNDING)
    assert over + y == pytest.approx((x**16 + y**16) ** 0.0625, rel=1e-12)
    assert float(excess(jnp.asarray(x), jnp.asarray(x))) == pytest.approx(x * (2**0.0625 - 1.0))


def test_what_is_missed_by_far_is_a_wall() -> None:
    """Below the limit excess falls with the sixteenth power."""
    far, farther = (float(excess(jnp.asarray(x), jnp.asarray(1.0))) for x in (0.2, 0.1))
    assert far / farther == pytest.approx(2.0**16, rel=1e-4)


@PAIRS
@given(x=LEVELS, y=LEVELS, scale=st.floats(1e-3, 1e3))
def test_smooth_levels_scale_as_levels_do(
    smooth: Callable[..., Array], x: float, y: float, scale: float
) -> None:
    plain = smooth(jnp.asarray(x), jnp.asarray(y))
    scaled = smooth(jnp.asarray(scale * x), jnp.asarray(scale * y))
    assert float(scaled) == pytest.approx(scale * float(plain), rel=1e-6)


@given(LEVELS, LEVELS, WIDTHS)
def test_a_smooth_minimum_solves_its_hyperbola(x: float, y: float, width: float) -> None:
    """(1 - width^2) z^2 - (x + y) z + x y = 0: what the roofline turns round."""
    z = float(smooth_minimum(jnp.asarray(x), y, width))
    assert (1.0 - width**2) * z**2 + x * y == pytest.approx((x + y) * z, rel=1e-9)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@PAIRS
def test_levels_far_apart_keep_sign_and_slope(
    smooth: Callable[..., Array], precision: Precision
) -> None:
    """Nothing cancels: ratios of ten thousand in either precision, for a sixteenth power a hundred.

    Single precision holds no more of it.
    """
    low = 1e-2 if smooth is excess else 1e-4
    with precise(precision):
        for x, y in ((low, 1.0), (1.0, low), (1.0, 1.0)):
            value, slope = jax.value_and_grad(smooth, argnums=(0, 1))(
                jnp.asarray(x), jnp.asarray(y)
            )
            assert value.dtype == precision
            assert value > 0.0
            assert np.isfinite(slope).all()
    with precise("float64"):
        exact = smooth(jnp.asarray(low), jnp.asarray(1.0))
    with precise("float32"):
        assert float(smooth(jnp.asarray(low), jnp.asarray(1.0))) == pytest.approx(
            float(exact), rel=1e-5
        )


@given(NUMBERS, st.floats(0.01, 1.0))
def test_positive_part_lies_just_above_the_kink(x: float, width: float) -> None:
    smooth = float(positive_part(jnp.asarray(x), width))
    assert max(x, 0.0) < smooth + ROUNDING
    assert smooth <= max(x, 0.0) + width / 2.0 + ROUNDING
    assert smooth * (smooth - x) == pytest.approx((width / 2.0) ** 2, rel=1e-6)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("x", [-1e6, -1e3, -1.0, -1e-9, 0.0, 1e-9, 1.0, 1e6])
def test_positive_part_is_positive_and_rises_everywhere(x: float, precision: Precision) -> None:
    with precise(precision):
        value, slope = jax.value_and_grad(positive_part)(jnp.asarray(x), 0.05)
        assert value > 0.0
        assert 0.0 < slope <= 1.0
        assert x != 0.0 or slope == pytest.approx(0.5)


MANY = hnp.arrays(float, st.integers(1, 9), elements=st.floats(0.01, 1.0))


@given(MANY)
def test_a_power_mean_never_exceeds_the_largest_and_is_it_where_all_tie(levels: np.ndarray) -> None:
    mean = float(power_mean(jnp.asarray(levels), 32))
    assert mean <= levels.max() * (1.0 + ROUNDING)
    assert mean >= levels.max() * len(levels) ** (-1.0 / 32) * (1.0 - ROUNDING)
    ties = jnp.full(len(levels), levels[0])
    assert float(power_mean(ties, 32)) == pytest.approx(levels[0])


def test_a_power_mean_keeps_every_option_in_view() -> None:
    slope = jax.grad(lambda x: power_mean(x, 32))(jnp.array([1.0, 0.95, 0.8]))
    assert (slope > 0.0).all()
    assert list(jnp.argsort(-slope)) == [0, 1, 2]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 84])
def test_a_sum_by_halves_is_the_sum(count: int) -> None:
    x = np.random.default_rng(count).lognormal(0.0, 2.0, (count, 3))
    np.testing.assert_allclose(sum_by_halves(jnp.asarray(x)), x.sum(axis=0), rtol=1e-12)


# Of logs


@given(LOGS, st.floats(1.0, 60.0))
def test_a_minimum_of_logs_never_exceeds_the_least_and_stays_near_it(
    logs: np.ndarray, sharpness: float
) -> None:
    low = float(logs_least(jnp.asarray(logs), sharpness))
    assert low <= logs.min() + ROUNDING
    assert low >= logs.min() - np.log(len(logs)) / sharpness - ROUNDING


@given(LOGS)
def test_a_sum_of_logs_is_that_of_their_exponentials(logs: np.ndarray) -> None:
    found = float(log_sum(*jnp.asarray(logs)))
    assert found == pytest.approx(float(np.logaddexp.reduce(logs)), abs=1e-12)


def test_every_limit_keeps_a_gradient_and_the_gradients_sum_to_one() -> None:
    shares = jax.grad(lambda x: log_minimum(*x))(jnp.array([0.0, 0.1, 0.4]))
    assert (shares > 0.0).all()
    assert shares.sum() == pytest.approx(1.0)
    assert list(jnp.argsort(-shares)) == [0, 1, 2]


@given(NUMBERS, st.floats(0.1, 10.0))
def test_bounded_is_itself_near_nothing_and_never_beyond_its_limit(x: float, limit: float) -> None:
    squeezed = float(bounded(jnp.asarray(x), limit))
    assert abs(squeezed) <= min(abs(x), limit) * (1.0 + ROUNDING)
    assert squeezed * x >= 0.0
    assert float(bounded(jnp.asarray(-x), limit)) == pytest.approx(-squeezed)
    assert float(jax.grad(bounded)(0.0, limit)) == pytest.approx(1.0)


@given(NUMBERS, NUMBERS)
def test_scarcity_rises_with_the_excess_of_wants_and_vanishes_in_plenty(x: float, y: float) -> None:
    short = float(scarcity(jnp.asarray(x), jnp.asarray(y)))
    assert short >= max(x - y, 0.0) - ROUNDING
    assert float(scarcity(jnp.asarray(x + 1.0), jnp.asarray(y))) >= short


def test_relax_goes_its_share_of_the_way() -> None:
    now, target = jnp.asarray(2.0), jnp.asarray(6.0)
    assert relax(now, target, jnp.asarray(0.25)) == pytest.approx(3.0)
    assert relax(now, target, jnp.asarray(0.0)) == now
    assert relax(now, target, jnp.asarray(1.0)) == target


@given(st.floats(-30.0, 30.0))
def test_sigmoid_is_the_logistic_function(x: float) -> None:
    assert float(sigmoid(jnp.asarray(x))) == pytest.approx(1.0 / (1.0 + np.exp(-x)), abs=1e-15)
