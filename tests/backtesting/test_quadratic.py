"""The interior point against closed forms, optimality conditions and another solver."""

from __future__ import annotations

import cvxpy as cp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketsim.backtesting.sweeps.quadratic import best_trade
from marketsim.precision import precise

solve = jax.jit(best_trade)


def answer(
    covariance: np.ndarray, means: np.ndarray, able: np.ndarray, cap: float = 1.0
) -> np.ndarray:
    """Weights in double precision."""
    with precise("float64"):
        return np.asarray(solve(covariance, means, able, cap))


def problem(seed: int, tickers: int = 12, rows: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """A covariance and means of moves of a day."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(size=(rows, tickers)) @ (np.eye(tickers) + 0.3 * rng.normal(size=tickers))
    return np.cov(0.02 * moves.T), 2e-4 * rng.normal(size=tickers)


def trade(w: np.ndarray, covariance: np.ndarray, means: np.ndarray) -> float:
    """What is to be least."""
    return float(0.5 * w @ covariance @ w - means @ w)


def by_clarabel(covariance: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Weights up to 0.2 by another interior point."""
    w, scale = cp.Variable(len(means)), np.trace(covariance) / len(means)
    risk = 0.5 * cp.quad_form(w, cp.psd_wrap(covariance / scale)) - (means / scale) @ w
    least = cp.Problem(cp.Minimize(risk), [cp.sum(w) == 1, w >= 0, w <= 0.2])
    exact = {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13}
    least.solve(solver="CLARABEL", **exact)
    return np.asarray(w.value)


def test_of_two_tickers_the_calmer_has_what_the_textbook_gives_it() -> None:
    covariance = np.array([[0.04, 0.006], [0.006, 0.01]])
    weight = (0.01 - 0.006) / (0.04 + 0.01 - 2 * 0.006)
    found = answer(covariance, np.zeros(2), np.ones(2, bool))
    np.testing.assert_allclose(found, [weight, 1.0 - weight], atol=1e-9)


def test_independent_tickers_are_held_by_one_over_variance() -> None:
    variances = np.array([1.0, 2.0, 4.0, 8.0])
    found = answer(np.diag(variances), np.zeros(4), np.ones(4, bool))
    np.testing.assert_allclose(found, 1.0 / variances / (1.0 / variances).sum(), atol=1e-9)


@given(st.integers(0, 10_000), st.floats(0.1, 1.0), st.integers(3, 12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_move_between_two_weights_helps(seed: int, cap: float, some: int, bold: bool) -> None:
    """The gradient is one number on what is free, above it at zero and below it at the cap."""
    covariance, means = problem(seed)
    means = means if bold else np.zeros(12)
    able = np.arange(12) < some
    w = answer(covariance, means, able, cap)
    most = max(cap, (1.0 + 1e-6) / some)
    assert w.sum() == pytest.approx(1.0, abs=1e-12)
    assert (w >= 0.0).all()
    assert (w <= most + 1e-9).all()
    assert (w[~able] == 0.0).all()
    slope = (covariance @ w - means)[able] / np.diag(covariance)[able].mean()
    held, full = w[able] > 1e-7, w[able] > most - 1e-7
    free = held & ~full
    level = slope[free].mean() if free.any() else slope[full].max()
    assert np.abs(slope[free] - level).max(initial=0.0) < 1e-5
    assert (slope[~held] > level - 1e-5).all()
    assert (slope[full] < level + 1e-5).all()


@pytest.mark.parametrize("seed", range(6))
def test_another_solver_finds_the_same(seed: int) -> None:
    covariance, means = problem(seed, tickers=30, rows=60)
    found = answer(covariance, means, np.ones(30, bool), 0.2)
    np.testing.assert_allclose(found, by_clarabel(covariance, means), atol=1e-7)


def test_more_tickers_than_moves_have_an_answer() -> None:
    """A covariance without full rank has many optima, and one value of them."""
    covariance, means = problem(0, tickers=30, rows=8)
    found = answer(covariance, means, np.ones(30, bool), 0.2)
    value, other = (trade(w, covariance, means) for w in (found, by_clarabel(covariance, means)))
    assert value == pytest.approx(other, abs=1e-8 * np.trace(covariance))


def test_it_runs_in_batches_and_in_single_precision() -> None:
    covariance, means = problem(3)
    whole = jnp.stack([jnp.asarray(covariance)] * 3).astype(jnp.float32)
    found = jax.vmap(best_trade, (0, None, None, None))(
        whole, jnp.asarray(means, jnp.float32), jnp.ones(12, bool), 0.2
    )
    exact = answer(covariance, means, np.ones(12, bool), 0.2)
    np.testing.assert_allclose(found[0], exact, atol=2e-3)


@pytest.mark.parametrize("aversion", [1e-5, 1e-3, 1.0, 1e5])
def test_means_of_any_size_are_answered(aversion: float) -> None:
    """With little aversion all goes to the best up to the cap, with much to least variance."""
    covariance, means = problem(5)
    found = answer(covariance, means / aversion, np.ones(12, bool), 0.2)
    if aversion < 1e-2:
        assert found[means.argsort()[-5:]] == pytest.approx(0.2, abs=1e-6)
    if aversion > 1e4:
        least = answer(covariance, np.zeros(12), np.ones(12, bool), 0.2)
        np.testing.assert_allclose(found, least, atol=1e-4)
    np.testing.assert_allclose(found, by_clarabel(covariance, means / aversion), atol=1e-6)


def test_what_is_no_covariance_has_no_answer() -> None:
    found = answer(-np.eye(4), np.zeros(4), np.ones(4, bool))
    assert np.isnan(found).all()


def test_one_ticker_and_a_cap_below_equal_weight() -> None:
    covariance, means = problem(1)
    only = np.arange(12) == 3
    assert answer(covariance, means, only, 0.15)[3] == pytest.approx(1.0)
    even = answer(covariance, means, np.ones(12, bool), 0.05)
    np.testing.assert_allclose(even, 1.0 / 12, atol=1e-6)
