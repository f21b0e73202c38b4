"""Answers in the user's cache folder: whole, compressed, and believed while they are fresh.

A file is written beside itself and takes the old one's place at the end; the checksum that gzip
keeps of its content is compared when it is read. What is damaged, old, or of another question is no
answer.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pandas as pd

from marketsim.files import replace_file

__all__ = ["Answer", "keep_answer", "kept_answer"]

Found = TypeVar("Found")


class Answer(NamedTuple):
    """What a source answered, as JSON has it, and when, in UTC."""

    content: Any
    asked: pd.Timestamp


def kept_answer(
    path: Path,
    address: str,
    fresh: pd.Timedelta,
    now: pd.Timestamp,
    read: Callable[[Answer], Found],
) -> Found | None:
    """Return what `read` makes of an answer that is kept and fresh; None where there is none.

    Parameters
    ----------
    path
        The file.
    address
        What was asked.
    fresh
        How long an answer counts.
    now
        In UTC.
    read
        Of the answer; what raises a TypeError, ValueError, KeyError or AttributeError is none.
    """
    with suppress(OSError, EOFError, ValueError, zlib.error, TypeError, KeyError, AttributeError):
        kept = json.loads(gzip.decompress(path.read_bytes()))
        asked = pd.Timestamp(kept["asked"])
        if kept["address"] == address and pd.Timedelta(0) <= now - asked < fresh:
            return read(Answer(kept["answer"], asked))
    return None


def keep_answer(path: Path, address: str, answer: Answer) -> None:
    """Keep an answer; a folder that cannot be written costs time, and not the answer."""
    content = json.dumps(
        {"address": address, "asked": answer.asked.isoformat(), "answer": answer.content}
    )
    with suppress(OSError):
        replace_file(path, gzip.compress(content.encode(), 6, mtime=0))
