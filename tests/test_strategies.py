"""The strategies that ship: short files, legal weights, and what each of them promises."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim import resources
from marketsim.backtesting import load_strategy, strategy_names
from marketsim.backtesting.audits.futures import FUTURES, SPLIT, altered
from marketsim.backtesting.costs import costs_of
from marketsim.backtesting.deciding import decide
from marketsim.backtesting.kept import rules
from marketsim.backtesting.market import Market
from marketsim.backtesting.preparing import market_of
from marketsim.backtesting.rebalancing import decision_rows
from marketsim.backtesting.shrinking import intensity, shrunk
from marketsim.backtesting.walk import Walk, walk

PANEL = Path(__file__).parents[2] / "shared" / "prices" / "panel.csv.gz"
needs_panel = pytest.mark.skipif(
    not PANEL.is_file(), reason="the panel of ../shared/prices is not there"
)
DAYS = pd.bdate_range("2020-01-01", "2022-12-30", name="date")
MODEL = (
    "efficiency_rotation",
    "guidance_surprise",
    "implied_gap",
    "paradox_cvar",
    "power_scarcity",
    "regret",
    "robust_cvar",
    "worst_regime",
)
FROM_AFRESH = "worst_regime"
"""Of those, the one whose worlds are drawn for every decision of its audit."""

PRICED = (
    "cap_weight",
    "equal_weight",
    "inverse_volatility",
    "mean_variance",
    "minimum_variance",
    "momentum",
)


def panel(volatilities: dict[str, float], seed: int = 0) -> pd.DataFrame:
    """A seeded panel [day, ticker]: one common factor, and the volatility asked for."""
    draw = np.random.default_rng(seed)
    common = draw.normal(size=(len(DAYS), 1))
    own = draw.normal(size=(len(DAYS), len(volatilities)))
    steps = (0.6 * common + 0.8 * own) * np.array(list(volatilities.values())) / np.sqrt(252)
    return pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), DAYS, list(volatilities))


@pytest.fixture(scope="module")
def facts() -> ms.Knowledge:
    return ms.load_facts()


@pytest.fixture
def worlds_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Draw worlds once of all that is known alike: strategies ask for the same ones.

    Whoever saw another future would know something else, and be given worlds of that. Returns how
    many times some were drawn.
    """
    simulate, before = ms.simulation.simulate, len(DRAWN)

    def drawn(scenarios: ms.Scenarios, **asked: Any) -> ms.Paths:
        known = scenarios.posterior.knowledge
        key = known.digest, known.as_of, tuple(sorted(asked.items()))
        if key not in DRAWN:
            DRAWN[key] = simulate(scenarios, **asked)
        return DRAWN[key]

    monkeypatch.setattr(ms.simulation, "simulate", drawn)
    return lambda: len(DRAWN) - before


DRAWN: dict[Any, ms.Paths] = {}


def test_these_strategies_ship() -> None:
    assert set(strategy_names()) == {*PRICED, *MODEL}


def walked(name: str, market: Market, cut: int, made: dict[object, Any]) -> Walk:
    """A walk that decides anew up to a row on whatever was not shown before, and not after it."""
    strategy = load_strategy(name)

    def choose(row: int, held: Any) -> Any:
        if row > cut:
            return np.r_[market.equal_weights(row), 0.0]
        key = (name, market.seen(row), held.tobytes())
        if key not in made:
            made[key] = decide(strategy, market.history(row, held), market.universe)
        return made[key]

    decisions = decision_rows(market.rows, "quarterly", market.traded)
    costs = costs_of(0.001, market.closes, market.rows, market.universe)
    return walk(choose, market, decisions, costs, np.zeros(len(market.rows)))


