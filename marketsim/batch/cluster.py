"""Tasks made on a cluster of Dask: each travels with its strategy's source, facts and prices.

The folder stays with the caller: what a worker made comes back and is written here, whole, as if it
had been made here. Dask gives what a dead worker was at to another one.
"""

from __future__ import annotations

import logging
import pickle
import re
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from types import ModuleType
from typing import Any, Final

from marketsim.backtesting.loading import source_of
from marketsim.batch.executors import Event, Executor
from marketsim.batch.inputs import inputs_of
from marketsim.batch.job import Job
from marketsim.batch.logs import log_of
from marketsim.batch.making import Outcome
from marketsim.batch.planning import Task
from marketsim.errors import BusyError, InputError
from marketsim.folders import replace_folder
from marketsim.hands import X64, answered, kept

__all__ = ["clustered", "errand_of"]

PATIENCE: Final = 5.0
"""Seconds in which a scheduler has to answer."""

LOOKS: Final = 2.0
"""Seconds between looks at who works, while nothing is heard."""

HAND: Final = "marketsim.batch.hand"
"""What makes tasks there."""

INSTALLED: Final = "marketsim has to be installed where its scheduler and its workers run"

ADDRESS: Final = re.compile(r"(tcp|tls)://[^/\s]+:\d+")


def clustered(address: str) -> Executor:
    """Return what makes tasks on the workers of a cluster.

    Parameters
    ----------
    address
        Of its scheduler, as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    InputError
        Dask is not installed, or the address is none.
    BusyError
        From the executor: the scheduler is not there, or not any more.
    """
    if not ADDRESS.fullmatch(address):
        raise InputError(f"cluster '{address}' is no address; write tcp://HOST:PORT, or tls://")
    distributed = _distributed()

    def executor(tasks: Sequence[Task], folder: Path, logs: Path) -> Iterator[Event]:
        if not tasks:
            return
        with _client(distributed, address) as client:
            work = _Work(distributed, client, address)
            for task, told in work.through(tasks):
                yield task, None if told is None else _put(task, told, folder, logs)

    return executor


def errand_of(task: Task) -> dict[str, Any]:
    """Return a task as it travels: with the source of its strategy, and nothing of the caller's.

    Plain values but for the task itself, which is pickled: another marketsim may not know it.
    """
    import jax

    path = Path(source_of(task.job.strategy))
    return {
        "name": task.name,
        "identity": task.identity,
        "task": pickle.dumps(task),
        "strategy": (path.name, path.read_bytes()),
        "x64": bool(getattr(jax.config, X64)),
    }


