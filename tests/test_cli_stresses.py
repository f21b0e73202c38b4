"""`marketsim stress`: a story or JSON over a run's choice, and what is refused before it runs."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import marketsim as ms
from marketsim import cli
from marketsim.forecasting import Forecast
from marketsim.runs import stresses
from marketsim.runs.deciding import Question


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["stress", *arguments])
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


@pytest.fixture
def at_hand(
    monkeypatch: pytest.MonkeyPatch, returns: ms.ReturnScenarios, published: Forecast
) -> list[Question]:
    """The decision is made already; what was asked for it."""
    choice = ms.allocate(returns, ms.ExpectedReturn() - ms.CVaR(0.95), max_weight=0.15)
    asked = []

    def decided(question: Question, _: object) -> SimpleNamespace:
        asked.append(question)
        return SimpleNamespace(
            date=returns.world.paths.scenarios.posterior.as_of,
            decision=SimpleNamespace(choice=choice),
            coming=published,
            fresh=SimpleNamespace(warnings=[]),
        )

    monkeypatch.setattr(stresses, "decided", decided)
    return asked


def test_json_has_the_worlds_and_is_all_that_is_printed(
    at_hand: list[Question], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = tmp_path / "what.toml", tmp_path / "out"
    file.write_text("[dear]\nhurdle_rate = 0.16\n")
    typed = ["--loss", "0.3", "--regime", "bear", "--what-if", str(file), "--json"]
    assert command(*typed, "--draws", "700", "--out", str(out)) == 0
    printed = capsys.readouterr().out
    told = json.loads(printed)
    assert told["reverse"]["worlds"][0]["regime"] == "bear"
    assert told["what_ifs"]["worlds"][0]["shifts"] == ["hurdle_rate =0.16"]
    assert (out / "stress.json").read_text() == printed
    assert "bear" in (out / "stress.txt").read_text()
    assert at_hand[0].draws == 700


def test_weights_of_ones_own(
    at_hand: list[Question], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held, file = tmp_path / "held.csv", tmp_path / "what.toml"
    held.write_text("ticker,weight\nNVDA,0.5\nEQIX,0.5\n")
    file.write_text('[none]\nhurdle_rate = "x1"\n')
    assert command("--what-if", str(file), "--weights", str(held)) == 0
    assert "none (hurdle_rate x1) moves nothing" in capsys.readouterr().out
    assert len(at_hand) == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "nothing is asked"),
        ("--loss 0.3 --regime bare", "Did you mean 'bear'"),
        ("--what-if nowhere.toml", "what-if file 'nowhere.toml' cannot be read"),
        ("--loss 0.3 --risk 0", "it must be above 0"),
    ],
)
def test_what_is_wrong_is_named_before_anything_runs(
    typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*typed.split()) == 2
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())
