"""Files of the user: where they are kept, and written so that a crash never leaves half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["cache_folder", "replace_file"]


def cache_folder(cache: Path | str | None = None) -> Path:
    """The argument, else the environment's MARKETSIM_CACHE, else the user's cache folder."""
    chosen = cache or os.environ.get("MARKETSIM_CACHE")
    return Path(chosen).expanduser() if chosen else user_cache_path("marketsim", False)


def replace_file(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: temporary neighbour, fsync, replace.

    Parameters
    ----------
    path : Path
        The file; its folder is made where missing.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        The folder cannot be written. A file that stood there before still stands.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)  # mkstemp makes it private to its owner
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
