"""Market noise: mean one, the volatility and correlation asked for, tails, and a seed."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from jax import Array

from marketsim.model.tree import leaf
from marketsim.precision import precise
from marketsim.prices import Prices
from marketsim.prices.statistics import nearest_correlation
from marketsim.valuation.noise import (
    MOST_ALIKE,
    Noise,
    horizon_dof,
    nearest,
    noise,
    usual_volatility,
)
from marketsim.valuation.noisy import (
    LEAN,
    NODES,
    TRIED,
    lagrange,
    levelled,
    levels_at,
    noisy_return,
)
from marketsim.valuation.shocks import BLOCK, CUT, shocks
from marketsim.valuation.worlds import with_noise
from tests.one_company import assumed, number

LASTING = assumed(volatility_persistence=1.0)
"""Volatility stays what it was."""

VOLATILITY = np.array([0.2, 0.5, 0.3])
CORRELATION = np.array([[1.0, 0.6, -0.2], [0.6, 1.0, 0.1], [-0.2, 0.1, 1.0]])
DOF = 12.0
DRAWS = 100_000
STEPS = np.array([0.25, 0.5, 1.0])
"""Ends of steps in shares of the horizon, unequal ones."""


def market_noise(
    draws: int, volatility: np.ndarray, correlation: np.ndarray, dof: float, seed: int
) -> np.ndarray:
    """Factors up to each step, [step, draw, company], of that volatility from the start."""
    whole = -(-draws // BLOCK) * BLOCK
    drawn = shocks(whole, Noise(volatility, correlation, dof), seed)
    with precise("float64"):
        logs = [np.asarray(levelled(number(step) * volatility[-1]))[:draws] for step in drawn]
    return np.exp(logs)


def at_horizon(
    draws: int, volatility: np.ndarray, correlation: np.ndarray, dof: float, seed: int
) -> np.ndarray:
    """Factors over the horizon alone, [draw, company]."""
    (factors,) = market_noise(draws, volatility[None], correlation, dof, seed)
    return np.asarray(factors)


@pytest.fixture(scope="module")
def logs() -> np.ndarray:
    factors = at_horizon(DRAWS, VOLATILITY, CORRELATION, DOF, seed=0)
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
    factors = at_horizon(DRAWS, VOLATILITY[:2], np.eye(2), 5.0, seed=3)
    far = np.abs(np.log(factors)) / VOLATILITY[:2] > 2.5
    assert far.all(axis=1).mean() > 2.0 * far.mean(axis=0).prod()


def test_a_seed_repeats_and_another_differs_in_numbers_only() -> None:
    one, same, other = (at_horizon(5_000, VOLATILITY, CORRELATION, DOF, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert other.shape == one.shape == (5_000, 3)
    assert not np.isclose(one, other).all(axis=1).any()
    np.testing.assert_allclose(
        np.quantile(other, [0.1, 0.5, 0.9], axis=0),
        np.quantile(one, [0.1, 0.5, 0.9], axis=0),
        rtol=0.05,
    )


def test_no_volatility_is_no_noise() -> None:
    np.testing.assert_array_equal(at_horizon(10, np.zeros(3), CORRELATION, DOF, 0), 1.0)


# ----------------------------------------------------------------------- on the way


@pytest.fixture(scope="module")
def steps() -> np.ndarray:
    """Centred logs of the noise that each step adds, [step, draw, company]."""
    volatility = np.sqrt(STEPS)[:, None] * VOLATILITY
    factors = market_noise(DRAWS, volatility, CORRELATION, DOF, seed=0)
    np.testing.assert_allclose(factors.mean(axis=1), 1.0, rtol=1e-12)
    log = np.log(factors)
    return np.diff(log - log.mean(axis=1, keepdims=True), axis=0, prepend=0.0)


def test_a_path_ends_in_the_noise_of_the_horizon_bit_for_bit() -> None:
    volatility = np.sqrt(STEPS)[:, None] * VOLATILITY
    path = market_noise(1_000, volatility, CORRELATION, DOF, seed=4)
    whole = at_horizon(1_000, VOLATILITY, CORRELATION, DOF, seed=4)
    assert path[-1].tobytes() == whole.tobytes()
    again = market_noise(1_000, volatility, CORRELATION, DOF, seed=4)
    assert path.tobytes() == again.tobytes()


def test_each_step_has_its_share_of_the_variance(steps: np.ndarray) -> None:
    """Of Brownian motion: as much as the step is long, so that none has memory of another."""
    kurtosis = 3.0 + 6.0 / (DOF - 4.0)
    error = 5.0 * np.sqrt((kurtosis - 1.0) / DRAWS)
    share = np.diff(STEPS, prepend=0.0)[:, None]
    np.testing.assert_allclose(steps.var(axis=1) / VOLATILITY**2, share * np.ones(3), rtol=error)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        apart = [np.corrcoef(steps[i, :, c], steps[j, :, c])[0, 1] for c in range(3)]
        np.testing.assert_allclose(apart, 0.0, atol=5.0 * np.sqrt(kurtosis / DRAWS))


def test_companies_are_correlated_at_each_step_as_over_the_horizon(steps: np.ndarray) -> None:
    for step in steps:
        found = np.corrcoef(step.T)
        np.testing.assert_allclose(found, CORRELATION, atol=5.0 * np.sqrt(2.0 / DRAWS))


def test_a_wild_year_is_wild_throughout(steps: np.ndarray) -> None:
    """Steps without memory in sign have it in size: one mixing variable scales the path."""
    size = np.abs(steps[:, :, 0])
    assert np.corrcoef(size[0], size[2])[0, 1] > 5.0 / np.sqrt(DRAWS)


def test_the_clock_is_each_companys_own() -> None:
    """One company's noise all comes at once, another's not before the end."""
    volatility = np.array([[0.2, 0.0, 0.15], [0.2, 0.0, 0.2], [0.2, 0.3, 0.3]])
    path = np.log(market_noise(2_000, volatility, CORRELATION, DOF, seed=1))
    np.testing.assert_allclose(path[0, :, 0], path[2, :, 0], atol=1e-12)
    np.testing.assert_array_equal(path[:2, :, 1], 0.0)
    np.testing.assert_allclose(path[:, :, 2].std(axis=1), volatility[:, 2], rtol=0.1)


def test_no_step_goes_further_than_the_horizon_may() -> None:
    """Each is cut at as many of its own standard deviations, tails as fat as can be."""
    volatility = np.sqrt(STEPS)[:, None] * VOLATILITY
    log = np.log(market_noise(20_000, volatility, CORRELATION, 4.1, seed=2))
    reached = np.abs(log / volatility[:, None]).max(axis=1)
    assert (reached < CUT + 0.5).all()
    assert (reached > CUT - 0.5).all()


def test_long_horizons_come_closer_to_normal() -> None:
    months = [horizon_dof(4.5, years) for years in (1 / 252, 1 / 12, 0.5, 1.0, 5.0)]
    assert (np.diff(months) > 0.0).all()
    assert months[0] == pytest.approx(4.5)
    assert horizon_dof(8.0, 1.0) > horizon_dof(5.0, 1.0) > 4.0
    assert horizon_dof(3.0, 1.0) > 4.0


# ----------------------------------------------------------------------- draw by draw


def test_a_draw_of_noise_is_the_same_whatever_their_number() -> None:
    left = Noise(np.sqrt(STEPS)[:, None] * VOLATILITY, CORRELATION, DOF)
    with precise("float64"):
        few, many = (with_noise(np.zeros((3, n, 3)), left, np.zeros(n), 5) for n in (317, 2_400))
    np.testing.assert_array_equal(few, many[:, :317])


def test_each_block_of_draws_has_a_mean_of_one() -> None:
    factors = at_horizon(4 * BLOCK, VOLATILITY, CORRELATION, DOF, seed=5)
    means = factors.reshape(4, BLOCK, 3).mean(axis=1)
    np.testing.assert_allclose(means, 1.0, rtol=1e-12)


# ----------------------------------------------------------------------- what worlds leave

NAMES = ["A", "B", "C"]


@pytest.fixture(scope="module")
def market() -> Prices:
    """Three shares of known volatility and correlation."""
    statistics = pd.DataFrame(
        {"volatility": VOLATILITY, "beta": 1.0, "dof": 6.0, "market_cap": 1.0}, index=NAMES
    )
    correlation = pd.DataFrame(CORRELATION, NAMES, NAMES)
    return Prices(pd.DataFrame(), pd.Timestamp("2025-12-31"), statistics, correlation)


def covered(share: float, correlation: np.ndarray) -> np.ndarray:
    """Covariance of worlds that explain a share of each company's variance, alike as told."""
    size = np.sqrt(share) * VOLATILITY
    return np.asarray(np.outer(size, size) * correlation)


