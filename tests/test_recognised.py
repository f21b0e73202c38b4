"""What of the worlds' risk prices can hold so that pairs of companies move as alike as they do."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.precision import precise
from marketsim.valuation.noise import MOST_ALIKE
from marketsim.valuation.recognised import share_alike


def kept(explained: np.ndarray, market: np.ndarray) -> np.ndarray:
    with precise("float64"):
        return np.asarray(share_alike(jnp.asarray(explained), jnp.asarray(market)))


def pair(variance: float, covariance: float, market: float) -> tuple[np.ndarray, np.ndarray]:
    """Two companies alike."""
    explained = np.array([[variance, covariance], [covariance, variance]])
    return explained, np.array([[1.0, market], [market, 1.0]])


def test_worlds_that_move_a_pair_together_are_believed_whole() -> None:
    assert kept(*pair(0.6, 0.55, 0.8)) == pytest.approx(1.0, abs=1e-9)


def test_a_pair_that_worlds_move_apart_keeps_what_noise_can_bring_together() -> None:
    """In closed form: s e + most (1 - s v) = market, far below one, where no corner is round."""
    v, e, market = 0.7, 0.1, 0.7
    share = (MOST_ALIKE - market) / (MOST_ALIKE * v - e)
    assert share < 0.5
    assert kept(*pair(v, e, market)) == pytest.approx(share, rel=1e-6)


@given(st.floats(0.01, 0.75), st.floats(-0.9, 0.9), st.floats(0.0, 0.94), st.floats(0.01, 0.75))
def test_no_pair_ends_further_apart_than_it_is(
    variance: float, alike: float, market: float, other: float
) -> None:
    """With the noise that is left, as alike as it may be, at the mean of their variances."""
    covariance = alike * np.sqrt(variance * other)
    explained = np.array([[variance, covariance], [covariance, other]])
    share = kept(explained, np.array([[1.0, market], [market, 1.0]]))
    assert ((share > 0.0) & (share <= 1.0)).all()
    least = share.min()
    reached = least * covariance + MOST_ALIKE * (1.0 - least * (variance + other) / 2.0)
    assert reached >= min(market, 2.0 * MOST_ALIKE - 1.0) - 1e-9


def test_a_third_company_that_moves_with_both_takes_nothing_from_them() -> None:
    explained, market = pair(0.7, 0.1, 0.7)
    more, wider = np.eye(3) * 0.2, np.eye(3)
    more[:2, :2], wider[:2, :2] = explained, market
    share = kept(more, wider)
    assert share[:2] == pytest.approx(kept(explained, market))
    assert share[2] == pytest.approx(1.0, abs=1e-6)


def test_its_derivative_is_that_of_finite_differences() -> None:
    with precise("float64"):
        explained, market = (jnp.asarray(x) for x in pair(0.6, 0.2, 0.6))
        step = 1e-6 * jnp.eye(2)
        slope = jax.jvp(lambda x: share_alike(x, market), (explained,), (jnp.eye(2),))[1]
        up, down = (np.asarray(share_alike(explained + x, market)) for x in (step, -step))
    np.testing.assert_allclose(slope, (up - down) / 2e-6, rtol=1e-6)
