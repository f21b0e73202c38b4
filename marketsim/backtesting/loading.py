"""Strategies: found by name or by path, loaded from one file, and their answers checked."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim import resources
from marketsim.backtesting.account import total
from marketsim.backtesting.history import History
from marketsim.errors import InputError, MarketsimError, nearest

__all__ = ["Decide", "Strategy", "ask", "load_strategy", "strategy_names"]

Array = npt.NDArray[np.float64]
Decide = Callable[[History], "pd.Series | Mapping[str, float]"]
FUNCTIONS: Final = ("strategy", "decide")
TOLERANCE: Final = 1e-6
ROUNDING: Final = 1e-9  # a weight this little below zero is a solver's zero


class Strategy(NamedTuple):
    """A function of what was known on a date, with its name and the hash of its file."""

    name: str
    decide: Decide
    digest: str | None


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
    if not callable(strategy):
        raise InputError(f"a strategy is a name, a path or a function, not {strategy!r}")
    return Strategy(getattr(strategy, "__name__", type(strategy).__name__), strategy, None)


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
            return Strategy(path.stem, function, hashlib.sha256(source).hexdigest())
    raise InputError(f"{path.name} holds no function `strategy(history)` (nor `decide`)")


def _module(path: Path, source: bytes) -> ModuleType:
    """Run the file as a module of its own, without leaving bytecode beside it."""
    module = ModuleType(f"marketsim_strategy_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses of the file look themselves up here
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        raise InputError(f"{path.name}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise InputError(f"{path.name} does not run: {type(error).__name__}: {error}") from error
    return module


def ask(strategy: Strategy, history: History, universe: tuple[str, ...]) -> Array:
    """Weights [ticker of the universe] that a strategy answers with: checked, summing to 1.

    Raises
    ------
    InputError
        The answer is no set of long-only weights that sum to 1 within 1e-6 over tickers that
        can be bought on the date; the message names the strategy and the date.
    MarketsimError
        What the strategy itself raised, with its name and the date before it.
    """
    where = f"strategy '{strategy.name}' on {history.date:%Y-%m-%d}"
    tradable = history.tickers
    try:
        answer = strategy.decide(history)
    except MarketsimError as error:
        raise type(error)(f"{where}: {error}") from error
    except Exception as error:
        error.add_note(f"raised by {where}")
        raise
    faults, weights = _checked(answer, tradable, universe)
    if faults:
        raise InputError(f"{where}: " + "; ".join(faults))
    chosen = weights.reindex(list(universe), fill_value=0.0).to_numpy(float)
    return chosen / total(chosen)


def _checked(
    answer: object, tradable: tuple[str, ...], universe: tuple[str, ...]
) -> tuple[list[str], pd.Series]:
    nothing = pd.Series(dtype=float)
    if not isinstance(answer, (pd.Series, Mapping)):
        return [f"returned {type(answer).__name__}; weights are a Series or dict"], nothing
    try:
        weights = pd.Series(answer).astype(float)
    except (TypeError, ValueError):
        return ["returned weights that are not numbers"], nothing
    if weights.index.has_duplicates:
        twice = weights.index[weights.index.duplicated()]
        return [f"gave {', '.join(map(str, twice))} two weights"], nothing
    faults = _name_faults(weights, tradable, universe) + _number_faults(weights)
    return faults, weights.clip(lower=0.0)


def _name_faults(
    weights: pd.Series, tradable: tuple[str, ...], universe: tuple[str, ...]
) -> list[str]:
    faults = []
    for ticker, weight in weights.items():
        if ticker not in universe:
            faults.append(f"'{ticker}' is not in the universe.{nearest(ticker, universe)}")
        elif ticker not in tradable and weight != 0.0:
            faults.append(f"{ticker} has no price then and cannot be bought (see history.tickers)")
    return faults


def _number_faults(weights: pd.Series) -> list[str]:
    values = weights.to_numpy(float)
    if not np.isfinite(values).all():
        names = ", ".join(map(str, weights.index[~np.isfinite(values)]))
        return [f"the weight of {names} is not a finite number"]
    negative = weights[weights < -ROUNDING]
    faults = [
        f"the weight of {ticker} is {weight:g}, below 0" for ticker, weight in negative.items()
    ]
    if abs(values.sum() - 1.0) > TOLERANCE:
        hint = ": write fractions, not per cent" if abs(values.sum() - 100.0) < 1.0 else ""
        faults.append(f"the weights sum to {values.sum():.8g}, not to 1{hint}")
    return faults
