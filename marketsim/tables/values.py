"""What one field says: days and numbers as they may be written, and what to write instead."""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["DAY", "day", "days", "number", "number_hint", "numbers", "quoted"]

NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
THOUSANDS: Final = re.compile(r"[+-]?[0-9]{1,3}([, '\u00a0\u202f][0-9]{3})+(\.[0-9]+)?")
COMMA: Final = re.compile(r"[+-]?[0-9.]*,[0-9]+")
MOST_LETTERS: Final = 80
"""Of a field, that an error shows."""
SIGNS: Final = "$\u20ac\u00a3%"


def number(text: str) -> float:
    """Return the number that a field is; NaN where it is none, or not finite."""
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else math.nan


def numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """Return the numbers of a column of text, as `number` reads them."""
    text = column.to_numpy(dtype=object)
    try:  # nearly all columns are sound, and numpy reads them at once
        values = text.astype(float)
    except ValueError:
        return np.array([number(field) for field in text], dtype=float)
    odd = [i for i, field in enumerate(text) if not NUMBER.fullmatch(field)]
    values[odd] = np.nan
    values[~np.isfinite(values)] = np.nan
    return values


def day(text: str) -> pd.Timestamp | None:
    """Return the ISO day that a field is, or None."""
    if not DAY.fullmatch(text):
        return None
    try:
        return pd.Timestamp(date.fromisoformat(text))
    except ValueError:
        return None


def days(column: pd.Series) -> pd.Series:
    """Return the days of a column of text; NaT where a field is no ISO day."""
    written = column.where(column.str.fullmatch(DAY.pattern))
    return pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")


def quoted(text: str) -> str:
    """Return a field as an error shows it: in quotes, and of a long one its beginning."""
    return repr(text) if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]!r}..."


def number_hint(text: str) -> str:
    """Return how to write what was meant for a number, with a leading space; or nothing."""
    bare = text.strip().strip(SIGNS).strip()
    if text.strip().endswith("%") and NUMBER.fullmatch(bare):
        return f" ({bare} % is {float(bare) / 100:.6g} as a fraction)"
    if bare.startswith("(") and bare.endswith(")") and NUMBER.fullmatch(bare[1:-1]):
        return f" (as -{bare[1:-1]})"
    if THOUSANDS.fullmatch(bare):
        plain = re.sub("[, '\u00a0\u202f]", "", bare)
        either = f" or {bare.replace(',', '.')}" if COMMA.fullmatch(bare) else ""
        return f" (as {plain}{either}: no separators of thousands)"
    if COMMA.fullmatch(bare) and bare.count(",") == 1:
        return f" (as {bare.replace('.', '').replace(',', '.')}: with a point)"
    if bare != text and NUMBER.fullmatch(bare):
        return " (without spaces and signs)"
    return ""
