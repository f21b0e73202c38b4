"""Sums of revenue: drawn from the joint normal, they spread as what they have in common says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketsim.forecasting.forecasters import APART, MARKETSIM
from marketsim.forecasting.groups import AI
from marketsim.forecasting.joint import Joint, coupled
from marketsim.forecasting.scores import score
from marketsim.forecasting.sums import DRAWS, EVERY, LAYERS, PORTFOLIO, YEAR, drawn, sums
from marketsim.knowledge.currency import EUR_USD
from tests.test_scores import forecasts

ORIGIN = pd.Timestamp("2024-12-31")
LAYER = {"A": "chips", "B": "chips", "C": "power"}


def joint(correlation: float, spread: float = 0.1) -> Joint:
    """Three series of four quarters about 100, each with independent errors over time."""
    related = np.full((3, 3), correlation) + (1.0 - correlation) * np.eye(3)
    own = np.tile(spread**2 * np.eye(4), (3, 1, 1))
    return coupled(np.full((3, 4), np.log(100.0)), own, related)


def said(correlation: float, units: tuple[str, ...] = ("USD m",) * 3) -> Any:
    series = [
        SimpleNamespace(ticker=name, unit=unit, values=np.array([90.0, 100.0]))
        for name, unit in zip(LAYER, units, strict=True)
    ]
    return SimpleNamespace(joint=joint(correlation), series=series, seed=0)


def came(value: float = 100.0, quarters: int = 4) -> dict[int, tuple[pd.Timestamp, float]]:
    ends = pd.date_range("2025-03-31", periods=quarters, freq="QE")
    return {h + 1: (end, float(np.log(value))) for h, end in enumerate(ends)}


def table(correlation: float, **units: Any) -> pd.DataFrame:
    return sums(
        ORIGIN, said(correlation, **units), dict.fromkeys(range(3), came()), LAYER, {"A", "C"}, 4
    )


def one(rows: pd.DataFrame, group: str, kind: str, horizon: int, forecaster: str) -> pd.Series:
    chosen = (rows["series"] == group) & (rows["kind"] == kind)
    chosen &= (rows["horizon"] == horizon) & (rows["forecaster"] == forecaster)
    assert chosen.sum() == 1
    return rows[chosen].iloc[0]


def test_draws_have_the_mean_and_covariance_of_the_joint() -> None:
    whole = joint(0.6)
    draws = drawn(whole, [0, 2], 3, 1, apart=False).reshape(DRAWS, 6)
    entries = [0, 1, 2, 8, 9, 10]
    error = 4.0 / np.sqrt(DRAWS)
    np.testing.assert_allclose(draws.mean(axis=0), np.log(100.0), atol=0.1 * error)
    wanted = whole.covariance[np.ix_(entries, entries)]
    np.testing.assert_allclose(np.cov(draws, rowvar=False), wanted, atol=0.01 * 2.0 * error)


def test_apart_each_series_keeps_its_own_distribution_and_nothing_else() -> None:
    draws = drawn(joint(0.9), [0, 1], 4, 1, apart=True)
    correlation = np.corrcoef(draws[:, 0, 0], draws[:, 1, 0])[0, 1]
    assert abs(correlation) < 4.0 / np.sqrt(DRAWS)
    np.testing.assert_allclose(draws.std(axis=0), 0.1, rtol=0.05)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.99])
def test_the_spread_of_a_sum_is_that_of_what_is_common(correlation: float) -> None:
    """Three equal parts: a variance of (1 + 2 correlation) / 3 of that of one."""
    rows = table(correlation)
    together, apart = (one(rows, EVERY, "quarter", 2, name) for name in (MARKETSIM, APART))
    wanted = 0.1 * np.sqrt((1.0 + 2.0 * correlation) / 3.0)
    assert together["scale"] == pytest.approx(wanted, rel=0.05)
    assert apart["scale"] == pytest.approx(0.1 / np.sqrt(3.0), rel=0.05)
    assert together["location"] == pytest.approx(np.log(300.0), abs=0.01)
    assert together["log_value"] == pytest.approx(np.log(300.0))
    assert together["log_last"] == pytest.approx(np.log(300.0))


def test_a_year_is_the_sum_of_its_quarters() -> None:
    year = one(table(0.0), EVERY, YEAR, 4, MARKETSIM)
    assert year["scale"] == pytest.approx(0.1 / np.sqrt(12.0), rel=0.05)
    assert year["log_value"] == pytest.approx(np.log(1_200.0))
    assert year["log_last"] == pytest.approx(np.log(1_200.0))


def test_a_layer_of_one_company_is_no_sum() -> None:
    assert set(table(0.0)["series"]) == {EVERY, PORTFOLIO, AI, "chips"}


def test_a_portfolio_holds_as_much_of_each() -> None:
    """A company of a hundred times the revenue counts as the others do."""
    ahead, came_later = said(0.0), dict.fromkeys(range(3), came(110.0))
    ahead.series[0].values = np.array([1.0])
    came_later[0] = came(1.21)
    whole, held = (
        one(sums(ORIGIN, ahead, came_later, LAYER, {"A", "C"}, 4), name, "quarter", 1, MARKETSIM)
        for name in (EVERY, PORTFOLIO)
    )
    assert np.exp(whole["log_value"]) == pytest.approx(220.0 + 1.21)
    assert np.exp(held["log_value"]) == pytest.approx(1.21 + 2.0 * 1.1)
    assert np.exp(held["log_last"]) == pytest.approx(3.0)


def test_the_exposed_are_added_up_by_themselves() -> None:
    exposed = one(table(0.0), AI, "quarter", 1, MARKETSIM)
    assert np.exp(exposed["log_value"]) == pytest.approx(200.0)


def test_euros_are_added_as_dollars() -> None:
    mixed = table(0.0, units=("USD m", "EUR m", "USD m"))
    chips = one(mixed, "chips", "quarter", 1, MARKETSIM)
    assert np.exp(chips["log_value"]) == pytest.approx(100.0 * (1.0 + EUR_USD))
    assert np.exp(chips["location"]) == pytest.approx(100.0 * (1.0 + EUR_USD), rel=0.01)


def test_whose_quarter_is_not_reported_is_left_out_of_both() -> None:
    late = {0: came(), 1: came(quarters=2), 2: came()}
    rows = sums(ORIGIN, said(0.5), late, LAYER, {"A", "C"}, 4)
    assert np.exp(one(rows, EVERY, "quarter", 2, MARKETSIM)["log_value"]) == pytest.approx(300.0)
    third = one(rows, EVERY, "quarter", 3, MARKETSIM)
    assert np.exp(third["log_value"]) == pytest.approx(200.0)
    assert np.exp(third["location"]) == pytest.approx(200.0, rel=0.01)
    assert set(rows.loc[rows["series"] == "chips", "horizon"]) == {1, 2}
    assert YEAR not in set(rows.loc[rows["series"] == "chips", "kind"])


def test_sums_are_scored_and_shown() -> None:
    origins = pd.date_range("2019-03-31", periods=24, freq="QE")
    every = pd.concat([table(0.5).assign(origin=origin) for origin in origins])
    scores = score(forecasts(), sums=every)
    marks = scores.sums.set_index(["series", "kind", "horizons", "forecaster"])
    assert marks.loc[(EVERY, "quarter", "1", MARKETSIM), "n"] == 24
    # What came was the median: the narrower forecast is the better one.
    crps = marks["crps"]
    assert crps[EVERY, YEAR, "4", APART] < crps[EVERY, YEAR, "4", MARKETSIM]
    assert marks.loc[(LAYERS, "quarter", "1", APART), "n"] == 24
    assert (EVERY, YEAR, "2-4", MARKETSIM) not in marks.index
    text = str(scores)
    assert "Sums of revenue" in text
    assert f"{EVERY}, {YEAR}" in text
    assert score(forecasts()).sums.empty
