"""Market noise: mean one, the volatility and correlation asked for, tails, and a seed."""

from __future__ import annotations

import numpy as np
import pytest

from marketsim.valuation.noise import CUT, horizon_dof, market_noise

VOLATILITY = np.array([0.2, 0.5, 0.3])
CORRELATION = np.array([[1.0, 0.6, -0.2], [0.6, 1.0, 0.1], [-0.2, 0.1, 1.0]])
DOF = 12.0
DRAWS = 100_000


@pytest.fixture(scope="module")
def logs() -> np.ndarray:
    factors = market_noise(DRAWS, VOLATILITY, CORRELATION, DOF, seed=0)
    assert (factors > 0.0).all()
    np.testing.assert_allclose(factors.mean(axis=0), 1.0, rtol=1e-12)
    log = np.log(factors)
    return np.asarray(log - log.mean(axis=0))


def test_volatility_is_the_one_asked_for(logs: np.ndarray) -> None:
    """Within five standard errors, given the kurtosis of a Student t."""
    kurtosis = 3.0 + 6.0 / (DOF - 4.0)
    error = np.sqrt((kurtosis - 1.0) / 4.0 / DRAWS)
    np.testing.assert_allclose(logs.std(axis=0), VOLATILITY, rtol=5.0 * error)


def test_correlation_is_the_one_asked_for(logs: np.ndarray) -> None:
    np.testing.assert_allclose(np.corrcoef(logs.T), CORRELATION, atol=5.0 * np.sqrt(2.0 / DRAWS))


def test_tails_are_fatter_than_normal_and_end(logs: np.ndarray) -> None:
    standard = logs / VOLATILITY
    assert (np.mean(np.abs(standard) > 4.0, axis=0) > 3 * 6.3e-5).all()
    assert np.abs(standard).max() < CUT + 0.5


def test_bad_years_are_bad_together() -> None:
    """Without correlation too: one mixing variable makes extremes coincide."""
    factors = market_noise(DRAWS, VOLATILITY[:2], np.eye(2), 5.0, seed=3)
    far = np.abs(np.log(factors)) / VOLATILITY[:2] > 2.5
    assert far.all(axis=1).mean() > 2.0 * far.mean(axis=0).prod()


def test_a_seed_repeats_and_another_differs_in_numbers_only() -> None:
    one, same, other = (
        market_noise(5_000, VOLATILITY, CORRELATION, DOF, seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert other.shape == one.shape == (5_000, 3)
    assert not np.isclose(one, other).all(axis=1).any()
    np.testing.assert_allclose(
        np.quantile(other, [0.1, 0.5, 0.9], axis=0),
        np.quantile(one, [0.1, 0.5, 0.9], axis=0),
        rtol=0.05,
    )


def test_no_volatility_is_no_noise() -> None:
    np.testing.assert_array_equal(market_noise(10, np.zeros(3), CORRELATION, DOF, 0), 1.0)


def test_long_horizons_come_closer_to_normal() -> None:
    months = [horizon_dof(4.5, years) for years in (1 / 252, 1 / 12, 0.5, 1.0, 5.0)]
    assert (np.diff(months) > 0.0).all()
    assert months[0] == pytest.approx(4.5)
    assert horizon_dof(8.0, 1.0) > horizon_dof(5.0, 1.0) > 4.0
    assert horizon_dof(3.0, 1.0) > 4.0
