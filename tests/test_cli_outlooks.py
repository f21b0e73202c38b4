"""`marketsim outlook`: a table on the screen or in a file, and one line where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import marketsim as ms
from marketsim import cli
from marketsim.model.units import LIMITS
from marketsim.outlooks.table import COLUMNS

FEW = ("--regimes", "bull,base", "--years", "1", "--draws", "10")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.environment, "prepare_jax", lambda: None)


@pytest.fixture
def _calibrated(monkeypatch: pytest.MonkeyPatch, posterior: ms.Posterior) -> None:
    monkeypatch.setattr(ms, "calibrate", lambda facts: posterior, raising=False)


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        cli.main(["outlook", *arguments])
    assert isinstance(stop.value.code, int)
    return stop.value.code


@pytest.mark.usefixtures("_calibrated")
def test_it_shows_the_scenarios_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*FEW) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("As of 2025-12-31")
    assert "BULL\n" in shown
    assert "BASE\n" in shown
    assert "BEAR\n" not in shown
    assert "2027" not in shown.split("Outside")[0]


@pytest.mark.usefixtures("_calibrated")
def test_it_writes_the_table_and_what_binds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet, both = tmp_path / "new" / "ahead.csv", tmp_path / "ahead.json"
    assert command(*FEW, "--out", str(sheet)) == 0
    assert capsys.readouterr().out == f"table: {sheet}\n"
    assert command(*FEW, "--out", str(both)) == 0
    table, record = pd.read_csv(sheet), json.loads(both.read_text())
    assert tuple(table.columns) == COLUMNS
    assert len(record["table"]) == len(table)
    assert record["as_of"] == "2025-12-31"
    first = record["binding"][0]
    assert (first["regime"], first["quarter_end"]) == ("bull", "2026-03-31")
    assert sum(first[limit] for limit in LIMITS) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (["--years", "0"], "years"),
        (["--draws", "9"], "draws"),
        (["--out", "ahead.xlsx"], "neither .csv nor .json"),
        (["--regimes", "bul"], "Did you mean 'bull'?"),
        (["--regimes", "none.toml"], "none.toml"),
        (["--as-of", "2019-03-31"], "2019-03-31"),
    ],
)
def test_what_is_wrong_is_named(
    typed: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*typed) == 2
    assert named in " ".join(capsys.readouterr().err.split())
