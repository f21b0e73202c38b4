"""Days as arguments: whatever names one becomes midnight of it, or one clear error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date as Date
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError

__all__ = ["Day", "day", "day_or_none", "seeing", "shown", "today"]

Day = str | Date | np.datetime64
"""What names a day: ISO text, a date or datetime (a pandas Timestamp too), a datetime64."""

ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


def day(value: Day, name: str = "date") -> pd.Timestamp:
    """Midnight of the day that `value` names.

    Raises
    ------
    InputError
        It names no day. `name` is the argument that the message speaks of.
    """
    said = f"{name}={value!r} is not a day; write it as '2025-12-31'"
    if not isinstance(value, Day) or (
        isinstance(value, str) and not ISO_DAY.fullmatch(value.strip())
    ):
        raise InputError(said)
    try:
        stamp = pd.Timestamp(value)
    except (ValueError, OverflowError) as error:
        raise InputError(said) from error
    if pd.isna(stamp):
        raise InputError(said)
    return stamp.tz_localize(None).normalize().as_unit("us")


def day_or_none(value: Day | None, name: str) -> pd.Timestamp | None:
    """Midnight of the day, or None where none is asked for."""
    return None if value is None else day(value, name)


def today() -> pd.Timestamp:
    """Midnight of today, by UTC."""
    return pd.Timestamp.now("UTC").tz_localize(None).normalize()


@dataclass(frozen=True)
class _Sight:
    """Who looks, and what is the last day shown to it; None where nothing is."""

    who: str
    last: pd.Timestamp | None


_SIGHT: Final[ContextVar[_Sight | None]] = ContextVar("sight", default=None)

_ASKED: Final[list[str]] = []
"""Who is being asked, in every thread: a thread or context that one of them made has no sight."""


@contextmanager
def seeing(who: str, last: pd.Timestamp | None) -> Iterator[None]:
    """Let `shown` hand out nothing later than a day to `who`, and nothing at all on None."""
    token = _SIGHT.set(_Sight(who, last))
    _ASKED.append(who)
    try:
        yield
    finally:
        _ASKED.remove(who)
        _SIGHT.reset(token)


def shown(date: pd.Timestamp | None, name: str = "as_of") -> pd.Timestamp | None:
    """The date as of which data may be loaded here: a strategy is shown none after its own.

    Parameters
    ----------
    date : Timestamp or None
        What is asked for. None is all that there is; inside a strategy, all by its date.

    Raises
    ------
    InputError
        A strategy asks for a later day, or its file for anything while it is read; or data are
        loaded beside one that is being asked, in a thread or context that may be of its making.
    """
    sight = _SIGHT.get()
    if sight is None:
        if asked := next(iter(_ASKED), None):
            raise InputError(
                f"data are loaded in a thread or context of its own while {asked} is asked, which "
                "would not end on its date; load them in strategy(history) itself, or before the "
                "backtest"
            )
        return date
    if sight.last is None:
        raise InputError(
            f"{sight.who} loads data while it is read, when no date is known; load them inside "
            "strategy(history), where they end on its date"
        )
    if date is not None and date > sight.last:
        raise InputError(
            f"{name}={date:%Y-%m-%d} lies after {sight.last:%Y-%m-%d}, the date of {sight.who}, "
            "which is shown nothing later"
        )
    return sight.last if date is None else date
