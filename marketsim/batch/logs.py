"""What jobs print: a file for each, which is there only if there was something."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marketsim.batch.planning import Task

__all__ = ["log_of", "printing_to"]


def log_of(logs: Path, task: Task) -> Path:
    """Return where it is kept what a task prints."""
    return logs / f"{task.name}.log"


@contextmanager
def printing_to(path: Path) -> Iterator[None]:
    """Send what is printed here to a file, which goes where nothing was."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, own in enumerate(kept, 1):
            os.dup2(own, number)
            os.close(own)
        if not path.stat().st_size:
            path.unlink()
