"""What is held, in fractions or shares, and the trades from there to what was chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.returns import CASH, ReturnScenarios
from marketsim.runs.current import Current, trades, trades_story
from marketsim.runs.decision import decide
from marketsim.weights import read_shares, tells_shares

CLOSES = pd.Series({"AAA": 10.0, "BBB": 50.0, "CCC": np.nan})
SHARES = {"AAA": 60.0, "BBB": 2.0, CASH: 300.0}


def test_shares_weigh_what_they_are_worth() -> None:
    now = Current(held=SHARES, in_shares=True)
    assert now.worth(CLOSES) == pytest.approx(1000.0)
    assert now.weights(CLOSES) == pytest.approx({"AAA": 0.6, "BBB": 0.1, CASH: 0.3})


def test_more_money_than_shares_is_cash() -> None:
    now = Current(held={"AAA": 60.0}, in_shares=True, money=1200.0)
    assert now.weights(CLOSES) == pytest.approx({"AAA": 0.5, CASH: 0.5})


def test_what_weights_leave_of_one_is_cash() -> None:
    assert Current(held={"AAA": 0.75}).weights(CLOSES) == pytest.approx({"AAA": 0.75, CASH: 0.25})


def test_trades_add_up_and_make_shares_of_money() -> None:
    now = Current(held=SHARES, in_shares=True, cost=0.001)
    then = pd.Series({"AAA": 0.1, "BBB": 0.8, "CCC": 0.0, CASH: 0.1})
    table = trades(now, then, CLOSES)
    assert list(table.index) == ["AAA", CASH, "BBB"]  # sales first
    assert table["change"].sum() == pytest.approx(0.0)
    assert table["money"].sum() == pytest.approx(0.0)
    assert table.loc["AAA", "shares"] == pytest.approx(-50.0)
    assert table.loc["BBB", "shares"] == pytest.approx(14.0)
    after = pd.Series(SHARES).drop(CASH) + table["shares"].dropna()
    assert (after * CLOSES[after.index]).to_dict() == pytest.approx({"AAA": 100.0, "BBB": 800.0})
    assert table["cost"].to_dict() == pytest.approx({"AAA": 0.0005, CASH: 0.0, "BBB": 0.0007})
    assert "-50.0 shares at 10.00" in trades_story(table)


def test_without_money_trades_have_no_size() -> None:
    table = trades(Current(held={"AAA": 1.0}), pd.Series({"BBB": 1.0}), CLOSES)
    assert table["money"].isna().all()
    assert "for sizes" in trades_story(table)
    none = trades(Current(held={"AAA": 1.0}), pd.Series({"AAA": 1.0}), CLOSES)
    assert trades_story(none) == "trades: none"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"held": {"AAA": 60.0, "BBB": 40.0}}, "sum to 100, more than 1: write fractions"),
        ({"held": {"AAA": -0.1}}, "below 0"),
        ({"held": {"AAA": float("nan")}}, "AAA"),
        ({"held": {}, "in_shares": True}, "shares are all 0"),
        ({"held": SHARES, "in_shares": True, "money": -1.0}, "money is -1"),
        ({"held": {"AAA": 0.1}, "cost": 10.0}, "cost is 10.0; give a fraction"),
    ],
)
def test_what_is_held_is_refused_where_it_cannot_be(given: dict[str, object], told: str) -> None:
    with pytest.raises(ms.MarketsimError, match=told):
        Current(**given)  # type: ignore[arg-type]


def test_shares_want_a_close_and_no_more_than_the_money() -> None:
    with pytest.raises(ms.MarketsimError, match="no close of CCC"):
        Current(held={"CCC": 1.0}, in_shares=True).weights(CLOSES)
    with pytest.raises(ms.MarketsimError, match="more than the money"):
        Current(held=SHARES, in_shares=True, money=500.0).worth(CLOSES)


def test_holdings_are_of_what_the_choice_is_among() -> None:
    with pytest.raises(ms.MarketsimError, match="BBB, which this run leaves out"):
        Current(held={"BBB": 0.1}).check(["AAA"], ["AAA", "BBB"])
    with pytest.raises(ms.MarketsimError, match=r"no company of the model.*Did you mean 'AAA'"):
        Current(held={"AAB": 0.1}).check(["AAA"], ["AAA", "BBB"])


def test_a_file_says_by_its_columns_whether_it_is_of_shares(tmp_path: Path) -> None:
    file = tmp_path / "held.csv"
    file.write_text("ticker,shares\nAAA,60\ncash,300\n")
    assert tells_shares(file)
    assert read_shares(file) == {"AAA": 60.0, CASH: 300.0}
    file.write_text("ticker,shares\nAAA,-60\n")
    with pytest.raises(ms.MarketsimError, match=r"held.csv, line 2, column shares"):
        read_shares(file)
    file.write_text("ticker,weight\nAAA,0.6\n")
    assert not tells_shares(file)


def toy() -> ReturnScenarios:
    chance = np.random.default_rng(0)
    drawn = 0.05 + 0.2 * chance.standard_normal((400, 3)) + [0.06, 0.0, -0.03]
    return ReturnScenarios(drawn, ("AAA", "BBB", "CCC"))


class TestDecision:
    held = Current(held={"CCC": 1.0})

    def test_a_limit_on_turnover_is_kept(self) -> None:
        found = decide(
            toy(), limits={}, limit=("Turnover(0.2, current)",), current=self.held, risk=1.5
        )
        moved = 0.5 * trades(self.held, found.choice.weights, CLOSES)["change"].abs().sum()
        assert moved == pytest.approx(0.2, abs=1e-6)
        assert "within Turnover(0.2, current)" in found.objective

    def test_dear_trades_are_not_made(self) -> None:
        dear = Current(held={"CCC": 1.0}, cost=0.19)
        found = decide(toy(), limits={}, current=dear, risk=3.0, most_cash=0.0)
        assert found.choice.weights["CCC"] == pytest.approx(1.0, abs=1e-6)

    def test_an_objective_takes_the_place_of_the_budget(self) -> None:
        found = decide(toy(), limits={}, objective="ExpectedReturn", most_cash=0.0)
        assert found.choice.weights["AAA"] == pytest.approx(1.0, abs=1e-6)
        assert found.objective == "maximise ExpectedReturn"

    def test_least_risk_is_charged_for_trades_too(self) -> None:
        dear = Current(held={"CCC": 1.0}, cost=0.19)
        free = decide(toy(), limits={}, objective="CVaR(0.95)", most_cash=0.0)
        paid = decide(toy(), limits={}, objective="CVaR(0.95)", most_cash=0.0, current=dear)
        assert paid.choice.weights["CCC"] > free.choice.weights["CCC"] + 0.05
