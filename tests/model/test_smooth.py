"""Smooth stand-ins: on the safe side of what they stand in for, and never far from it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from marketsim.model.smooth import (
    bounded,
    log_excess,
    log_positive_part,
    log_softmax,
    log_softmin,
    positive_part,
    relax,
    scarcity,
)

ROUNDING = 1e-9
LOGS = hnp.arrays(float, st.integers(1, 6), elements=st.floats(-50.0, 50.0))
NUMBERS = st.floats(-200.0, 200.0)

softmin = jax.jit(log_softmin)
softmax = jax.jit(log_softmax)


@given(LOGS, st.floats(1.0, 60.0))
def test_softmin_never_exceeds_the_minimum_and_stays_near_it(
    logs: np.ndarray, sharpness: float
) -> None:
    low = float(softmin(jnp.asarray(logs), sharpness))
    assert low <= logs.min() + ROUNDING
    assert low >= logs.min() - np.log(len(logs)) / sharpness - ROUNDING


@given(LOGS, st.floats(1.0, 60.0))
def test_softmax_is_softmin_seen_from_below(logs: np.ndarray, sharpness: float) -> None:
    high = float(softmax(jnp.asarray(logs), sharpness))
    assert high >= logs.max() - ROUNDING
    assert high == pytest.approx(-float(softmin(jnp.asarray(-logs), sharpness)), abs=1e-9)


def test_every_limit_keeps_a_gradient_and_the_gradients_sum_to_one() -> None:
    shares = jax.grad(log_softmin)(jnp.array([0.0, 0.1, 0.4]))
    assert (shares > 0.0).all()
    assert shares.sum() == pytest.approx(1.0)
    assert list(jnp.argsort(-shares)) == [0, 1, 2]


@given(NUMBERS, st.floats(0.01, 1.0))
def test_positive_part_lies_just_above_the_kink(x: float, width: float) -> None:
    smooth = float(positive_part(jnp.asarray(x), width))
    assert max(x, 0.0) - ROUNDING <= smooth <= max(x, 0.0) + width * np.log(2.0) + ROUNDING


@given(NUMBERS)
def test_log_positive_part_is_its_log_where_that_can_be_had(x: float) -> None:
    level = float(positive_part(jnp.asarray(x), 0.5))
    assert float(log_positive_part(jnp.asarray(x), 0.5)) == pytest.approx(np.log(level), rel=1e-9)


@pytest.mark.parametrize("x", [-1e6, -1e3, -11.0, -9.0, 0.0, 1e3, 1e6])
def test_log_positive_part_and_its_slope_are_finite_everywhere(x: float) -> None:
    value, slope = jax.value_and_grad(log_positive_part)(jnp.asarray(x), 0.5)
    assert jnp.isfinite(value)
    assert slope > 0.0
    if x < -5.0:
        assert slope == pytest.approx(1.0 / 0.5, rel=1e-4)  # an exponential tail


@given(st.floats(1e-3, 50.0), st.floats(0.01, 0.2))
def test_log_excess_is_the_log_of_what_a_ratio_has_over_one(log_ratio: float, width: float) -> None:
    """Where it has much; it never says less, and falls in a straight line below one."""
    exact, smooth = np.log(np.expm1(log_ratio)), float(log_excess(jnp.asarray(log_ratio), width))
    assert smooth >= exact - ROUNDING
    assert log_ratio < 20.0 * width or smooth == pytest.approx(exact, abs=1e-6)
    far, farther = (float(log_excess(jnp.asarray(-x), width)) for x in (40.0, 41.0))
    assert far - farther == pytest.approx(1.0 / width, rel=1e-6)


@pytest.mark.parametrize("x", [-1e4, -1.0, -1e-12, 0.0, 1e-12, 1.0, 300.0])
def test_log_excess_and_its_slope_are_finite_everywhere(x: float) -> None:
    value, slope = jax.value_and_grad(log_excess)(jnp.asarray(x), 0.1)
    assert jnp.isfinite(value)
    assert jnp.isfinite(slope)
    assert slope > 0.0


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