def wealth(
    explained: np.ndarray, market: Prices, moments: list[float], mood: np.ndarray
) -> np.ndarray:
    """Factors on wealth in worlds of that mood which bring nothing, [moment, draw, company]."""
    left = noise(LASTING, explained, VOLATILITY, market, NAMES, moments)
    with precise("float64"):
        return 1.0 + with_noise(np.zeros((len(moments), len(mood), 3)), left, mood, 0)


def log_noise(explained: np.ndarray, market: Prices, draws: int = 20_000) -> np.ndarray:
    (found,) = wealth(explained[None], market, [1.0], np.zeros(draws))
    return np.asarray(np.log(found))


def test_where_worlds_explain_nothing_noise_is_the_market(market: Prices) -> None:
    logs = log_noise(np.zeros((3, 3)), market)
    np.testing.assert_allclose(logs.std(axis=0), VOLATILITY, rtol=0.03)
    np.testing.assert_allclose(np.corrcoef(logs.T), CORRELATION, atol=0.04)


def test_only_two_companies_are_held_apart(market: Prices) -> None:
    """A company's noise is as much like itself as can be, and its variance the one that is left."""
    left = noise(LASTING, np.zeros((1, 3, 3)), VOLATILITY, market, NAMES, [1.0])
    np.testing.assert_allclose(left.correlation, CORRELATION, atol=1e-12)


