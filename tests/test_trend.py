"""The own trend against the joint normal distribution it stands for, written out in full."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from scipy.stats import multivariate_t
from scipy.stats import t as student

from marketsim.forecasting.ahead import ahead
from marketsim.forecasting.form import CENTRE, SEES, SLOPE, SPREAD, Form, form_at
from marketsim.forecasting.panel import Panel
from marketsim.forecasting.trend import fit_form, follow
from marketsim.precision import precise
from marketsim.statements import Series

FORM = Form(
    level=0.8,
    slope=0.1,
    season=0.02,
    tendency=0.002,
    noise=0.2,
    first_season=0.7,
    first_slope=0.4,
    first_growth=0.1,
    damping=0.85,
    growth=0.02,
    shape=1.5,
    rate=0.01,
    memory=1.0,
)
CHANCE = np.random.default_rng(7)
SIZE = len(SEES)


def panel(*rows: np.ndarray, breaks: np.ndarray | None = None) -> Panel:
    logs = np.stack(rows)
    marks = np.zeros(logs.shape, dtype=bool) if breaks is None else breaks
    nothing = Series("", "", "", pd.DatetimeIndex([]), np.array([]), np.array([]))
    return Panel((nothing,) * len(logs), logs, marks, np.ones(len(logs)))


def walk(quarters: int) -> np.ndarray:
    return 3.0 + np.cumsum(CHANCE.normal(0.03, 0.1, quarters))


def joint(form: Form, level: float, quarters: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all states in turn, before any report: [quarter x state]."""
    with precise("float64"):
        first = np.asarray(form.first(1.0))
        move, changes = map(np.asarray, (form.transition, form.changes))
        start = np.asarray(form.mean)
    mean, spread = [start + level * np.eye(SIZE)[0]], [first]
    for _ in range(quarters - 1):
        mean.append(move @ mean[-1])
        spread.append(move @ spread[-1] @ move.T + changes)
    full = np.zeros((SIZE * quarters, SIZE * quarters))
    for i in range(quarters):
        block = spread[i]
        for j in range(i, quarters):
            below, left = (slice(SIZE * k, SIZE * k + SIZE) for k in (j, i))
            full[below, left], full[left, below] = block, block.T
            block = move @ block
    return np.concatenate(mean), full