def test_no_other_future_changes_a_byte_of_the_past(facts: ms.Knowledge) -> None:
    """Weights, trades and returns up to a date of every strategy on prices, at fifty dates drawn.

    Each under one future after the other; what is shown alike is decided once.
    """
    closes = panel({f"T{i}": 0.2 + 0.05 * i for i in range(5)})
    closes.loc[: DAYS[300], "T3"] = np.nan
    market = market_of(closes, None, None, None, facts)
    made: dict[object, Any] = {}
    whole = {name: walked(name, market, len(DAYS), made) for name in PRICED}
    decided = len(made)
    rows = np.random.default_rng(7).integers(100, len(DAYS) - 1, 50)
    for count, row in enumerate(map(int, rows)):
        future = FUTURES[count % len(FUTURES)]
        other = altered(market, row, future, seed=row)
        for name in PRICED:
            again = walked(name, other, row, made)
            for part in ("weights", "trades", "returns"):
                tables = (getattr(one, part).loc[: DAYS[row]] for one in (whole[name], again))
                before, after = (table.to_numpy() for table in tables)
                assert before.tobytes() == after.tobytes(), (name, part, future, DAYS[row])
    assert len(made) > decided  # splits to come change what is shown, and no weight


def test_no_strategy_hangs_on_more_than_it_is_shown() -> None:
    """So that what is shown decides: see the next test."""
    for name in strategy_names():
        assert rules(load_strategy(name)) is not None, name


@pytest.mark.parametrize("future", [one for one in FUTURES if one != SPLIT])
def test_no_other_future_changes_a_byte_of_what_is_shown(future: str, facts: ms.Knowledge) -> None:
    """Closes, facts, statements, and what can be bought, at fifty dates: of every strategy, then.

    Hashes say it of what decisions are kept by, and the tables themselves of what they are made of.
    A split to come changes levels of closes, which the other tests are for.
    """
    closes = panel({f"T{i}": 0.2 + 0.05 * i for i in range(5)})
    closes.loc[: DAYS[300], "T3"] = np.nan
    market = market_of(closes, None, None, None, facts)
    held = np.zeros(5)
    for row in map(int, np.random.default_rng(11).integers(5, len(DAYS) - 1, 50)):
        other = altered(market, row, future, seed=row)
        assert other.seen(row) == market.seen(row)
        assert other.seen(row - 3) == market.seen(row - 3)
        one, two = market.history(row, held), other.history(row, held)
        pd.testing.assert_frame_equal(one.closes, two.closes, check_exact=True)
        pd.testing.assert_frame_equal(one.facts.table, two.facts.table, check_exact=True)
        assert one.traded is not None
        assert two.traded is not None
        pd.testing.assert_series_equal(one.traded, two.traded, check_exact=True)
        assert one.tickers == two.tickers
        assert one.facts.digest == two.facts.digest


def sound(name: str, facts: ms.Knowledge) -> ms.backtesting.Audit:
    """What an audit finds that finds nothing."""
    tickers = ["NVDA", "AMD", "MSFT", "AMZN", "VRT", "CEG"]
    found = ms.backtesting.audit(
        name,
        PANEL,
        facts=facts,
        tickers=tickers,
        start="2024-07-01",
        rebalance="quarterly",
        dates=1 if name in MODEL else 2,
    )
    assert found.sound, str(found)
    return found


@pytest.mark.slow
@needs_panel
@pytest.mark.parametrize("name", [*PRICED, FROM_AFRESH])
def test_every_strategy_passes_the_audit(name: str, facts: ms.Knowledge) -> None:
    sound(name, facts)


@pytest.mark.slow
@needs_panel
@pytest.mark.parametrize("name", sorted({*MODEL} - {FROM_AFRESH}))
def test_every_strategy_on_the_worlds_passes_the_audit(
    name: str, facts: ms.Knowledge, worlds_once: Callable[[], int]
) -> None:
    """No future changes what is known, so that the worlds it is asked of are those of one draw."""
    sound(name, facts)
    assert worlds_once() <= 1


def test_value_weights_are_shares_times_closes(facts: ms.Knowledge) -> None:
    tickers = ["NVDA", "AMD", "MSFT"]
    prices = ms.load_prices(tickers, as_of="2022-12-28")
    weights = ms.backtest("cap_weight", prices, facts=facts, start="2022-12-01").weights.iloc[0]
    # Of 2022-11-30, from reports and quotes of the day: 411, 125 and 1,902 bn.
    known = pd.Series({"NVDA": 417.0, "AMD": 125.0, "MSFT": 1897.0})
    np.testing.assert_allclose(weights[tickers], known / known.sum(), atol=0.02)


