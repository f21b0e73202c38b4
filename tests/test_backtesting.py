"""Backtesting: the identities of an account, a strategy's contract, and a blind future."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.backtesting import BacktestResult, History, backtest, load_strategy, strategy_names
from marketsim.backtesting.account import rebalanced, total, wealth_after_trading
from marketsim.backtesting.costs import Rates
from marketsim.errors import DataError, InputError, PriceError
from marketsim.knowledge import Knowledge, load_facts

DAYS = pd.bdate_range("2020-01-01", "2021-03-31", name="date")
TICKERS = ("AAA", "BBB", "CCC", "DDD")


def panel(seed: int = 0, tickers: tuple[str, ...] = TICKERS) -> pd.DataFrame:
    """A seeded panel [day, ticker] of log-normal prices."""
    steps = np.random.default_rng(seed).normal(3e-4, 0.02, (len(DAYS), len(tickers)))
    return pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), DAYS, list(tickers))


@pytest.fixture(scope="module")
def facts() -> Knowledge:
    return load_facts()


def equal(history: History) -> pd.Series:
    return pd.Series(1.0 / len(history.tickers), index=list(history.tickers))


def fixed(**weights: float) -> Callable[[History], dict[str, float]]:
    return lambda history: dict(weights)


def once(**weights: float) -> Callable[[History], pd.Series]:
    """Buy on the first date, then keep whatever it has drifted to."""

    def keep(history: History) -> pd.Series:
        held = history.weights.sum()
        return history.weights / held if held > 0.0 else pd.Series(weights)

    return keep


def momentum(history: History) -> pd.Series:
    """Weights that depend on every close known, on what is held and on the facts."""
    growth = history.closes.ffill().iloc[-1] / history.closes.bfill().iloc[0]
    raw = growth.reindex(list(history.tickers)).clip(lower=0.1) + 0.1 * history.weights.reindex(
        list(history.tickers)
    )
    raw.iloc[0] += 1e-6 * history.facts.table["value"].abs().sum() % 1.0
    return raw / raw.sum()


def cell(table: pd.DataFrame, row: object, column: object) -> Any:
    """One value of a table; the stubs allow it to be anything."""
    return table.at[row, column]


def bytes_of(result: BacktestResult, last: pd.Timestamp) -> dict[str, str]:
    """Everything a result says about the time up to a date, as text with every digit."""
    return {
        name: getattr(result, name).loc[:last].to_csv()
        for name in ("weights", "trades", "costs", "returns", "equal_weight", "holdings", "cash")
    }


# Identities


def test_wealth_is_the_sum_of_holdings_and_cash(facts: Knowledge) -> None:
    result = backtest(momentum, panel(), facts=facts, cost=0.01)
    total = result.holdings.sum(axis=1) + result.cash
    np.testing.assert_allclose(total, result.wealth, rtol=1e-12)


def test_costs_leave_the_account_and_nothing_else_does(facts: Knowledge) -> None:
    closes = panel()
    result = backtest(momentum, closes, facts=facts, cost=0.01)
    before = result.holdings.shift().mul(closes / closes.shift(), fill_value=0.0).sum(axis=1)
    before = before + result.cash.shift()
    before.iloc[0] = 1.0
    np.testing.assert_allclose(result.wealth, before * (1.0 - result.costs), rtol=1e-12)
    traded = result.trades.abs().sum(axis=1).reindex(DAYS, fill_value=0.0)
    np.testing.assert_allclose(result.costs, 0.01 * traded, atol=1e-15)


def test_the_first_purchase_costs_what_algebra_says(facts: Knowledge) -> None:
    result = backtest(fixed(AAA=1.0), panel(), facts=facts, cost=0.02)
    assert result.returns.iloc[0] == pytest.approx(1.0 / 1.02 - 1.0)
    assert result.trades.loc[DAYS[0], "AAA"] == pytest.approx(1.0 / 1.02)


def test_buy_and_hold_is_the_mean_of_price_relatives(facts: Knowledge) -> None:
    closes = panel()
    weights = {"AAA": 0.5, "BBB": 0.3, "DDD": 0.2}
    result = backtest(once(**weights), closes, facts=facts, cost=0.0)
    relatives = closes / closes.iloc[0]
    expected = sum(weight * relatives[ticker] for ticker, weight in weights.items())
    np.testing.assert_allclose(result.wealth, expected, rtol=1e-12)


def test_weights_drift_in_proportion_to_price_relatives(facts: Knowledge) -> None:
    closes = panel()
    seen: list[History] = []

    def watch(history: History) -> pd.Series:
        seen.append(history)
        return equal(history)

    backtest(watch, closes, facts=facts)
    for earlier, later in pairwise(seen):
        grown = closes.loc[later.date] / closes.loc[earlier.date]
        np.testing.assert_allclose(later.weights, grown / grown.sum(), rtol=1e-12)
    assert seen[0].weights.eq(0.0).all()


def test_equal_weights_without_cost_have_a_closed_form(facts: Knowledge) -> None:
    closes = panel()
    result = backtest(equal, closes, facts=facts, cost=0.0)
    dates = [*result.weights.index, DAYS[-1]]
    growth = [(closes.loc[b] / closes.loc[a]).mean() for a, b in pairwise(dates)]
    assert result.wealth.iloc[-1] == pytest.approx(np.prod(growth), rel=1e-12)
    assert (result.costs == 0.0).all()


def test_an_independent_loop_agrees(facts: Knowledge) -> None:
    closes, cost, weights = panel(), 0.003, np.array([0.1, 0.2, 0.3, 0.4])
    result = backtest(fixed(AAA=0.1, BBB=0.2, CCC=0.3, DDD=0.4), closes, facts=facts, cost=cost)
    values, wealth, month = np.zeros(4), [1.0], None
    for row, date in enumerate(DAYS):
        values = values * (closes.iloc[row] / closes.iloc[max(row - 1, 0)]).to_numpy()
        money = values.sum() if row else 1.0
        if month != date.month:
            low, high = 0.0, money  # bisection on the wealth left
            for _ in range(100):
                left = 0.5 * (low + high)
                short = left + cost * np.abs(weights * left - values).sum() < money
                low, high = (left, high) if short else (low, left)
            values, month, money = weights * left, date.month, left
        wealth.append(money)
    np.testing.assert_allclose(result.wealth, wealth[1:], rtol=1e-12)


@given(seed=st.integers(0, 1000), cost=st.floats(0.0, 0.49))
def test_wealth_after_trading_solves_its_equation(seed: int, cost: float) -> None:
    draw = np.random.default_rng(seed)
    values, weights = draw.exponential(size=6), draw.dirichlet(np.ones(6))
    wealth = values.sum() + draw.exponential()
    rates = Rates(np.full(6, cost), np.zeros(6))
    left = wealth_after_trading(values, wealth, weights, rates)
    traded = np.abs(rebalanced(values, wealth, weights, rates)[0] - values).sum()
    assert left + cost * traded == pytest.approx(wealth, rel=1e-13)


@pytest.mark.parametrize("seed", range(10))
def test_a_sum_does_not_depend_on_empty_holdings_or_order(seed: int) -> None:
    values = np.random.default_rng(seed).lognormal(sigma=3.0, size=40)
    assert total(values) == total(values[::-1]) == total(np.r_[0.0, values[:11], 0.0, values[11:]])


@pytest.mark.parametrize("cost", [0.0, 0.001, 0.3])
def test_a_dearer_trade_never_leaves_more(facts: Knowledge, cost: float) -> None:
    cheap = backtest(equal, panel(), facts=facts, cost=cost)
    dear = backtest(equal, panel(), facts=facts, cost=cost + 0.01)
    assert (dear.wealth < cheap.wealth).all()


# The future


@pytest.mark.parametrize("seed", range(1, 9))
def test_rewriting_the_future_changes_no_byte_of_the_past(facts: Knowledge, seed: int) -> None:
    cut = int(np.random.default_rng(seed).integers(1, len(DAYS) - 2))
    closes, other = panel(), panel(seed)
    closes.iloc[: len(DAYS) // 2, 3] = np.nan  # listed late
    closes.iloc[len(DAYS) // 3 :, 2] = np.nan  # ends early
    rewritten = closes.copy()
    rewritten.iloc[cut + 1 :] = other.iloc[cut + 1 :].where(other.iloc[cut + 1 :] > 85.0)
    table = facts.table.copy()
    later = table["published"] > DAYS[cut]
    table.loc[later, "value"] = np.random.default_rng(seed).normal(size=later.sum())
    table = table.drop(index=table.index[later][::3]).reset_index(drop=True)
    true, false, short = (
        backtest(momentum, known, facts=told, cost=0.002, rebalance="weekly")
        for known, told in (
            (closes, facts),
            (rewritten, facts.with_facts(table)),
            (closes.iloc[: cut + 1], facts),
        )
    )
    assert bytes_of(true, DAYS[cut]) == bytes_of(false, DAYS[cut])
    assert bytes_of(true, DAYS[cut]) == bytes_of(short, DAYS[cut])


def test_a_strategy_that_peeks_finds_nothing_later(facts: Knowledge) -> None:
    closes = panel()
    closes.loc[: DAYS[200], "DDD"] = np.nan
    peeked = 0

    def peek(history: History) -> pd.Series:
        nonlocal peeked
        date = history.date
        frames = [history.closes, history.prices.closes]
        assert all(frame.index.max() == date for frame in frames)
        for frame in frames:  # no larger array stands behind them
            base = frame.to_numpy().base
            assert base is None or base.size == frame.size
        assert history.prices.as_of == date
        assert ("DDD" in history.closes) == ("DDD" in history.tickers) == (date > DAYS[200])
        assert history.facts.table["published"].max() <= date
        assert history.facts.as_of == date
        shown = {"date", "closes", "facts", "weights", "tickers", "traded", "adjusted", "prices"}
        shown |= {"regimes"}
        assert set(vars(history)) <= shown
        peeked += 1
        return equal(history)

    backtest(peek, closes, facts=facts)
    assert peeked == 15


@pytest.mark.parametrize("as_of", [None, "2019-12-31"])
def test_a_strategy_cannot_change_what_the_engine_knows(
    facts: Knowledge, as_of: str | None
) -> None:
    known = facts if as_of is None else facts.upto(as_of)

    def vandal(history: History) -> pd.Series:
        answer = momentum(history)
        history.closes.iloc[:] = 1.0
        history.weights.iloc[:] = 9.0
        history.facts.table["value"] = 0.0
        history.facts.universe.companies["layer"] = ""
        return answer

    closes = panel()
    spoilt, clean = (backtest(s, closes, facts=known) for s in (vandal, momentum))
    assert bytes_of(spoilt, DAYS[-1]) == bytes_of(clean, DAYS[-1])
    pd.testing.assert_frame_equal(closes, panel())


# Listings and endings


def test_a_ticker_whose_prices_end_is_sold_at_its_last_close(facts: Knowledge) -> None:
    closes = panel()
    closes.loc[DAYS[30] :, "BBB"] = np.nan
    result = backtest(
        once(AAA=0.5, BBB=0.5), closes, facts=facts, cost=0.01, rebalance="quarterly", end=DAYS[60]
    )
    sold = DAYS[35]  # five rows of patience, in which the last close stands
    held = result.holdings["BBB"]
    assert held[DAYS[34]] == held[DAYS[29]] > 0.0
    assert held[sold] == 0.0
    assert result.cash[sold] == pytest.approx(0.99 * held[DAYS[34]])
    (note,) = result.notes[1:]
    assert note.startswith(
        f"BBB: its closes end on {DAYS[29]:%Y-%m-%d}, as it is traded no more or"
    )
    assert f"; sold on {sold:%Y-%m-%d} at the last, " in note
    assert note.endswith(f"{closes['BBB'].dropna().iloc[-1]:g}")


def test_a_holiday_of_one_exchange_sells_nothing(facts: Knowledge) -> None:
    closes = panel()
    closes.iloc[30:33, 1] = np.nan
    result = backtest(once(AAA=0.5, BBB=0.5), closes, facts=facts, cost=0.0)
    assert result.notes[1:] == ()
    whole = backtest(once(AAA=0.5, BBB=0.5), panel(), facts=facts, cost=0.0)
    assert result.wealth.iloc[-1] == pytest.approx(whole.wealth.iloc[-1])


def test_before_anything_is_listed_wealth_is_cash(facts: Knowledge) -> None:
    closes = panel(tickers=("AAA", "OTHER"))
    closes.loc[: DAYS[40], "AAA"] = np.nan
    result = backtest(fixed(AAA=1.0), closes, facts=facts, tickers=["AAA"], cash_yield=0.0)
    assert (result.cash.loc[: DAYS[40]] == 1.0).all()
    assert result.weights.index[0] == pd.Timestamp("2020-03-02")


def test_the_universe_is_what_may_be_held_and_the_rest_is_seen(facts: Knowledge) -> None:
    seen: set[str] = set()

    def watch(history: History) -> pd.Series:
        seen.update(history.closes.columns)
        return equal(history)

    result = backtest(watch, panel(), facts=facts, tickers=["BBB", "AAA"])
    assert seen == set(TICKERS)
    assert list(result.weights) == ["BBB", "AAA"]


@pytest.mark.parametrize(
    ("rebalance", "count"), [("weekly", 66), ("monthly", 15), ("quarterly", 5)]
)
def test_decisions_fall_on_the_first_row_of_each_period(
    facts: Knowledge, rebalance: str, count: int
) -> None:
    result = backtest(equal, panel(), facts=facts, rebalance=rebalance)
    assert len(result.weights) == count
    assert result.weights.index[0] == DAYS[0]
    if rebalance == "monthly":
        assert result.weights.index[1] == pd.Timestamp("2020-02-03")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"facts": "x"}, "facts='x': give what ms.load_facts returns"),
        ({"progress": 3}, "progress=3 is no function of a text"),
        ({"afresh": "yes"}, "afresh='yes': write True"),
        ({"tickers": "AAA,BBB"}, "tickers='AAA,BBB' is a text; give a list, ['AAA', 'BBB']"),
    ],
)
def test_what_is_no_argument_says_what_is(asked: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError) as caught:
        backtest(equal, panel(), **asked)
    assert says in str(caught.value)


# The contract of a strategy


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"AAA": np.nan, "BBB": 1.0}, "the weight of AAA is not a finite number"),
        ({"AAA": 0.5, "BBB": 0.4}, "the weights sum to 0.9, not to 1"),
        ({"AAA": 1.0 + 2e-6}, "not to 1"),
        ({"AAA": 1.5, "BBB": -0.5}, "the weight of BBB is -0.5, below 0"),
        ({"AAB": 1.0}, "'AAB' is not in the universe. Did you mean 'AAA'?"),
        ({"DDD": 1.0}, "DDD has no price then"),
        ({"AAA": "all"}, "weights that are not numbers"),
        (None, "returned NoneType"),
        (pd.Series([0.5, 0.5], index=["AAA", "AAA"]), "gave AAA two weights"),
    ],
)
def test_bad_weights_name_the_strategy_and_the_date(
    facts: Knowledge, answer: object, fault: str
) -> None:
    def careless(history: History) -> object:
        return answer

    closes = panel()
    closes.loc[: DAYS[200], "DDD"] = np.nan
    with pytest.raises(InputError) as caught:
        backtest(careless, closes, facts=facts)  # type: ignore[arg-type]
    assert str(caught.value).startswith("strategy 'careless' on 2020-01-01: ")
    assert fault in str(caught.value)


def test_rounding_of_a_solver_is_forgiven(facts: Knowledge) -> None:
    result = backtest(fixed(AAA=1.0 + 5e-7, BBB=-1e-12), panel(), facts=facts)
    assert result.weights.iloc[0].tolist() == [1.0, 0.0, 0.0, 0.0]


def test_what_a_strategy_raises_says_when(facts: Knowledge) -> None:
    def refuses(history: History) -> pd.Series:
        raise PriceError("no prices for DELL")

    def breaks(history: History) -> pd.Series:
        raise ZeroDivisionError

    with pytest.raises(PriceError, match="strategy 'refuses' on 2020-01-01: no prices for DELL"):
        backtest(refuses, panel(), facts=facts)
    with pytest.raises(ZeroDivisionError) as caught:
        backtest(breaks, panel(), facts=facts)
    assert caught.value.__notes__ == ["raised by strategy 'breaks' on 2020-01-01"]


def test_a_strategy_is_a_name_a_path_or_a_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, facts: Knowledge
) -> None:
    file = tmp_path / "mine.py"
    file.write_text("def strategy(history):\n    return {'AAA': 1.0}\n")
    monkeypatch.setenv("MARKETSIM_STRATEGIES", str(tmp_path))
    assert strategy_names() == ("mine",)
    by_name, by_path = load_strategy("mine"), load_strategy(file)
    assert by_name.digest == by_path.digest
    results = [backtest(how, panel(), facts=facts) for how in ("mine", str(file), fixed(AAA=1.0))]
    assert {result.wealth.iloc[-1] for result in results} == {results[0].wealth.iloc[-1]}
    assert results[0].strategy == "mine"
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x = 1\n", r"mine.py holds no function `strategy\(history\)`"),
        ("def strategy(history:\n", "mine.py, line 1: "),
        ("import nonsense_there_is_none\n", "mine.py does not run: line 1: ModuleNotFoundError"),
    ],
)
def test_a_file_that_holds_no_strategy_is_refused(tmp_path: Path, source: str, fault: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(source)
    with pytest.raises(InputError, match=fault):
        load_strategy(file)


def test_a_file_may_call_its_function_decide_and_hold_dataclasses(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Idea:\n    ticker: str\n"
        "def decide(history):\n    return {Idea('AAA').ticker: 1.0}\n"
    )
    assert load_strategy(str(file)).decide(None) == {"AAA": 1.0}  # type: ignore[arg-type]


def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(InputError, match=r"'equal_wait'.*Did you mean 'equal_weight'\?.*There are"):
        load_strategy("equal_wait")
    with pytest.raises(InputError, match=r"no strategy file 'nowhere.py'"):
        load_strategy("nowhere.py")


# Arguments


def test_wrong_arguments_say_what_would_be_right(facts: Knowledge) -> None:
    with pytest.raises(InputError, match=r"'montly' is none of .*Did you mean 'monthly'\?"):
        backtest(equal, panel(), facts=facts, rebalance="montly")
    with pytest.raises(InputError, match=r"cost=-0\.1 is a fraction"):
        backtest(equal, panel(), facts=facts, cost=-0.1)
    with pytest.raises(InputError, match="the panel runs from 2020-01-01 to 2021-03-31"):
        backtest(equal, panel(), facts=facts, start="2022-01-01")
    with pytest.raises(InputError, match="start 2021-03-01 lies after end 2021-01-01"):
        backtest(equal, panel(), facts=facts, start="2021-03-01", end="2021-01-01")
    with pytest.raises(InputError, match=r"'AAB'. Did you mean 'AAA'\?"):
        backtest(equal, panel(), facts=facts, tickers=["AAB"])
    with pytest.raises(DataError, match="no positive close"):
        backtest(equal, panel() - 1000.0, facts=facts)


def test_start_and_end_bound_the_walk_but_not_the_past_that_is_seen(facts: Knowledge) -> None:
    first: list[int] = []

    def watch(history: History) -> pd.Series:
        first.append(len(history.closes))
        return equal(history)

    result = backtest(watch, panel(), facts=facts, start="2020-06-06", end="2020-12-31")
    assert result.returns.index[0] == pd.Timestamp("2020-06-08")
    assert result.returns.index[-1] == pd.Timestamp("2020-12-31")
    assert first[0] == len(panel().loc[:"2020-06-08"])


# Results


def test_the_summary_measures_what_it_names(facts: Knowledge) -> None:
    result = backtest(once(AAA=1.0), panel(), facts=facts, cost=0.0)
    mine = result.summary[result.strategy]
    closes = panel()["AAA"]
    years = (DAYS[-1] - DAYS[0]).days / 365.25
    assert mine["final_wealth"] == pytest.approx(closes.iloc[-1] / closes.iloc[0])
    assert (1.0 + mine["annual_return"]) ** years == pytest.approx(mine["final_wealth"])
    assert mine["max_drawdown"] == pytest.approx((1.0 - closes / closes.cummax()).max())
    assert mine["annual_volatility"] == pytest.approx(
        closes.pct_change().std() * np.sqrt((len(DAYS) - 1) / years)
    )
    assert mine["annual_turnover"] == pytest.approx(0.0, abs=1e-12)
    rival = result.summary["equal weight"]
    assert rival["final_wealth"] == pytest.approx((1.0 + result.equal_weight).prod())
    assert rival["annual_turnover"] > 0.0


def test_equal_weight_ties_with_equal_weight(facts: Knowledge) -> None:
    result = backtest(equal, panel(), facts=facts)
    pd.testing.assert_series_equal(
        result.returns, result.equal_weight, check_names=False, rtol=1e-12
    )


def test_a_walk_of_one_day_has_no_rates(facts: Knowledge, tmp_path: Path) -> None:
    result = backtest(equal, panel().iloc[:1], facts=facts)
    assert result.summary["equal weight"].isna()["annual_return"]
    result.to_folder(tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["summary"]["equal weight"]["annual_return"] is None


def test_the_same_inputs_write_the_same_bytes(facts: Knowledge, tmp_path: Path) -> None:
    names = {"weights.csv", "returns.csv", "trades.csv", "gains.csv", "run.json"}
    for folder in ("one", "two"):
        backtest(momentum, panel(), facts=facts).to_folder(tmp_path / folder)
        assert {file.name for file in (tmp_path / folder).iterdir()} == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_the_folder_holds_what_the_result_says(facts: Knowledge, tmp_path: Path) -> None:
    result = backtest(momentum, panel(), facts=facts, cost=0.002)
    folder = result.to_folder(tmp_path / "run")
    returns = pd.read_csv(folder / "returns.csv", index_col="date", parse_dates=True)
    np.testing.assert_array_equal(returns["return"], result.returns)
    weights = pd.read_csv(folder / "weights.csv", index_col="date", parse_dates=True)
    np.testing.assert_array_equal(weights, result.weights)
    trades = pd.read_csv(folder / "trades.csv")
    assert trades["trade"].abs().sum() * 0.002 == pytest.approx(returns["cost"].sum())
    record = json.loads((folder / "run.json").read_text())
    assert record["arguments"]["cost"] == 0.002
    assert record["sha256"]["facts"] == facts.upto(DAYS[-1]).digest
    assert "hindsight" in record["notes"][0]


def test_the_digest_of_prices_tells_panels_apart(facts: Knowledge) -> None:
    nudged = panel()
    nudged.at[DAYS[5], "BBB"] = np.nextafter(cell(nudged, DAYS[5], "BBB"), np.inf)
    digests = {
        backtest(equal, closes, facts=facts).meta["sha256"]["prices"]
        for closes in (panel(), panel(), nudged)
    }
    assert len(digests) == 2


def test_who_could_be_bought_when_is_told() -> None:
    """Companies that came later are named with their first date, in the notes and the record."""
    closes = panel()
    closes.loc[: DAYS[60], "CCC"] = np.nan
    result = backtest("equal_weight", closes)
    day = f"{DAYS[61]:%Y-%m-%d}"
    first = f"{DAYS[0]:%Y-%m-%d}"
    assert f"3 of 4 tickers could be bought on {first}; CCC from {day}" in result.notes
    assert result.record()["available"] == {"AAA": first, "BBB": first, "CCC": day, "DDD": first}
    whole = backtest("equal_weight", panel())
    assert not any("could be bought" in note for note in whole.notes)


def test_a_walk_that_ends_before_it_should_and_who_never_came_are_told() -> None:
    closes = panel()
    closes["DDD"] = np.nan
    last = f"{DAYS[-1]:%Y-%m-%d}"
    result = backtest("equal_weight", closes, end="2030-01-01")
    assert f"closes end on {last}, before the 2030-01-01 that was asked for" in " ".join(
        result.notes
    )
    assert "never DDD" in " ".join(result.notes)
    with pytest.raises(InputError, match="none of DDD has a close from"):
        backtest("equal_weight", closes, tickers=["DDD"])
