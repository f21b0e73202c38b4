"""The joint normal of a forecast: its updates against the textbook's, and what couples series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, truncnorm

from marketsim.forecasting.agreement import TIGHT
from marketsim.forecasting.joint import Joint, coupled
from marketsim.forecasting.panel import Panel
from marketsim.forecasting.relations import (
    BEFOREHAND,
    YEARS,
    common,
    correlation,
)
from marketsim.forecasting.trend import Trend
from marketsim.statements import Series

CHANCE = np.random.default_rng(11)
ENTRIES = 6


def some() -> Joint:
    root = CHANCE.normal(size=(ENTRIES, 9))
    return Joint(CHANCE.normal(size=(2, 3)), 0.01 * root @ root.T)


def spread(joint: Joint, direction: np.ndarray) -> float:
    return float(direction @ joint.covariance @ direction)


# ----------------------------------------------------------------------- observations


def test_an_observation_is_conditioned_on_as_a_joint_normal_with_it() -> None:
    joint, direction = some(), CHANCE.normal(size=ENTRIES)
    after = joint.observed(direction, 0.7, 0.02)
    with_it = joint.covariance @ direction
    known = direction @ with_it + 0.02
    mean = joint.mean.ravel() + with_it / known * (0.7 - direction @ joint.mean.ravel())
    np.testing.assert_allclose(after.mean.ravel(), mean, rtol=1e-12)
    less = joint.covariance - np.outer(with_it, with_it) / known
    np.testing.assert_allclose(after.covariance, less, rtol=1e-10, atol=1e-15)


def test_the_order_of_observations_does_not_matter() -> None:
    joint, (a, b) = some(), CHANCE.normal(size=(2, ENTRIES))
    one = joint.observed(a, 0.3, 0.01).observed(b, -0.2, 0.02)
    other = joint.observed(b, -0.2, 0.02).observed(a, 0.3, 0.01)
    np.testing.assert_allclose(one.mean, other.mean, rtol=1e-9)
    np.testing.assert_allclose(one.covariance, other.covariance, rtol=1e-7, atol=1e-14)


@given(short=st.floats(-6.0, 6.0))
def test_a_bound_from_below_truncates(short: float) -> None:
    """Mean and variance of what is bounded are scipy's; what is independent of it stays."""
    joint = Joint(np.array([[1.0, 5.0]]), np.diag([0.04, 0.09]))
    after = joint.at_least(np.array([1.0, 0.0]), 1.0 + 0.2 * short, 0.0, np.arange(2))
    cut = truncnorm(short, np.inf, loc=1.0, scale=0.2)
    assert after.mean[0, 0] == pytest.approx(cut.mean(), rel=1e-9)
    assert after.variance[0, 0] == pytest.approx(cut.var(), rel=1e-5, abs=1e-12)
    assert after.mean[0, 1] == 5.0
    assert after.variance[0, 1] == pytest.approx(0.09)


def test_a_bound_that_is_far_below_changes_nothing() -> None:
    joint = some()
    after = joint.at_least(
        np.eye(ENTRIES)[2], joint.mean.ravel()[2] - 9.0, 1e-4, np.arange(ENTRIES)
    )
    np.testing.assert_allclose(after.mean, joint.mean, atol=1e-12)
    np.testing.assert_allclose(after.covariance, joint.covariance, atol=1e-12)


# ----------------------------------------------------------------------- settling


def test_what_is_settled_has_the_distribution_given_and_the_rest_follows() -> None:
    """The law of total expectation and variance, over the entries that are settled."""
    joint, entries = some(), np.array([1, 4])
    mean, variance = np.array([0.3, -0.4]), np.array([0.001, 0.2])
    after = joint.settled(entries, mean, variance, np.arange(ENTRIES))
    np.testing.assert_allclose(after.mean.ravel()[entries], mean, rtol=1e-9)
    among = after.covariance[np.ix_(entries, entries)]
    np.testing.assert_allclose(among, np.diag(variance), rtol=1e-8, atol=1e-15)
    rest = np.setdiff1d(np.arange(ENTRIES), entries)
    to, of = joint.covariance[np.ix_(rest, entries)], joint.covariance[np.ix_(entries, entries)]
    gain = to @ np.linalg.inv(of)
    before = joint.mean.ravel()
    expected = before[rest] + gain @ (mean - before[entries])
    np.testing.assert_allclose(after.mean.ravel()[rest], expected, rtol=1e-9)
    given_them = joint.covariance[np.ix_(rest, rest)] - gain @ to.T
    whole = given_them + gain @ np.diag(variance) @ gain.T
    np.testing.assert_allclose(after.covariance[np.ix_(rest, rest)], whole, rtol=1e-8, atol=1e-15)


