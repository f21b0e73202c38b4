"""In a worker of a cluster: processes of their own do what it is asked, one for each thread it has.

So what takes its process along takes no worker and nothing else that is done there; what is printed
is told apart; and what nobody waits for any more is ended, which no thread can be. They are started
anew, never forked, and end with the worker. Worker and scheduler import this module alone, which
takes a moment: JAX and the rest start in those processes.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Final

from marketsim.files import replace_file

__all__ = ["FAILED", "X64", "answered", "died", "kept"]

X64: Final = "jax_enable_x64"
"""Of JAX: whether what is said of no precision is in float64. It travels, a strategy may use it."""

FAILED: Final = {"seconds": 0.0, "trace": "", "log": b"", "files": {}}
"""What is told where nothing was made, beside name and error."""

LOOKS: Final = 0.5
"""Seconds between looks at whether a task is still wanted."""

_idle: Final[list[_Hand]] = []  # of this worker, whatever its threads


def kept(content: bytes) -> bytes:
    """Return what many tasks take: a task itself, so that it outlives the workers that hold it."""
    return content


def answered(module: str, errand: Mapping[str, Any], inputs: bytes) -> dict[str, Any]:
    """Have an errand done on this worker, and return what comes of it.

    Parameters
    ----------
    module
        Run by the process, which reads errands from its standard input and answers on its output,
        all pickled.
    errand
        Plain values, ``name`` among them. The process is told its ``worker``, too, the file of
        ``inputs``, and an empty folder as ``place``, which goes when it is done.
    inputs
        What many errands take.
    """
    from distributed import get_worker

    worker = get_worker()
    scratch, key = Path(worker.local_directory), worker.get_current_task()
    file = scratch / f"inputs-{sha256(inputs).hexdigest()}"
    if not file.exists():
        replace_file(file, inputs, durable=False)
    with TemporaryDirectory(prefix="job-", dir=scratch, ignore_cleanup_errors=True) as place:
        hand = _Hand.ready(module)
        whole = {**errand, "worker": worker.address, "inputs": str(file), "place": place}
        found = hand.asked(whole, lambda: _wanted(worker, key))
    if found is not None:
        return found
    return {**FAILED, "name": errand["name"], "error": died(hand.process.wait())}


def _wanted(worker: Any, key: Any) -> bool:
    """Whether anybody waits for a task that this worker is at."""
    state = worker.state.tasks.get(key)
    return state is not None and state.state not in ("cancelled", "released", "forgotten")


def died(code: int | None) -> str:
    """Return what is said of a process that ended before it was done."""
    if code is not None and code < 0:
        hint = " (out of memory?)" if -code == getattr(signal, "SIGKILL", 9) else ""
        return f"its process was ended by {signal.Signals(-code).name}{hint}"
    return f"its process ended with exit code {code} before it was done"


class _Hand:
    """A process that runs a module, and the answers it gives."""

    def __init__(self, module: str) -> None:
        self.module = module
        paths = os.pathsep.join(path for path in sys.path if path)
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths},
        )
        self.answers: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        Thread(target=self._listen, daemon=True).start()

    @classmethod
    def ready(cls, module: str) -> _Hand:
        """Return one that is at nothing, and that lives."""
        while True:
            try:
                hand = _idle.pop()
            except IndexError:
                return cls(module)
            if hand.process.poll() is None and hand.module == module:
                return hand

    def asked(self, errand: Mapping[str, Any], wanted: Callable[[], bool]) -> dict[str, Any] | None:
        """Return what is made of an errand; nothing where the process ended before it was done.

        It is ended where the errand is not wanted any more.
        """
        assert self.process.stdin is not None
        with suppress(OSError):  # it ended meanwhile: that is met where its answer is awaited
            pickle.dump(errand, self.process.stdin)
            self.process.stdin.flush()
        while True:
            try:
                answer = self.answers.get(timeout=LOOKS)
            except Empty:
                if not wanted():
                    self.process.kill()
            else:
                if answer is not None:
                    _idle.append(self)
                return answer

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            while True:
                self.answers.put(pickle.load(self.process.stdout))
        self.answers.put(None)
