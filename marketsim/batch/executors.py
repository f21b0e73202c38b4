"""Who makes tasks: this process, one after the other, or several processes side by side.

Processes are spawned, never forked: threads of JAX do not survive a fork. One that dies takes its
own task with it and no other, and all die with this one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Thread
from typing import Final

from marketsim.batch.logs import log_of, printing_to
from marketsim.batch.making import Outcome, make
from marketsim.batch.planning import Task
from marketsim.hands import X64, died
from marketsim.precision import processors
from marketsim.provenance import float64

__all__ = ["Event", "Executor", "serial", "spawned", "stop"]

Event = tuple[Task, Outcome | None]
"""A task that is begun (None), or how it ended."""

Executor = Callable[[Sequence[Task], Path, Path], Iterator[Event]]
"""Of tasks, the folder of their folders and that of what they print."""

PATIENCE: Final = 5.0
"""Seconds that a process has to put its things away."""


def serial(tasks: Sequence[Task], folder: Path, logs: Path) -> Iterator[Event]:
    """Make tasks in this process, one after the other."""
    for task in tasks:
        yield task, None
        outcome = make(task, folder)
        if outcome.trace:
            logs.mkdir(parents=True, exist_ok=True)
            log_of(logs, task).write_text(outcome.trace, encoding="utf-8")
        yield task, outcome


def spawned(workers: int) -> Executor:
    """Return what makes tasks in so many processes of their own."""

    def executor(tasks: Sequence[Task], folder: Path, logs: Path) -> Iterator[Event]:
        logs.mkdir(parents=True, exist_ok=True)
        threads = max(1, processors() // workers)
        waiting, crew = deque(tasks), list[_Hand]()
        try:
            while waiting or any(hand.task for hand in crew):
                if waiting and len(crew) < min(workers, len(tasks)):
                    crew.append(_hand(folder, logs, threads))
                for hand in crew:
                    if waiting and hand.task is None:
                        yield hand.given(waiting.popleft()), None
                if waiting and len(crew) < workers:
                    continue
                yield from _ended(crew)
        finally:
            for hand in crew:
                hand.connection.close()  # which sends home those that have nothing to do
            for hand in crew:
                hand.process.join(PATIENCE if hand.task is None else 0.0)
            stop()

    return executor


@dataclass
class _Hand:
    """A process, the way to it, and the task that it is at."""

    process: SpawnProcess
    connection: Connection
    task: Task | None = None

    def given(self, task: Task) -> Task:
        self.task = task
        with suppress(OSError):  # it died meanwhile: that is met where its answer is awaited
            self.connection.send(task)
        return task


def _hand(folder: Path, logs: Path, threads: int) -> _Hand:
    context = multiprocessing.get_context("spawn")
    mine, its = context.Pipe()
    process = context.Process(
        target=_work, args=(its, folder, logs, threads, float64()), daemon=True
    )
    with _interrupts_held():
        process.start()
    its.close()
    return _Hand(process, mine)


def _ended(crew: list[_Hand]) -> Iterator[Event]:
    """Wait for some tasks to end, and yield them; hands that died are let go."""
    busy = {hand.connection: hand for hand in crew if hand.task}
    for ready in wait(list(busy)):
        hand = busy[ready]  # type: ignore[index]
        task, hand.task = hand.task, None
        assert task is not None
        try:
            yield task, hand.connection.recv()
        except (EOFError, OSError):
            hand.process.join(PATIENCE)
            crew.remove(hand)
            yield task, Outcome(task.name, 0.0, died(hand.process.exitcode))


def stop() -> None:
    """End all processes that were started here; they put away what they were at."""
    children = multiprocessing.active_children()
    for process in children:
        process.terminate()
    for process in children:
        process.join(PATIENCE)
        if process.is_alive():
            process.kill()
            process.join(PATIENCE)


class _Stopped(BaseException):
    """Raised in a process that is asked to end; nothing that a strategy catches."""


def _work(connection: Connection, folder: Path, logs: Path, threads: int, precise: bool) -> None:
    """Make tasks as they come, until there is nobody who sends them."""
    os.environ["JAX_ENABLE_X64"] = str(int(precise))
    if (jax := sys.modules.get("jax")) is not None:
        jax.config.update(X64, precise)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the process that started this one
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        signal.signal(signal.SIGTERM, _raise)
        while True:
            task = connection.recv()
            with printing_to(log_of(logs, task)):
                outcome = make(task, folder, threads, ends=(_Stopped,))
                print(outcome.trace, end="", file=sys.stderr)
            connection.send(outcome)
    except (EOFError, OSError, _Stopped):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is ending


def _raise(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Start a process that no Ctrl-C of the terminal reaches, not even while it imports."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # it would let them through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
