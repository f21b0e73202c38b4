"""What the bars of one ticker must satisfy, whether they were just fetched or lay in the cache."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.prices.adjusting import splits_of
from marketsim.prices.plausible import CloseFault, check_closes

__all__ = ["bars_fault"]

LONGEST_GAP: Final = 5  # weekdays without a bar: exchanges have closed for four, never for six
BEFORE: Final = 20  # sessions that say what volume is usual
MUCH: Final = 3.0
LARGEST_MOVE: Final = 4.0


def bars_fault(bars: pd.DataFrame, ticker: str) -> str:
    """What is wrong with a ticker's bars, or nothing.

    Parameters
    ----------
    bars : DataFrame [date]
        close, volume, dividend and split as :class:`marketsim.prices.cache.Kept` has them.
    ticker : str

    Returns
    -------
    str
        As the end of a sentence that begins with the ticker.
    """
    if bars.empty:
        return "no closes"
    days = pd.DatetimeIndex(bars.index)
    if not days.is_monotonic_increasing or days.has_duplicates or (days != days.normalize()).any():
        return "days that are not in order, or come twice"
    return _numbers(bars) or _gap(days) or _implausible(bars, ticker)


def _numbers(bars: pd.DataFrame) -> str:
    close, dividend, split = (bars[name].to_numpy(float) for name in ("close", "dividend", "split"))
    for name, wrong in (
        ("closes that are not positive numbers", ~(np.isfinite(close) & (close > 0.0))),
        ("splits that are not positive ratios", ~(np.isfinite(split) & (split > 0.0))),
        ("dividends that are no amounts", ~(np.isfinite(dividend) & (dividend >= 0.0))),
        ("a dividend as large as the close before it", dividend[1:] >= close[:-1]),
    ):
        if wrong.any():
            day = bars.index[len(bars) - len(wrong) :][wrong][0]
            return f"{name}, as on {day:%Y-%m-%d}"
    return ""


def _gap(days: pd.DatetimeIndex) -> str:
    dates = days.to_numpy("datetime64[D]")
    between = np.busday_count(dates[:-1] + 1, dates[1:])
    if not between.size or between.max() <= LONGEST_GAP:
        return ""
    place = int(between.argmax())
    return (
        f"more than {LONGEST_GAP} weekdays in a row missing, from {days[place]:%Y-%m-%d} to "
        f"{days[place + 1]:%Y-%m-%d}"
    )


def _implausible(bars: pd.DataFrame, ticker: str) -> str:
    if ticker.startswith("^"):  # an index, or a yield
        return ""
    splits = splits_of(bars, "close", bars.index[-1])
    faults = check_closes(bars[["close"]], splits)  # the name says nothing: the answer has currency
    told = [f"on {f.date:%Y-%m-%d} {f.text}" for f in faults if not _crashed(bars, f)]
    return "; ".join(told)


def _crashed(bars: pd.DataFrame, fault: CloseFault) -> bool:
    """Whether a jump that looks like a split was a move: then many shares changed hands."""
    place = int(bars.index.get_indexer(pd.DatetimeIndex([fault.date]))[0])
    before = bars.iloc[max(0, place - BEFORE) : place]
    if before.empty or bars["split"].iloc[place] != 1.0:
        return False
    move = abs(float(np.log(bars["close"].iloc[place] / before["close"].iloc[-1])))
    usual = float(before["volume"].median())
    return move < np.log(LARGEST_MOVE) and float(bars["volume"].iloc[place]) > MUCH * usual > 0.0
