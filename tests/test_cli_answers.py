"""`marketsim sensitivities`, `information`, `hedge`: a table or JSON, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import marketsim as ms
from marketsim import cli
from marketsim.runs import answers
from marketsim.runs.deciding import Question


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


@pytest.fixture
def at_hand(monkeypatch: pytest.MonkeyPatch, returns: ms.ReturnScenarios) -> list[Question]:
    """The decision is made already; what was asked for it."""
    choice = ms.runs.decide(returns, limits={"max_weight": 0.15}).choice
    asked = []

    def decided(question: Question, _: object) -> SimpleNamespace:
        asked.append(question)
        return SimpleNamespace(
            date=returns.world.paths.scenarios.posterior.as_of,
            decision=SimpleNamespace(choice=choice),
            fresh=SimpleNamespace(warnings=["the price is old"]),
        )

    monkeypatch.setattr(answers, "decided", decided)
    return asked


def test_what_to_find_out_as_json_and_in_files(
    at_hand: list[Question], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = ["information", "--count", "3", "--json", "--out", str(tmp_path), "--draws", "700"]
    assert command(*typed) == 0
    printed, said = capsys.readouterr()
    told = json.loads(printed)
    rows = {row["assumption"]: row for row in told["information"]}
    assert len(rows) == 4  # and the regime
    assert rows["which regime it is"]["gain"] > told["chance"]
    assert sum(told["weights"].values()) == pytest.approx(1.0)
    assert (tmp_path / "information.json").read_text() == printed
    assert "says nothing" in (tmp_path / "information.txt").read_text()
    assert at_hand[0].draws == 700
    assert "warning: the price is old" in said
    assert "as of 2025-12-31" in said


def test_a_hedge_and_its_story(at_hand: list[Question], capsys: pytest.CaptureFixture[str]) -> None:
    assert command("hedge", "hurdle_rate=0.03", "--neutral-to", "saturation=0.2") == 0
    assert "A standard deviation more of hurdle_rate adds" in capsys.readouterr().out
    assert at_hand[0].about == ("hurdle_rate",)
    assert at_hand[0].neutral_to == {"saturation": 0.2}
    assert command("hedge", "hurdle_rate=0.03", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert abs(told["exposure_after"]) <= 0.03 + 1e-9
    assert {row["sds"] for row in told["moved"]} == {-0.25, 0.25}


@pytest.mark.slow
def test_what_moves_it(at_hand: list[Question], capsys: pytest.CaptureFixture[str]) -> None:
    assert command("sensitivities", "--json", "--as-of", "2025-12-31") == 0
    printed, said = capsys.readouterr()
    told = json.loads(printed)
    first = told["portfolio"][0]
    sizes = [abs(row["portfolio_per_sd"]) for row in told["portfolio"]]
    assert sizes == sorted(sizes, reverse=True)
    assert {"assumption", "unit", "value", "sd", "meaning"} <= set(first)
    assert told["weights"]
    assert told["best_weights"] is None
    assert {row["regime"] for row in told["odds"]} >= {"bull", "bear"}
    assert "as of" not in said  # it was asked for
    assert at_hand[0].as_of == "2025-12-31"
    assert command("sensitivities", "--regime", "bear") == 0
    assert "portfolio_per_sd" in capsys.readouterr().out
    assert at_hand[1].regime == "bear"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("sensitivities --regime bare", "Did you mean 'bear'"),
        ("sensitivities --risk 0", "it must be above 0"),
        ("information --count 0", "greater than or equal to 1"),
        ("hedge hurdle_rate", "write ASSUMPTION=WITHIN"),
        ("hedge hurdle_rate=-0.1", "it must be a fraction from 0 up"),
        ("hedge hurdle_rat=0.1", "Did you mean 'hurdle_rate'"),
        ("hedge equity_premium=0.1", "is what valuation assumes"),
        ("hedge elasticity=3", "(3 % is 0.03)"),
        ("hedge initial_sales=0.1", "describes the past|no assumption is called"),
        ("run --neutral-to elastcity=0.1", "Did you mean 'elasticity'"),
        ("run --neutral-to elasticity", "write ASSUMPTION=WITHIN"),
        ("stress --loss 0.3 --neutral-to elastcity=0.1", "Did you mean 'elasticity'"),
    ],
)
def test_what_is_wrong_is_named_before_anything_runs(
    typed: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*typed.split()) == 2
    told = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert any(one in told for one in said.split("|"))
