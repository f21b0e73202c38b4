"""Strategies: found by name or by path, and loaded from one file."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, NamedTuple

from marketsim import resources
from marketsim.backtesting.history import History
from marketsim.dates import seeing
from marketsim.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Decide", "Strategy", "load_strategy", "source_of", "strategy_names", "theses"]

Decide = Callable[[History], "pd.Series | Mapping[str, float]"]
FUNCTIONS: Final = ("strategy", "decide")


class Strategy(NamedTuple):
    """A function of what was known on a date, with its name and the hash of its file."""

    name: str
    decide: Decide
    digest: str | None
    source: str | None = None
    text: bytes | None = None


def strategy_names() -> tuple[str, ...]:
    """Names of the strategies in the strategies folder."""
    files = resources.folder("strategies").glob("*.py")
    return tuple(sorted(file.stem for file in files if not file.stem.startswith("_")))


def load_strategy(strategy: str | Path | Decide) -> Strategy:
    """A strategy by name (in the strategies folder), by path of its file, or as a function.

    The file holds a function `strategy(history) -> weights` (or `decide`).

    Raises
    ------
    InputError
        There is no such strategy (the message lists those there are), or its file does not
        run or holds no such function.
    """
    if isinstance(strategy, (str, Path)):
        return _from_file(_path(strategy))
    if not callable(strategy) or isinstance(strategy, type):
        raise InputError(f"a strategy is a name, a path or a function, not {strategy!r}")
    return Strategy(getattr(strategy, "__name__", type(strategy).__name__), strategy, None)


def source_of(strategy: str | Path | Decide) -> str:
    """The file of a strategy, as its code names it; of a function, that which it was written in."""
    if isinstance(strategy, str | Path):
        return str(_path(strategy))
    return str(getattr(getattr(strategy, "__code__", None), "co_filename", ""))


def _path(strategy: str | Path) -> Path:
    text = str(strategy)
    if isinstance(strategy, Path) or text.endswith(".py") or os.sep in text or "/" in text:
        path = Path(strategy).expanduser()
        if not path.is_file():
            raise InputError(f"no strategy file '{strategy}'")
        return path
    names = strategy_names()
    if text not in names:
        raise InputError(
            f"no strategy '{text}'.{nearest(text, names)} There are {', '.join(names) or 'none'}; "
            "or give the path of a .py file"
        )
    return resources.folder("strategies") / f"{text}.py"


def _from_file(path: Path) -> Strategy:
    source = path.read_bytes()
    module = _module(path, source)
    for name in FUNCTIONS:
        function = getattr(module, name, None)
        if callable(function):
            digest = hashlib.sha256(source).hexdigest()
            return Strategy(path.stem, function, digest, str(path), source)
    raise InputError(f"{path.name} holds no function `strategy(history)` (nor `decide`)")


def _module(path: Path, source: bytes) -> ModuleType:
    """Run the file as a module of its own, without leaving bytecode beside it."""
    module = ModuleType(f"marketsim_strategy_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses of the file look themselves up here
    try:
        with seeing(path.name, None):
            exec(compile(source, str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise InputError(f"{path.name}{line}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{path.name} does not run: {_line(error, path)}{type(error).__name__}: {error}"
        ) from error
    return module


def _line(error: BaseException, path: Path) -> str:
    """Where in the file an error was raised, as `line 3: `; nothing where it was not in it."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    return f"line {lines[-1]}: " if lines else ""


def theses() -> dict[str, str]:
    """The first sentence of each strategy's docstring, by name."""
    folder = resources.folder("strategies")
    return {name: _thesis(folder / f"{name}.py") for name in strategy_names()}


def _thesis(path: Path) -> str:
    try:
        told = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    except SyntaxError as error:
        return f"does not read: line {error.lineno}: {error.msg}"
    return " ".join(told.partition("\n\n")[0].split()) or "says nothing of itself"
