"""Forecasts: the update by the model's growth, and the table that comes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.forecasting.ahead import Ahead
from marketsim.forecasting.combined import combine
from marketsim.forecasting.panel import panel
from marketsim.forecasting.projection import COLUMNS
from marketsim.forecasting.structure import Growth, growth
from tests.conftest import made_once

QUANTILES = ["p05", "p10", "p25", "p50", "p75", "p90", "p95"]


def one(location: float, variance: float, drift: float, doubt: float) -> Ahead:
    """A forecast of one quarter whose level's growth is all that its noise leaves open."""
    return Ahead(
        location=np.array([[location]]),
        covariance=np.array([[[variance]]]),
        drift=np.array([[drift]]),
        drift_covariance=np.array([[[doubt]]]),
        cross=np.array([[[doubt]]]),
    )


def told(median: float, variance: float) -> Growth:
    """Growth in worlds of that median and variance: two of them."""
    apart = np.sqrt(variance) * np.array([-1.0, 1.0])
    return Growth((median + apart)[:, None, None])


@given(
    drift=st.floats(-0.2, 0.2),
    doubt=st.floats(1e-4, 0.1),
    median=st.floats(-0.5, 0.5),
    variance=st.floats(0.0, 0.1),
)
def test_the_mean_is_that_of_bayes_rule_and_worlds_stay_as_wide(
    drift: float, doubt: float, median: float, variance: float
) -> None:
    noise = 0.01
    found = combine(
        one(5.0 + drift, doubt + noise, drift, doubt), told(median, variance), discrepancy=0.1
    )
    precision = 1.0 / doubt, 1.0 / (variance + 0.025**2)
    grown = (precision[0] * drift + precision[1] * median) / sum(precision)
    assert found.mean[0, 0] == pytest.approx(5.0 + grown, abs=1e-9)
    assert found.weight[0, 0] == pytest.approx(precision[1] / sum(precision))
    # In one world its growth is wrong by the discrepancy alone; worlds stay as wide as they are.
    within = doubt / (doubt + 0.025**2)
    assert found.gain[0, 0, 0] == pytest.approx(within)
    spread = within * 0.025**2 + within**2 * variance + noise
    assert found.covariance[0, 0, 0] == pytest.approx(spread, rel=1e-6)


def test_over_several_quarters_it_is_the_joint_normal_given_the_growth() -> None:
    """By the precisions of growth: the trend's, and a world's with one wrong rate."""
    chance = np.random.default_rng(3)
    root = chance.normal(size=(1, 3, 6))
    doubt, noise = 0.01 * root @ root.swapaxes(1, 2), 0.002 * np.eye(3)
    drift = np.array([[0.02, 0.03, 0.06]])
    own = Ahead(4.0 + drift, doubt + noise, drift, doubt, doubt)
    median = np.array([[0.1, 0.2, 0.3]])
    apart = 0.05 * chance.normal(size=(40, 1, 3))
    model = Growth(median + np.concatenate([apart, -apart]))
    years = np.array([0.25, 0.5, 0.75])
    wrong = model.covariance[0] + 0.1**2 * np.outer(years, years)
    first, second = np.linalg.inv(doubt[0]), np.linalg.inv(wrong)
    after = np.linalg.inv(first + second)
    found = combine(own, model, discrepancy=0.1)
    grown = after @ (first @ drift[0] + second @ median[0])
    np.testing.assert_allclose(found.mean[0], 4.0 + grown, rtol=1e-9)
    rate = 0.1**2 * np.outer(years, years)
    within = doubt[0] @ np.linalg.inv(doubt[0] + rate)
    np.testing.assert_allclose(found.gain[0], within, rtol=1e-7)
    apart = within @ rate + noise  # of the trend, once it is told of one world
    spread = apart + within @ model.covariance[0] @ within.T
    np.testing.assert_allclose(found.covariance[0], spread, rtol=1e-6)


def test_a_model_that_says_nothing_leaves_the_trend_alone() -> None:
    own = one(5.0, 0.04, 0.1, 0.02)
    found = combine(own, told(np.nan, np.nan))
    assert found.gain[0, 0, 0] == found.weight[0, 0] == 0.0
    assert found.mean[0, 0] == pytest.approx(5.0)
    assert found.covariance[0, 0, 0] == pytest.approx(0.04)
    assert combine(own, told(0.4, 1e10)).mean[0, 0] == pytest.approx(5.0), "as wide as can be"


def test_a_trend_that_knows_its_growth_follows_no_world() -> None:
    found = combine(one(5.0, 0.04, 0.1, 1e-12), told(0.4, 0.5))
    assert found.gain[0, 0, 0] == pytest.approx(0.0, abs=1e-8)
    assert found.covariance[0, 0, 0] == pytest.approx(0.04)


