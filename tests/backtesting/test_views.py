"""Decisions and gains by view: Shapley's value, odds, and sums that are exact."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import marketsim as ms
from marketsim.backtesting import History
from marketsim.backtesting.odds import at_odds
from marketsim.backtesting.views import EVENLY, RULE, shapley
from marketsim.errors import InputError
from marketsim.reporting.backtest_page import backtest_html
from marketsim.reporting.formats import percent
from tests.backtesting.panels import panel, written

FACTS = ms.load_facts()
WORLDS = ms.ReturnScenarios(
    returns=np.random.default_rng(0).normal(0.1, 0.3, (60, 3)),
    tickers=("AAA", "BBB", "CCC"),
    regimes=np.repeat(["bull", "base", "bear"], 20),
    probabilities=np.repeat([0.5, 0.3, 0.2], 20) / 20,
)
LEANS = """\
found = history.returns()
odds = {name: found.probabilities[found.regimes == name].sum() for name in ("bull", "bear")}
weights = {"AAA": odds["bull"], "cash": odds["bear"]}
return {**weights, "BBB": 1.0 - sum(weights.values())}
"""


@pytest.fixture(autouse=True)
def worlds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Worlds that need no model; decisions made in them are kept apart."""
    monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(History, "returns", lambda self, *asked: WORLDS)


class TestShapley:
    @given(st.lists(st.floats(-5.0, 5.0), min_size=16, max_size=16))
    def test_it_is_the_mean_over_all_orders_of_what_a_player_adds(self, worth: list[float]) -> None:
        values = np.array(worth)
        added = np.zeros(4)
        orders = list(permutations(range(4)))
        for order in orders:
            joined = 0
            for player in order:
                added[player] += values[joined | 1 << player] - values[joined]
                joined |= 1 << player
        assert shapley(values) == pytest.approx(added / len(orders), abs=1e-12)

    def test_a_majority_of_three_has_a_third_each(self) -> None:
        wins = [float(s.bit_count() >= 2) for s in range(8)]
        assert shapley(np.array(wins)) == pytest.approx([1 / 3, 1 / 3, 1 / 3])

    def test_who_changes_nothing_has_nothing_and_vectors_are_parted_by_entry(self) -> None:
        of_first = np.array([s & 1 for s in range(4)], dtype=float)
        parts = shapley(np.stack([of_first, 2.0 * of_first], axis=1))
        assert parts == pytest.approx(np.array([[1.0, 2.0], [0.0, 0.0]]))

    def test_nobody_parts_nothing(self) -> None:
        assert shapley(np.ones((1, 5))).shape == (0, 5)


class TestOdds:
    def test_regimes_that_are_doubted_are_at_even_odds(self) -> None:
        found = at_odds(WORLDS, frozenset({"bull"}))
        whole = 0.5 + 1 / 3 + 1 / 3
        odds = [found.probabilities[found.regimes == name].sum() for name in ("bull", "base")]
        assert odds == pytest.approx([0.5 / whole, 1 / 3 / whole])
        assert found.returns is WORLDS.returns or (found.returns == WORLDS.returns).all()

    def test_who_believes_all_sees_the_same(self) -> None:
        assert at_odds(WORLDS, frozenset(WORLDS.regimes.tolist())) is WORLDS
        assert at_odds(WORLDS, None) is WORLDS

    def test_what_has_no_odds_gets_none(self) -> None:
        sure = ms.ReturnScenarios(
            WORLDS.returns, WORLDS.tickers, np.repeat([0.9, 0.1, 0.0], 20) / 20, WORLDS.regimes
        )
        found = at_odds(sure, frozenset())
        assert found.probabilities[found.regimes == "bear"].sum() == 0.0
        assert found.regime_names() == ("bull", "base")


