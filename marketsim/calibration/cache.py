"""Calibrations kept in the user's cache folder, by the hash of all that they depend on.

A file is a ZIP of plain arrays, JSON and Parquet: nothing in it is ever executed. It is written
whole or not at all; one that is torn or says it is another's is passed over and made again. Where
the folder cannot be read or written, calibration goes without.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import jax
import numpy as np
import pandas as pd

from marketsim.files import cache_folder, replace_file
from marketsim.knowledge import Knowledge
from marketsim.model import Entry
from marketsim.provenance import code_hash, machine, versions

__all__ = ["KEPT", "Fitted", "keep", "key", "place", "recall"]

KEPT: Final = 200
"""Files that are kept: the last used."""

CODE: Final = (
    "calibration",
    "ensemble",
    "knowledge",
    "model",
    "observables",
    "statements",
    "tables",
    "dates.py",
    "precision.py",
    "renames.py",
)
"""Sources that decide what a calibration finds."""

PACKAGES: Final = ("jax", "jaxlib", "numpy", "scipy", "pandas")
ARRAYS: Final = ("mode", "covariance", "jacobian")
TABLES: Final = ("fit", "fit_paths")
PAST: Final = "history."


@dataclass(frozen=True, eq=False)
class Fitted:
    """What takes time to find of a :class:`Posterior`; the fields are those of it."""

    entries: tuple[Entry, ...]
    mode: np.ndarray
    covariance: np.ndarray
    fit: pd.DataFrame
    fit_paths: pd.DataFrame
    history: dict[str, np.ndarray]
    jacobian: np.ndarray
    steps: int


def key(knowledge: Knowledge, date: pd.Timestamp) -> str:
    """Return the hash of knowledge, date, code, versions and machine."""
    metadata = {
        "knowledge": knowledge.digest,
        "date": date.isoformat(),
        "code": code_hash(*CODE),
        "versions": versions(PACKAGES),
        "machine": [*machine(), jax.default_backend()],
    }
    return hashlib.sha256(json.dumps(metadata, sort_keys=True).encode()).hexdigest()


def place(key: str) -> Path:
    """Return the file of a key, whether it is there or not."""
    return cache_folder() / "calibrations" / f"{key}.npz"


def recall(key: str) -> Fitted | None:
    """Return what was kept under ``key``, or None where there is no whole file of it."""
    path = place(key)
    try:
        found = _read(path.read_bytes(), key)
    except Exception:  # whatever may be wrong with a file, what it should say can be found again
        return None
    with suppress(OSError):
        os.utime(path)  # the least used go first
    return found


def keep(key: str, fitted: Fitted) -> None:
    """Write ``fitted`` under ``key``, and let go of the oldest files past :data:`KEPT`."""
    with suppress(OSError):
        replace_file(place(key), _written(fitted, key))
        files = sorted(place(key).parent.glob("*.npz"), key=lambda file: file.stat().st_mtime)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)


def _written(fitted: Fitted, key: str) -> bytes:
    metadata = {
        "key": key,
        "steps": fitted.steps,
        "entries": [asdict(entry) for entry in fitted.entries],
    }
    members: dict[str, Any] = {name: getattr(fitted, name) for name in ARRAYS}
    members |= {PAST + name: value for name, value in fitted.history.items()}
    for name in TABLES:
        members[name] = np.frombuffer(getattr(fitted, name).to_parquet(), dtype=np.uint8)
    members["metadata"] = np.frombuffer(json.dumps(metadata).encode(), dtype=np.uint8)
    file = BytesIO()
    np.savez_compressed(file, **members)
    return file.getvalue()


def _read(content: bytes, key: str) -> Fitted:
    with np.load(BytesIO(content), allow_pickle=False) as members:
        metadata = json.loads(members["metadata"].tobytes())
        if metadata["key"] != key:
            raise ValueError("the file is another's")
        found: dict[str, Any] = {name: members[name] for name in ARRAYS}
        found |= {name: pd.read_parquet(BytesIO(members[name].tobytes())) for name in TABLES}
        return Fitted(
            entries=tuple(Entry(**entry) for entry in metadata["entries"]),
            history={n.removeprefix(PAST): members[n] for n in members if n.startswith(PAST)},
            steps=int(metadata["steps"]),
            **found,
        )
