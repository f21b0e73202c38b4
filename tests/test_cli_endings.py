"""How the command ends: by a signal, with nobody who listens, and where there is no more room."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.batch.worlds import MAIN, batch_file, done_here, hidden

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")

NO_ROOM = "No space left on device"
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")

SLEEPING = """
import os, time
def strategy(history):
    open({place!r}, "w").close()
    time.sleep(60)
"""
CLOCKED = """
import pandas as pd
def strategy(history):
    pd.Timestamp.now()
    return {"NVDA": 1.0}
"""


def marketsim(*arguments: object) -> list[str]:
    return [sys.executable, "-c", MAIN, *map(str, arguments)]


def shell(line: list[str], more: str) -> subprocess.CompletedProcess[str]:
    """A command in a shell that tells the exit code of the command alone."""
    text = f"set -o pipefail; {shlex.join(line)} {more}"
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jobs")
    (folder / "clocked.py").write_text(CLOCKED)
    return batch_file(folder, costs="0.0", strategies='"even.py"')


def audit(file: Path) -> list[str]:
    closes = file.with_name("closes.csv")
    return marketsim("audit", file.with_name("clocked.py"), "--prices", closes, "--dates", 1)


@needs_full
@pytest.mark.parametrize("asked", ["audit", "strategies"])
def test_output_that_finds_no_room_is_a_line_and_no_finding(asked: str, file: Path) -> None:
    ended = shell(audit(file) if asked == "audit" else marketsim(asked), "> /dev/full")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == f"marketsim: standard output: {NO_ROOM}"
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(("asked", "code"), [("audit", 1), ("strategies", 0)])
def test_whoever_stops_listening_changes_no_exit_code(asked: str, code: int, file: Path) -> None:
    ended = shell(audit(file) if asked == "audit" else marketsim(asked), "| true")
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr


@needs_full
def test_a_batch_goes_on_where_what_it_says_finds_no_room(file: Path, tmp_path: Path) -> None:
    ended = shell(marketsim("batch", file, "--out", tmp_path / "b", "--json"), "> /dev/full")
    assert (ended.returncode, ended.stderr) == (0, f"marketsim: standard output: {NO_ROOM}\n")
    assert (tmp_path / "b" / "summary.html").is_file()


def test_a_full_disk_is_told_with_the_file_that_found_no_room(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, NO_ROOM)

    monkeypatch.setattr(os, "fsync", full)
    assert done_here(file, "--out", tmp_path / "b") == 2
    assert capsys.readouterr().err == f"marketsim: {tmp_path / 'b' / 'lock.json'}: {NO_ROOM}\n"
    assert not hidden(tmp_path / "b")


def sleeping(folder: Path, line: list[str]) -> subprocess.Popen[str]:
    """A command whose strategy has begun to sleep."""
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    ends = time.monotonic() + 60.0
    while not (folder / "asleep").exists():
        assert process.poll() is None
        assert time.monotonic() < ends
        time.sleep(0.05)
    return process


@pytest.mark.parametrize(
    ("asked", "number"),
    [("backtest", signal.SIGINT), ("backtest", signal.SIGTERM), ("batch", signal.SIGHUP)],
)
def test_a_signal_ends_every_command_in_a_line(
    asked: str, number: signal.Signals, tmp_path: Path
) -> None:
    jobs = batch_file(tmp_path, costs="0.0", strategies='"sleeping.py"')
    source = SLEEPING.format(place=str(tmp_path / "asleep"))
    (tmp_path / "sleeping.py").write_text(source)
    what: dict[str, Any] = {
        "backtest": (tmp_path / "sleeping.py", "--prices", tmp_path / "closes.csv"),
        "batch": (jobs,),
    }
    process = sleeping(tmp_path, marketsim(asked, *what[asked], "--out", tmp_path / "b"))
    process.send_signal(number)
    told, said = process.communicate(timeout=30)
    assert (process.returncode, told) == (128 + number, "")
    assert said.splitlines()[-1] == f"marketsim: stopped by {number.name}"
    assert not hidden(tmp_path / "b")


def test_a_strategy_that_interrupts_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = batch_file(tmp_path, costs="0.0", strategies='"rude.py"')
    rude = "def strategy(history):\n    raise KeyboardInterrupt\n"
    (tmp_path / "rude.py").write_text(rude)
    assert done_here(jobs, "--out", tmp_path / "b") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "strategy 'rude' on 2021-02-01, rude.py line 2: KeyboardInterrupt" in line