def test_what_does_not_follow_stays() -> None:
    joint, within = some(), np.array([0, 1, 2])
    rest = np.arange(3, ENTRIES)
    after = joint.settled(np.array([1]), np.array([2.0]), np.array([1e-6]), within)
    alone = joint.settled(np.array([1]), np.array([2.0]), np.array([1e-6]), np.arange(ENTRIES))
    for one in (after.mean, after.covariance):
        assert np.isfinite(one).all()
    np.testing.assert_array_equal(after.mean.ravel()[rest], joint.mean.ravel()[rest])
    part = np.ix_(rest, rest)
    np.testing.assert_allclose(after.covariance[part], joint.covariance[part], rtol=1e-12)
    mine = np.ix_(within, within)
    np.testing.assert_allclose(
        after.covariance[mine], alone.covariance[mine], rtol=1e-9, atol=1e-15
    )
    np.testing.assert_allclose(after.mean.ravel()[within], alone.mean.ravel()[within])


def test_settling_what_is_believed_already_changes_nothing() -> None:
    joint = Joint(np.array([[0.2, 0.4]]), np.array([[0.05, 0.03], [0.03, 0.06]]))
    after = joint.settled(np.array([0]), np.array([0.2]), np.array([0.05]), np.arange(2))
    np.testing.assert_allclose(after.mean, joint.mean)
    np.testing.assert_allclose(after.covariance, joint.covariance)


# ----------------------------------------------------------------------- worlds


