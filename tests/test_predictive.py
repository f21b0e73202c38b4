"""The lognormal predictive: closed forms against integrals, and a score nobody can game."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import lognorm

from marketsim.errors import InputError
from marketsim.forecasting.predictive import FloatArray, Predictive

LOCATIONS = st.floats(-3.0, 3.0)
SCALES = st.floats(0.02, 1.5)
NODES, WEIGHTS = np.polynomial.legendre.leggauss(150)


def one(location: float, scale: float) -> Predictive:
    return Predictive(np.array(location), np.array(scale))


def integral(m: float, s: float, outcome: float, level: bool) -> float:
    """CRPS from its definition: the squared distance of the cdf from a step at the outcome."""

    def over(low: float, high: float, cdf: Callable[[FloatArray], FloatArray]) -> float:
        logs = 0.5 * (high - low) * NODES + 0.5 * (high + low)
        width = np.exp(logs) if level else 1.0
        return float(0.5 * (high - low) * WEIGHTS @ (cdf((logs - m) / s) ** 2 * width))

    edges = m - 12.0 * s, m + 14.0 * s
    return over(edges[0], outcome, ndtr) + over(outcome, edges[1], lambda z: ndtr(-z))


@pytest.mark.parametrize("level", [False, True], ids=["log", "figure"])
@given(m=LOCATIONS, s=SCALES, z=st.floats(-3.0, 3.0))
def test_the_score_is_the_integral_that_defines_it(
    m: float, s: float, z: float, level: bool
) -> None:
    held, y = one(m, s), m + s * z
    score = held.crps_level(np.exp(y)) if level else held.crps(y)
    assert float(score) == pytest.approx(integral(m, s, y, level), rel=1e-7)


def expected(forecaster: Predictive, truth: Predictive, level: bool) -> float:
    """Expected score under the truth, by quadrature over nine standard deviations either way."""
    z = 9.0 * NODES
    odds = 9.0 * WEIGHTS * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    logs = truth.location + truth.scale * z
    held = Predictive(
        np.full_like(z, float(forecaster.location)), np.full_like(z, float(forecaster.scale))
    )
    return float(odds @ (held.crps_level(np.exp(logs)) if level else held.crps(logs)))


@pytest.mark.parametrize("level", [False, True], ids=["log", "figure"])
@given(m=LOCATIONS, s=st.floats(0.05, 0.8), shift=st.floats(-1.0, 1.0), ratio=st.floats(0.3, 3.0))
def test_nobody_beats_the_truth(
    m: float, s: float, shift: float, ratio: float, level: bool
) -> None:
    """CRPS is proper: moved or stretched, a forecast scores worse on average than the truth."""
    truth, rival = one(m, s), one(m + s * shift, s * ratio)
    best, other = expected(truth, truth, level), expected(rival, truth, level)
    assert other >= best * (1.0 - 1e-9)
    if abs(shift) > 0.05 or abs(ratio - 1.0) > 0.05:
        assert other > best


def test_expected_score_of_the_truth_is_its_scale_over_root_pi() -> None:
    assert expected(one(2.0, 0.3), one(2.0, 0.3), False) == pytest.approx(
        0.3 / np.sqrt(np.pi), rel=1e-9
    )


def test_a_sure_forecast_is_scored_by_its_absolute_error() -> None:
    sure = one(1.0, 1e-6)
    assert float(sure.crps(1.2)) == pytest.approx(0.2, abs=1e-5)
    assert float(sure.crps_level(5.0)) == pytest.approx(5.0 - np.e, abs=1e-5)


def test_the_two_scores_agree_where_errors_are_small() -> None:
    """To first order a relative error is a log error, so level CRPS is value times log CRPS."""
    near = one(3.0, 1e-3)
    assert float(near.crps_level(np.exp(3.001))) == pytest.approx(
        float(near.crps(3.001)) * np.exp(3.0), rel=5e-3
    )


@given(LOCATIONS, SCALES, st.floats(-2.0, 2.0), st.floats(-5.0, 5.0))
def test_the_unit_does_not_matter(m: float, s: float, z: float, unit: float) -> None:
    y = m + s * z
    here, there = one(m, s), one(m + unit, s)
    assert float(there.crps(y + unit)) == pytest.approx(float(here.crps(y)), rel=1e-6)
    assert float(there.crps_level(np.exp(y + unit))) == pytest.approx(
        float(here.crps_level(np.exp(y))) * np.exp(unit), rel=1e-6
    )


def test_mean_and_quantiles_are_those_of_scipy() -> None:
    held = Predictive(np.array([0.0, 2.0, -1.0]), np.array([0.1, 0.5, 1.2]))
    theirs = lognorm(held.scale, scale=np.exp(held.location))
    np.testing.assert_allclose(held.mean(), theirs.mean())
    np.testing.assert_allclose(held.quantile(0.05), theirs.ppf(0.05))
    many = held.quantile([0.1, 0.5, 0.9])
    assert many.shape == (3, 3)
    np.testing.assert_allclose(many[:, 1], np.exp(held.location))
    np.testing.assert_allclose(many[:, 2], theirs.ppf(0.9))


@given(SCALES, st.floats(-3.0, 3.0), st.floats(0.05, 0.95))
def test_an_interval_covers_what_its_quantiles_enclose(s: float, z: float, mass: float) -> None:
    held = one(0.5, s)
    value = float(np.exp(0.5 + s * z))
    low, high = held.quantile([0.5 - mass / 2, 0.5 + mass / 2])
    assert bool(held.covers(np.log(value), mass)) == (low <= value <= high)
    rank = float(held.pit(np.log(value)))
    assert float(held.quantile(rank)) == pytest.approx(value, rel=1e-6)


def test_four_in_five_draws_of_the_truth_are_covered() -> None:
    logs = np.random.default_rng(0).normal(1.0, 0.4, 20_000)
    held = Predictive(np.full(20_000, 1.0), np.full(20_000, 0.4))
    assert held.covers(logs).mean() == pytest.approx(0.8, abs=0.01)
    assert np.histogram(held.pit(logs), 10, (0, 1))[0] == pytest.approx([2000] * 10, rel=0.1)


def test_what_was_not_reported_has_no_score() -> None:
    held = one(0.0, 1.0)
    assert np.isnan(held.crps(np.nan))
    assert np.isnan(held.pit(np.nan))
    assert not held.covers(np.nan)


@pytest.mark.parametrize(
    ("location", "scale", "says"),
    [
        ([0.0, 1.0], [1.0], r"shape \(2,\) and scale \(1,\)"),
        ([np.nan], [1.0], "a location is not finite"),
        ([0.0], [0.0], "not a number above 0"),
        ([0.0], [np.inf], "not a number above 0"),
    ],
)
def test_what_is_no_distribution_is_refused(
    location: list[float], scale: list[float], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        Predictive(np.array(location), np.array(scale))


def test_probabilities_and_values_out_of_range_are_refused() -> None:
    held = one(0.0, 1.0)
    with pytest.raises(InputError, match="between 0 and 1"):
        held.quantile([0.5, 1.0])
    with pytest.raises(InputError, match="between 0 and 1"):
        held.covers(0.0, mass=80)
    with pytest.raises(InputError, match="zero or below"):
        held.crps_level(0.0)


def test_a_forecast_cannot_be_changed_from_behind() -> None:
    given_location = np.zeros(2)
    held = Predictive(given_location, np.ones(2))
    given_location[0] = 9.0
    assert held.location[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        held.scale[0] = 9.0
