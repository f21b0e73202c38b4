"""What is read out of a knowledge is read once: calibration, forecasts and values ask alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

import pandas as pd

__all__ = ["once"]

P = ParamSpec("P")
K = TypeVar("K")
T = TypeVar("T")


def once(
    function: Callable[Concatenate[K, P], T],
) -> Callable[Concatenate[K, P], T]:
    """Return a function of a frozen object, and hashable arguments, that computes once by object.

    What was found lives as long as the object does, and goes with no copy of it, nor into a file.
    Tables are handed out as copies that share their memory until someone writes; other results must
    be left as they are.
    """
    every: WeakKeyDictionary[K, dict[Any, T]] = WeakKeyDictionary()

    @wraps(function)
    def remembered(of: K, /, *args: P.args, **kwargs: P.kwargs) -> T:
        found = every.setdefault(of, {})
        key = args, tuple(sorted(kwargs.items()))
        if key not in found:
            found[key] = function(of, *args, **kwargs)
        value = found[key]
        if isinstance(value, pd.DataFrame):
            return cast(T, value.copy(deep=False))
        return value

    return remembered
