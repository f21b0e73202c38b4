"""Regimes of one's own in a backtest: shown, hashed, drawn from, refused where wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import marketsim as ms
from marketsim.backtesting import History
from marketsim.backtesting.preparing import market_of
from marketsim.batch import run_batch
from marketsim.errors import DataError
from marketsim.scenarios import read_regimes
from tests.backtesting.panels import panel, written
from tests.batch.worlds import batch_file

FACTS = ms.load_facts()
BODY = """\
regimes = history.regimes or ()
odds = sum(one.probability for one in regimes if one.name == "boom")
even = 1.0 / len(history.tickers)
return {**{ticker: odds * even for ticker in history.tickers}, "cash": 1.0 - odds}
"""


def regimes_file(folder: Path, boom: float) -> Path:
    """Two regimes, one of which has a probability."""
    file = folder / f"boom-{boom:g}.toml"
    file.write_text(
        f"""
[boom]
probability = {boom}
thesis = "Demand answers to price more than is thought."
watch = "tokens"
shifts = {{ elasticity = {{ add = 0.2 }} }}

[calm]
probability = {1.0 - boom}
thesis = "It does not."
watch = "tokens"
shifts = {{ elasticity = {{ add = -0.2 }} }}
"""
    )
    return file


def test_a_strategy_is_shown_them_and_a_decision_is_kept_by_them(tmp_path: Path) -> None:
    file = written(tmp_path, BODY)
    found = {
        boom: ms.backtest(file, panel(), facts=FACTS, scenarios=regimes_file(tmp_path, boom))
        for boom in (0.25, 0.75)
    }
    for boom, result in found.items():
        assert result.weights["cash"].to_numpy() == pytest.approx(1.0 - boom)
    first, second = (found[boom].meta["sha256"] for boom in found)
    assert first["scenarios"] != second["scenarios"]
    bare = ms.backtest(file, panel(), facts=FACTS)
    assert "scenarios" not in bare.meta["sha256"]
    assert (bare.weights["cash"] == 1.0).all()


def test_who_does_not_ask_for_them_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, "return {ticker: 1.0 for ticker in history.tickers[:1]}")
    given = regimes_file(tmp_path, 0.5)
    found = ms.backtest(file, panel(), facts=FACTS, scenarios=given)
    assert any("'mine' does not ask history.returns()" in note for note in found.notes)


def test_what_is_wrong_with_a_file_is_told_before_anything_is_decided(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[boom]\nprobability = 2.0\nthesis = "x"\nwatch = "y"\n')
    with pytest.raises(DataError, match="probability"):
        ms.backtest("equal_weight", panel(), facts=FACTS, scenarios=file)


def test_worlds_are_drawn_from_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is simulated are the regimes of the file, fitted to the posterior of the date."""
    seen = []

    class Enough(Exception):
        pass

    def simulate(scenarios: ms.Scenarios, draws: int, seed: int) -> None:
        seen.append(scenarios)
        raise Enough

    monkeypatch.setattr("marketsim.simulation.simulate", simulate)
    given = regimes_file(tmp_path, 0.3)
    closes = ms.load_prices().closes
    market = market_of(closes, None, "2024-06-03", "2024-06-03", FACTS, given)
    history = market.history(0, np.zeros(len(market.universe)))
    assert isinstance(history, History)
    with pytest.raises(Enough):
        history.returns(draws=10)
    assert seen[0].names == ("boom", "calm")
    assert tuple(seen[0].probabilities) == pytest.approx((0.3, 0.7))


def test_files_of_them_are_a_setting_of_a_batch(tmp_path: Path) -> None:
    """Jobs that differ in them alone are two, and so they are on the page."""
    mine = written(tmp_path, BODY)
    for boom in (0.25, 0.75):
        regimes_file(tmp_path, boom)
    file = batch_file(tmp_path, strategies=f'"{mine.name}"')
    more = 'scenarios = ["boom-0.25.toml", "boom-0.75.toml"]\n'
    file.write_text(file.read_text().replace("cost = [0.0, 0.001]\n", more))
    found = run_batch(file, tmp_path / "b")
    assert list(found.table["scenarios"]) == ["boom-0.25.toml", "boom-0.75.toml"]
    least, most = found.table["annual_volatility"]
    assert most > 2.5 * least > 0.0
    assert "boom-0.75.toml" in (found.folder / "summary.html").read_text()
    (tmp_path / "boom-0.75.toml").write_text("[boom]\n")
    with pytest.raises(DataError, match=r"(?s)jobs\.toml.*boom-0\.75\.toml"):
        run_batch(file, tmp_path / "b")


def test_reading_twice_gives_one_hash(tmp_path: Path) -> None:
    file = regimes_file(tmp_path, 0.5)
    assert repr(read_regimes(file)) == repr(read_regimes(file))