def conditional(form: Form, logs: np.ndarray, ahead: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all states given the reports that are not NaN."""
    quarters = len(logs) + ahead
    mean, full = joint(form, logs[0], quarters)
    seen = np.flatnonzero(~np.isnan(logs))
    sees = np.zeros((len(seen), SIZE * quarters))
    for row, t in enumerate(seen):
        sees[row, SIZE * t : SIZE * t + SIZE] = SEES
    reports = sees @ full @ sees.T + form.noise * np.eye(len(seen))
    gain = full @ sees.T @ np.linalg.inv(reports)
    return mean + gain @ (logs[seen] - sees @ mean), full - gain @ sees @ full


def evidence_of(known: Panel, form: Form) -> np.ndarray:
    return follow(known, form).evidence


def gappy(quarters: int) -> np.ndarray:
    logs = walk(quarters)
    logs[[3, 4]] = np.nan
    return logs


@pytest.mark.parametrize("logs", [walk(9), gappy(12)], ids=["whole", "with a gap"])
def test_forecasts_are_those_of_the_joint_normal_distribution(logs: np.ndarray) -> None:
    trend = follow(panel(logs), FORM)
    found = ahead(trend, 3)
    mean, spread = conditional(FORM, logs, 3)
    scale = trend.scale_squared[0]
    coming = slice(SIZE * len(logs), SIZE * (len(logs) + 3))
    sees = np.kron(np.eye(3), SEES)
    np.testing.assert_allclose(found.location[0], sees @ mean[coming], rtol=1e-10)
    reports = sees @ spread[coming, coming] @ sees.T + FORM.noise * np.eye(3)
    np.testing.assert_allclose(found.covariance[0] / scale, reports, rtol=1e-8)
    np.testing.assert_allclose(found.variance[0] / scale, np.diagonal(reports), rtol=1e-8)


def test_the_drift_is_the_sum_of_the_slopes_to_come() -> None:
    logs = walk(10)
    found = ahead(follow(panel(logs), FORM), 4)
    mean, spread = conditional(FORM, logs, 4)
    scale = follow(panel(logs), FORM).scale_squared[0]
    sums, sees = np.zeros((4, len(mean))), np.zeros((4, len(mean)))
    for h in range(4):
        sums[h, [SIZE * (9 + k) + SLOPE for k in range(h + 1)]] = 1.0
        sees[h, SIZE * (10 + h) : SIZE * (11 + h)] = SEES
    np.testing.assert_allclose(found.drift[0], sums @ mean, rtol=1e-9)
    np.testing.assert_allclose(found.drift_covariance[0] / scale, sums @ spread @ sums.T, rtol=1e-8)
    np.testing.assert_allclose(found.cross[0] / scale, sees @ spread @ sums.T, rtol=1e-8)


@pytest.mark.parametrize("logs", [walk(9), gappy(12)], ids=["whole", "with a gap"])
def test_surprises_are_the_errors_of_forecasts_of_one_quarter(logs: np.ndarray) -> None:
    trend = follow(panel(logs), FORM)
    assert np.isnan(trend.error[0, 0])
    assert np.isnan(trend.error[0, np.isnan(logs)]).all()
    for quarter in (6, len(logs) - 1):
        before = follow(panel(logs[:quarter]), FORM)
        one = ahead(before, 1)
        assert trend.error[0, quarter] == pytest.approx(logs[quarter] - one.location[0, 0])
        assert trend.variance[0, quarter] == pytest.approx(one.variance[0, 0])


def test_the_evidence_is_that_of_a_multivariate_t() -> None:
    logs = walk(8)
    mean, full = joint(FORM, logs[0], len(logs))
    sees = np.kron(np.eye(len(logs)), SEES)
    reports = sees @ full @ sees.T + FORM.noise * np.eye(len(logs))
    # Given the first report, which the prior is centred on.
    rest = reports[1:, 1:] - np.outer(reports[1:, 0], reports[0, 1:]) / reports[0, 0]
    density = multivariate_t(
        (sees @ mean)[1:], FORM.rate / FORM.shape * rest, df=2.0 * FORM.shape
    ).logpdf(logs[1:])
    half = 0.5 * (len(logs) - 1) * np.log(2.0 * np.pi)  # left out: it is the same for every form
    assert evidence_of(panel(logs), FORM)[0] - half == pytest.approx(density, rel=1e-9)


def test_what_is_remembered_of_errors_fades() -> None:
    """The scale of a forecast is that of a Student-t whose errors count less the older they are."""
    form, logs = replace(FORM, memory=0.7), walk(8)
    whole, density = follow(panel(logs), form), 0.0
    squares = count = 0.0
    for error, relative in zip(whole.error[0, 1:], relative_variances(logs)[1:], strict=True):
        squares, count = 0.7 * squares, 0.7 * count
        shape, rate = form.shape + 0.5 * count, form.rate + 0.5 * squares
        scale = np.sqrt(rate / shape * relative)
        density += student(2.0 * shape, scale=scale).logpdf(error) + 0.5 * np.log(2.0 * np.pi)
        squares, count = squares + error**2 / relative, count + 1.0
    assert whole.evidence[0] == pytest.approx(density)
    assert whole.squares[0] == pytest.approx(squares)
    degrees = 2.0 * form.shape + count
    assert whole.scale_squared[0] == pytest.approx((2.0 * form.rate + squares) / (degrees - 2.0))


def relative_variances(logs: np.ndarray) -> np.ndarray:
    """Variances of one-quarter forecasts over the squared scale; they hang on no error."""
    found = [np.nan]
    for quarter in range(1, len(logs)):
        before = follow(panel(logs[:quarter]), FORM)
        found.append(ahead(before, 1).variance[0, 0] / before.scale_squared[0])
    return np.array(found)


@given(shift=st.floats(-5.0, 5.0))
def test_another_unit_shifts_the_forecast_and_nothing_else(shift: float) -> None:
    logs = np.linspace(0.0, 0.4, 10) + 0.05 * np.sin(np.arange(10.0))
    plain, moved = (ahead(follow(panel(x), FORM), 4) for x in (logs, logs + shift))
    np.testing.assert_allclose(moved.location, plain.location + shift, atol=1e-12)
    np.testing.assert_allclose(moved.variance, plain.variance, rtol=1e-9)


def test_the_order_of_series_does_not_matter() -> None:
    rows = [walk(12), gappy(12), walk(12)]
    one, other = (ahead(follow(panel(*x), FORM), 2) for x in (rows, rows[::-1]))
    np.testing.assert_array_equal(one.location, other.location[::-1])


def test_after_a_break_the_level_before_it_says_nothing() -> None:
    logs, breaks = walk(12), np.zeros((1, 12), dtype=bool)
    breaks[0, 8] = True
    lifted = logs.copy()
    lifted[:8] += 1.3
    plain, other = (follow(panel(x, breaks=breaks), FORM) for x in (logs, lifted))
    moved, still = ahead(other, 4), ahead(plain, 4)
    np.testing.assert_allclose(moved.location, still.location, atol=1e-12)
    np.testing.assert_allclose(other.squares, plain.squares, rtol=1e-9)


def test_a_series_ends_where_its_reports_end() -> None:
    logs = walk(10)
    longer = np.concatenate([logs, [np.nan, np.nan]])
    whole, cut = (ahead(follow(panel(x), FORM), 3) for x in (logs, longer))
    np.testing.assert_allclose(cut.location, whole.location)


def test_the_fitted_form_tells_restless_slopes_from_steady_ones() -> None:
    steady = panel(*(0.03 * np.arange(30.0) + CHANCE.normal(0, 0.02, 30) for _ in range(12)))
    slopes = CHANCE.normal(0, 0.05, (12, 30)).cumsum(axis=1)
    restless = panel(*(slopes.cumsum(axis=1) + CHANCE.normal(0, 0.02, (12, 30))))
    calm, wild = fit_form(steady), fit_form(restless)
    assert wild.slope / wild.noise > 10 * calm.slope / calm.noise
    assert calm.growth == pytest.approx(0.03, abs=0.01)


def test_a_series_too_short_does_not_count_in_the_fit() -> None:
    rows = [walk(20) for _ in range(5)]
    short = np.full(20, np.nan)
    short[:3] = [0.0, 2.0, -1.0]
    assert fit_form(panel(*rows, short)) == fit_form(panel(*rows))


def test_the_fitted_form_is_the_most_probable_one() -> None:
    """Along every coordinate the log probability falls on both sides, by differences."""
    known = panel(*(walk(24) for _ in range(8)))
    form = fit_form(known)

    def log_probability(x: np.ndarray) -> float:
        with precise("float64"):
            at = Form(*(float(v) for v in vars(form_at(x)).values()))
        return float(evidence_of(known, at).sum() - 0.5 * (((x - CENTRE) / SPREAD) ** 2).sum())

    best = coordinates_of(form)
    top = log_probability(best)
    for unit in np.diag(1e-3 * SPREAD):
        up, down = log_probability(best + unit), log_probability(best - unit)
        assert up < top, "and its slope vanishes beside its curvature"
        assert down < top
        assert abs(up - down) < 1e-2 * (2.0 * top - up - down)


def coordinates_of(form: Form) -> np.ndarray:
    values = np.array(list(vars(form).values()))
    x = np.log(np.where(values > 0.0, values, 1.0))
    x[8], x[9] = logit(form.damping), form.growth
    x[-1] = logit(form.memory)
    return x
