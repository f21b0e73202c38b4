"""What a strategy reaches for while it decides: files, the network, processes, the engine itself.

Python tells hooks of such events (PEP 578). Whose they are is read off the stack: of the strategy's
file and marketsim's, the one that is nearer to the event.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, Final

from marketsim import resources
from marketsim.backtesting.readers import SHOWN, only_writes

__all__ = ["Reach", "belongs", "watched"]

NETWORK: Final = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
PROCESSES: Final = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork")
ENGINE: Final = (
    "sys._getframe",
    "sys._current_frames",
    "gc.get_objects",
    "gc.get_referrers",
    "gc.get_referents",
    "sys.setprofile",
    "sys.settrace",
)
FILES: Final = ("open", "sqlite3.connect", "os.listdir", "os.scandir")

THROUGH: Final = ("inspect",)
"""Modules that look at frames for whoever asks them to."""


@dataclass(frozen=True)
class Reach:
    """One thing that was reached for: its ``kind``, in words ``what``, and the strategy's line."""

    kind: str
    what: str
    line: int | None


@dataclass
class _Watch:
    source: str
    found: list[Reach] = field(default_factory=list)


_WATCH: Final[list[_Watch]] = []
"""Whom is watched, in every thread: an audit decides on one date at a time."""

_BUSY: Final = threading.local()
"""Whether this thread is looking at an event: what is done for that is nobody's."""


@contextmanager
def watched(source: str) -> Iterator[list[Reach]]:
    """Collect what the code of a file reaches for, and what is reached for on its behalf.

    Parameters
    ----------
    source : str
        The file, as its code objects name it.
    """
    _hook()
    watch = _Watch(source)
    _WATCH.append(watch)
    try:
        yield watch.found
    finally:
        _WATCH.remove(watch)


@cache
def _hook() -> None:
    sys.addaudithook(_heard)  # for good: Python has no way to take one out


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _WATCH or getattr(_BUSY, "looking", False):
        return
    _BUSY.looking = True
    try:
        watch = _WATCH[-1]
        reach = _reach(event, arguments, watch.source)
        if reach is not None and reach not in watch.found:
            watch.found.append(reach)
    finally:
        _BUSY.looking = False


def _reach(event: str, arguments: tuple[Any, ...], source: str) -> Reach | None:
    if event in ENGINE:
        return _engine(event, source)
    if event not in (*NETWORK, *PROCESSES, *FILES):
        return None
    frames = list(_frames(sys._getframe(2)))
    line = next((frame.f_lineno for frame in frames if _file(frame) == source), None)
    if line is None and not _of_a_thread(frames):
        return None
    if event in NETWORK:
        return Reach("network", f"asks the network ({_told(arguments)})", line)
    mine = line is None or _nearest(frames, source) == source
    if event in PROCESSES:
        return Reach("process", f"starts {_told(arguments)}", line) if mine else None
    path = _path(arguments)
    mode = arguments[1] if len(arguments) > 1 else None
    if path is None or belongs(path) or _importing(frames[0], path) or only_writes(mode):
        return None
    if mine or (_shipped(path) and not any(f.f_code.co_name in SHOWN for f in frames)):
        return Reach("file", f"reads {path}", line)
    return None


def _engine(event: str, source: str) -> Reach | None:
    """Return whether the strategy itself asked for frames or objects of others."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None and frame.f_globals.get("__name__") in THROUGH:
        frame = frame.f_back
    if frame is None or _file(frame) != source:
        return None
    return Reach("engine", f"looks into the engine ({event})", frame.f_lineno)


def _of_a_thread(frames: list[FrameType]) -> bool:
    """Return whether a thread that the strategy may have begun is at it, and not marketsim's."""
    package = str(resources.PACKAGE) + os.sep
    begun = threading.current_thread() is not threading.main_thread()
    return begun and not any(_file(frame).startswith(package) for frame in frames)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename


def _nearest(frames: list[FrameType], source: str) -> str:
    """Return whose event it is: the file's, or marketsim's."""
    package = str(resources.PACKAGE) + os.sep
    for frame in frames:
        if _file(frame) == source or _file(frame).startswith(package):
            return _file(frame)
    return ""


def _importing(frame: FrameType, path: str) -> bool:
    """Return whether Python looks for a module, which is no reading of data."""
    looks = str(frame.f_globals.get("__name__", "")).startswith(("importlib", "pkgutil"))
    data = Path(path).is_file() and not path.endswith((".py", ".pyc", ".so", ".pyd", "METADATA"))
    return "__editable__" in path or (looks and not data)


def _path(arguments: tuple[Any, ...]) -> str | None:
    """Return the path of an event; a descriptor is of a file that was opened by its path."""
    if not arguments or not isinstance(arguments[0], str | bytes | os.PathLike):
        return None
    return str(Path(os.fsdecode(arguments[0])).resolve())


def belongs(path: str) -> bool:
    """Return whether a path belongs to Python, its packages or the system."""
    return any(path == one or path.startswith(one.rstrip(os.sep) + os.sep) for one in _places())


@cache
def _places() -> tuple[str, ...]:
    own = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
    system = (
        "/proc",
        "/sys",
        "/dev/null",
        "/dev/urandom",
        "/etc",
        "/usr/share/zoneinfo",
        "/usr/lib",
    )
    return tuple(str(Path(one).resolve()) for one in (*own, *system) if len(one) > 1)


def _shipped(path: str) -> bool:
    """Return whether a path is a table of facts or prices that ships."""
    data = resources.folder("data")
    return any(Path(path).is_relative_to(data / part) for part in ("facts", "prices"))


def _told(arguments: tuple[Any, ...]) -> str:
    shown = [str(one) for one in arguments if isinstance(one, str | bytes | tuple | list | int)]
    return ", ".join(shown)[:80]
