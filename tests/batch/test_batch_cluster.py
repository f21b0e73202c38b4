"""Workers of a cluster make the same bytes, whichever of them dies, and nothing there is left over.

A scheduler and workers of Dask, each a process of its own on this machine.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from marketsim.batch import plan, read_jobs, run_batch
from marketsim.batch.cluster import errand_of
from marketsim.batch.hand import made
from marketsim.errors import InputError
from marketsim.folders import is_alive
from tests.batch.test_batch_killed import until
from tests.batch.worlds import batch_file, command, done, hidden, results

WAITS = """
import os, time
from pathlib import Path

def strategy(history):
    place = Path({place!r})
    (place / f"{{os.getppid()}}-{{os.getpid()}}").touch()  # a worker, and the process that it has
    while not (place / "go").exists():
        time.sleep(0.05)
    return {{"NVDA": 1.0}}
"""
"""A strategy that tells who is at it, and waits until it may go on."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return batch_file(tmp_path_factory.mktemp("jobs"))


@contextmanager
def dask(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and workers of one thread each: its address, and all processes, it first."""
    pytest.importorskip("distributed", reason="the extra `distributed` is not installed")
    folder.mkdir()
    told = folder / "scheduler.json"
    common = ["--scheduler-file", str(told), "--no-dashboard"]
    with (folder / "log").open("wb") as log:

        def start(*words: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words, *common], stdout=log, stderr=log
            )

        processes = [start("scheduler", "--host", "127.0.0.1", "--port", "0")]
        try:
            until(told.exists)
            own = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
            processes += [start("worker", *own) for _ in range(workers)]
            yield json.loads(told.read_text())["address"], processes
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.wait()


def waiting(folder: Path) -> tuple[Path, Path]:
    """A batch with a job that waits, and where that tells who is at it."""
    place = folder / "at it"
    place.mkdir()
    file = batch_file(folder / "jobs", strategies='"waits.py", "even.py", "trends.py"')
    (folder / "jobs" / "waits.py").write_text(WAITS.format(place=str(place)))
    return file, place


def at_it(place: Path) -> list[tuple[int, int]]:
    """Workers that are at a job that waits, and the process that each of them has for it."""
    found = [file.name.split("-") for file in place.glob("*-*")]
    return [(int(worker), int(process)) for worker, process in found]


@pytest.mark.slow
def test_a_worker_is_killed_in_mid_run_and_the_bytes_are_those_of_one_process(
    tmp_path: Path,
) -> None:
    file, place = waiting(tmp_path)
    with (
        dask(tmp_path / "dask", 2) as (address, processes),
        subprocess.Popen(
            command(file, "--out", tmp_path / "there" / "b", "--cluster", address, "--json"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as batch,
    ):
        until(lambda: bool(at_it(place)), 90.0)
        ((worker, process), *_) = at_it(place)
        (lost,) = (one for one in processes if one.pid == worker)
        lost.kill()
        until(lambda: not is_alive(process))
        (place / "go").touch()
        events, told = batch.communicate(timeout=60.0)
    assert (batch.returncode, told) == (0, "")
    assert json.loads(events.splitlines()[-1])["made"] == 6
    assert {by for by, _ in at_it(place)} > {worker}  # another one made what it was at
    assert results(tmp_path / "there" / "b") == results(run_batch(file, tmp_path / "b").folder)
    assert not hidden(tmp_path / "there" / "b")


@pytest.mark.slow
def test_what_fails_there_is_told_as_if_it_had_failed_here_and_a_signal_ends_what_is_under_way(
    tmp_path: Path,
) -> None:
    file, place = waiting(tmp_path)
    (tmp_path / "jobs" / "kills.py").write_text(
        "import os\ndef strategy(history):\n    os.kill(os.getpid(), 9)\n"
    )
    fails = tmp_path / "jobs" / "fails.toml"
    fails.write_text(file.read_text().replace("waits.py", "broken.py").replace("trends", "kills"))
    with dask(tmp_path / "dask", 1) as (address, (_, worker)):
        failed = done(fails, "--out", tmp_path / "f", "--cluster", address)
        assert failed.returncode == 1
        assert "2 made, 0 skipped, 4 failed" in failed.stdout
        error = "strategy 'broken' on 2021-02-01, broken.py line 4: ValueError: no idea"
        assert failed.stderr.count(error) == 2
        assert failed.stderr.count("its process was ended by SIGKILL") == 2
        (log, _) = sorted((tmp_path / "f" / "logs").iterdir())
        assert log.read_text().startswith("about to fail\nTraceback")
        assert worker.poll() is None

        batch = subprocess.Popen(
            command(file, "--out", tmp_path / "b", "--cluster", address),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(lambda: bool(at_it(place)), 90.0)
        batch.terminate()
        _, told = batch.communicate()
        assert (batch.returncode, told) == (143, "marketsim: stopped by SIGTERM\n")
        ((_, process),) = at_it(place)
        until(lambda: not is_alive(process))
        assert worker.poll() is None
    assert not hidden(tmp_path / "b")
    states = {entry["state"] for entry in json.loads((tmp_path / "b/status.json").read_text())}
    assert states == {"interrupted", "waiting"}


@pytest.mark.slow
def test_a_cluster_that_is_not_there_or_not_any_more_is_a_line_and_exit_code_75(
    file: Path, tmp_path: Path
) -> None:
    with dask(tmp_path / "dask", 0) as (address, (scheduler,)):
        batch = subprocess.Popen(
            command(file, "--out", tmp_path / "b", "--cluster", address),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert batch.stderr is not None
        assert f"the cluster at {address} has no worker; waiting for one" in batch.stderr.readline()
        scheduler.send_signal(signal.SIGKILL)
        out, told = batch.communicate(timeout=60.0)
    assert (batch.returncode, out) == (75, "")
    assert told.startswith(f"marketsim: the cluster at {address} went away; what is done is kept")
    assert len(told.splitlines()) == 1
    assert not hidden(tmp_path / "b")
    again = done(file, "--out", tmp_path / "b", "--cluster", address)
    assert (again.returncode, again.stdout) == (75, "")
    assert again.stderr.startswith(f"marketsim: no scheduler answers at {address}; start one")
    assert len(again.stderr.splitlines()) == 1


def test_what_is_wrong_with_the_call_is_said_before_anything_is_begun(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given, says in (
        ({"cluster": "here"}, "cluster 'here' is no address; write tcp://HOST:PORT"),
        ({"cluster": "tcp://a:1", "workers": 2}, "a cluster has workers of its own"),
    ):
        with pytest.raises(InputError, match=says):
            run_batch(file, tmp_path / "b", **given)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'marketsim\[distributed\]'"):
        run_batch(file, tmp_path / "b", cluster="tcp://127.0.0.1:1")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("versions", "numpy is [^;]* there, 1.0 here"),
        ("code", "marketsim's code not the same"),
        ("data", "its data not the same"),
    ],
)
def test_a_worker_that_would_make_another_job_makes_none_and_says_what_differs(
    part: str, says: str, file: Path, tmp_path: Path
) -> None:
    errand = {**errand_of(plan(read_jobs(file))[0]), "worker": "tcp://10.0.0.2:1", "inputs": "none"}
    other = {**errand["identity"]["versions"], "numpy": "1.0"} if part == "versions" else "other"
    errand["identity"] = {**errand["identity"], part: other}
    found = made(errand, tmp_path)
    assert found["files"] == {}
    assert not list(tmp_path.iterdir())
    with pytest.raises(AssertionError, match=f"the worker at tcp://10.0.0.2:1 differs: {says}; in"):
        raise AssertionError(found["error"])
