"""Sessions of an exchange, and where closes depart from them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError, nearest

__all__ = ["EXCHANGE", "departures", "sessions_of"]

EXCHANGE: Final = "XNYS"
"""New York's, by its ISO code: where prices in USD are made."""


def sessions_of(exchange: str, first: pd.Timestamp, last: pd.Timestamp) -> pd.DatetimeIndex | None:
    """Days on which an exchange trades, both bounds included; None without `exchange_calendars`.

    Parameters
    ----------
    exchange : str
        As `exchange_calendars` calls it: XNYS, XLON, XTKS; 24/7 for what never closes.
    first, last : Timestamp
        A calendar left to its own bounds ends a year from now and begins twenty ago.

    Raises
    ------
    InputError
        There is no such exchange.
    """
    try:
        import exchange_calendars
    except ImportError:
        return None
    names = exchange_calendars.get_calendar_names()
    if exchange not in names:
        raise InputError(
            f"no exchange '{exchange}'; give one that exchange_calendars knows, as {EXCHANGE} or "
            f"24/7.{nearest(exchange, names)}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its ways with pandas are its own
        calendar = exchange_calendars.get_calendar(
            exchange, start=first - pd.Timedelta(days=7), end=last + pd.Timedelta(days=7)
        )
    sessions = pd.DatetimeIndex(calendar.sessions).as_unit("us")
    return sessions[(sessions >= first) & (sessions <= last)]


def departures(
    closes: pd.Series, sessions: pd.DatetimeIndex
) -> Iterator[tuple[pd.Timestamp, int, str]]:
    """Runs of sessions without a close, and closes on days that are no sessions.

    Yields
    ------
    tuple of Timestamp, int, str
        The first day, how many there are, and "missing" or "closed".
    """
    known = pd.DatetimeIndex(closes.dropna().index)
    mine = sessions[(sessions >= known[0]) & (sessions <= known[-1])]
    absent = ~mine.isin(known)
    starts = np.flatnonzero(absent & ~np.r_[False, absent[:-1]])
    ends = np.flatnonzero(absent & ~np.r_[absent[1:], False])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield mine[start], end - start + 1, "missing"
    closed = known[~known.isin(sessions)]
    if len(closed):
        yield closed[0], len(closed), "closed"
