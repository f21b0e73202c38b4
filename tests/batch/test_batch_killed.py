"""Whatever ends a batch, whenever: nothing is torn, and going on gives the same bytes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from marketsim.batch import run_batch
from marketsim.folders import is_alive, sound_record
from tests.batch.worlds import batch_file, command, hidden, results

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

DYING = """
import os, signal, sys
from pathlib import Path
import marketsim.batch as batch

def dying(call):
    def one(*arguments, **named):
        global step
        step += 1
        if step == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **named)
    return one
for module, name in ((os, "fsync"), (Path, "replace"), (Path, "rename"), (Path, "unlink")):
    setattr(module, name, dying(getattr(module, name)))
jobs, *asked = sys.argv[1:]
for folder, last in zip(asked[::2], map(int, asked[1::2])):
    process, step = os.fork(), 0  # nothing here has threads yet
    if not process:
        batch.run_batch(jobs, folder)
        print(step, flush=True)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Runs a batch in a process for each folder, which dies at the step that is asked for."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch_file(tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def whole(file: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a batch comes to that nothing has interrupted."""
    return results(run_batch(file, tmp_path_factory.mktemp("whole") / "b").folder)


def dying_at(file: Path, steps: Mapping[Path, int]) -> list[int]:
    """What processes print and exit with, each of which runs a batch and dies at a step."""
    asked = [str(one) for folder, step in steps.items() for one in (folder, step)]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DYING, str(file), *asked],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [int(line) for line in done.stdout.splitlines()]


def require_nothing_torn(folder: Path) -> None:
    for record in folder.glob("jobs/*/run.json"):
        assert sound_record(record.parent) is not None
    if (folder / "status.json").exists():
        json.loads((folder / "status.json").read_text())


@pytest.mark.slow
def test_killed_at_any_write_and_resumed_it_gives_the_same_bytes(
    file: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    """A seventh of all moments before something reaches the disk, from the first to the last."""
    (steps, code) = dying_at(file, {tmp_path / "b": 10**9})
    assert code == 0
    assert results(tmp_path / "b") == whole
    moments = sorted({1, 2, steps, *(round(steps * k / 7) for k in range(1, 7))})
    folders = {tmp_path / str(step) / "b": step for step in moments}
    assert dying_at(file, folders) == [-signal.SIGKILL] * len(folders)
    made = set()
    for folder in folders:
        require_nothing_torn(folder)
        again = run_batch(file, folder)
        made.add(len(again.skipped))
        assert results(folder) == whole
        assert not hidden(folder)
    assert {0, 4} <= made  # from before the first job was done to after the last one was


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "after"),
    [(signal.SIGINT, 0), (signal.SIGTERM, 1), (signal.SIGKILL, 0), (signal.SIGKILL, 1)],
)
def test_a_signal_ends_it_in_a_line_and_leaves_no_process_behind(
    number: signal.Signals,
    after: int,
    file: Path,
    whole: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Sent while two processes are at it, after so many jobs are done."""
    folder = tmp_path / "b"
    process = subprocess.Popen(
        command(file, "--out", folder, "--workers", 2, "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    seen = 0
    while seen < after or not seen:
        event = json.loads(process.stdout.readline())
        seen += event["state"] == ("done" if after else "running")
    workers = children(process.pid)
    process.send_signal(number)
    _, told = process.communicate()
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 128 + number
        assert told == f"marketsim: stopped by {number.name}\n"
        assert not hidden(folder)
        states = {entry["state"] for entry in json.loads((folder / "status.json").read_text())}
        assert states <= {"waiting", "interrupted", "done"}
    require_nothing_torn(folder)
    until(lambda: not any(is_alive(worker) for worker in workers))
    run_batch(file, folder)
    told = capsys.readouterr().err
    assert ("took over from process" in told) == (number == signal.SIGKILL)
    assert results(folder) == whole
    assert not hidden(folder)


@pytest.mark.slow
def test_a_signal_while_it_reads_is_a_line_too(file: Path, tmp_path: Path) -> None:
    waits = (0.4, 1.5, 3.0)
    begun, folders = time.monotonic(), [tmp_path / str(wait) / "b" for wait in waits]
    processes = [
        subprocess.Popen(
            command(file, "--out", folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for folder in folders
    ]
    for wait, process, folder in zip(waits, processes, folders, strict=True):
        time.sleep(max(0.0, begun + wait - time.monotonic()))
        process.terminate()
        _, told = process.communicate()
        if process.returncode == -signal.SIGTERM:  # Python itself was still starting
            assert told == ""
        elif process.returncode:
            assert (process.returncode, told) == (143, "marketsim: stopped by SIGTERM\n")
        if folder.exists():
            assert not hidden(folder)


def children(process: int) -> list[int]:
    """Processes that a process has started; of Linux alone, elsewhere none."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == process:
            found.append(int(place.parent.name))
    return found


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_a_hidden_folder_of_a_dead_batch_is_gone_at_the_next_start(
    file: Path, tmp_path: Path
) -> None:
    made = run_batch(file, tmp_path / "b")
    for place in (made.folder, made.folder / "jobs", made.folder / "jobs" / made.made[0]):
        (place / ".x.node_1.abcd.part").mkdir()
        (place / ".x.node_1.abcd.part" / "weights.csv").touch()
        (place / f".status.json.{os.getpid()}.part").touch()
    assert hidden(made.folder)
    run_batch(file, made.folder)
    assert not hidden(made.folder)
