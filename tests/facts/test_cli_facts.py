"""`marketsim facts` as it is typed: exit codes, and one line for what the caller can put right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from marketsim import cli
from tests.facts.filings import AGENT, Sources, company, entry

ADD = (
    *("add", "--quantity", "quarterly_revenue", "--entity", "NVDA.total", "--value", "68127"),
    *("--date", "2026-01-25", "--published", "2026-02-25", "--source", "page", "--add"),
)


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["facts", *arguments])
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)
    monkeypatch.setenv("MARKETSIM_CACHE", str(tmp_path / "cache"))


def test_a_fact_is_added_checked_and_aged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = str(tmp_path / "mine")
    assert command(*ADD, mine, "--unit", "USD m") == 0
    assert command("check", mine) == 0
    assert "1 fact, all sound" in capsys.readouterr().out
    assert command("status", "--add", mine, "--as-of", "2026-11-30", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["companies"]["NVDA"]["period"] == "2026-01-25"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((*ADD, "mine", "--unit", "kW"), "write it in 'USD m' or 'EUR m'"),
        (("check", "mien"), "neither a folder nor a file"),
        (("status", "--add", "mien"), "is not a folder"),
        (("update", "--add", "mine", "--source", "sec"), "MARKETSIM_USER_AGENT"),
        (("update", "--add", "mine", "--source", ""), "no source to ask"),
        (("update", "--add", "mine", "--user-agent", AGENT, "--tickers", "NVDIA"), "'NVDA'"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: tuple[str, ...],
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MARKETSIM_USER_AGENT", raising=False)
    assert command(*arguments) == 2
    said = capsys.readouterr().err
    assert why in said
    assert said.count("\n") == 1
    assert not (tmp_path / "mine").exists()


def test_an_update_is_told_and_then_written(
    sources: Sources, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tag = "RevenueFromContractWithCustomerExcludingAssessedTax"
    rows = [entry("2026-01-01", "2026-03-31", 180e9, "2026-04-24")]
    sources.numbers["AMZN"] = 1
    sources.filed[1] = company(**{tag: rows})
    asked = ("update", "--add", str(tmp_path / "mine"), "--source", "sec", "--user-agent", AGENT)
    assert command(*asked, "--tickers", "AMZN", "--dry-run") == 0
    assert "1 row to write" in capsys.readouterr().out
    assert command(*asked, "--tickers", "AMZN") == 0
    assert "1 row written" in capsys.readouterr().out
