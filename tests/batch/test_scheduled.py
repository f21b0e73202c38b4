"""What examples/scheduled hands to cron, systemd and Airflow is what the command takes."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer

import marketsim as ms
from marketsim import cli
from marketsim.errors import PriceError

FOLDER = Path(__file__).parents[2] / "examples" / "scheduled"
CALL = re.compile(r"marketsim (batch[^>\"\n]*)")
CALLS = {
    file.name: CALL.findall(file.read_text(encoding="utf-8"))
    for file in sorted(FOLDER.iterdir())
    if file.is_file() and file.suffix != ".timer" and file.name != "nightly.py"
}


@pytest.mark.parametrize("name", CALLS)
def test_the_command_in_it_parses(name: str) -> None:
    calls = [call for call in CALLS[name] if ".toml" in call]
    assert calls
    for call in calls:
        words = shlex.split(call.partition("`")[0])
        command = typer.main.get_command(cli.app).commands[words[0]]  # type: ignore[attr-defined]
        with suppress(typer.Exit):
            command.make_context("batch", words[1:])


def test_codes_that_the_command_documents_are_those_that_schedules_wait_on() -> None:
    from marketsim.cli.batches import LATER

    assert f"RestartForceExitStatus={LATER}\n" in (FOLDER / "marketsim-batch.service").read_text()
    assert f"skip_on_exit_code={LATER})" in (FOLDER / "airflow_dag.py").read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
def test_systemd_reads_when_it_is_due() -> None:
    timer = (FOLDER / "marketsim-batch.timer").read_text()
    (calendar,) = re.findall(r"OnCalendar=(.*)", timer)
    done = subprocess.run(
        ["systemd-analyze", "calendar", calendar], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_file_is_told_of() -> None:
    told = (FOLDER / "README.md").read_text()
    for file in FOLDER.iterdir():
        assert file.name == "README.md" or file.is_dir() or f"({file.name})" in told


def test_a_night_is_compared_with_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three nights: the first has nothing before it, and the third no newer closes."""
    compared = []
    days = pd.bdate_range("2024-01-01", "2025-12-31", name="date")
    wave = 100.0 + np.sin(np.arange(len(days)))
    closes = pd.DataFrame({"NVDA": wave, "SPY": 2.0 * wave}, days)

    def run(prices: str, as_of: pd.Timestamp, draws: int, out: Path) -> None:
        out.mkdir(parents=True)
        (out / "run.json").write_text("{}")

    def compare(before: Path, after: Path, out: Path) -> str:
        out.mkdir()
        compared.append((before.name, after.name, out.name))
        return "why it changed"

    monkeypatch.setattr(ms.runs, "run", run)
    monkeypatch.setattr(ms.runs, "compare", compare)
    for last, code in (("2025-12-29", 0), ("2025-12-30", 0), ("2025-12-30", 75)):
        closes.loc[:last].to_csv(tmp_path / "closes.csv")
        monkeypatch.setattr(
            sys,
            "argv",
            ["nightly.py", str(tmp_path / "n"), "--prices", str(tmp_path / "closes.csv")],
        )
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(FOLDER / "nightly.py"), run_name="__main__")
        assert ended.value.code == code
    assert compared == [("2025-12-29", "2025-12-30", "2025-12-30-since")]
    told = capsys.readouterr()
    assert told.out.count("why it changed") == 1
    assert "no newer closes have come" in told.err


def test_a_night_without_an_answer_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(source: str) -> None:
        raise PriceError("Yahoo cannot be reached")

    monkeypatch.setattr(ms, "load_prices", away)
    for prices, code in (("yahoo", 75), ("nowhere.csv", 2)):
        monkeypatch.setattr(sys, "argv", ["nightly.py", str(tmp_path), "--prices", prices])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(FOLDER / "nightly.py"), run_name="__main__")
        assert ended.value.code == code
