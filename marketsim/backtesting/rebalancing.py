"""When decisions fall: on sessions of the exchange, once a period or on days of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.dates import Day, day
from marketsim.errors import InputError, nearest

__all__ = ["Rebalance", "days_or_period", "decision_rows", "require_rebalance"]

Rebalance = Literal["daily", "weekly", "monthly", "quarterly"]

PERIODS: Final = {"daily": "D", "weekly": "W-SUN", "monthly": "M", "quarterly": "Q"}

NEAR: Final = pd.Timedelta(days=7)
"""A day of one's own waits for the next session for so long."""


def days_or_period(text: str) -> str | tuple[str, ...]:
    """Return a period as it stands, or days apart by commas as such."""
    return tuple(text.split(",")) if any(map(str.isdigit, text)) else text


def require_rebalance(rebalance: str | Iterable[Day]) -> str | tuple[pd.Timestamp, ...]:
    """Return a period, or days of one's own as midnights in order.

    Raises
    ------
    InputError
        It is none of the periods, and no days; or a day is given twice.
    """
    if isinstance(rebalance, str):
        if rebalance not in PERIODS:
            hint = f" Give days as a list: [{rebalance!r}]" if rebalance[:1].isdigit() else ""
            raise InputError(
                f"rebalance={rebalance!r} is none of {', '.join(PERIODS)}, and no list of days."
                f"{hint or nearest(rebalance, PERIODS)}"
            )
        return rebalance
    try:
        days = sorted(day(one, "rebalance") for one in rebalance)
    except TypeError as error:
        raise InputError(
            f"rebalance={rebalance!r} is none of {', '.join(PERIODS)}, and no list of days"
        ) from error
    if not days:
        raise InputError("rebalance holds no day; give some, or a period such as 'monthly'")
    if twice := sorted({f"{one:%Y-%m-%d}" for one in days if days.count(one) > 1}):
        raise InputError(f"rebalance gives {', '.join(twice)} twice")
    return tuple(days)


def decision_rows(
    rows: pd.DatetimeIndex, rebalance: str | Iterable[Day], traded: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return on which rows decisions fall, [row]: no look ahead.

    Parameters
    ----------
    rows
        Dates of the walk.
    rebalance
        A period: the first row, and the first session of each period that begins later. Or days: a
        day without a session waits for the next one, and those before the walk are left out.
    traded
        Whether anything had a close on a row of its own: whether it is a session, [row].

    Raises
    ------
    InputError
        See `require_rebalance`; or a day of one's own lies past the walk, more than a week from any
        session, or on the session of another.
    """
    asked = require_rebalance(rebalance)
    if isinstance(asked, str):
        period = rows.to_period(PERIODS[asked]).asi8
        turned = np.ones(len(rows), dtype=np.bool_)
        turned[1:] = period[1:] != period[:-1]
        return _on_sessions(turned, traded)
    return _own(rows, tuple(one for one in asked if one >= rows[0]), traded)


def _on_sessions(turned: npt.NDArray[np.bool_], traded: npt.NDArray[np.bool_]) -> np.ndarray:
    """Return the sessions on which those that fall on holidays are made up for."""
    sessions, wanted = np.flatnonzero(traded), np.flatnonzero(turned)
    after = np.searchsorted(sessions, wanted)
    found = np.zeros(len(turned), dtype=np.bool_)
    found[sessions[after[after < len(sessions)]]] = True
    return found


def _own(
    rows: pd.DatetimeIndex, days: tuple[pd.Timestamp, ...], traded: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    sessions = rows[traded]
    found = np.zeros(len(rows), dtype=np.bool_)
    for one in days:
        after = int(sessions.searchsorted(one))
        if after == len(sessions) or sessions[after] - one > NEAR:
            raise InputError(
                f"rebalance: {one:%Y-%m-%d} has no session on it or within a week after; closes "
                f"run from {rows[0]:%Y-%m-%d} to {rows[-1]:%Y-%m-%d}"
            )
        row = int(rows.searchsorted(sessions[after]))
        if found[row]:
            raise InputError(
                f"rebalance: {one:%Y-%m-%d} falls on the session of another day, "
                f"{sessions[after]:%Y-%m-%d}"
            )
        found[row] = True
    if not found.any():
        raise InputError(
            f"rebalance: no day lies from {rows[0]:%Y-%m-%d} to {rows[-1]:%Y-%m-%d}, where closes "
            "are walked through"
        )
    return found
