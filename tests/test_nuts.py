"""NUTS finds the moments of densities that are known, and checks the Laplace approximation."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.util import find_spec
from inspect import unwrap
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import marketsim as ms
from marketsim.calibration import nuts
from marketsim.calibration.likelihood import linearise, sample
from marketsim.calibration.nuts import Chains, Draws, compare_laplace, sample_posterior, walk
from marketsim.calibration.observations import observe
from marketsim.errors import InputError
from marketsim.precision import RUN_SELDOM, precise

needs_numpyro = pytest.mark.skipif(
    find_spec("numpyro") is None, reason="the extra 'nuts' is not installed"
)

MEAN = np.array([1.0, -2.0, 0.5])
SPREAD = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [-1.0, 0.5, 0.2]])


def normal(z: Array, given: Any) -> Array:
    """N(MEAN, SPREAD SPREAD')."""
    mean, inverse = given
    density: Array = -0.5 * ((inverse @ (z - mean)) ** 2).sum()
    return density


def skewed(z: Array, given: Any) -> Array:
    """Logs of gamma variables of shape ``given``: mean digamma(shape), skewed downwards."""
    density: Array = (given * z - jnp.exp(z)).sum()
    return density


@needs_numpyro
def test_it_finds_the_moments_of_a_normal_density() -> None:
    found = walk(normal, (MEAN, np.linalg.inv(SPREAD)), 3, draws=2000, warmup=400, seed=1)
    pooled = found.values.reshape(-1, 3)
    covariance = SPREAD @ SPREAD.T
    sd = np.sqrt(np.diag(covariance))
    assert (np.abs(pooled.mean(axis=0) - MEAN) < 4.0 * sd / np.sqrt(found.ess)).all()
    np.testing.assert_allclose(np.cov(pooled.T), covariance, atol=0.15)
    assert found.divergent.sum() == 0
    assert found.rhat.max() < 1.02
    assert found.ess.min() > 400.0


@needs_numpyro
def test_it_finds_the_mean_of_a_skewed_density_off_its_mode() -> None:
    from scipy.special import digamma, polygamma

    shape = 0.7
    found = walk(skewed, shape, 2, draws=3000, warmup=400, seed=2)
    pooled = found.values.reshape(-1, 2)
    sd = np.sqrt(polygamma(1, shape))
    np.testing.assert_allclose(pooled.mean(axis=0), digamma(shape), atol=0.15 * sd)
    np.testing.assert_allclose(pooled.std(axis=0), sd, rtol=0.1)
    assert digamma(shape) < np.log(shape) - 0.3 * sd  # the mode


@needs_numpyro
def test_a_seed_is_a_walk() -> None:
    def walked(seed: int) -> bytes:
        given = (MEAN, np.linalg.inv(SPREAD))
        return walk(normal, given, 3, draws=20, warmup=20, seed=seed).values.tobytes()

    assert walked(3) == walked(3)
    assert walked(3) != walked(4)


@needs_numpyro
@pytest.mark.parametrize(
    "wrong", [{"draws": 3}, {"warmup": 2}, {"chains": 0}], ids=lambda x: next(iter(x))
)
def test_too_few_of_anything_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match=f"{next(iter(wrong))}={next(iter(wrong.values()))}"):
        walk(skewed, 1.0, 1, **wrong)  # type: ignore[arg-type]


def test_without_the_extra_the_error_names_it(
    posterior: ms.Posterior, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "numpyro"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "numpyro", None)
    with pytest.raises(InputError, match=r"pip install 'marketsim\[nuts\]'"):
        sample_posterior(posterior)


# ----------------------------------------------------------------------- the comparison


def drawn(posterior: ms.Posterior, shift: float = 0.0, stretch: float = 1.0) -> Draws:
    """Draws of the approximation itself, shifted and stretched in its standard deviations."""
    size, draws = len(posterior.mode), 4000
    white = np.random.default_rng(5).standard_normal((draws, size))
    sd = np.sqrt(np.diag(posterior.covariance))
    exact = (white - white.mean(axis=0)) / white.std(axis=0, ddof=1)
    values = (posterior.mode + sd * (shift + stretch * exact))[None]
    one = np.ones(1)
    chains = Chains(values, one, one, one, np.full(size, float(draws)), np.ones(size))
    return Draws(tuple(e.name for e in posterior.entries), chains)


def test_the_approximation_agrees_with_its_own_draws(posterior: ms.Posterior) -> None:
    table = compare_laplace(posterior, drawn(posterior))
    assert list(table.index) == list(posterior.table().index)
    np.testing.assert_allclose(table["gap"], 0.0, atol=1e-9)
    np.testing.assert_allclose(table["ratio"], 1.0)
    assert table["agrees"].all()
    assert (table["note"] == "").all()


def test_a_shift_is_given_in_standard_deviations(posterior: ms.Posterior) -> None:
    table = compare_laplace(posterior, drawn(posterior, shift=0.5, stretch=2.0))
    np.testing.assert_allclose(table["gap"], -0.25)
    np.testing.assert_allclose(table["ratio"], 0.5)
    assert not table["agrees"].any()
    assert (table["note"] != "").all()


def test_chains_that_have_not_met_are_said_to(posterior: ms.Posterior) -> None:
    draws = drawn(posterior)
    apart = replace(draws, chains=replace(draws.chains, rhat=draws.chains.rhat + 0.2))
    assert compare_laplace(posterior, apart)["note"].str.contains("not met").all()


@needs_numpyro
@pytest.mark.slow
def test_it_walks_the_calibration(posterior: ms.Posterior, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the mode out to where most of the mass is: twice the fall of log density is chi2(n).

    Trajectories of a sixteenth of the usual length at most lead there too, and so few of them that
    their program compiles for longer than it runs.
    """
    monkeypatch.setattr(nuts, "DEPTH", nuts.DEPTH - 4)
    chain = jax.jit(
        unwrap(nuts._chain),
        static_argnames=("target", "draws", "warmup"),
        compiler_options=RUN_SELDOM,
    )
    monkeypatch.setattr(nuts, "_chain", chain)
    draws = sample_posterior(posterior, draws=8, warmup=30, chains=1)
    size = len(posterior.mode)
    assert draws.pooled.shape == (8, size)
    series = observe(posterior.knowledge, posterior.window)
    with precise("float64"):
        data = sample(series, posterior.fit["noise_log"].to_numpy())
        given = (data, posterior.coordinates, posterior.setting)
        mode, there = (
            np.asarray(linearise(jnp.asarray(x), *given).residual)
            for x in (posterior.mode, draws.pooled[-1])
        )
    assert 0.5 * size < there @ there - mode @ mode < 2.0 * size
