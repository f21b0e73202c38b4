"""What tests of Yahoo share: days, a walk, and how long they wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from marketsim.prices.cache import Kept, change_kept
from marketsim.sources.limiter import Patience
from tests.yahoo.server import ZONE

Ask = Callable[..., tuple[pd.DataFrame, pd.DataFrame]]
QUICK = Patience(tries=3, spacing=0.0, wait=0.001, longest=0.002, request=2.0, deadline=10.0)
TODAY = pd.Timestamp(pd.Timestamp.now(ZONE).date())
DAYS = pd.bdate_range(end=TODAY - pd.Timedelta(days=1), periods=400, name="date")
LAST = DAYS[-1]


def walk(seed: int = 0, days: pd.DatetimeIndex = DAYS) -> pd.Series:
    """Closes as they were traded, without splits and dividends."""
    steps = np.random.default_rng(seed).normal(3e-4, 0.01, len(days))
    return pd.Series(100.0 * np.exp(steps.cumsum()), days)


def close(closes: pd.DataFrame, ticker: str = "AAA") -> np.ndarray:
    return closes[ticker].to_numpy(float)


def shorten(folder: Path, ticker: str, days: int) -> pd.Timestamp:
    """Take the last days out of the cache, as if one had asked so long ago."""

    def cut(kept: Kept | None) -> Kept:
        assert kept is not None
        bars = kept.bars.iloc[:-days]
        return Kept(bars, kept.first, bars.index[-1], kept.zone)

    return change_kept(folder, ticker, cut).until