def test_a_model_that_is_sure_replaces_the_drift() -> None:
    found = combine(one(5.0, 0.04, 0.1, 0.02), told(0.3, 0.0), discrepancy=1e-9)
    assert found.mean[0, 0] == pytest.approx(5.2)
    assert found.covariance[0, 0, 0] == pytest.approx(0.02)


@pytest.fixture(scope="module")
def ahead(posterior: ms.Posterior, shelf: Path) -> ms.forecasting.Forecast:
    return made_once(shelf / "forecast", lambda: ms.forecast(posterior, quarters=5))


def test_it_holds_every_series_and_quarter_once(
    facts: ms.Knowledge, ahead: ms.forecasting.Forecast
) -> None:
    assert list(ahead.table.columns) == list(COLUMNS)
    assert not ahead.table.duplicated(["quantity", "entity", "quarter_end"]).any()
    assert (ahead.table.groupby(["quantity", "entity"])["horizon"].max() == 5).all()
    assert set(facts.universe.companies.index) <= set(ahead.table["ticker"])


def test_quarters_follow_the_last_reported_one(
    posterior: ms.Posterior, ahead: ms.forecasting.Forecast
) -> None:
    first = ahead.table[ahead.table["horizon"] == 1]
    for r in first.to_dict("records"):
        last = posterior.facts.series(r["quantity"], r["entity"]).index[-1]
        most = 100 if r["ticker"] else 184  # others measure at any day of a quarter
        assert 0 < (r["quarter_end"] - last).days <= most


def test_quantiles_ascend_and_widen_with_the_horizon(ahead: ms.forecasting.Forecast) -> None:
    quantiles = ahead.table[QUANTILES].to_numpy()
    assert (np.diff(quantiles, axis=1) > 0).all()
    assert (ahead.table["mean"] > ahead.table["p50"]).all()
    # The fifth quarter is the season of the first; some seasons are known better than others.
    assert (ahead.logs.scale[:, 4] > ahead.logs.scale[:, 0]).all()
    # A series whose every rise so far was the start of a longer one rises by more than the model.
    assert ((ahead.weights >= 0.0) & (ahead.weights < 1.25)).all()


def test_steady_series_keep_to_their_trend_and_restless_ones_hear_the_model(
    ahead: ms.forecasting.Forecast,
) -> None:
    weight = {
        (s.quantity, s.entity): w[3] for s, w in zip(ahead.series, ahead.weights, strict=True)
    }
    steady = weight["quarterly_revenue", "EQIX.total"]
    for restless in ("AMD.total", "NVDA.data_center", "SMCI.total"):
        assert steady < 0.5 * weight["quarterly_revenue", restless]


def test_the_same_seed_gives_the_same_bytes(
    posterior: ms.Posterior, ahead: ms.forecasting.Forecast
) -> None:
    again = ms.forecast(posterior, quarters=5)
    pd.testing.assert_frame_equal(again.table, ahead.table, check_exact=True)
    other = ms.forecast(posterior, quarters=5, seed=1)
    assert not np.array_equal(other.logs.location, ahead.logs.location)
    # Of other worlds: tokens of one country three years ahead are off by an eighth of a log.
    np.testing.assert_allclose(other.logs.location, ahead.logs.location, atol=0.15)


def test_a_shorter_forecast_is_the_start_of_a_longer_one(
    published: ms.forecasting.Forecast, ahead: ms.forecasting.Forecast
) -> None:
    longer = ahead.table[ahead.table["horizon"] <= 4].reset_index(drop=True)
    pd.testing.assert_frame_equal(published.table, longer, check_exact=True)


def test_what_the_model_says_is_growth_so_that_its_level_does_not_matter(
    posterior: ms.Posterior,
) -> None:
    known = panel(posterior.knowledge, posterior.as_of)
    series = tuple(s for s in known.series if s.quantity == "quarterly_capex")
    doubled = tuple(replace(s, values=2.0 * s.values) for s in series)
    one, other = (growth(posterior, x, 4, seed=0) for x in (series, doubled))
    np.testing.assert_array_equal(one.paths, other.paths)
    assert (np.linalg.eigvalsh(one.covariance) > 0.0).all()


def test_a_segment_that_the_revenue_map_does_not_know_grows_as_its_company(
    posterior: ms.Posterior,
) -> None:
    known = {s.entity: s for s in panel(posterior.knowledge, posterior.as_of).series}
    whole = known["AVGO.total"]
    part = replace(whole, entity="AVGO.semiconductor_solutions")
    told = growth(posterior, (whole, part), 4, seed=0)
    np.testing.assert_array_equal(told.paths[:, 0], told.paths[:, 1])


@pytest.mark.parametrize("quarters", [0, 13])
def test_too_few_or_too_many_quarters_are_refused(posterior: ms.Posterior, quarters: int) -> None:
    with pytest.raises(ms.MarketsimError, match="a whole number from 1 to 12"):
        ms.forecast(posterior, quarters)


def test_it_prints_as_a_table(ahead: ms.forecasting.Forecast) -> None:
    assert "NVDA" in str(ahead)
