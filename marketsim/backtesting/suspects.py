"""What a strategy's file shows by itself: data that it holds, and private names that it takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.backtesting.loading import Strategy
from marketsim.prices import Prices

__all__ = ["Finding", "data_held", "private_names"]


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


def private_names(strategy: Strategy) -> Iterator[Finding]:
    """Yield where the file takes private names of what it is handed."""
    if strategy.source is None:
        return
    tree = ast.parse(Path(strategy.source).read_bytes())
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or not node.attr.startswith("_"):
            continue
        if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
            continue
        what = f"takes the private name {ast.unparse(node)}"
        yield Finding("private", what, None, node.lineno)


def data_held(strategy: Strategy, date: pd.Timestamp) -> Iterator[Finding]:
    """Yield variables of the file, or that a function closes over, which hold data."""
    for name, value in _variables(strategy).items():
        if (what := _data(value, date)) is not None:
            yield Finding("global", f"{name} holds {what}", date)


def _variables(strategy: Strategy) -> dict[str, Any]:
    function = strategy.decide
    code = getattr(function, "__code__", None)
    space = getattr(function, "__globals__", {})
    if strategy.source is None:
        cells = getattr(function, "__closure__", None) or ()
        closed = dict(zip(code.co_freevars, cells, strict=True)) if code is not None else {}
        seen = {name: cell.cell_contents for name, cell in closed.items()}
        return seen | {
            name: space[name] for name in (code.co_names if code else ()) if name in space
        }
    return {name: value for name, value in space.items() if not name.startswith("__")}


def _data(value: Any, date: pd.Timestamp) -> str | None:
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
    if isinstance(value, np.ndarray) and value.size > LARGE:
        return f"an array of {value.size:,} numbers"
    if isinstance(value, Mapping) and (later := [one for one in value if _after(one, date)]):
        return f"entries of {len(later)} later days, such as {later[0]}"
    return None


LARGE: Final = 200
"""Rows or numbers from which on a variable is data and no setting."""


def _after(key: Any, date: pd.Timestamp) -> bool:
    try:
        return bool(pd.Timestamp(key) > date) if not isinstance(key, int | float) else False
    except (ValueError, TypeError):
        return False
