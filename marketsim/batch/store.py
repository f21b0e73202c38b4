"""The folder of a batch: its tasks' folders, what became of each, and who is at it."""

from __future__ import annotations

import errno
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import filelock

from marketsim.batch.planning import Task
from marketsim.errors import BusyError, InputError
from marketsim.files import check_file, replace_file
from marketsim.folders import clear_leftovers, sound_record

__all__ = [
    "JOBS",
    "LOGS",
    "Status",
    "check_batch_folder",
    "check_no_batch",
    "clear",
    "finished",
    "let_go",
    "locked",
]

JOBS: Final = "jobs"
LOGS: Final = "logs"
STATUS: Final = "status.json"
HOLDER: Final = "lock.json"
LOCK: Final = ".lock"
OWN: Final = (JOBS, STATUS, HOLDER)
"""Any of these says that a folder is of a batch."""


def check_batch_folder(folder: Path) -> None:
    """Refuse a folder that holds something else than a batch.

    Raises
    ------
    OSError
        It is a file, or holds what no batch wrote; `strerror` says what would be right.
    """
    if folder.exists() and not folder.is_dir():
        raise OSError(errno.ENOTDIR, "is a file; name a folder", str(folder))
    check_file(folder / STATUS)
    if not folder.is_dir():
        return
    held = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    if held and not set(OWN) & set(held):
        says = f"holds {held[0]}, which no batch wrote; name a new folder"
        raise OSError(errno.ENOTEMPTY, says, str(folder))


def check_no_batch(folder: Path) -> None:
    """Refuse a batch where a run or a backtest is asked for.

    Raises
    ------
    InputError
        It is one, whose jobs are backtests.
    """
    if (folder / JOBS).is_dir() and (folder / STATUS).is_file():
        raise InputError(f"'{folder}' is a batch; compare its jobs, {folder / JOBS}/*")


def finished(folder: Path, task: Task) -> dict[str, Any] | None:
    """Return the record of a task that is done, whose files are as it says; else None."""
    record = sound_record(folder / JOBS / task.name)
    return record if record is not None and record.get("job") == task.identity else None


def clear(folder: Path) -> None:
    """Remove what a batch that was broken off left unfinished; its lock must be held."""
    for place in (folder, folder / JOBS):
        clear_leftovers(place, alone=True)
    for place in (folder / JOBS).glob("*/"):
        clear_leftovers(place, alone=True)


@contextmanager
def locked(folder: Path) -> Iterator[str]:
    """Hold a batch's folder; `lock.json` says who does. The dead hold nothing.

    Yields
    ------
    str
        Who held it and ended without letting go; nothing where nobody did.

    Raises
    ------
    BusyError
        A living process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        who = _holder(folder) or "a process that is just beginning"
        raise BusyError(f"{folder} is held by {who}; try again when it has ended") from error
    try:
        former = _holder(folder)
        told = {"pid": os.getpid(), "host": platform.node(), "since": _now()}
        replace_file(folder / HOLDER, (json.dumps(told) + "\n").encode())
        yield former
    finally:
        let_go(folder)
        lock.release()


def let_go(folder: Path) -> None:
    """Remove what says who holds a folder."""
    with suppress(OSError):
        (folder / HOLDER).unlink(missing_ok=True)


def _holder(folder: Path) -> str:
    try:
        told = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f"process {told['pid']} on {told['host']} since {told['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class Status:
    """What became of each task, kept in status.json from one event to the next.

    States are `waiting`, `running`, `done`, `skipped` (it was done before), `failed`, `early` (the
    closes of its period are not all there yet) and `interrupted`.
    """

    def __init__(self, folder: Path, tasks: Sequence[Task]) -> None:
        self.folder = folder
        self.entries: dict[str, dict[str, Any]] = {
            task.name: {"job": task.name, "state": "waiting", **task.job.settings()}
            for task in tasks
        }

    def of(self, state: str) -> list[str]:
        """Return the names of the tasks in a state."""
        return [name for name, entry in self.entries.items() if entry["state"] == state]

    def set(self, name: str, state: str, **more: Any) -> Mapping[str, Any]:
        """Change what became of a task, and return all that is said of it."""
        self.entries[name] |= {"state": state, "at": _now(), **more}
        return self.entries[name]

    def write(self) -> None:
        """Write status.json."""
        text = json.dumps(list(self.entries.values()), indent=1) + "\n"
        replace_file(self.folder / STATUS, text.encode())

    def interrupt(self) -> None:
        """Write that what was running is not any more."""
        for name in self.of("running"):
            self.set(name, "interrupted")
        with suppress(OSError):
            self.write()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
