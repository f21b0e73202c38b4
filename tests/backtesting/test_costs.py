"""What trading costs: closed forms, the square-root law, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.backtesting import BPS, Costs, backtest
from marketsim.backtesting.account import wealth_after_trading
from marketsim.backtesting.costs import Rates, costs_of
from marketsim.errors import InputError
from marketsim.knowledge import Knowledge, load_facts
from tests.backtesting.panels import DAYS, TICKERS, panel


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


def volume(money: float) -> pd.DataFrame:
    return pd.DataFrame(money, DAYS, list(TICKERS))


def test_a_number_is_a_commission(facts: Knowledge) -> None:
    plain, named = (
        backtest(lambda h: {"AAA": 0.4, "BBB": 0.6}, panel(), facts=facts, cost=cost)
        for cost in (10 * BPS, Costs(proportional=10 * BPS))
    )
    pd.testing.assert_series_equal(plain.wealth, named.wealth, check_exact=True)
    assert plain.meta["arguments"]["cost"] == named.meta["arguments"]["cost"] == 10 * BPS


def test_spreads_of_a_series_are_those_of_a_mapping() -> None:
    by_ticker = {"AAA": 40 * BPS, "BBB": 10 * BPS}
    assert Costs(spread=pd.Series(by_ticker)).record() == Costs(spread=by_ticker).record()
    with pytest.raises(InputError, match="spread has AAA twice"):
        Costs(spread=pd.Series([0.1, 0.2], ["AAA", "AAA"]))


def test_half_of_a_spread_is_paid_by_whom_it_is_of(facts: Knowledge) -> None:
    cost = Costs(proportional=2 * BPS, spread={"AAA": 40 * BPS})
    result = backtest(lambda h: {"AAA": 0.5, "BBB": 0.5}, panel(), facts=facts, cost=cost)
    bought = result.trades.iloc[0]
    expected = 22 * BPS * bought["AAA"] + 2 * BPS * bought["BBB"]
    assert result.costs.iloc[0] == pytest.approx(expected, rel=1e-12)


def test_impact_is_the_square_root_law(facts: Knowledge) -> None:
    """Cost in money: Y sigma x sqrt(x / V) of the money x traded."""
    closes = panel()
    cost = Costs(impact=0.8, volume=volume(5e7), money=1e6)
    result = backtest(
        lambda h: {"AAA": 1.0}, closes, facts=facts, cost=cost, start=DAYS[40], end=DAYS[60]
    )
    sigma = closes["AAA"].pct_change().iloc[20:41].std()
    traded = result.trades["AAA"].iloc[0] * 1e6
    money = 0.8 * sigma * traded * np.sqrt(traded / 5e7)
    assert result.costs.iloc[0] * 1e6 == pytest.approx(money, rel=1e-12)


def test_money_four_times_as_much_doubles_the_rate_of_impact(facts: Knowledge) -> None:
    small, large = (
        costs_of(Costs(impact=1.0, volume=volume(1e8), money=m), panel(), DAYS[30:], TICKERS)
        for m in (1e6, 4e6)
    )
    assert small.curve is not None
    assert large.curve is not None
    np.testing.assert_allclose(large.curve, 2.0 * small.curve)


def test_no_later_volume_or_close_enters_a_cost() -> None:
    cut = 100
    closes, traded = panel(), volume(1e8) * np.linspace(1.0, 2.0, len(DAYS))[:, None]
    cost = Costs(impact=1.0, volume=traded, money=1e6)
    whole = costs_of(cost, closes, DAYS, TICKERS)
    short = Costs(impact=1.0, volume=traded.iloc[: cut + 1], money=1e6)
    part = costs_of(short, closes.iloc[: cut + 1], DAYS[: cut + 1], TICKERS)
    assert whole.curve is not None
    assert part.curve is not None
    np.testing.assert_array_equal(whole.curve[: cut + 1], part.curve)


def test_where_volume_is_not_known_a_note_says_so(facts: Knowledge) -> None:
    known = volume(1e8).drop(columns="DDD")
    result = backtest(
        lambda h: dict.fromkeys(TICKERS, 0.25),
        panel(),
        facts=facts,
        cost=Costs(impact=1.0, volume=known, money=1e6),
        start=DAYS[30],
    )
    assert "no impact is charged where volume or volatility is not known: DDD" in result.notes[-1]


@given(
    seed=st.integers(0, 500),
    linear=st.floats(0.0, 0.2),
    curve=st.floats(0.0, 0.2),
)
def test_wealth_left_and_what_is_paid_sum_to_wealth(seed: int, linear: float, curve: float) -> None:
    draw = np.random.default_rng(seed)
    values, weights = draw.dirichlet(np.ones(5)), draw.dirichlet(np.ones(5))
    rates = Rates(np.full(5, linear), np.full(5, curve))
    left = wealth_after_trading(values, 1.0, weights, rates)
    assert left + rates.of(weights * left - values).sum() == pytest.approx(1.0, rel=1e-12)


def test_a_trade_that_would_cost_all_is_refused(facts: Knowledge) -> None:
    cost = Costs(impact=50.0, volume=volume(1e3), money=1e9)
    with pytest.raises(InputError, match="would cost more than there is"):
        backtest(lambda h: {"AAA": 1.0}, panel(), facts=facts, cost=cost, start=DAYS[30])


@pytest.mark.parametrize(
    ("given_", "fault"),
    [
        ({"proportional": 10.0}, "proportional=10.0 is a fraction of the traded value"),
        ({"proportional": float("nan")}, "proportional=nan is a fraction"),
        ({"spread": {"AAA": -0.1}}, r"spread\['AAA'\]=-0.1 is a fraction"),
        ({"impact": -1.0}, "impact=-1.0 is a coefficient"),
        ({"impact": 1.0}, "impact wants volume"),
        ({"money": 0.0}, "money is 0.0"),
    ],
)
def test_what_is_no_cost_is_refused(given_: dict[str, Any], fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        Costs(**given_)


@pytest.mark.parametrize(
    ("cost", "fault"),
    [
        (Costs(spread={"AAB": 0.01}), r"spread names 'AAB'.*Did you mean 'AAA'\?"),
        (Costs(impact=1.0, volume=-volume(1.0), money=1.0), "volume is below zero"),
        (Costs(impact=1.0, volume=volume(1.0)[[]], money=1.0), "volume has none of AAA"),
        (
            Costs(impact=1.0, volume=volume(1.0).reset_index(drop=True), money=1.0),
            "volume is no table of money traded",
        ),
    ],
)
def test_costs_of_another_market_are_refused(cost: Costs, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        costs_of(cost, panel(), DAYS, TICKERS)
