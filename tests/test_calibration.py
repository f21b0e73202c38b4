"""Calibration: a true mode, honest spreads, figures that fit, and nothing seen too early."""

from __future__ import annotations

import pickle
import runpy
from pathlib import Path
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration import HISTORY
from marketsim.calibration.fit import curvature
from marketsim.calibration.likelihood import TAIL, heavy_tailed, linearise, sample
from marketsim.calibration.observations import observe
from marketsim.ensemble import coordinates_of, histories
from marketsim.errors import InputError
from marketsim.knowledge.table import KEY
from marketsim.precision import precise

AS_OF = pd.Timestamp("2025-12-31")


def log_posterior_terms(
    facts: ms.Knowledge, posterior: ms.Posterior
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residuals at the prior median and at the mode, and the Jacobian there, without padding."""
    series = observe(facts, posterior.window)
    rest = (posterior.coordinates, posterior.setting)
    with precise("float64"):
        data = sample(series, posterior.fit["noise_log"].to_numpy())
        x = jnp.asarray(posterior.mode)
        median, mode = (linearise(at, data, *rest) for at in (jnp.zeros_like(x), x))
    kept = np.r_[data.rows, np.arange(np.size(data.used), len(mode.residual))]
    first, last, slope = map(np.asarray, (median.residual, mode.residual, mode.jacobian))
    return first[kept], last[kept], slope[kept]


@pytest.fixture(scope="module")
def terms(
    facts: ms.Knowledge, posterior: ms.Posterior
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return log_posterior_terms(facts, posterior)


# ----------------------------------------------------------------------- the mode


def test_the_gradient_vanishes_at_the_mode(
    terms: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Priors curve the density by one, so that the mode is found to the size of the gradient."""
    _, r, jac = terms
    assert np.abs(jac.T @ r).max() < 1e-6


def test_the_facts_taught_something(terms: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    median, mode, _ = terms
    assert mode @ mode < 0.6 * (median @ median)


def test_the_covariance_is_one_and_never_wider_than_the_prior(posterior: ms.Posterior) -> None:
    """It is that of the Jacobian that the posterior keeps, whose rows are those of the fit."""
    covariance, jac = posterior.covariance, posterior.jacobian
    assert jac.shape == (len(posterior.fit_paths), len(posterior.mode))
    assert jac.dtype == np.float64
    np.testing.assert_allclose(covariance, covariance.T, atol=1e-11)
    spread = np.linalg.eigvalsh(covariance)
    assert spread[0] > 0.0
    assert spread[-1] <= 1.0 + 1e-9
    unit = np.eye(len(covariance))
    np.testing.assert_allclose(covariance @ (unit + jac.T @ jac), unit, atol=1e-7)


def test_the_kept_jacobian_is_that_of_the_residuals_and_their_curvature(
    terms: tuple[np.ndarray, np.ndarray, np.ndarray], posterior: ms.Posterior
) -> None:
    _, residual, slope = terms
    count = len(posterior.jacobian)
    weight = np.sqrt(curvature(residual[:count]))[:, None]
    np.testing.assert_allclose(posterior.jacobian, weight * slope[:count], atol=1e-6)
    own = posterior.fit_paths["series"] == "NVDA.data_center"
    other = list(posterior.table().index).index("base_level[ETN.total]")
    assert (posterior.jacobian[own.to_numpy(), other] == 0.0).all()


def test_curvature_is_that_of_the_student_t_density() -> None:
    """d2 rho / d e2 = weight (d r / d e)^2, by differences, as long as it is positive."""

    def density(e: np.ndarray) -> np.ndarray:
        return np.asarray((TAIL + 1.0) / 2.0 * np.log1p(e**2 / TAIL))

    errors, h = np.array([-2.0, -1.0, -1e-3, 0.0, 1e-6, 0.3, 1.5, 2.2]), 1e-4
    second = (density(errors + h) - 2.0 * density(errors) + density(errors - h)) / h**2
    with precise("float64"):
        residual = np.asarray(heavy_tailed(jnp.asarray(errors)))
        slope = np.asarray(jax.vmap(jax.grad(heavy_tailed))(jnp.asarray(errors)))
    np.testing.assert_allclose(curvature(residual) * slope**2, second, atol=1e-6)
    assert curvature(np.array([0.0])) == 1.0
    assert (curvature(np.array([-5.0, 5.0])) == 0.0).all()


def test_the_table_says_what_every_assumption_is(posterior: ms.Posterior) -> None:
    table = posterior.table()
    assert table.index.is_unique
    assert list(table.index) == [e.name for e in posterior.entries]
    assert (table[["unit", "meaning", "source"]] != "").all(axis=None)
    assert np.isfinite(table[["value", "prior_median", "moved", "posterior_sd"]]).all(axis=None)
    assert table["posterior_sd"].between(0.0, 1.0 + 1e-9).all()
    assert (table["moved"].abs() < 4.0).all(), "a prior contradicts the facts"
    moved = table["moved"].abs() > 1e-3
    up = (table["value"] > table["prior_median"])[moved]
    assert (up == (table["moved"] > 0.0)[moved]).all()


# ----------------------------------------------------------------------- the fit


def test_the_fit_has_a_row_for_every_series(posterior: ms.Posterior) -> None:
    fit, paths = posterior.fit.set_index("series"), posterior.fit_paths
    assert set(paths["series"]) == set(fit.index)
    for name in fit.index:
        rows = paths[paths["series"] == name]
        log = np.log(rows["modelled"] / rows["reported"])
        assert len(rows) == fit.loc[name, "n"]
        assert fit.loc[name, "rmse_log"] == pytest.approx(np.sqrt((log**2).mean()))
        if np.isnan(fit.loc[name, "bias_log"]):  # a level is fitted: none is left by construction
            assert log.mean() == pytest.approx(0.0, abs=1e-9)
        else:
            assert fit.loc[name, "bias_log"] == pytest.approx(log.mean(), abs=1e-9)
        assert fit.loc[name, "last_reported"] == rows["reported"].iloc[-1]
        assert fit.loc[name, "last_modelled"] == rows["modelled"].iloc[-1]
    assert set(fit["confidence"]) <= {"sourced", "unverified"}
    fitted = fit.index[fit["bias_log"].isna()]
    assert {"guidance META.total", "leases ORCL"} <= set(fitted)
    assert not {"NVDA.total", "AMZN.total"} & set(fitted)


def test_modelled_figures_are_the_models(facts: ms.Knowledge, posterior: ms.Posterior) -> None:
    """The table of fit against the modelled quarters themselves, mixed and seasoned again."""
    modelled = posterior.fit_paths.set_index("series")["modelled"]
    for s in observe(facts, posterior.window):
        if s.kind == "revenue":
            again = s.season * (s.weight[:, :HISTORY] @ (posterior.history["lines"] @ s.lines))
            np.testing.assert_allclose(modelled[[s.name]], again, rtol=1e-9)


def test_nvidias_data_centre_revenue_is_within_15_percent(posterior: ms.Posterior) -> None:
    rows = posterior.fit_paths[posterior.fit_paths["series"] == "NVDA.data_center"].tail(4)
    rows = rows.assign(ratio=rows["modelled"] / rows["reported"])
    told = rows[["quarter_end", "reported", "modelled", "ratio"]].to_string(index=False)
    assert rows["quarter_end"].iloc[-1] == pd.Timestamp("2025-10-26")
    assert rows["modelled"].sum() == pytest.approx(rows["reported"].sum(), rel=0.15), told
    assert rows["ratio"].between(0.80, 1.25).all(), told


def test_most_revenue_is_explained(posterior: ms.Posterior) -> None:
    revenue = posterior.fit[
        posterior.fit["series"].isin([f"{t}.total" for t in posterior.companies])
    ]
    assert len(revenue) == len(posterior.companies)
    assert revenue["rmse_log"].median() < 0.10
    assert revenue["bias_log"].abs().median() < 0.02


@pytest.mark.parametrize(("end", "quarter"), [("2024-12-31", 11), ("2025-12-31", 15)])
def test_installed_compute_is_predicted_before_it_was_published(
    posterior: ms.Posterior, end: str, quarter: int
) -> None:
    """Epoch AI's counts came out on 2026-04-22: a prediction, not a fit.

    The published median must lie within the 90 % interval of the prediction, given the Laplace
    posterior of the model and the published 90 % band (ends added up over designers, so as if
    their errors were one: the wide reading). For the test to mean something that interval must
    itself be narrower than a factor of two.
    """
    assert "installed_compute" not in set(posterior.fit["series"])
    later = ms.load_facts(as_of="2026-06-30")
    designers = later.universe.group("designers")

    def published(quantity: str) -> float:
        rows = later.select(quantity)
        at = rows[rows["entity"].isin(designers) & (rows["date"] == pd.Timestamp(end))]
        assert len(at) == len(designers)
        assert (at["published"] > AS_OF).all()
        return float(at["value"].sum()) / 1e6

    median, low, high = (published(f"installed_h100e{tail}") for tail in ("", "_p05", "_p95"))
    modelled = float(posterior.history["compute"][quarter])
    spread = np.hypot(np.log(high / low) / (2 * 1.645), posterior_spread(posterior, quarter))
    assert 1.645 * spread < np.log(2.0)
    assert abs(np.log(modelled / median)) < 1.645 * spread, (modelled, median, low, high)


def posterior_spread(posterior: ms.Posterior, quarter: int, draws: int = 100) -> float:
    """Standard deviation of the log of installed compute over draws of the posterior."""
    x = coordinates_of(np.arange(draws), posterior.mode, posterior.covariance, seed=1)
    then = histories(x, posterior.coordinates, posterior.setting)
    return float(np.std(np.log(then.quarters.compute[:, quarter])))


# ----------------------------------------------------------------------- point in time


def assert_same(one: ms.Posterior, other: ms.Posterior) -> None:
    assert one.as_of == other.as_of
    assert one.digest == other.digest
    assert one.mode.tobytes() == other.mode.tobytes()
    assert one.covariance.tobytes() == other.covariance.tobytes()
    assert one.jacobian.tobytes() == other.jacobian.tobytes()
    pd.testing.assert_frame_equal(one.facts.table, other.facts.table, check_exact=True)
    pd.testing.assert_frame_equal(one.fit, other.fit, check_exact=True)
    pd.testing.assert_frame_equal(one.fit_paths, other.fit_paths, check_exact=True)


def test_the_same_facts_give_the_same_bytes(posterior: ms.Posterior) -> None:
    """Facts held back by the reader, or all of them with a date: it is one calibration."""
    assert_same(ms.calibrate(ms.load_facts(), as_of="2025-12-31", cache=False), posterior)


def test_rewriting_what_was_published_later_changes_no_byte(posterior: ms.Posterior) -> None:
    """Later rows shuffled, tripled and thinned out, and every known figure revised later."""
    known_by_now = ms.load_facts()
    every = known_by_now.table
    known = every["published"] <= AS_OF
    chance = np.random.default_rng(0)
    future = every[~known].iloc[::2]
    future = future.assign(value=3.0 * chance.permutation(future["value"].to_numpy()))
    revised = every[known].assign(
        published=AS_OF + pd.Timedelta(days=1), value=every["value"] * 5.0
    )
    revised = revised.drop_duplicates(list(KEY))
    table = pd.concat([every[known], revised, future]).sort_values(
        list(KEY), kind="stable", ignore_index=True
    )
    rewritten = known_by_now.with_facts(table)
    assert rewritten.digest != known_by_now.digest
    assert_same(ms.calibrate(rewritten, as_of=AS_OF, cache=False), posterior)


def test_a_posterior_survives_pickling(posterior: ms.Posterior) -> None:
    again = pickle.loads(pickle.dumps(posterior))
    assert_same(again, posterior)
    pd.testing.assert_frame_equal(again.table(), posterior.table())


# ----------------------------------------------------------------------- dates


@pytest.mark.parametrize("date", ["1990-01-01", "2018-12-31", "2019-06-30"])
def test_too_early_a_date_is_one_clear_error(date: str) -> None:
    with pytest.raises(InputError) as error:
        ms.calibrate(ms.load_facts(), as_of=date)
    message = str(error.value)
    assert "\n" not in message
    assert date in message
    assert "2020-06-30" in message


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="as_of='soon' is not a day"):
        ms.calibrate(ms.load_facts(), as_of="soon")


@pytest.fixture(scope="module", params=["2020-06-30", "2021-06-30", "2023-06-30"])
def early(request: pytest.FixtureRequest) -> ms.Posterior:
    """The calibration of an earlier date."""
    return ms.calibrate(ms.load_facts(), as_of=request.param, cache=False)


@pytest.mark.slow
def test_earlier_dates_calibrate(early: ms.Posterior, request: pytest.FixtureRequest) -> None:
    assert early.as_of == pd.Timestamp(request.node.callspec.params["early"])
    assert early.window.history_ends[-1] <= early.as_of
    ahead = early.fit_paths["series"].str.startswith(("guidance ", "plans "))
    assert early.fit_paths["quarter_end"][~ahead].max() <= early.as_of
    assert early.fit_paths["quarter_end"].max() <= early.as_of + pd.DateOffset(years=1)
    assert np.isfinite(early.mode).all()
    assert np.linalg.eigvalsh(early.covariance)[0] > 0.0
    assert np.isfinite(early.table()["value"]).all()
    assert all(np.isfinite(path).all() for path in early.history.values())
    assert (early.history["lines"] > 0.0).all()


# ---------------------------------------------------------------------- memory


SWINGS = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).parents[1] / "docs" / "memory_swings.py"))
)
SURPRISE = 2.5
"""Standard deviations of the largest news on memory that a window may need."""