class _Work:
    """Tasks under way on a cluster: as many as it has threads, so that each begins when it is sent.

    What many tasks read is sent once. Names are of this work alone: a cluster may remember.
    """

    def __init__(self, distributed: ModuleType, client: Any, address: str) -> None:
        self.distributed, self.client, self.address = distributed, client, address
        self.mark = token_hex(4)
        self.ended: SimpleQueue[Any] = SimpleQueue()
        self.tasks: dict[Any, Task] = {}
        self.sent: dict[object, Any] = {}
        self.room, self.looked, self.waits = 0, -LOOKS, False

    def through(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Mapping[str, Any] | None]]:
        """Yield each task as it is sent, with None, and as it ends, with what is told of it."""
        waiting = deque(tasks)
        while waiting or self.tasks:
            self._look()
            while waiting and len(self.tasks) < self.room:
                task = waiting.popleft()
                yield task, None
                try:
                    self._send(task)
                except OSError as error:  # of the strategy's file
                    yield task, {"name": task.name, "error": str(error)}
            try:
                future = self.ended.get(timeout=LOOKS)
            except Empty:
                continue
            task = self.tasks.pop(future.key)
            yield task, self._told(future)

    def _send(self, task: Task) -> None:
        future = self.client.submit(
            answered,
            HAND,
            errand_of(task),
            self._inputs(task.job),
            key=f"{task.name}-{self.mark}",
            pure=False,
        )
        self.tasks[future.key] = task
        future.add_done_callback(self.ended.put)

    def _inputs(self, job: Job) -> Any:
        """Return what a job reads, once on the cluster however many jobs read it."""
        name = (job.prices, job.facts, job.tickers, job.believe, job.scenarios)
        if name not in self.sent:
            key = f"inputs-{len(self.sent)}-{self.mark}"
            content = pickle.dumps(inputs_of(job))
            self.sent[name] = self.client.submit(kept, content, key=key, pure=False)
        return self.sent[name]

    def _look(self) -> None:
        """Look how many tasks the cluster can be at, and say once that it can be at none."""
        if time.monotonic() - self.looked < LOOKS:
            return
        self._require_scheduler()
        try:
            self.room = sum(self.client.nthreads().values())
        except (OSError, self.distributed.TimeoutError) as error:
            raise self._gone() from error
        self.looked = time.monotonic()
        if not self.room and not self.waits:
            says = f"has no worker; waiting for one (end with Ctrl-C). {INSTALLED}"
            print(f"marketsim: the cluster at {self.address} {says}", file=sys.stderr)
        self.waits = not self.room

    def _told(self, future: Any) -> Mapping[str, Any]:
        """Return what a worker tells of a task, or what is said where none could."""
        self._require_scheduler()
        if future.status == "finished":
            try:
                told: Mapping[str, Any] = future.result()
            except (OSError, self.distributed.CancelledError) as error:
                raise self._gone() from error
            return told
        return {"error": self._why(future)}

    def _why(self, future: Any) -> str:
        if future.status != "error":
            return "it was cancelled on the cluster"
        error = future.exception()
        if isinstance(error, self.distributed.scheduler.KilledWorker):
            times, last = error.allowed_failures + 1, error.last_worker.address
            return f"the workers that made it died, {times} of them; the last was {last}"
        says = " ".join(str(error).split()).partition(". ")[0]
        return f"the cluster cannot make it, {type(error).__name__}: {says}; {INSTALLED}"

    def _require_scheduler(self) -> None:
        if self.client.status != "running":
            raise self._gone()

    def _gone(self) -> BusyError:
        return BusyError(
            f"the cluster at {self.address} went away; what is done is kept: run it again"
        )


def _put(task: Task, told: Mapping[str, Any], folder: Path, logs: Path) -> Outcome:
    """Write what a worker made, and what it printed."""
    error, printed = told["error"], told.get("log")
    try:
        if printed:
            logs.mkdir(parents=True, exist_ok=True)
            log_of(logs, task).write_bytes(printed)
        if error is None:
            replace_folder(folder / task.name, told["files"])
    except OSError as found:
        error = str(found)
    return Outcome(task.name, told.get("seconds", 0.0), error, told.get("trace", ""))


def _distributed() -> ModuleType:
    try:
        import distributed
    except ImportError as error:
        raise InputError(
            f"a cluster takes Dask, which is not installed ({error}); "
            "pip install 'marketsim[distributed]'"
        ) from error
    found: ModuleType = distributed
    return found


@contextmanager
def _client(distributed: ModuleType, address: str) -> Iterator[Any]:
    """Connect to a scheduler; whatever is under way when this is left is not wanted any more."""
    import dask

    large = {"distributed.admin.large-graph-warning-threshold": "1 GiB"}
    with _silence("distributed"), dask.config.set(large):
        try:
            client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        except TypeError as error:
            raise InputError(
                f"cluster '{address}': Dask's configuration has no TLS: {error}"
            ) from error
        except (OSError, ValueError, distributed.TimeoutError) as error:
            raise BusyError(
                f"no scheduler answers at {address}; start one (dask scheduler), or give the "
                "address of one"
            ) from error
        try:
            yield client
        finally:
            client.close(timeout=PATIENCE)


@contextmanager
def _silence(name: str) -> Iterator[None]:
    """Keep a package's loggers silent: what goes wrong is said here, in a line."""
    known = [logging.getLogger(one) for one in logging.root.manager.loggerDict]
    levels = {log: log.level for log in known if log.name.split(".")[0] == name}
    for log in levels:
        log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for log, level in levels.items():
            log.setLevel(level)
