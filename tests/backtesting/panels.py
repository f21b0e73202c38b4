"""A small market to walk through, and strategies in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DAYS = pd.bdate_range("2020-01-01", "2021-03-31", name="date")
TICKERS = ("AAA", "BBB", "CCC", "DDD")


def panel(seed: int = 0, tickers: tuple[str, ...] = TICKERS) -> pd.DataFrame:
    """A seeded panel [day, ticker] of log-normal prices."""
    steps = np.random.default_rng(seed).normal(3e-4, 0.02, (len(DAYS), len(tickers)))
    return pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), DAYS, list(tickers))


def written(folder: Path, body: str, name: str = "mine") -> Path:
    """A file of a strategy whose function has this body."""
    lines = [f"    {line}" for line in body.splitlines()]
    file = folder / f"{name}.py"
    file.write_text("\n".join(["import marketsim as ms", "def strategy(history):", *lines, ""]))
    return file
