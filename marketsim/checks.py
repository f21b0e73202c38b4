"""What an argument may be: a finite number, a whole one, a flag; one clear error otherwise."""

from __future__ import annotations

from math import isfinite

import numpy as np

from .errors import InputError

__all__ = ["check_flag", "check_number", "check_whole"]


def check_number(
    argument: str, value: object, low: float = -np.inf, high: float = np.inf, what: str = ""
) -> None:
    """Refuse what is no finite number between `low` and `high`."""
    right = isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))
    if not right or not isfinite(float(value)) or not low <= float(value) <= high:  # type: ignore[arg-type]
        ask = what or "a finite number"
        if right and high == 1.0 and 1.0 < float(value) <= 100.0:  # type: ignore[arg-type]
            ask += f" ({value:g} % is {float(value) / 100:g})"  # type: ignore[arg-type]
        raise InputError(f"{argument} is {value!r}; it must be {ask}")


def check_flag(argument: str, value: object) -> None:
    """Refuse what is neither True nor False: of any other text or number both could be meant."""
    if not isinstance(value, (bool, np.bool_)):
        raise InputError(f"{argument} is {value!r}; give True or False")


def check_whole(
    argument: str, value: object, low: int, high: int | None = None, why: str = ""
) -> None:
    """Refuse what is no whole number from `low` to `high`; `why` it is to be so large follows."""
    span = f"from {low} up" if high is None else f"from {low} to {high}"
    ask = f"a whole number {span}{why}"
    check_number(argument, value, low, np.inf if high is None else high, ask)
    if value != int(value):  # type: ignore[call-overload]
        raise InputError(f"{argument} is {value!r}; it must be {ask}")