def test_worlds_and_noise_together_are_the_market(market: Prices) -> None:
    """Worlds that move companies apart have noise that moves them together."""
    apart = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, 0.3], [-0.5, 0.3, 1.0]])
    explained = covered(0.3, apart)
    drawn = np.random.default_rng(5).multivariate_normal(np.zeros(3), explained, 20_000)
    logs = log_noise(explained, market)
    assert np.corrcoef(logs.T)[0, 1] > CORRELATION[0, 1]
    total = np.cov((drawn + logs).T)
    np.testing.assert_allclose(np.sqrt(np.diag(total)), VOLATILITY, rtol=0.03)
    np.testing.assert_allclose(np.corrcoef((drawn + logs).T), CORRELATION, atol=0.04)


def test_noise_is_never_less_than_a_quarter_of_the_variance(market: Prices) -> None:
    """Nor are two companies' noises the same, whatever worlds leave of their correlation."""
    logs = log_noise(covered(0.95, -CORRELATION + 2.0 * np.eye(3)), market)
    np.testing.assert_allclose(logs.std(axis=0), float(LASTING.noise_floor) * VOLATILITY, rtol=0.03)
    assert np.corrcoef(logs.T)[0, 1] < MOST_ALIKE + 0.01


def test_noise_that_has_come_does_not_go(market: Prices) -> None:
    """Even where worlds explain little on the way and much at the end."""
    shares, moments = (0.0, 0.0, 0.7), [0.25, 0.5, 1.0]
    explained = np.stack([covered(x, CORRELATION) for x in shares])
    found = wealth(explained, market, moments, np.zeros(5_000))
    grown = np.log(found).std(axis=1)
    assert (np.diff(grown, axis=0) > -0.01 * VOLATILITY).all()
    np.testing.assert_allclose(grown[-1], np.sqrt(0.3) * VOLATILITY, rtol=0.05)


