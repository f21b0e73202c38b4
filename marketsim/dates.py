"""Days as arguments: whatever names one becomes midnight of it, or one clear error."""

from __future__ import annotations

import re
from datetime import date as Date
from typing import Final

import numpy as np
import pandas as pd

from marketsim.errors import InputError

__all__ = ["Day", "day", "day_or_none", "today"]

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
