"""A batch from its file to its summary: skip what is done, make the rest, keep what happened."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from marketsim.batch.cluster import clustered
from marketsim.batch.executors import Executor, serial, spawned
from marketsim.batch.making import Outcome
from marketsim.batch.planning import Task, plan
from marketsim.batch.reading import read_jobs
from marketsim.batch.store import JOBS, LOGS, Status, check_batch_folder, clear, finished, locked
from marketsim.batch.summary import summarise, summary_table
from marketsim.errors import InputError

__all__ = ["Batch", "folder_of", "run_batch"]

CALL_LASTS: Final = 60.0
"""Seconds that a call on failure may take."""

Tell = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch that has been gone through.

    Attributes
    ----------
    folder
        With `jobs`, `status.json`, and `summary` as CSV, Parquet and page.
    table
        A row for each job: see `summary_table`.
    made, skipped, failed, early
        Names of jobs made now, done before, failed, and put off until the closes of their period
        are there.
    """

    folder: Path
    table: pd.DataFrame
    made: tuple[str, ...]
    skipped: tuple[str, ...]
    failed: tuple[str, ...]
    early: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"Batch({str(self.folder)!r}, {len(self.made)} made, {len(self.skipped)} skipped, "
            f"{len(self.failed)} failed"
            f"{f', {len(self.early)} early' if self.early else ''})"
        )


def run_batch(
    jobs: Path | str,
    out: Path | str | None = None,
    *,
    workers: int | None = None,
    cluster: str | None = None,
    on_failure: str | None = None,
    tell: Tell = lambda event: None,
    began: Callable[[Status], None] = lambda status: None,
) -> Batch:
    """Go through a file of jobs; what is done already is skipped.

    Parameters
    ----------
    jobs
        The file: see `read_jobs`.
    out
        The batch's folder; by default `runs/` and the name of the file.
    workers
        Processes that make jobs side by side, spawned; by default this one makes them in turn.
        A script that gives some has to guard what it does by `if __name__ == "__main__":`.
    cluster
        Address of a scheduler of Dask, as `tcp://10.0.0.1:8786`, whose workers make jobs instead.
    on_failure
        A command line for the shell, run for each job that fails, with what is said of it as JSON
        on its standard input.
    tell
        Called with what is said of a job whenever that changes.
    began
        Called once with the status, when the folder is held.

    Raises
    ------
    DataError, InputError
        The file has faults, or asks for what prices or facts do not have; nothing was begun.
    BusyError
        A living process is at this batch, the source of prices cannot be reached, or the cluster is
        not there, or not any more; what was done by then is kept.
    OSError
        The folder holds something else, or cannot be written.
    """
    executor = _executor(workers, cluster)
    folder = folder_of(jobs, out)
    check_batch_folder(folder)
    tasks = plan(read_jobs(jobs))
    with locked(folder) as former:
        if former:
            print(f"marketsim: took over from {former}, which ended early", file=sys.stderr)
        status = Status(folder, tasks)
        began(status)
        clear(folder)
        ripe = [task for task in tasks if not _put_off(task, status, tell)]
        left = [task for task in ripe if not _skip(folder, task, status, tell)]
        status.write()
        try:
            made = _made(folder, left, executor, status, on_failure, tell)
        except BaseException:
            status.interrupt()
            raise
        failed, early = status.of("failed"), status.of("early")
        errors = {name: str(status.entries[name]["error"]) for name in (*failed, *early)}
        table = summary_table(folder, tasks, errors)
        summarise(folder, table)
    return Batch(folder, table, made, *map(tuple, (status.of("skipped"), failed, early)))


def _executor(workers: int | None, cluster: str | None) -> Executor:
    if workers is not None and cluster is not None:
        raise InputError(
            f"workers={workers} and cluster='{cluster}': a cluster has workers of its own; "
            "give one of the two"
        )
    if cluster is not None:
        return clustered(cluster)
    if workers is None:
        return serial
    if workers < 1:
        raise InputError(f"workers={workers} is no number of processes; give 1 or more")
    return spawned(workers)


def folder_of(jobs: Path | str, out: Path | str | None) -> Path:
    """Return the folder of a batch: by default `runs/` and the name of its file."""
    return Path("runs") / Path(jobs).stem if out is None else Path(out).expanduser()


def _put_off(task: Task, status: Status, tell: Tell) -> bool:
    if task.early:
        tell(status.set(task.name, "early", error=task.early))
    return bool(task.early)


def _skip(folder: Path, task: Task, status: Status, tell: Tell) -> bool:
    if finished(folder, task) is None:
        return False
    tell(status.set(task.name, "skipped"))
    return True


def _made(
    folder: Path,
    tasks: list[Task],
    executor: Executor,
    status: Status,
    on_failure: str | None,
    tell: Tell,
) -> tuple[str, ...]:
    """Make tasks, and return the names of those that are done."""
    done: list[str] = []
    for task, outcome in executor(tasks, folder / JOBS, folder / LOGS):
        entry = _noted(task, outcome, status)
        status.write()
        tell(entry)
        if outcome is not None and outcome.error is None:
            done.append(task.name)
        elif outcome is not None and on_failure is not None:
            call(on_failure, entry)
    return tuple(done)


def _noted(task: Task, outcome: Outcome | None, status: Status) -> Mapping[str, Any]:
    if outcome is None:
        return status.set(task.name, "running")
    if outcome.error is None:
        return status.set(task.name, "done", seconds=outcome.seconds)
    return status.set(task.name, "failed", seconds=outcome.seconds, error=outcome.error)


def call(command: str, entry: Mapping[str, Any]) -> None:
    """Run a command line with what is said of a job on its standard input; never raises."""
    try:
        done = subprocess.run(
            command,
            shell=True,
            input=json.dumps(entry) + "\n",
            text=True,
            stdout=sys.stderr.fileno(),
            timeout=CALL_LASTS,
            check=False,
        )
        why = f"exit code {done.returncode}" if done.returncode else ""
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        why = str(error)
    if why:
        print(f"marketsim: the call on failure failed itself: {why}", file=sys.stderr)
