"""Naive rivals: closed forms, exact extrapolation, and statsmodels' own answers."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

from marketsim.errors import InputError
from marketsim.forecasting import smoothing
from marketsim.forecasting.history import FLOOR
from marketsim.forecasting.predictive import FloatArray
from marketsim.forecasting.rivals import (
    MINIMUM,
    RIVALS,
    Rival,
    available,
    exponential_smoothing,
    log_linear_trend,
    random_walk,
    seasonal_random_walk,
)

EVERY = pytest.mark.parametrize("rival", available().values(), ids=list(available()))
needs_statsmodels = pytest.mark.skipif(
    "exponential smoothing" not in available(), reason="statsmodels is not installed"
)


def walk(quarters: int, seed: int = 0, drift: float = 0.03) -> FloatArray:
    steps = np.random.default_rng(seed).normal(drift, 0.06, quarters)
    return np.asarray(7.0 + steps.cumsum(), np.float64)


@EVERY
@pytest.mark.parametrize("quarters", [6, 8, 9, 10, 13, 24])
def test_a_straight_line_is_drawn_on(rival: Rival, quarters: int) -> None:
    line = 5.0 + 0.04 * np.arange(quarters + 6)
    said = rival(line[:quarters], 6)
    np.testing.assert_allclose(said.location, line[quarters:], atol=1e-3)
    assert (said.scale < 2e-3).all()


@EVERY
def test_another_unit_moves_the_location_and_nothing_else(rival: Rival) -> None:
    """Dollars or millions of dollars: a constant added to the logs."""
    y = walk(20)
    here, there = rival(y, 4), rival(y + np.log(1e6), 4)
    np.testing.assert_allclose(there.location, here.location + np.log(1e6), atol=1e-5)
    np.testing.assert_allclose(there.scale, here.scale, rtol=1e-4)


@EVERY
def test_stretched_logs_give_stretched_forecasts(rival: Rival) -> None:
    y = walk(20, seed=1)
    once, twice = rival(y, 4), rival(2.0 * y, 4)
    np.testing.assert_allclose(twice.location, 2.0 * once.location, atol=1e-5)
    np.testing.assert_allclose(twice.scale, 2.0 * once.scale, rtol=1e-4)


@EVERY
def test_quarters_before_the_first_report_and_after_the_last_are_nothing(rival: Rival) -> None:
    y = walk(14)
    nothing = np.full(3, np.nan)
    alone, padded = rival(y, 4), rival(np.concatenate([nothing, y, nothing]), 4)
    np.testing.assert_array_equal(alone.location, padded.location)
    np.testing.assert_array_equal(alone.scale, padded.scale)


@EVERY
def test_a_gap_in_a_line_changes_nothing(rival: Rival) -> None:
    line = 5.0 + 0.04 * np.arange(20)
    holed = line[:16].copy()
    holed[[5, 12, 13]] = np.nan
    np.testing.assert_allclose(rival(holed, 4).location, line[16:], atol=1e-3)


@EVERY
def test_the_same_series_gives_the_same_bytes_and_is_left_alone(rival: Rival) -> None:
    y = walk(17)
    before = y.copy()
    first, second = rival(y, 4), rival(y, 4)
    assert first.location.tobytes() == second.location.tobytes()
    assert first.scale.tobytes() == second.scale.tobytes()
    np.testing.assert_array_equal(y, before)


@EVERY
def test_nobody_claims_to_know_a_figure_exactly(rival: Rival) -> None:
    said = rival(np.full(12, 3.0), 5)
    np.testing.assert_allclose(said.location, 3.0, atol=1e-9)
    np.testing.assert_array_equal(said.scale, FLOOR)


@EVERY
def test_too_few_reports_are_refused(rival: Rival) -> None:
    y = walk(MINIMUM)
    assert rival(y, 1).location.shape == (1,)
    y[2] = np.nan
    with pytest.raises(InputError, match="5 quarters were reported; a rival needs 6"):
        rival(y, 1)


@EVERY
def test_what_is_no_series_is_refused(rival: Rival) -> None:
    with pytest.raises(InputError, match="one series of logarithms"):
        rival(np.zeros((2, 8)), 1)
    with pytest.raises(InputError, match="one series of logarithms"):
        rival(
            np.log(
                np.maximum(np.arange(8.0), 0.0), where=np.arange(8) > 0, out=-np.inf * np.ones(8)
            ),
            1,
        )
    with pytest.raises(InputError, match="horizons is 0"):
        rival(walk(8), 0)


def test_seasonal_walk_is_last_year_and_the_mean_change() -> None:
    y = walk(11)
    change = y[4:] - y[:-4]
    said = seasonal_random_walk(y, 9)
    np.testing.assert_allclose(said.location[:4], y[-4:] + change.mean())
    np.testing.assert_allclose(said.location[4:8], y[-4:] + 2.0 * change.mean())
    np.testing.assert_allclose(said.location[8], y[-4] + 3.0 * change.mean())
    spread = change.std(ddof=1)
    np.testing.assert_allclose(said.scale[:4], spread * np.sqrt(1.0 + 1.0 / 7.0))
    np.testing.assert_allclose(said.scale[4:8], spread * np.sqrt(2.0 + 4.0 / 7.0))


def test_seasonal_walk_repeats_a_season() -> None:
    season = np.tile([0.0, 0.3, -0.2, 0.5], 4) + 0.02 * np.arange(16)
    said = seasonal_random_walk(season[:12], 4)
    np.testing.assert_allclose(said.location, season[12:])


def test_seasonal_walk_takes_changes_where_both_quarters_were_reported() -> None:
    y = walk(12)
    y[3] = np.nan
    there = [y[i + 4] - y[i] for i in range(8) if i != 3]
    said = seasonal_random_walk(y, 4)
    np.testing.assert_allclose(said.location, y[-4:] + np.mean(there))
    np.testing.assert_allclose(said.scale, np.std(there, ddof=1) * np.sqrt(1.0 + 1.0 / 7.0))


def test_seasonal_walk_bridges_where_no_two_quarters_pair() -> None:
    """Three reports, nine quarters of silence, three reports: a straight line between."""
    y = 5.0 + 0.04 * np.arange(15)
    y[[3, 4, 5, 6, 7, 8, 9, 10, 11]] = np.nan
    assert not np.isfinite(y[4:] - y[:-4]).any()
    said = seasonal_random_walk(y, 4)
    np.testing.assert_allclose(said.location, 5.0 + 0.04 * np.arange(15, 19))


def test_random_walk_by_hand() -> None:
    """Changes of 10, 20, 30 and 40 % twice over: a mean of 25 %, a variance of 1/70."""
    steps = np.array([0.9, -0.7, 0.1, 0.2, 0.3, 0.4, 0.1, 0.2, 0.3, 0.4])  # the first two are old
    said = random_walk(np.concatenate([[2.0], 2.0 + steps.cumsum()]), 3)
    np.testing.assert_allclose(said.location, 4.2 + 0.25 * np.array([1.0, 2.0, 3.0]))
    variance = np.array([1.0 + 1.0 / 8.0, 2.0 + 4.0 / 8.0, 3.0 + 9.0 / 8.0]) / 70.0
    np.testing.assert_allclose(said.scale, np.sqrt(variance))


def test_random_walk_takes_changes_where_both_quarters_were_reported() -> None:
    y = walk(12)
    y[7] = np.nan
    there = [y[i + 1] - y[i] for i in (3, 4, 5, 8, 9, 10)]
    said = random_walk(y, 2)
    np.testing.assert_allclose(said.location, y[-1] + np.mean(there) * np.array([1.0, 2.0]))
    np.testing.assert_allclose(said.scale[0], np.std(there, ddof=1) * np.sqrt(1.0 + 1.0 / 6.0))


def test_random_walk_bridges_where_every_other_quarter_is_silent() -> None:
    y = 5.0 + 0.04 * np.arange(17)
    y[1::2] = np.nan
    np.testing.assert_allclose(random_walk(y, 2).location, 5.0 + 0.04 * np.array([17, 18]))


def test_trend_is_the_regression_of_the_last_eight() -> None:
    y = walk(15)
    said = log_linear_trend(y, 4)
    x, last = np.arange(8.0), y[-8:]
    slope, level = np.polyfit(x, last, 1)
    ahead = 8.0 + np.arange(4)
    np.testing.assert_allclose(said.location, level + slope * ahead)
    residual = last - level - slope * x
    error = np.sqrt(residual @ residual / 6.0)
    theirs = error * np.sqrt(1.0 + 1.0 / 8.0 + (ahead - 3.5) ** 2 / 42.0)
    np.testing.assert_allclose(said.scale, theirs)


def test_trend_forgets_what_is_more_than_eight_reports_old() -> None:
    y = walk(20)
    other = np.concatenate([y[:12] + 1.0, y[12:]])
    np.testing.assert_array_equal(
        log_linear_trend(y, 4).location, log_linear_trend(other, 4).location
    )


@needs_statsmodels
def test_trend_is_the_prediction_of_statsmodels() -> None:
    regression = pytest.importorskip("statsmodels.regression.linear_model")
    y, x = walk(8), np.arange(8.0)
    found = regression.OLS(y, np.column_stack([np.ones(8), x])).fit()
    theirs = found.get_prediction(np.column_stack([np.ones(4), 8.0 + np.arange(4)]))
    said = log_linear_trend(y, 4)
    np.testing.assert_allclose(said.location, theirs.predicted_mean)
    np.testing.assert_allclose(said.scale, theirs.se_obs)


@needs_statsmodels
@pytest.mark.parametrize(
    ("trend", "damped", "seasonal"),
    [(None, False, None), ("add", False, None), ("add", True, None), ("add", False, "add")],
    ids=["level", "trend", "damped", "season"],
)
def test_smoothing_of_one_form_is_that_of_statsmodels_but_for_the_variance(
    monkeypatch: pytest.MonkeyPatch, trend: str | None, damped: bool, seasonal: str | None
) -> None:
    """Told one form, it predicts as statsmodels does, wider by the parameters it spent."""
    ets = pytest.importorskip("statsmodels.tsa.exponential_smoothing.ets")
    pd = pytest.importorskip("pandas")
    y = walk(24, seed=3)
    monkeypatch.setattr(smoothing, "_forms", lambda n: [smoothing._Form(trend, damped, seasonal)])
    said = exponential_smoothing(y, 4)
    z = pd.Series((y - y.mean()) / y.std())
    model = ets.ETSModel(
        z, trend=trend, damped_trend=damped, seasonal=seasonal, seasonal_periods=seasonal and 4
    )
    theirs = model.fit(disp=False).get_prediction(start=24, end=27)
    spent = model.k_params - (seasonal is not None)
    np.testing.assert_allclose(said.location, y.mean() + y.std() * theirs.predicted_mean)
    wider = np.sqrt(theirs.forecast_variance * 24 / (24 - spent))
    np.testing.assert_allclose(said.scale, y.std() * wider)


@needs_statsmodels
def test_smoothing_takes_the_form_with_the_least_aicc() -> None:
    ets = pytest.importorskip("statsmodels.tsa.exponential_smoothing.ets")
    y = walk(11, seed=4)  # below three years: no season, so statsmodels' own AICc is ours
    forms = [(None, False), ("add", False), ("add", True)]
    z = (y - y.mean()) / y.std()
    fits = [smoothing._fit(z, smoothing._Form(trend, damped, None)) for trend, damped in forms]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [
            ets.ETSModel(z, trend=trend, damped_trend=damped).fit(disp=False).aicc
            for trend, damped in forms
        ]
    np.testing.assert_allclose([fit.aicc for fit in fits if fit], theirs)
    best = smoothing._ahead(z, fits[int(np.argmin(theirs))], 4)[0]  # type: ignore[arg-type]
    said = exponential_smoothing(y, 4)
    np.testing.assert_allclose(said.location, y.mean() + y.std() * best)


@needs_statsmodels
def test_smoothing_finds_a_season() -> None:
    season = np.tile([0.0, 0.3, -0.2, 0.5], 7) + 0.02 * np.arange(28)
    noise = np.random.default_rng(5).normal(0.0, 0.01, 28)
    said = exponential_smoothing((season + noise)[:24], 4)
    np.testing.assert_allclose(said.location, season[24:], atol=0.05)
    assert (said.scale < 0.05).all()


@needs_statsmodels
def test_smoothing_of_a_random_walk_spreads_with_the_square_root_of_time() -> None:
    """Level alone with a smoothing constant of one is the random walk."""
    said = exponential_smoothing(walk(200, seed=6, drift=0.0), 4)
    np.testing.assert_allclose(said.scale / said.scale[0], np.sqrt([1, 2, 3, 4]), rtol=0.1)
    assert said.scale[0] == pytest.approx(0.06, rel=0.15)


@needs_statsmodels
@pytest.mark.parametrize("seed", range(4))
def test_smoothing_warns_of_nothing(seed: int) -> None:
    """Warnings are errors in these tests; noise, a jump and a short series all pass."""
    y = walk(6 + 3 * seed, seed=seed)
    y[-2:] += 2.0
    assert np.isfinite(exponential_smoothing(y, 4).location).all()


def test_without_statsmodels_smoothing_is_left_out_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smoothing, "find_spec", lambda name: None)
    assert list(available()) == list(RIVALS)[:3]
    with pytest.raises(InputError, match=r"pip install marketsim\[bench\]"):
        exponential_smoothing(walk(12), 4)


def test_asking_what_is_available_imports_nothing() -> None:
    already = "statsmodels" in sys.modules
    available()
    assert ("statsmodels" in sys.modules) == already


def test_the_rivals_stand_in_the_order_of_the_tables() -> None:
    assert list(RIVALS) == [
        "seasonal random walk with drift",
        "random walk with drift",
        "log-linear trend",
        "exponential smoothing",
    ]