def test_worlds_that_take_the_steps_have_the_distribution_that_came_of_them() -> None:
    """Exactly: worlds whose mean and covariance are the joint's own keep them step by step."""
    start = some()
    a, b = CHANCE.normal(size=(2, ENTRIES))
    joint = start.observed(a, 0.3, 0.01).at_least(b, 0.4, 0.001, np.arange(ENTRIES))
    few = np.array([0, 1, 3])
    joint = joint.settled(few[[0, 2]], np.array([0.1, 0.5]), np.array([0.002, 0.3]), few)
    drawn = CHANCE.normal(size=(40, ENTRIES))
    drawn -= drawn.mean(axis=0)
    white = drawn @ np.linalg.inv(np.linalg.cholesky(drawn.T @ drawn / 40)).T
    worlds = start.mean.ravel() + white @ np.linalg.cholesky(start.covariance).T
    turn, shift = joint.moves
    together = worlds @ turn + shift
    for step in joint.steps:
        worlds = step.taken(worlds)
    np.testing.assert_allclose(together, worlds, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(worlds.mean(axis=0), joint.mean.ravel(), rtol=1e-9)
    spread = np.cov(worlds, rowvar=False, bias=True)
    np.testing.assert_allclose(spread, joint.covariance, rtol=1e-7, atol=1e-12)


def test_a_step_keeps_worlds_in_their_order() -> None:
    joint = some()
    direction = CHANCE.normal(size=ENTRIES)
    worlds = CHANCE.normal(size=(50, ENTRIES))
    (step,) = joint.observed(direction, 1.0, 0.05).steps
    before, after = worlds @ direction, step.taken(worlds) @ direction
    np.testing.assert_array_equal(np.argsort(before), np.argsort(after))


# ----------------------------------------------------------------------- coupling


def test_coupled_series_keep_their_own_distributions() -> None:
    root = CHANCE.normal(size=(3, 4, 6))
    own = 0.01 * root @ root.swapaxes(1, 2)
    related = np.array([[1.0, 0.6, 0.1], [0.6, 1.0, 0.1], [0.1, 0.1, 1.0]])
    joint = coupled(np.zeros((3, 4)), own, related)
    for i in range(3):
        block = joint.covariance[4 * i : 4 * i + 4, 4 * i : 4 * i + 4]
        np.testing.assert_allclose(block, own[i], rtol=1e-10)
    first = joint.covariance[0, 4] / np.sqrt(own[0, 0, 0] * own[1, 0, 0])
    assert first == pytest.approx(0.6)
    multivariate_normal(np.zeros(12), joint.covariance)  # refuses what is not positive definite


def test_without_correlation_a_series_hears_nothing_of_another() -> None:
    own = np.tile(0.01 * np.eye(2), (2, 1, 1))
    joint = coupled(np.zeros((2, 2)), own, np.eye(2))
    after = joint.settled(np.array([0]), np.array([1.0]), np.array([1e-4]), np.arange(4))
    np.testing.assert_array_equal(after.mean[1], [0.0, 0.0])


def trend(surprise: np.ndarray) -> Trend:
    """A trend whose surprises are those, at variances of one."""
    series = len(surprise)
    none = np.zeros(series)
    blank = {"state": none, "covariance": none, "squares": none, "evidence": none}
    return Trend(Flat(), **blank, count=none, error=surprise, variance=1.0 + 0.0 * surprise)  # type: ignore[arg-type]


class Flat:
    """So that every scale is one: (2 + 0) / (4 - 2)."""

    shape, rate = 2.0, 1.0


def test_the_common_correlation_is_that_of_the_surprises() -> None:
    factor = CHANCE.normal(size=400)
    own = CHANCE.normal(size=(30, 400))
    found = common(trend(np.sqrt(0.2) * factor + np.sqrt(0.8) * own), np.ones(30, dtype=bool))
    assert found == pytest.approx(0.2, abs=0.03)


def test_without_surprises_it_is_what_was_expected_beforehand() -> None:
    assert common(trend(np.full((5, 8), np.nan)), np.ones(5, dtype=bool)) == BEFOREHAND
    opposed = np.tile([[2.0], [-2.0]], (1, 40))
    assert common(trend(opposed), np.ones(2, dtype=bool)) == 0.0
    # Five years begin in eight quarters, each of surprises of 0.6 = 4 x 0.3 / 2.
    one = common(trend(np.full((2, 8), 0.3)), np.ones(2, dtype=bool))
    assert one == pytest.approx((5.0 * 0.36 + YEARS * BEFOREHAND) / (5.0 + YEARS))


def test_what_lasts_is_more_correlated_than_its_quarters() -> None:
    """A common rise over a year hides in the noise of single quarters."""
    rise = np.repeat(CHANCE.normal(size=100), 4)
    noise = CHANCE.normal(size=(30, 400))
    lasting = common(trend(0.3 * rise + noise), np.ones(30, dtype=bool))
    fleeting = common(trend(0.3 * CHANCE.permutation(rise) + noise), np.ones(30, dtype=bool))
    assert lasting > 2.0 * fleeting > 0.0


def series(entity: str, month: int | None = 12) -> Series:
    none = np.array([])
    return Series("quarterly_revenue", entity, "USD m", pd.DatetimeIndex([]), none, none, month)


def test_a_segment_moves_with_others_as_its_company_does() -> None:
    listed = (series("A.total"), series("A.part"), series("B.total"), series("rent", None))
    known = Panel(listed, np.zeros((4, 1)), np.zeros((4, 1)), np.zeros(4))
    none = trend(np.full((4, 8), np.nan))
    related = correlation(known, none, np.array([1.0, 0.7, 1.0, 1.0]), {})
    assert related[0, 1] == pytest.approx(0.7)
    assert related[0, 2] == pytest.approx(BEFOREHAND)
    assert related[1, 2] == pytest.approx(0.7 * BEFOREHAND)
    assert (related[3, :3] == 0.0).all()


def test_companies_of_a_layer_share_as_much_more_as_the_past_shows() -> None:
    factor, own = CHANCE.normal(size=400), CHANCE.normal(size=(6, 400))
    alike = np.arange(6)[:, None] < 3
    surprise = np.where(alike, np.sqrt(0.4) * factor + np.sqrt(0.6) * own, own)
    listed = tuple(series(f"{name}.total") for name in "ABCDEF")
    known = Panel(listed, np.zeros((6, 1)), np.zeros((6, 1)), np.zeros(6))
    layers = dict.fromkeys("ABC", "power") | dict.fromkeys("DE", "chips") | {"F": "leases"}
    related = correlation(known, trend(surprise), np.ones(6), layers)
    assert related[0, 1] == related[1, 2] == pytest.approx(0.4, abs=0.08)
    assert related[0, 3] == related[0, 5] == pytest.approx(0.4 * 3 / 15, abs=0.04)
    assert related[3, 4] == related[0, 3], "never less than all companies share"
    spare = correlation(known, trend(surprise[:, :6]), np.ones(6), layers)
    assert spare[0, 1] < related[0, 1], "three years that begin show little"


@given(loadings=st.lists(st.floats(0.0, TIGHT), min_size=1, max_size=4))
def test_correlations_are_positive_definite(loadings: list[float]) -> None:
    listed = (series("A.total"), *(series(f"A.part{i}") for i in range(len(loadings))))
    count = len(listed)
    known = Panel(listed, np.zeros((count, 1)), np.zeros((count, 1)), np.zeros(count))
    none = trend(np.full((count, 8), np.nan))
    related = correlation(known, none, np.array([1.0, *loadings]), {})
    assert np.linalg.eigvalsh(related).min() > 0.0