def follows_memory(posterior: ms.Posterior) -> None:
    """Makers' revenue within 5 % and a price per bit within 12 %, and their swings in size."""
    fit = posterior.fit.set_index("series")["rmse_log"]
    assert fit["memory revenue"] < 0.05
    assert (fit[fit.index.str.startswith("price of Micron DRAM")] < 0.12).all()
    swings = list(SWINGS.swings(posterior))
    assert {one.what for one in swings} == {"revenue of makers", "a maker's price per bit"}
    for one in swings:
        assert abs(one.miss) < 0.15 + 0.15 * abs(one.size), one
    assert abs(SWINGS.largest_news(posterior)[1]) < SURPRISE


@pytest.mark.slow
def test_earlier_rises_and_falls_of_memory_are_followed(early: ms.Posterior) -> None:
    """The fall from 2018 on, the rise of 2021 and the fall of 2022, without wild surprises."""
    follows_memory(early)


def test_the_rise_of_memory_since_2023_is_followed_and_needs_no_news(
    posterior: ms.Posterior,
) -> None:
    follows_memory(posterior)
    rises = [one for one in SWINGS.swings(posterior) if one.size > 0.0]
    assert {one.what for one in rises} == {"revenue of makers", "a maker's price per bit"}
    for one in rises:
        assert np.log(one.without[1] / one.without[0]) > 0.5 * one.size