@pytest.mark.parametrize("cost", [0.0, 0.002])
def test_parts_add_up_to_decisions_and_gains_to_wealth(tmp_path: Path, cost: float) -> None:
    file = written(tmp_path, LEANS)
    result = ms.backtest(file, panel(), facts=FACTS, cost=cost, cash_yield=0.04, views=True)
    views = result.views
    assert views is not None
    summed = views.weights.groupby("date").sum()[list(result.weights.columns)]
    assert summed.to_numpy() == pytest.approx(result.weights.to_numpy(), abs=1e-12)
    beside = views.weights.drop(index=EVENLY, level="view").sum(axis=1)
    assert beside.to_numpy() == pytest.approx(0.0, abs=1e-12)
    whole = result.gains.sum(axis=1).to_numpy()
    assert views.gains.sum(axis=1).to_numpy() == pytest.approx(whole, abs=1e-14)
    assert result.attribution("view").sum() == pytest.approx(result.wealth.iloc[-1] - 1.0)
    # Nothing ended: what is left over is what trading cost, and nothing else.
    assert views.gains["costs"].to_numpy() == pytest.approx(
        result.gains["costs"].to_numpy(), abs=1e-14
    )


def test_two_regimes_have_what_the_closed_form_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that holds as much of AAA as bull is likely: 0.8 believed, 0.5 at even odds."""
    two = ms.ReturnScenarios(
        WORLDS.returns[:40], WORLDS.tickers, np.repeat([0.8, 0.2], 20) / 20, WORLDS.regimes[:40]
    )
    monkeypatch.setattr(History, "returns", lambda self, *asked: two)
    body = LEANS.replace('"bear"', '"base"').replace("cash", "CCC")
    result = ms.backtest(written(tmp_path, body), panel(), facts=FACTS, views=True)
    assert result.views is not None
    held = result.views.weights.xs("AAA", axis=1).groupby("view").first()
    bull, base = 0.8 / 1.3, 0.5 / 0.7  # of bull, where it alone is believed, and where base is
    assert held["odds of bull"] == pytest.approx(0.5 * ((bull - 0.5) + (0.8 - base)))
    assert held["odds of base"] == pytest.approx(0.5 * ((base - 0.5) + (0.8 - bull)))
    assert held[EVENLY] + held[RULE] == pytest.approx(0.5)
    assert result.views.odds["believed"].to_dict() == pytest.approx({"bull": 0.8, "base": 0.2})
    assert (result.views.odds["draws"] == 20).all()
    assert "bull 20, base 20; ask history.returns() for more draws" in result.notes[-1]


def test_even_odds_have_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    even = ms.ReturnScenarios(WORLDS.returns, WORLDS.tickers, regimes=WORLDS.regimes)
    monkeypatch.setattr(History, "returns", lambda self, *asked: even)
    found = ms.backtest(written(tmp_path, LEANS), panel(), facts=FACTS, views=True)
    odds = found.attribution("view")[["odds of bull", "odds of base", "odds of bear"]]
    assert odds.to_numpy() == pytest.approx(0.0)


def test_a_rule_that_looks_at_what_is_held_is_parted_at_what_was(tmp_path: Path) -> None:
    looks = "\nweights['AAA'] *= 0.5 + 0.5 * history.weights.sum()\nreturn"
    body = LEANS.replace("\nreturn", looks)
    result = ms.backtest(written(tmp_path, body), panel(), facts=FACTS, views=True)
    assert result.views is not None
    summed = result.views.weights.groupby("date").sum()[list(result.weights.columns)]
    assert summed.to_numpy() == pytest.approx(result.weights.to_numpy(), abs=1e-12)


def test_a_holding_whose_prices_end_is_cash_from_then_on(tmp_path: Path) -> None:
    closes = panel()
    closes.loc[closes.index[len(closes) // 2] :, "AAA"] = np.nan
    days = [closes.index[0]]
    result = ms.backtest(
        written(tmp_path, LEANS),
        closes,
        facts=FACTS,
        rebalance=days,
        cost=0.0,
        cash_yield=0.05,
        views=True,
    )
    assert result.views is not None
    assert "AAA: its closes end" in " ".join(result.notes)
    left = result.views.gains["costs"].abs().max()
    assert left < 1e-14  # no cost: the parts alone are all that was gained


def test_who_asks_for_no_worlds_has_a_rule_and_no_odds() -> None:
    result = ms.backtest("inverse_volatility", ms.load_prices(), facts=FACTS, views=True)
    assert result.views is not None
    assert list(result.views.gains.columns) == [EVENLY, RULE, "costs"]
    assert result.views.odds.empty
    assert "no regime" in repr(result.views)


def test_who_answers_otherwise_when_asked_again_is_refused() -> None:
    drawn = iter(np.linspace(0.1, 0.9, 10_000))

    def fickle(history: History) -> pd.Series:
        first = next(drawn)
        return pd.Series({"AAA": first, "BBB": 1.0 - first})

    with pytest.raises(InputError, match=r"fickle.*asked again it answers otherwise"):
        ms.backtest(fickle, panel(), facts=FACTS, views=True)


@pytest.mark.parametrize("name", ["costs", EVENLY, RULE, "date", "view", "cash", ""])
def test_a_regime_may_be_called_as_anything_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    called = np.where(WORLDS.regimes == "base", name, WORLDS.regimes)
    named = ms.ReturnScenarios(WORLDS.returns, WORLDS.tickers, WORLDS.probabilities, called)
    monkeypatch.setattr(History, "returns", lambda self, *asked: named)
    result = ms.backtest(written(tmp_path, LEANS), panel(), facts=FACTS, views=True)
    assert result.views is not None
    assert f"odds of {name}" in result.views.gains
    summed = result.views.weights.groupby("date").sum()[list(result.weights.columns)]
    assert summed.to_numpy() == pytest.approx(result.weights.to_numpy(), abs=1e-12)
    folder = result.to_folder(tmp_path / "out", report=backtest_html(result))
    assert len(pd.read_csv(folder / "view_gains.csv").columns) == 7


def test_eleven_regimes_are_refused_before_anything_is_decided(tmp_path: Path) -> None:
    some = (
        f'[r{i}]\nprobability = {1 / 11}\nthesis = "x"\nwatch = "y"\n'
        f"shifts = {{ elasticity = {{ add = 0.{i + 1} }} }}\n"
        for i in range(11)
    )
    file = tmp_path / "many.toml"
    file.write_text("".join(some))
    asked: list[object] = []

    def never(history: History) -> pd.Series:
        asked.append(history)
        return pd.Series({"AAA": 1.0})

    with pytest.raises(InputError, match=r"at most 10 regimes.*there are 11; merge some"):
        ms.backtest(never, panel(), facts=FACTS, scenarios=file, views=True)
    assert not asked


def test_what_fails_at_other_odds_alone_says_so(tmp_path: Path) -> None:
    body = LEANS.replace(
        "\nreturn", "\nassert abs(odds['bull'] - 0.5) < 1e-9, 'not my odds'\nreturn"
    )
    with pytest.raises(AssertionError, match="not my odds") as caught:
        ms.backtest(written(tmp_path, body), panel(), facts=FACTS, views=True)
    assert "asked again at other odds" in caught.value.__notes__[0]


@pytest.mark.parametrize("views", ["no", 1, ["up"], None])
def test_views_are_asked_for_or_not(views: object) -> None:
    with pytest.raises(InputError, match="views="):
        ms.backtest("equal_weight", panel(), facts=FACTS, views=views)  # type: ignore[arg-type]


def test_views_that_were_not_asked_for_are_refused_by_name(tmp_path: Path) -> None:
    found = ms.backtest(written(tmp_path, LEANS), panel(), facts=FACTS)
    with pytest.raises(InputError, match="views=True"):
        found.attribution("view")


def test_folder_and_page_have_them(tmp_path: Path) -> None:
    result = ms.backtest(written(tmp_path, LEANS), panel(), facts=FACTS, views=True)
    folder = result.to_folder(tmp_path / "out", report=backtest_html(result))
    gains = pd.read_csv(folder / "view_gains.csv", index_col="date")
    assert gains.sum().sum() == pytest.approx(result.wealth.iloc[-1] - 1.0)
    weights = pd.read_csv(folder / "view_weights.csv")
    assert set(weights["view"]) == {EVENLY, RULE, "odds of bull", "odds of base", "odds of bear"}
    page = (folder / "report.html").read_text()
    assert "By view" in page
    assert "Odds of bull" in page
    assert percent(0.5, 0) in page
