"""Compiled programs kept from one run to the next, where JAX itself gives up too easily.

JAX never writes over an entry of its cache: one that a crash or a full disk left damaged is read,
warned about and compiled again at every run from then on. Here it is removed as it is met, before
JAX has compiled what it could not read, so that the same run writes it whole.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

__all__ = ["keep_programs"]

READING: Final = "Error reading persistent compilation cache entry"
WRITING: Final = "Error writing persistent compilation cache entry"
"""How JAX's warnings begin (0.8 to 0.10)."""

ENTRIES: Final = "*-cache"
ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"


def keep_programs(folder: Path) -> None:
    """Have JAX, which is yet to be imported, keep compiled programs in a folder as well as it can.

    A folder that cannot be made is done without; one that can only be read is read. Either is said
    in one line on standard error.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "0"
        _say(_unkept(folder, error))
        return
    warnings.showwarning = _mending(folder, warnings.showwarning)
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        warnings.filterwarnings("ignore", WRITING)
        _say(_unkept(folder, error))


def _mending(folder: Path, show: Callable[..., None]) -> Callable[..., None]:
    """Show warnings as before, but mend what JAX's say of its cache."""
    said: set[str] = set()

    def show_warning(message: Warning | str, *where: Any, **rest: Any) -> None:
        text, sentence = str(message), ""
        if text.startswith(READING):
            sentence = _mended(folder, text)
        elif text.startswith(WRITING):
            sentence = _unkept(folder, text.rpartition("': ")[2])
        else:
            show(message, *where, **rest)
        if sentence and sentence not in said:
            said.add(sentence)
            _say(sentence)

    return show_warning


def _mended(folder: Path, text: str) -> str:
    """Remove the entries that are damaged, and say so."""
    damaged = [entry for entry in folder.glob(ENTRIES) if not _is_whole(entry)]
    try:
        for entry in damaged:
            entry.unlink(missing_ok=True)
    except OSError as error:
        return f"damaged programs cannot be removed from {folder}: {error.strerror}"
    if damaged:
        return f"damaged programs were removed from {folder}; they are compiled again"
    reason = text.rpartition("': ")[2]
    return f"a program kept in {folder} cannot be loaded and is compiled instead ({reason})"


def _is_whole(entry: Path) -> bool:
    """Whether an entry can be decompressed to its end, where a checksum stands."""
    try:
        content = entry.read_bytes()
        (_from_zstandard if content.startswith(ZSTANDARD) else zlib.decompress)(content)
    except Exception:  # each compression has errors of its own; JAX could not read it either
        return False
    return True


def _from_zstandard(content: bytes) -> bytes:
    """With what JAX takes: the standard library's from Python 3.14 on, else `zstandard`."""
    from importlib import import_module

    try:
        found: bytes = import_module("compression.zstd").decompress(content)
    except ImportError:
        found = import_module("zstandard").ZstdDecompressor().decompress(content)
    return found


def _unkept(folder: Path, reason: OSError | str) -> str:
    why = reason.strerror if isinstance(reason, OSError) else reason
    return (
        f"compiled programs cannot be kept in {folder} ({why}), so every run compiles them again; "
        "set MARKETSIM_CACHE to a folder that can be written"
    )


def _say(sentence: str) -> None:
    print(f"marketsim: {sentence}", file=sys.stderr)