def test_a_usual_year_is_nearer_to_the_median_than_the_last() -> None:
    """By the power of persistence: the middle one stays, the others keep 0.7 of a distance."""
    with precise("float64"):
        usual = np.asarray(usual_volatility(assumed(volatility_persistence=0.7), leaf(VOLATILITY)))
    middle = np.median(VOLATILITY)
    np.testing.assert_allclose(
        np.log(usual / middle), 0.7 * np.log(VOLATILITY / middle), atol=1e-12
    )


def test_markets_are_wilder_where_they_fall(market: Prices) -> None:
    """By the stated power, with a mean of one at every mood."""
    mood = np.repeat([-0.3, 0.0, 0.3], 20_000)
    nothing = np.zeros((1, 3, 3))
    (found,) = wealth(nothing, market, [1.0], mood)
    for x in (-0.3, 0.0, 0.3):
        here = found[mood == x]
        np.testing.assert_allclose(
            np.log(here).std(axis=0), np.exp(-LEAN * x) * VOLATILITY, rtol=0.05
        )
        np.testing.assert_allclose(here.mean(axis=0), 1.0, atol=0.02)


# ----------------------------------------------------------------------- derivatives


def test_the_mean_is_one_at_every_scale(market: Prices) -> None:
    """Between the scales at which it was found too: in the worlds that were tried."""
    for mood in np.linspace(-1.5, 1.5, 7):
        (found,) = wealth(np.zeros((1, 3, 3)), market, [1.0], np.full(TRIED, mood))
        np.testing.assert_allclose(found.mean(axis=0), 1.0, atol=1e-4)
    with precise("float64"):
        weights = np.asarray(lagrange(number([1.7])))
    np.testing.assert_allclose(weights @ NODES**5, 1.7**5)


def tilted(step: float | Array) -> Array:
    """Correlations that none could have, on the way from one to another."""
    apart = jnp.array([[1.0, 0.9, -0.8], [0.9, 1.0, 0.7], [-0.8, 0.7, 1.0]])
    along = jnp.array([[0.0, 0.3, 0.2], [0.3, 0.0, -0.5], [0.2, -0.5, 0.0]])
    return apart + step * along


def test_the_nearest_correlation_is_that_of_prices_with_a_derivative() -> None:
    """Where eigenvalues are raised, where none is, and where some are alike."""
    with precise("float64"):
        raised, alone = np.asarray(tilted(0.0)), CORRELATION
        assert np.linalg.eigvalsh(raised)[0] < 0.0 < np.linalg.eigvalsh(alone)[0]
        for matrix in (raised, alone):
            found = nearest(number(matrix))
            np.testing.assert_allclose(found, nearest_correlation(matrix), atol=1e-12)
        slope = np.asarray(jax.jacfwd(lambda x: nearest(tilted(x)))(number(0.0)))
        up, down = (np.asarray(nearest(tilted(x))) for x in (1e-5, -1e-5))
        np.testing.assert_allclose(slope, (up - down) / 2e-5, atol=1e-8)
        same = jax.jacfwd(lambda x: nearest(jnp.eye(3) + x * tilted(0.0)))(number(0.0))
        np.testing.assert_allclose(same, tilted(0.0), atol=1e-12)


def test_derivatives_reach_through_noise(market: Prices) -> None:
    """By what worlds return and by their mood, against differences."""
    left = noise(LASTING, np.zeros((1, 3, 3)), VOLATILITY, market, NAMES, [1.0])
    chance = np.random.default_rng(3)
    with precise("float64"):
        drawn, size = number(shocks(TRIED, left, 0)[0]), number(left.size[-1])
        levels = levels_at(drawn, size)
        world = number(0.3 * chance.normal(size=(TRIED, 3)))
        away = number(chance.normal(size=(TRIED, 3)))

        def worst(step: Array) -> Array:
            moved = world + step * away
            mood = jnp.log1p(0.5 * moved).mean(axis=1)
            return (noisy_return(moved, drawn, size, mood, levels) ** 2).mean()

        slope = float(jax.grad(worst)(number(0.0)))
        up, down = (float(worst(number(x))) for x in (1e-5, -1e-5))
    assert slope == pytest.approx((up - down) / 2e-5, rel=1e-6)
