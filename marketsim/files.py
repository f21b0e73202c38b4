"""Files of the user: where they are kept, and written so that nothing of theirs is ever lost.

A file is written whole or not at all, beside itself, and takes the place of the old one at the end.
A link is followed, permissions stay, and what is no ordinary file is left alone, as is a folder
that holds something else.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

__all__ = [
    "MARKS",
    "RECORD",
    "REPORT",
    "cache_folder",
    "check_file",
    "check_folder",
    "replace_file",
    "safe_name",
]

RECORD: Final = "run.json"
"""Of a run or a backtest: what it was given, what it came to, and the digests of its files."""

REPORT: Final = "report.html"

MARKS: Final = (RECORD, "stress.json")
"""What a folder holds that a run, a backtest or a stress test has written."""

STREAMS: Final = tuple(Path("/dev") / name for name in ("stdin", "stdout", "stderr"))
FOLDERS_OF_STREAMS: Final = (Path("/dev/fd"), Path("/proc"))

LONGEST: Final = 40
"""Letters of a text that the name of a file shows."""


def safe_name(text: str) -> str:
    """A file's name for any text: it says the text to people, and its digest keeps two apart.

    Neither separators nor dots are left, no device of Windows is called so, and texts that
    differ in case alone differ on a disk that does not tell case.
    """
    shown = re.sub(r"[^A-Za-z0-9]", "_", text)[:LONGEST]
    return f"{shown}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def cache_folder(cache: Path | str | None = None) -> Path:
    """The argument, else the environment's MARKETSIM_CACHE, else the user's cache folder."""
    chosen = cache or os.environ.get("MARKETSIM_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("marketsim", False)


def check_file(path: Path | None, read: Iterable[Path | None] = ()) -> None:
    """Refuse a path that a table cannot or should not be written to, before it is made.

    Parameters
    ----------
    path : Path or None
        The file, which need not be there; None is sound.
    read : iterable of Path
        Files that are read for it, none of which it may be.

    Raises
    ------
    OSError
        It is a folder, a device, a pipe or a socket, may not be written, is among those read, or
        lies below a file; `strerror` says what would be right.
    """
    if path is None:
        return
    target = _target(path)
    if target.exists() and not os.access(target, os.W_OK):
        raise _error(errno.EACCES, path, "may not be written; name another file")
    for source in read:
        if source is not None and target.exists() and source.exists() and target.samefile(source):
            raise _error(errno.EEXIST, path, "is read for this, too; name another file")
    _check_above(target)


def check_folder(path: Path | None) -> None:
    """Refuse a folder for results that holds something else, or is none.

    Raises
    ------
    OSError
        It is a file, lies below one, or holds what no run, backtest or stress test wrote;
        `strerror` says what would be right.
    """
    if path is None:
        return
    if path.exists() and not path.is_dir():
        raise _error(errno.ENOTDIR, path, "is a file; name a folder")
    if path.is_dir():
        held = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
        broken_off = any(path.glob(".*.part/"))  # while results were changing over
        if held and not set(MARKS) & set(held) and not broken_off:
            more = f" and {len(held) - 1} more" if len(held) > 1 else ""
            says = f"holds {held[0]}{more}, which no finished run wrote; name a new folder"
            raise _error(errno.ENOTEMPTY, path, says)
    _check_above(path)


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file whole or not at all: temporary neighbour, fsync, replace.

    Parameters
    ----------
    path : Path
        The file; its folder is made where missing. Where it is a link, what it points to is
        replaced, and the permissions of what stood there stay.
    content : bytes
        All of it.
    durable : bool
        Whether it is on the disk when this returns. What can be made again need not be: after a
        loss of power it may be empty.

    Raises
    ------
    OSError
        The folder cannot be written, or the path is no ordinary file. A file that stood there
        before still stands.
    """
    target = _target(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    name = f".{target.name[:200]}.{secrets.token_hex(4)}.part"
    part = target.parent / name
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if target.exists():
            part.chmod(stat.S_IMODE(target.stat().st_mode))
        part.replace(target)
    except BaseException as error:
        part.unlink(missing_ok=True)
        # A full disk does not say which file it is about.
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _target(path: Path) -> Path:
    """The file that a path leads to, through links; refused where it is none."""
    if _of_a_process(path):  # which may lead to a file that takes what is printed
        raise _error(errno.EINVAL, path, "is a stream of this process; name an ordinary file")
    try:
        target = path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError):  # a loop, by either name
        raise _error(errno.ELOOP, path, "is a link that leads to itself; name a file") from None
    if target.is_symlink():
        raise _error(errno.ELOOP, path, "is a link that leads to itself; name a file")
    if target.is_dir():
        raise _error(errno.EISDIR, path, "is a folder; name a file in it")
    if target.exists() and not target.is_file():
        raise _error(errno.EINVAL, path, "is a device, pipe or socket; name an ordinary file")
    return target


def _of_a_process(path: Path) -> bool:
    """Whether a path is that of a stream, as /dev/stdout and /dev/fd/1 are, wherever it leads."""
    place = path.absolute()
    return place in STREAMS or any(above in FOLDERS_OF_STREAMS for above in place.parents)


def _check_above(path: Path) -> None:
    """Refuse a path below something that is no folder."""
    above = next((one for one in path.absolute().parents if one.exists()), None)
    if above is not None and not above.is_dir():
        raise _error(errno.ENOTDIR, path, f"lies below {above}, which is a file; name another")
    if above is not None and not os.access(above, os.W_OK):
        raise _error(errno.EACCES, path, f"lies in {above}, which may not be written; name another")


def _error(number: int, path: Path, says: str) -> OSError:
    return OSError(number, says, str(path))
