"""What examples/scheduled hands to cron, systemd and Airflow is what the command takes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
import typer

from marketsim import cli

FOLDER = Path(__file__).parents[2] / "examples" / "scheduled"
CALL = re.compile(r"marketsim (batch[^>\"\n]*)")
CALLS = {
    file.name: CALL.findall(file.read_text(encoding="utf-8"))
    for file in sorted(FOLDER.iterdir())
    if file.is_file() and file.name != "marketsim-batch.timer"
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
