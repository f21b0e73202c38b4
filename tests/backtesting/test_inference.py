"""How sure a Sharpe ratio is: closed forms, limits, and simulated strategies without worth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from marketsim.backtesting import backtest
from marketsim.backtesting.inference import (
    SharpeEstimate,
    deflated_sharpe,
    expected_maximum,
    lo_error,
    probabilistic_sharpe,
    rolling_sharpe,
    sharpe_estimate,
)
from marketsim.errors import InputError
from marketsim.knowledge import load_facts
from tests.backtesting.panels import panel


def normal(ratio: float, count: int) -> SharpeEstimate:
    """Of returns that are normally distributed."""
    return SharpeEstimate(ratio, count, 0.0, 3.0)


@pytest.mark.parametrize(
    ("trials", "mean"),
    [(1, 0.0), (2, 1.0 / np.sqrt(np.pi)), (3, 1.5 / np.sqrt(np.pi))],
)
def test_the_largest_of_few_is_known_in_closed_form(trials: int, mean: float) -> None:
    assert expected_maximum(trials) == pytest.approx(mean, abs=1e-12)


@pytest.mark.parametrize("trials", [1e3, 1e5, 1e7])
def test_the_largest_of_many_is_as_bailey_and_lopez_de_prado_have_it(trials: float) -> None:
    weight = np.euler_gamma
    first, second = norm.ppf([1.0 - 1.0 / trials, 1.0 - 1.0 / (trials * np.e)])
    approximate = (1.0 - weight) * first + weight * second
    assert expected_maximum(trials) == pytest.approx(approximate, rel=5e-3)


def test_the_example_of_bailey_and_lopez_de_prado() -> None:
    """Theirs: 2.5 a year over five years of days, the best of 100 trials, is 0.9004 deflated.

    Ratios of trials have a variance of 1/2 a year; skewness is -3, kurtosis 10. Their largest of
    100 is an approximation, 0.1132 a day; the exact one is a little lower.
    """
    estimate = SharpeEstimate(2.5 / np.sqrt(250), 1250, -3.0, 10.0)
    assert probabilistic_sharpe(estimate, 0.1132) == pytest.approx(0.9004, abs=2e-4)
    deviation = np.sqrt(0.5 / 250)
    assert deviation * expected_maximum(100) == pytest.approx(0.1132, rel=0.01)
    assert deflated_sharpe(estimate, 100, deviation) == pytest.approx(0.9004, abs=0.01)


def test_a_ratio_at_the_threshold_is_above_it_as_often_as_not() -> None:
    estimate = normal(0.1, 500)
    assert probabilistic_sharpe(estimate, 0.1) == pytest.approx(0.5)
    assert deflated_sharpe(estimate) == probabilistic_sharpe(estimate)


def test_of_normal_returns_the_error_is_lo_s() -> None:
    estimate = normal(0.1, 500)
    lo = lo_error(pd.Series([0.1]), 500).iloc[0]
    assert estimate.error == pytest.approx(lo * np.sqrt(500 / 499), rel=1e-12)


def test_long_left_tails_make_a_ratio_less_sure() -> None:
    calm = normal(0.1, 500)
    assert probabilistic_sharpe(replace(calm, skewness=-2.0)) < probabilistic_sharpe(calm)
    assert probabilistic_sharpe(replace(calm, kurtosis=12.0)) < probabilistic_sharpe(calm)


def test_more_trials_leave_less() -> None:
    estimate = normal(0.1, 500)
    left = [deflated_sharpe(estimate, trials) for trials in (1, 2, 10, 100)]
    assert left == sorted(left, reverse=True)
    assert left[0] > left[-1]


def test_the_error_is_what_ratios_of_skewed_returns_scatter_by() -> None:
    random = np.random.default_rng(0)
    returns = 0.12 - (random.exponential(1.0, (20_000, 250)) - 1.0)  # skewness -2, kurtosis 9
    ratios = returns.mean(axis=1) / returns.std(axis=1, ddof=1)
    told = SharpeEstimate(0.12, 250, -2.0, 9.0).error
    assert ratios.std() == pytest.approx(told, rel=0.03)


def test_the_best_of_worthless_strategies_is_deflated_to_its_level() -> None:
    """Of 20 strategies without worth the best seems sure more often than not, until deflated."""
    trials, days, times = 20, 250, 1000
    random = np.random.default_rng(1)
    best = []
    for _ in range(times):
        returns = random.normal(0.0, 0.01, (days, trials))
        ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best.append(sharpe_estimate(pd.Series(returns[:, ratios.argmax()])))
    naive = np.array([probabilistic_sharpe(one) for one in best])
    deflated = np.array([deflated_sharpe(one, trials) for one in best])
    for level in (0.5, 0.9, 0.95):
        reach = expected_maximum(trials) + norm.ppf(level)
        rate = 1.0 - norm.cdf(reach) ** trials  # in theory, of the largest of normal numbers
        noise = np.sqrt(rate * (1.0 - rate) / times)
        assert (deflated > level).mean() == pytest.approx(rate, abs=3.0 * noise + 0.005)
    assert (naive > 0.95).mean() == pytest.approx(1.0 - 0.95**trials, abs=0.05)
    assert (deflated > 0.95).mean() < 0.05


def test_rolling_ratios_are_those_of_each_window() -> None:
    dates = pd.bdate_range("2020-01-01", periods=300)
    excess = pd.Series(np.random.default_rng(2).normal(1e-3, 0.01, 300), dates)
    found = rolling_sharpe(excess, 252)
    last = sharpe_estimate(excess.iloc[-252:])
    assert len(found) == 300 - 252 + 1
    assert found["sharpe_ratio"].iloc[-1] == pytest.approx(last.ratio * np.sqrt(252))
    half = (found["high"] - found["low"]).iloc[-1] / 2.0
    expected = norm.ppf(0.975) * np.sqrt((1.0 + 0.5 * last.ratio**2) / 252) * np.sqrt(252)
    assert half == pytest.approx(expected)
    assert half > norm.ppf(0.975)  # a year says little: more than two, whatever the returns
    assert rolling_sharpe(excess, 301).empty


def test_what_earns_what_cash_does_has_no_ratio() -> None:
    flat = pd.Series(np.full(300, 1e-17), pd.bdate_range("2020-01-01", periods=300))
    assert np.isnan(sharpe_estimate(flat).ratio)
    assert np.isnan(deflated_sharpe(sharpe_estimate(flat), 10))
    assert rolling_sharpe(flat, 252).empty


@pytest.mark.parametrize("trials", [0, 0.5, np.nan, np.inf])
def test_less_than_one_trial_is_refused(trials: float) -> None:
    with pytest.raises(InputError, match="count the variants that were tried"):
        expected_maximum(trials)


def test_a_backtest_is_deflated_by_the_trials_it_was_told_of() -> None:
    asked: dict[str, Any] = {"facts": load_facts(), "tickers": ["AAA", "BBB"]}
    one = backtest(lambda h: {"AAA": 1.0}, panel(), **asked)
    many = backtest(lambda h: {"AAA": 1.0}, panel(), trials=50, **asked)
    assert (one.trials, many.trials) == (1, 50)
    assert many.deflated_sharpe() == one.deflated_sharpe(50) < one.deflated_sharpe()
    excess = (one.returns - one.interest).iloc[1:]
    ratio = sharpe_estimate(excess).ratio
    rate = one.summary.iloc[:, 0]["sharpe_ratio"] / ratio
    assert rate == pytest.approx(np.sqrt(252 * 1.03), rel=0.03)  # the same ratio, of a year
    with pytest.raises(InputError, match=r"trials=0: count the variants"):
        backtest(lambda h: {"AAA": 1.0}, panel(), trials=0, **asked)
