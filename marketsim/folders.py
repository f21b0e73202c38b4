"""Folders of results, which change over as a whole: tables of one run never stand beside another's.

What is written is made in a hidden folder first. A new folder is renamed into place. In one that is
there already the old record goes first and the new one comes last, so that a folder with a record
is whole whenever the process ends; files of the user beside them stay where they are.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from marketsim.files import MARKS, RECORD, REPORT

__all__ = ["clear_leftovers", "digests", "is_alive", "replace_folder", "sound_record"]

PART: Final = ".part"
"""How what is not finished ends; it begins with a dot."""

DAY: Final = 86_400.0
"""Seconds after which what a process elsewhere left is taken for given up."""

RESULTS: Final = "results"
"""Of a record: the digest of each file beside it, by name."""

_MADE: Final[set[str]] = set()
"""Hidden folders that this process is at."""


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of each file, as a record lists them under ``results``."""
    return {name: sha256(content).hexdigest() for name, content in files.items()}


def replace_folder(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write a folder of results, whole or not at all.

    Parameters
    ----------
    path
        The folder; made where missing. Where it is a link, what it points to is written.
    files
        By name, the record last: a folder without its record is not finished.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    OSError
        The folder cannot be written. Results that stood there before still stand, unless the new
        ones were already changing over, when no record is left.
    """
    target = path.resolve() if path.is_symlink() else path
    inside = target.is_dir() and (any(target.iterdir()) or _is_here(target))
    home = target if inside else target.absolute().parent
    home.mkdir(parents=True, exist_ok=True)
    part = home / f".{target.name[:80]}.{_me()}.{secrets.token_hex(4)}{PART}"
    _MADE.add(part.name)
    try:
        part.mkdir()
        clear_leftovers(home)
        for name, content in files.items():
            _write(part / name, content, path / name)
        _settle(part)
        if inside:
            _change_over(part, target, tuple(files))
        else:
            part.rename(target)
        _settle(home)
    except BaseException:
        if not (inside and _is_broken(target)):
            shutil.rmtree(part, ignore_errors=True)
        raise
    finally:
        _MADE.discard(part.name)
    return path


def sound_record(folder: Path) -> dict[str, Any] | None:
    """Return the record of a finished folder whose files are as it says; None where they are not.

    Files that the record does not list are not looked at.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        listed = dict(record[RESULTS])
        whole = all(
            sha256((folder / name).read_bytes()).hexdigest() == digest
            for name, digest in listed.items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return record if whole and listed else None


def clear_leftovers(folder: Path, *, alone: bool = False) -> None:
    """Remove what ended processes left hidden in a folder, unfinished.

    Parameters
    ----------
    folder
        It alone is looked at, and none below it.
    alone
        Nobody else writes there now: all of it goes, whoever made it.
    """
    for left in folder.glob(f".*{PART}"):
        if alone or not _at_work(left):
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            elif alone:
                left.unlink(missing_ok=True)


def _is_here(folder: Path) -> bool:
    """Whether somebody stands in a folder, who would lose it if another took its place."""
    with suppress(OSError):  # where one stands in a folder that is gone
        return folder.samefile(Path.cwd())
    return False


def _is_broken(folder: Path) -> bool:
    """Whether results lost their record to a change: what is hidden there says whose they are."""
    held = any(not entry.name.startswith(".") for entry in folder.iterdir())
    return held and not any((folder / mark).exists() for mark in MARKS)


def _change_over(part: Path, target: Path, names: tuple[str, ...]) -> None:
    """Move files into a folder that holds some: the old record goes first, the new comes last."""
    old = set(_listed(target)) | {REPORT}
    (target / RECORD).unlink(missing_ok=True)
    _settle(target)
    for stale in old - set(names):
        (target / stale).unlink(missing_ok=True)
    for name in names[:-1]:
        (part / name).replace(target / name)
    _settle(target)
    (part / names[-1]).replace(target / names[-1])
    part.rmdir()


def _listed(folder: Path) -> Iterator[str]:
    """Yield the files that an earlier run wrote, as its record says; none that lie elsewhere."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        yield from (name for name in map(str, record[RESULTS]) if Path(name).name == name)


def _write(path: Path, content: bytes, meant: Path) -> None:
    """Write a file on its way to where it is meant to stand."""
    try:
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:  # a full disk does not say which file it is about
        raise OSError(error.errno, error.strerror, str(meant)) from error


def _settle(folder: Path) -> None:
    """Have the names in a folder reach the disk, where folders can be asked to."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network disks know of no such thing
            os.fsync(handle)
    finally:
        os.close(handle)


def _me() -> str:
    node = "".join(c for c in platform.node() if c.isalnum() or c == "-")[:40]
    return f"{node}_{os.getpid()}"


def _at_work(left: Path) -> bool:
    """Whether the process that made a hidden folder may be at it still."""
    name = left.name.removesuffix(PART).rpartition(".")[0].rpartition(".")[2]
    node, _, number = name.rpartition("_")
    if not number.isdigit():  # of no folder of ours
        return True
    if int(number) == os.getpid() and name == _me():
        return left.name in _MADE
    if node != _me().rpartition("_")[0] or sys.platform == "win32":
        with suppress(OSError):
            return time.time() - left.stat().st_mtime < DAY
        return False
    return is_alive(int(number))


def is_alive(process: int) -> bool:
    """Whether a process of this machine is there, not Windows': there asking would end it."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
