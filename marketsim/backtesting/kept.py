"""Decisions of strategies in files, kept in the user's cache folder by the hash of all they saw."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from marketsim.backtesting.loading import Strategy
from marketsim.backtesting.market import Market
from marketsim.backtesting.purity import hangs_on_more
from marketsim.files import cache_folder, replace_file
from marketsim.provenance import code_hash, data_hash, float64, machine, versions

__all__ = ["LOOKS", "keep", "key", "recall", "rules"]

Array = npt.NDArray[np.float64]

KEPT: Final = 20_000
"""Files that are kept, a kilobyte each: the newest."""

DYING: Final = 600.0
"""Seconds after which a kilobyte that is not written yet never will be."""

LOOKS: Final = "looks at what is held"
"""Kept in place of weights where a strategy asked for those held."""


def rules(strategy: Strategy) -> str | None:
    """Hash of what decides beside what is shown: the file, marketsim, its data, versions, machine.

    None for a function, and for a file that may hang on something else or remember: nobody knows
    what; see `hangs_on_more`.
    """
    if strategy.text is None or hangs_on_more(strategy.text):
        return None
    content = [strategy.name, strategy.digest, code_hash("."), data_hash(), versions(), float64()]
    text = json.dumps([*content, *machine()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def key(rules: str, market: Market, row: int, held: Array | None) -> str:
    """Hash of the rules, of what is shown on a row, and of what is held where that was asked."""
    digest = hashlib.sha256(f"{rules}\n{market.seen(row)}\n".encode())
    if held is not None:
        digest.update(held.astype("<f8").tobytes())
    return digest.hexdigest()


def recall(key: str, size: int) -> Array | str | None:
    """What was kept: weights [ticker, then cash], `LOOKS`, or None where there is nothing sound."""
    try:
        found = json.loads(_place(key).read_text(encoding="utf-8"))
        if found["key"] != key:
            return None
        if found["weights"] == LOOKS:
            return LOOKS
        weights = np.array([float.fromhex(weight) for weight in found["weights"]])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return weights if weights.shape == (size,) and abs(weights.sum() - 1.0) < 1e-9 else None


def keep(key: str, weights: Array | str) -> None:
    """Keep a decision, or that a strategy looks at what is held."""
    told = weights if isinstance(weights, str) else [float(weight).hex() for weight in weights]
    with suppress(OSError):
        replace_file(_place(key), json.dumps({"key": key, "weights": told}).encode(), durable=False)


def prune() -> None:
    """Let go of the oldest decisions past `KEPT`, and of what a process died over while writing."""
    with suppress(OSError):
        for left in _folder().glob("*/.*.part"):
            if left.stat().st_mtime < time.time() - DYING:
                left.unlink(missing_ok=True)
        files = sorted(_folder().glob("*/*.json"), key=lambda file: file.stat().st_mtime)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)


def _folder() -> Path:
    return cache_folder() / "decisions"


def _place(key: str) -> Path:
    return _folder() / key[:2] / f"{key}.json"
