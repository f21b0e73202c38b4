"""A process that makes tasks for a worker of a cluster: errands come in, what was made goes out.

It reads nothing of the caller's: a strategy's source, facts and prices come with the errand. What
does not come, marketsim's code and data and what it computes with, has to be the caller's.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO, Final

from marketsim.batch.inputs import Inputs
from marketsim.batch.logs import log_of, printing_to
from marketsim.batch.making import Outcome, make
from marketsim.batch.planning import Task, surroundings
from marketsim.files import RECORD
from marketsim.hands import FAILED, X64

__all__ = ["differences", "made", "main"]

ANEW: Final = "install the caller's there, and start the worker anew"


def made(errand: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """Make a task in a folder, and return how it ended with its files, the record last.

    Plain values, which any version of marketsim can read.

    Parameters
    ----------
    errand
        From :func:`marketsim.batch.cluster.errand_of`, and who makes it: the ``worker``, and the
        file of its ``inputs``.
    place
        An empty folder.
    """
    if differs := differences(errand["identity"]):
        says = f"the worker at {errand['worker']} differs: {'; '.join(differs)}; {ANEW}"
        return {**FAILED, "name": errand["name"], "error": says}
    import jax

    jax.config.update(X64, errand["x64"])  # type: ignore[no-untyped-call]
    task: Task = pickle.loads(errand["task"])
    name, source = errand["strategy"]
    (place / name).write_bytes(source)
    task = replace(task, job=replace(task.job, strategy=str(place / name)))
    with printing_to(log_of(place, task)):
        outcome = make(task, place / "jobs", 1, _inputs(errand["inputs"]), ends=())
        print(outcome.trace, end="", file=sys.stderr)
    return _told(outcome, place / "jobs" / task.name, log_of(place, task))


def differences(identity: Mapping[str, Any]) -> list[str]:
    """Return in what this marketsim differs from the one that planned a task."""
    here, there = surroundings(), identity
    found = [
        f"{package} is {here['versions'].get(package, 'not known')} there, {version} here"
        for package, version in there["versions"].items()
        if here["versions"].get(package) != version
    ]
    for part, says in (("code", "marketsim's code"), ("data", "its data")):
        if here[part] != there[part]:
            found.append(f"{says} not the same")
    return found


@lru_cache(maxsize=8)
def _inputs(path: str) -> Inputs:
    found: Inputs = pickle.loads(Path(path).read_bytes())
    return found


def _told(outcome: Outcome, folder: Path, log: Path) -> dict[str, Any]:
    files = {}
    if outcome.error is None:
        names = sorted((file.name for file in folder.iterdir()), key=lambda name: name == RECORD)
        files = {name: (folder / name).read_bytes() for name in names}
    printed = log.read_bytes() if log.exists() else b""
    return {**asdict(outcome), "log": printed, "files": files}


def main() -> None:
    """Answer errands on standard input, one after the other; end when nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is for the worker
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a strategy prints is no answer
    errands: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
    Thread(target=_listen, args=(asked, errands), daemon=True).start()
    while True:
        errand = errands.get()
        pickle.dump(made(errand, Path(errand["place"])), answers)
        answers.flush()


def _listen(asked: BinaryIO, errands: SimpleQueue[Mapping[str, Any]]) -> None:
    """Take errands as they come; where the worker is gone, nobody waits for what is under way."""
    with suppress(EOFError, OSError):
        while True:
            errands.put(pickle.load(asked))
    os._exit(1)


if __name__ == "__main__":
    main()
