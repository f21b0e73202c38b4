"""The likelihood: Student-t errors of logs, its Jacobian, and padding that counts for nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import stats

import marketsim as ms
from marketsim.calibration import HISTORY
from marketsim.calibration.likelihood import (
    TAIL,
    Sample,
    heavy_tailed,
    linearise,
    log_errors,
    residuals,
    sample,
)
from marketsim.calibration.observations import Series, observe
from marketsim.calibration.window import window_at
from marketsim.ensemble import past
from marketsim.precision import Precision, precise


@pytest.fixture(scope="module")
def series(facts: ms.Knowledge, posterior: ms.Posterior) -> list[Series]:
    return observe(facts, posterior.window)


@pytest.fixture(scope="module")
def data(series: list[Series], posterior: ms.Posterior) -> Sample:
    return sample(series, posterior.fit["noise_log"].to_numpy())


def residuals_at(x: np.ndarray, data: Sample, posterior: ms.Posterior) -> np.ndarray:
    with precise("float64"):
        at = linearise(jnp.asarray(x), data, posterior.coordinates, posterior.setting)
        return np.asarray(at.residual)


# ----------------------------------------------------------------------- heavy tails


def test_squares_are_student_t_log_densities() -> None:
    errors = np.concatenate([np.linspace(-30.0, 30.0, 241), [1e-6, -1e-3, 200.0]])
    with precise("float64"):
        r = np.asarray(heavy_tailed(jnp.asarray(errors)))
    expected = stats.t.logpdf(0.0, TAIL) - stats.t.logpdf(errors, TAIL)
    np.testing.assert_allclose(0.5 * r**2, expected, rtol=1e-9, atol=1e-15)
    np.testing.assert_array_equal(np.sign(r), np.sign(errors))


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_the_slope_is_finite_through_zero(precision: Precision) -> None:
    with precise(precision):
        errors = jnp.array([0.0, 1e-30, -1e-20, 1e-9, -1e-5, 2e-4, -3e-4])
        slope = np.asarray(jax.vmap(jax.grad(heavy_tailed))(errors))
    np.testing.assert_allclose(slope, np.sqrt((TAIL + 1.0) / TAIL), rtol=1e-3)


def test_an_outlier_counts_less_than_its_square() -> None:
    with precise("float64"):
        near, far = np.asarray(heavy_tailed(jnp.array([0.1, 10.0])))
    assert near == pytest.approx(0.1 * np.sqrt((TAIL + 1.0) / TAIL), rel=1e-2)
    assert far < 0.5 * 10.0


# ----------------------------------------------------------------------- the Jacobian


def test_the_jacobian_is_that_of_residuals_in_every_unknown(
    data: Sample, posterior: ms.Posterior
) -> None:
    """Lines' own assumptions go through the world together, and come out apart.

    Held against JAX's derivative along directions drawn, which knows of no lines.
    """
    draw = np.random.default_rng(11)
    x = posterior.mode + 0.3 * draw.normal(size=len(posterior.mode))
    ways = draw.normal(size=(6, len(x)))
    entries = len(posterior.entries)
    lines = data.lines.shape[1]
    ways[3, : entries - 3 * lines] = ways[3, entries:] = 0.0  # of lines alone
    ways[4] = np.eye(len(x))[entries - 1]
    ways[5] = np.eye(len(x))[entries - 2 * lines]
    rest = data, posterior.coordinates, posterior.setting
    with precise("float64"):
        jacobian = np.asarray(linearise(jnp.asarray(x), *rest).jacobian)
        along = jax.jit(lambda way: jax.jvp(lambda y: residuals(y, *rest), (x,), (way,))[1])
        slopes = np.stack([np.asarray(along(way)) for way in ways])
    np.testing.assert_allclose(slopes, ways @ jacobian.T, rtol=1e-9, atol=1e-10)


def test_no_line_of_its_own_moves_the_world(posterior: ms.Posterior, data: Sample) -> None:
    """What the Jacobian takes for granted: lines' assumptions move revenue of lines alone."""
    entries, lines = len(posterior.entries), data.lines.shape[1]
    way = np.zeros(len(posterior.mode))
    way[entries - 3 * lines : entries] = np.random.default_rng(3).normal(size=3 * lines)
    with precise("float64"):
        run = partial(past, coordinates=posterior.coordinates, setting=posterior.setting)
        moved = jax.jit(lambda x, way: jax.jvp(run, (x,), (way,))[1])(posterior.mode, way)
    still = {f.name for f in fields(moved) if not np.asarray(getattr(moved, f.name)).any()}
    assert {f.name for f in fields(moved)} - still == {"lines", "volumes", "inputs", "ordinary"}


# ----------------------------------------------------------------------- residuals


