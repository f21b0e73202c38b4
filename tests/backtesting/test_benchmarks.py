"""What a walk is held against, what cash earns, and where wealth came from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from marketsim.backtesting import backtest
from marketsim.backtesting.history import History
from marketsim.backtesting.loading import Decide
from marketsim.backtesting.measures import active
from marketsim.errors import InputError
from marketsim.knowledge import Knowledge, bill_yields, load_facts
from marketsim.prices import load_prices
from tests.backtesting.panels import DAYS, panel


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


def half(history: History) -> dict[str, float]:
    return {"AAA": 0.3, "BBB": 0.2, "cash": 0.5}


def test_a_ticker_as_benchmark_is_bought_and_held(facts: Knowledge) -> None:
    closes = panel()
    result = backtest(half, closes, facts=facts, benchmark="CCC", tickers=["AAA", "BBB"])
    assert result.benchmark is not None
    grown = (1.0 + result.benchmark).cumprod()
    np.testing.assert_allclose(grown, closes["CCC"] / closes["CCC"].iloc[0], rtol=1e-12)
    assert result.summary.columns.tolist() == ["half", "equal weight", "CCC"]


def test_closes_of_ones_own_are_a_benchmark(facts: Knowledge) -> None:
    closes = panel()
    index = pd.Series(np.linspace(50.0, 80.0, len(DAYS)), DAYS, name="index").iloc[::2]
    result = backtest(half, closes, facts=facts, benchmark=index, end=index.index[-1])
    assert result.summary.at["final_wealth", "index"] == pytest.approx(index.iloc[-1] / 50.0)


def test_a_strategy_beside_itself_is_not_active(facts: Knowledge) -> None:
    closes = panel()
    result = backtest(
        lambda h: {"AAA": 1.0}, closes, facts=facts, benchmark="AAA", cost=0.0, tickers=["AAA"]
    )
    mine = result.summary.iloc[:, 0]
    assert mine["active_return"] == pytest.approx(0.0, abs=1e-12)
    assert mine["active_risk"] == pytest.approx(0.0, abs=1e-12)
    assert mine["beta"] == pytest.approx(1.0)


def test_companies_by_market_value_drift_by_themselves(facts: Knowledge) -> None:
    """Within a month the benchmark is shares times closes, from one row to the next."""
    prices = load_prices(["NVDA", "AMD", "MSFT"], as_of="2022-12-28")
    result = backtest(half_of(prices.tickers), prices, facts=facts, start="2022-03-01")
    assert result.benchmark is not None
    assert result.benchmark.name == "market"
    weight = result.summary.loc["beta"]
    assert weight["equal weight"] == pytest.approx(1.0, abs=0.4)
    lowest, highest = prices.closes.pct_change(), prices.closes.pct_change()
    days = result.benchmark.index[1:]
    assert (result.benchmark.loc[days] <= highest.max(axis=1).loc[days] + 1e-12).all()
    assert (result.benchmark.loc[days] >= lowest.min(axis=1).loc[days] - 1e-12).all()
    # Microsoft was worth five times NVIDIA, and many times AMD.
    caps = result.benchmark.loc[days]
    msft, nvda, amd = (
        caps.corr(prices.closes[t].pct_change().loc[days]) for t in ("MSFT", "NVDA", "AMD")
    )
    assert msft > nvda > amd


def half_of(tickers: tuple[str, ...]) -> Decide:
    return lambda history: dict.fromkeys(tickers, 1.0 / len(tickers))


def test_a_benchmark_that_is_not_there_is_refused(facts: Knowledge) -> None:
    with pytest.raises(InputError, match=r"benchmark 'AAB' is neither.*Did you mean 'AAA'\?"):
        backtest(half, panel(), facts=facts, benchmark="AAB")
    with pytest.raises(InputError, match="benchmark 'market' wants shares"):
        backtest(half, panel(), facts=facts, benchmark="market")
    short = panel()["AAA"].iloc[10:]
    with pytest.raises(InputError, match=r"has closes from 2020-01-15 .* the walk goes from"):
        backtest(half, panel(), facts=facts, benchmark=short)
    assert backtest(half, panel(), facts=facts).benchmark is None


def test_cash_earns_the_bill_that_was_known(facts: Knowledge) -> None:
    result = backtest(half, panel(), facts=facts, cost=0.0)
    first, second = DAYS[20], DAYS[21]
    known = bill_yields(facts.upto(first)).iloc[-1]
    days = (second - first).days
    earned = result.gains["cash"].loc[second] / result.cash.loc[first]
    assert earned == pytest.approx(np.expm1(known * days / 365.0), rel=1e-12)


def test_a_yield_of_ones_own_compounds_to_itself(facts: Knowledge) -> None:
    result = backtest(lambda h: {"cash": 1.0}, panel(), facts=facts, cash_yield=0.05)
    years = (DAYS[-1] - DAYS[0]).days / 365.0
    assert result.wealth.iloc[-1] == pytest.approx(np.exp(0.05 * years), rel=1e-12)
    assert result.summary.iloc[:, 0]["final_wealth"] == result.wealth.iloc[-1]
    with pytest.raises(InputError, match=r"cash_yield=5\.0 is a rate a year"):
        backtest(half, panel(), facts=facts, cash_yield=5.0)


def test_weights_short_of_one_name_cash(facts: Knowledge) -> None:
    with pytest.raises(InputError, match=r"sum to 0\.5, not to 1; give what is left to 'cash'"):
        backtest(lambda h: {"AAA": 0.5}, panel(), facts=facts)


@pytest.mark.parametrize("cost", [0.0, 0.01])
def test_gains_sum_to_the_wealth_gained_on_every_date(facts: Knowledge, cost: float) -> None:
    closes = panel()
    closes.loc[DAYS[50] :, "BBB"] = np.nan  # ends, and is sold
    strategy = lambda h: {**dict.fromkeys(h.tickers, 0.9 / len(h.tickers)), "cash": 0.1}  # noqa: E731
    result = backtest(strategy, closes, facts=facts, cost=cost)
    np.testing.assert_allclose(result.gains.sum(axis=1).cumsum(), result.wealth - 1.0, atol=1e-12)
    held = result.holdings.sum(axis=1) + result.cash
    np.testing.assert_allclose(held, result.wealth, rtol=1e-12)
    for by in ("ticker", "layer"):
        assert result.attribution(by).sum() == pytest.approx(result.wealth.iloc[-1] - 1.0)
    assert (result.attribution()["costs"] == 0.0) == (cost == 0.0)
    net = (1.0 + result.gross) * (1.0 - result.costs) - 1.0
    np.testing.assert_allclose(net, result.returns, atol=1e-15)


def test_attribution_by_what_there_is_not_is_refused(facts: Knowledge) -> None:
    with pytest.raises(InputError, match=r"by='layr' .* Did you mean 'layer'\?"):
        backtest(half, panel(), facts=facts).attribution("layr")


def test_the_information_ratio_is_the_active_return_over_its_risk() -> None:
    """Also where a calm strategy earns less than a wild benchmark on average, and more in all."""
    days = pd.bdate_range("2020-01-01", periods=521, name="date")
    wild = pd.Series(np.r_[0.0, np.tile([0.06, -0.055], 260)], days)
    calm = pd.Series(np.r_[0.0, np.full(520, 0.002)], days)
    found = active(calm, wild)
    assert float(np.mean(calm)) < float(np.mean(wild))
    assert found["active_return"] > 0.0
    ratio = found["active_return"] / found["active_risk"]
    assert found["information_ratio"] == pytest.approx(ratio)


def test_out_of_the_box_companies_are_held_and_no_funds(facts: Knowledge) -> None:
    """Funds and second classes of shares are held where they are asked for."""
    asked: dict[str, Any] = {"facts": facts, "start": "2022-01-03", "end": "2022-03-31"}
    found = backtest("equal_weight", **asked)
    assert set(found.weights) == {"NVDA", "AMD", "MSFT", "AMZN", "GOOGL", "META"}
    own = backtest("equal_weight", tickers=["QQQ", "GOOG"], **asked)
    assert set(own.weights) == {"QQQ", "GOOG"}
