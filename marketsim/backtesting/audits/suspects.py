"""Data that a strategy's variables hold."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.backtesting.audits.watching import belongs
from marketsim.backtesting.loading import Strategy
from marketsim.prices import Prices
from marketsim.resources import PACKAGE

__all__ = ["LARGE", "Finding", "data_held", "known"]


@dataclass(frozen=True)
class Finding:
    """Something that a strategy could not have known, or that nobody can check.

    Attributes
    ----------
    kind : str
        future, file, network, process, engine, global, private or memory.
    what : str
        In words.
    date : Timestamp or None
        Of the first decision at which it showed; None where the file itself shows it.
    line : int or None
        Of the file, where it is known.
    """

    kind: str
    what: str
    date: pd.Timestamp | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}: "
        when = "" if self.date is None else f" (on {self.date:%Y-%m-%d})"
        return f"{self.kind}: {place}{self.what}{when}"


LARGE: Final = 200
"""Rows, numbers or constants from which on something is data and no setting."""

DEEP: Final = 4
"""How far what a function holds is followed."""

DAY: Final = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def data_held(strategy: Strategy, date: pd.Timestamp) -> Iterator[Finding]:
    """Yield variables of the file, or that a function holds, which hold data."""
    for name, value in _variables(strategy).items():
        if (what := _data(value, date, DEEP)) is not None:
            yield Finding("global", f"{name} holds {what}", date)


def _variables(strategy: Strategy) -> dict[str, Any]:
    function = strategy.decide
    if strategy.source is None:
        return {strategy.name: function} if not hasattr(function, "__code__") else _held(function)
    space = getattr(function, "__globals__", {})
    own = {name: value for name, value in space.items() if not name.startswith("__")}
    helpers = [x for x in own.values() if isinstance(x, ModuleType) and not installed(x)]
    beside = {f"{m.__name__}.{n}": x for m in helpers for n, x in vars(m).items() if n[0] != "_"}
    return own | beside


def _held(function: Any) -> dict[str, Any]:
    """Return what a function closes over, takes by default, and finds among its globals."""
    code = function.__code__
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    found: dict[str, Any] = {name: cell.cell_contents for name, cell in cells}
    named = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    found |= dict(zip(named[len(named) - len(defaults) :], defaults, strict=True))
    found |= function.__kwdefaults__ or {}
    space = function.__globals__
    return found | {name: space[name] for name in code.co_names if name in space}


def installed(module: ModuleType) -> bool:
    """Return whether a module belongs to Python, to its packages or to marketsim."""
    file = getattr(module, "__file__", None)
    return file is None or known(file)


def known(file: str) -> bool:
    """Return whether code is of Python, of its packages, or of marketsim."""
    path = Path(file).resolve()
    return belongs(str(path)) or path.is_relative_to(PACKAGE)


def _data(value: Any, date: pd.Timestamp, deep: int) -> str | None:
    """Return what data a variable holds that a date could not know, in words."""
    from marketsim.knowledge import Knowledge

    if isinstance(value, Prices | Knowledge):
        return f"{value!r}"
    if isinstance(value, pd.DataFrame | pd.Series):
        days = [value.index, *([value.columns] if isinstance(value, pd.DataFrame) else [])]
        last = [one.max() for one in days if isinstance(one, pd.DatetimeIndex) and len(one)]
        if last and max(last) > date:
            return f"a table of days to {max(last):%Y-%m-%d}"
        return f"a table of {len(value):,} rows" if len(value) > LARGE else None
    if isinstance(value, np.ndarray):
        return f"an array of {value.size:,} numbers" if _irregular(value) else None
    if isinstance(value, str):
        return _text(value, date)
    if isinstance(value, Mapping) and (later := [one for one in value if _after(one, date)]):
        return f"entries of {len(later)} later days, such as {later[0]}"
    if deep == 0:
        return None
    inner = (_data(one, date, deep - 1) for one in _inside(value))
    return next((what for what in inner if what is not None), None)


def _irregular(value: np.ndarray) -> bool:
    """Return whether an array is large, and no grid of even steps."""
    if value.size <= LARGE or value.dtype.kind not in "fiu":
        return value.size > LARGE
    steps = np.diff(value.ravel().astype(float))
    return not np.allclose(steps, steps[0])


def _text(value: str, date: pd.Timestamp) -> str | None:
    if len(value) > 20 * LARGE:
        return f"a text of {len(value):,} letters"
    return f"the later day {value}" if DAY.fullmatch(value) and _after(value, date) else None


def _inside(value: Any) -> Iterator[Any]:
    """Yield what a container, a function or an object of the user's holds."""
    if isinstance(value, partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, Mapping):
        yield from (*value.keys(), *value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, FunctionType):
        if not known(value.__code__.co_filename):
            yield from _held(value).values()
    elif isinstance(value, MethodType):
        yield from (value.__self__, value.__func__)
    elif isinstance(value, type) or hasattr(value, "__dict__"):
        kind = value if isinstance(value, type) else type(value)
        home = sys.modules.get(kind.__module__)
        if not isinstance(value, ModuleType) and (home is None or not installed(home)):
            yield from (x for n, x in {**vars(kind), **vars(value)}.items() if n[:2] != "__")


def _after(key: Any, date: pd.Timestamp) -> bool:
    try:
        return bool(pd.Timestamp(key) > date) if not isinstance(key, int | float) else False
    except (ValueError, TypeError):
        return False