def test_calm_shares_weigh_one_over_their_volatility(facts: ms.Knowledge) -> None:
    closes = panel({"AAA": 0.1, "BBB": 0.2, "CCC": 0.4})
    weights = ms.backtest("inverse_volatility", closes, facts=facts, start="2022-12-01").weights
    moves = closes.loc[: weights.index[0]].iloc[-127:].pct_change().std()
    np.testing.assert_allclose(weights.iloc[0], (1 / moves) / (1 / moves).sum(), rtol=1e-9)


def test_momentum_leans_to_winners_whatever_the_last_month_did(facts: ms.Knowledge) -> None:
    closes = panel({"AAA": 0.1, "BBB": 0.1, "CCC": 0.1})
    closes["BBB"] *= np.linspace(1.0, 4.0, len(DAYS))
    closes.loc[DAYS[-20] :, "BBB"] *= 0.3
    weights = ms.backtest("momentum", closes, facts=facts, start="2022-12-28").weights.iloc[0]
    assert weights.idxmax() == "BBB"


def test_mean_variance_holds_more_of_what_rose(facts: ms.Knowledge) -> None:
    closes = panel({"AAA": 0.2, "BBB": 0.2, "CCC": 0.2, "DDD": 0.2})
    closes["CCC"] *= np.linspace(1.0, 6.0, len(DAYS))
    start = "2022-12-01"
    mean, least = (
        ms.backtest(name, closes, facts=facts, start=start).weights["CCC"].iloc[0]
        for name in ("mean_variance", "minimum_variance")
    )
    assert mean > least


@pytest.mark.parametrize("name", strategy_names())
def test_a_strategy_is_one_short_file_over_the_public_names(name: str) -> None:
    source = (resources.folder("strategies") / f"{name}.py").read_text()
    tree = ast.parse(source)
    imported = {
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert imported <= {"__future__", "marketsim", "numpy", "pandas"}
    assert ast.get_docstring(tree)
    assert len(source.splitlines()) <= 80
    assert load_strategy(name).name == name


def test_equal_weights_are_equal_over_what_is_listed(facts: ms.Knowledge) -> None:
    closes = panel({"AAA": 0.2, "BBB": 0.3, "CCC": 0.4})
    closes.loc[: DAYS[100], "CCC"] = np.nan
    weights = ms.backtest("equal_weight", closes, facts=facts).weights
    assert weights.iloc[0].tolist() == [0.5, 0.5, 0.0]
    assert weights.iloc[-1].tolist() == pytest.approx([1 / 3] * 3)


def test_least_variance_is_calmer_than_equal_weight(facts: ms.Knowledge) -> None:
    closes = panel({f"T{i:02}": 0.10 + 0.04 * i for i in range(16)})
    result = ms.backtest("minimum_variance", closes, facts=facts, start="2022-01-01", cost=0.0)
    summary = result.summary.loc["annual_volatility"]
    assert summary["minimum_variance"] < 0.8 * summary["equal weight"]
    assert result.weights.to_numpy().max() <= 0.15 + 1e-6
    assert (result.weights["T00"] > 0.14).all()


def test_few_tickers_are_capped_at_twice_their_equal_weight(facts: ms.Knowledge) -> None:
    closes = panel({"CALM": 0.02, "AAA": 0.3, "BBB": 0.3, "CCC": 0.3})
    weights = ms.backtest("minimum_variance", closes, facts=facts, start="2022-12-01").weights
    assert weights["CALM"].iloc[0] == pytest.approx(0.5, abs=1e-6)
    assert weights.iloc[0].sum() == pytest.approx(1.0)


def test_without_a_year_of_history_weights_are_equal(facts: ms.Knowledge) -> None:
    closes = panel({"AAA": 0.1, "BBB": 0.5})
    weights = ms.backtest("minimum_variance", closes, facts=facts, end="2020-12-01").weights
    assert (weights == 0.5).all().all()


def test_a_new_listing_waits_for_a_year(facts: ms.Knowledge) -> None:
    closes = panel({"AAA": 0.3, "BBB": 0.3, "NEW": 0.05})
    closes.loc[:"2021-06-30", "NEW"] = np.nan
    weights = ms.backtest("minimum_variance", closes, facts=facts, start="2021-06-01").weights
    assert (weights["NEW"].loc[:"2022-06-30"] == 0.0).all()
    assert (weights["NEW"].loc["2022-08-01":] > 0.5).all()


def test_the_scenarios_have_the_shrunk_covariance() -> None:
    draw = np.random.default_rng(1)
    returns = pd.DataFrame(
        draw.normal(size=(60, 5)) @ draw.normal(size=(5, 5)), columns=list("ABCDE")
    )
    scenarios = shrunk(returns)
    centred = (returns - returns.mean()).to_numpy()
    d = intensity(centred)
    sample = centred.T @ centred / len(centred)
    expected = (1.0 - d) * sample + d * np.diag(np.diag(sample))
    mean = scenarios.probabilities @ scenarios.returns
    moment = (scenarios.returns * scenarios.probabilities[:, None]).T @ scenarios.returns
    ratio = (moment - np.outer(mean, mean)) / expected
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-9)
    assert 0.0 < d < 1.0


