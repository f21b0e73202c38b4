"""How the command ends: by a signal in a line, and whether or not what it prints is heard."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, TextIO

__all__ = ["before_the_end", "ending_well"]

SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

PRINTED: Final = "standard output"

_LAST: Final[list[Callable[[], None]]] = []
"""What is put away first."""


def before_the_end(put_away: Callable[[], None]) -> None:
    """Have something put away when a signal ends the command."""
    _LAST.append(put_away)


@contextmanager
def ending_well() -> Iterator[None]:
    """End by a signal in a line, with 128 and its number; let nobody who stops listening end it.

    A signal that is ignored, as by nohup, stays so. Where standard output is full, an OSError that
    names it is raised once, and what follows goes nowhere.
    """
    stdout, handlers = sys.stdout, {}
    if stdout is sys.__stdout__ and isinstance(stdout, io.TextIOWrapper):
        sys.stdout = _heard(stdout)
    if threading.current_thread() is threading.main_thread():
        known = {one: signal.getsignal(one) for one in SIGNALS}
        handlers = {one: was for one, was in known.items() if was is not signal.SIG_IGN}
        for one in handlers:
            signal.signal(one, _end)
    try:
        yield
        sys.stdout.flush()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        sys.stdout = stdout
        for one, handler in handlers.items():
            signal.signal(one, handler)
        _LAST.clear()


def _end(number: int, frame: object) -> None:
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    for put_away in _LAST:
        put_away()
    os.write(2, f"marketsim: stopped by {signal.Signals(number).name}\n".encode())
    os._exit(128 + number)


class _Stream(io.FileIO):
    """What is printed; to nowhere once nobody listens, or there is no more room for it."""

    def write(self, content: Any) -> int:
        """Write to the stream, or to nowhere."""
        try:
            return super().write(content)
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            if error.errno == errno.EPIPE:
                return len(content)
            raise OSError(error.errno, error.strerror, PRINTED) from error


def _heard(stdout: io.TextIOWrapper) -> TextIO:
    """Return standard output as a stream that can do without a listener."""
    stdout.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Stream(stdout.fileno(), "w", closefd=False)),
        encoding=stdout.encoding,
        errors=stdout.errors,
        line_buffering=stdout.line_buffering,
        write_through=stdout.write_through,
    )