def test_residuals_are_reported_over_modelled_in_standard_deviations(
    series: list[Series], data: Sample, posterior: ms.Posterior
) -> None:
    """Revenue again, in NumPy: season times the mixture of modelled quarters."""
    got = residuals_at(posterior.mode, data, posterior)[data.rows]
    noise = posterior.fit.set_index("series")["noise_log"]
    modelled = posterior.history["lines"]
    first = 0
    for s in series:
        here = slice(first, first := first + len(s.value))
        if s.kind == "revenue":
            smooth = s.weight[:, :HISTORY] @ (modelled @ s.lines)
            error = np.log(s.value / (s.season * smooth)) / (noise[s.name] * s.doubt)
            t = 2.0 * (stats.t.logpdf(0.0, TAIL) - stats.t.logpdf(error, TAIL))
            np.testing.assert_allclose(got[here], np.sign(error) * np.sqrt(t), atol=1e-6)


def test_padding_counts_for_nothing(
    series: list[Series], data: Sample, posterior: ms.Posterior
) -> None:
    got = residuals_at(posterior.mode, data, posterior)
    rows = np.size(data.used)
    assert len(data.rows) == sum(len(s.value) for s in series) < rows
    np.testing.assert_array_equal(np.delete(got[:rows], data.rows), 0.0)
    np.testing.assert_array_equal(got[rows:], posterior.mode)


def test_a_date_with_less_to_say_has_the_same_shapes(
    facts: ms.Knowledge, data: Sample, posterior: ms.Posterior
) -> None:
    """So that one program, compiled once, calibrates to any date."""
    earlier = window_at(pd.Timestamp("2021-06-30"))
    fewer = observe(facts.upto(pd.Timestamp("2021-06-30")), earlier)
    other = sample(fewer, np.ones(len(fewer)))
    assert len(other.rows) < len(data.rows)
    assert [np.shape(x) for x in jax.tree.leaves(other)] == [
        np.shape(x) for x in jax.tree.leaves(data)
    ]


def test_only_changes_count_in_a_relative_series(
    series: list[Series], data: Sample, posterior: ms.Posterior
) -> None:
    """Another unit of measurement leaves a relative series alone, and moves any other."""
    noise = posterior.fit["noise_log"].to_numpy()
    before = errors_at(data, posterior)
    scaled = sample([replace(s, value=s.value * 7.0) for s in series], noise)
    moved = errors_at(scaled, posterior) - before
    relative = np.repeat([s.relative for s in series], [len(s.value) for s in series])
    assert relative.any()
    np.testing.assert_allclose(moved[relative], 0.0, atol=1e-12)
    np.testing.assert_allclose(moved[~relative], np.log(7.0), rtol=1e-12)


def test_an_error_is_no_smaller_than_its_source_states(series: list[Series]) -> None:
    """A published band counts where it is wider than what the series itself shows."""
    noise = np.full(len(series), 0.1)

    def scale(stated: float) -> np.ndarray:
        data = sample([replace(s, stated=np.full(len(s.value), stated)) for s in series], noise)
        return np.asarray(np.ravel(data.scale)[data.rows])

    doubt = np.concatenate([s.doubt for s in series])
    np.testing.assert_allclose(scale(0.05), 0.1 * doubt)
    np.testing.assert_allclose(scale(0.12), np.maximum(0.12, 0.1 * doubt))
    np.testing.assert_allclose(scale(9.0), 9.0)


def test_world_series_read_their_own_quantity(
    series: list[Series], data: Sample, posterior: ms.Posterior
) -> None:
    """Electricity, the fixed-weight index of token prices and rents, again in NumPy."""
    with precise("float64"):
        x = jnp.asarray(posterior.mode)
        seen = np.asarray(linearise(x, data, posterior.coordinates, posterior.setting).seen)
    past = posterior.history
    expected = {
        "electricity": past["electricity_price"],
        "token_price": np.exp(np.log(past["token_price"]).mean(axis=1)),
        "gpu_rent": past["rent"],
        "older_gpu_rent": past["rent"],
    }
    for i, s in enumerate(series):
        if s.kind in expected:
            np.testing.assert_allclose(seen[:HISTORY, i], expected[s.kind], rtol=1e-12)
    assert {s.kind for s in series} >= set(expected)


compiled_errors = jax.jit(log_errors)


def errors_at(data: Sample, posterior: ms.Posterior) -> np.ndarray:
    with precise("float64"):
        found = compiled_errors(posterior.mode, data, posterior.coordinates, posterior.setting)
        return np.asarray(np.ravel(found)[data.rows])


def test_the_jacobian_is_the_limit_of_differences(data: Sample, posterior: ms.Posterior) -> None:
    names = [e.name for e in posterior.entries]
    wanted = ("elasticity[interactive]", "hurdle_rate", "initial_compute", "base_level[AMZN.rest]")
    columns = [names.index(name) for name in wanted] + [len(names) + 2, len(posterior.mode) - 5]
    with precise("float64"):
        x = jnp.asarray(posterior.mode)
        at = linearise(x, data, posterior.coordinates, posterior.setting)
        exact = np.asarray(at.jacobian)
    for column in columns:
        step = np.zeros(len(posterior.mode))
        step[column] = 1e-4
        up = residuals_at(posterior.mode + step, data, posterior)
        down = residuals_at(posterior.mode - step, data, posterior)
        np.testing.assert_allclose(
            (up - down) / 2e-4, exact[:, column], rtol=1e-4, atol=1e-5 * abs(exact[:, column]).max()
        )