def test_shrinkage_is_strong_on_noise_and_vanishes_with_data() -> None:
    draw = np.random.default_rng(2)
    noise = draw.normal(size=(40, 20))
    factor = draw.normal(size=(5000, 1)) + 0.5 * draw.normal(size=(5000, 20))
    assert intensity(noise - noise.mean(axis=0)) > 0.6
    assert intensity(factor - factor.mean(axis=0)) < 0.01


def legal(weights: pd.DataFrame, cap: float) -> bool:
    total = weights.sum(axis=1)
    return bool(
        np.allclose(total, 1.0)
        and (weights >= 0.0).all(axis=None)
        and (weights <= cap).all(axis=None)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["paradox_cvar", "worst_regime"])
def test_the_model_chooses_among_the_embedded_companies(name: str, facts: ms.Knowledge) -> None:
    companies = ["AMD", "AMZN", "GOOGL", "META", "MSFT", "NVDA"]
    result = ms.backtest(name, tickers=companies, facts=facts, start="2022-06-01", end="2022-06-30")
    assert list(result.weights.columns) == companies
    assert legal(result.weights, 2.0 / 6.0 + 1e-6)
    assert (result.weights.max(axis=1) > 1.0 / 6.0 + 0.01).all()  # it has an opinion


@pytest.mark.slow
def test_the_model_does_not_see_facts_that_were_published_later(facts: ms.Knowledge) -> None:
    table = facts.table.copy()
    later = table["published"] > pd.Timestamp("2022-06-01")
    table.loc[later, "value"] *= 3.0
    true, false = (
        ms.backtest(
            "worst_regime",
            tickers=["AMD", "MSFT", "NVDA"],
            facts=told,
            start="2022-06-01",
            end="2022-06-01",
        ).weights.to_csv()
        for told in (facts, facts.with_facts(table))
    )
    assert true == false


@pytest.mark.slow
@needs_panel
@pytest.mark.parametrize("name", ["paradox_cvar"])
def test_the_model_walks_through_the_panel(name: str, facts: ms.Knowledge) -> None:
    listed = ms.load_prices(source=PANEL).tickers
    companies = [ticker for ticker in ms.load_prices().statistics.index if ticker in listed]
    result = ms.backtest(
        name, PANEL, tickers=companies, facts=facts, start="2024-07-01", rebalance="quarterly"
    )
    assert len(result.weights) == 2
    assert legal(result.weights, 0.15 + 1e-6)
    assert (result.weights["CRWV"] == 0.0).all()  # not listed before 2025
    assert (result.weights != 0.0).sum(axis=1).ge(7).all()
