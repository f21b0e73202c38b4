"""`decide`: a decision is a function of what was known on a date, and of what is held.

A strategy that does not look at what is held can be asked about all dates at once, and what a file
decides is kept by the hash of all that it saw: a second backtest over the same dates costs the
accounting alone.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.account import total
from marketsim.backtesting.history import Blind, History, HoldingsAsked
from marketsim.backtesting.loading import Strategy
from marketsim.dates import seeing
from marketsim.errors import InputError, MarketsimError, nearest
from marketsim.returns import CASH

__all__ = ["ROUNDING", "TOLERANCE", "decide", "raised", "with_cash"]

Array = npt.NDArray[np.float64]
RAISED: Final = "raised by "
"""Begins a note on an error of a strategy's own."""

TOLERANCE: Final = 1e-6  # by which weights may sum to another number than 1
ROUNDING: Final = 1e-9  # a weight this little below zero is a solver's zero


def decide(
    strategy: Strategy, history: History, universe: tuple[str, ...], why: str = ""
) -> Array | None:
    """Weights that a strategy answers with, [ticker of the universe, then cash]: they sum to 1.

    Parameters
    ----------
    strategy : Strategy
        From `load_strategy`.
    history : History
        What it is shown.
    universe : tuple of str
        Tickers that can be held at some time; the answer may name `cash`, too.
    why : str, optional
        What errors say after the date.

    Returns
    -------
    array, or None
        None where it asked what is held of a history that does not say it.

    Raises
    ------
    InputError
        The answer is no set of long-only weights that sum to 1 within 1e-6 over cash and tickers
        that can be bought on the date; the message names the strategy and the date.
    MarketsimError
        What the strategy itself raised, with its name and the date before it.
    """
    where = f"strategy '{strategy.name}' on {history.date:%Y-%m-%d}{why}"
    try:
        with seeing(where, history.date):
            answer = strategy.decide(history)
    except HoldingsAsked:
        return None
    except SystemExit as error:
        raise InputError(f"{where}: it ends the program; return weights instead") from error
    except MarketsimError as error:
        raise type(error)(f"{where}: {error}") from error
    except BaseException as error:  # it may raise what ends programs
        error.add_note(f"{RAISED}{where}{_line(error, strategy)}")
        raise
    if isinstance(history, Blind) and history.asked:
        return None
    faults, weights = _checked(answer, history.tickers, universe)
    if faults:
        raise InputError(f"{where}: " + "; ".join(faults))
    chosen = np.array([weights.get(name, 0.0) for name in with_cash(universe)])
    return chosen / total(chosen)


def raised(error: BaseException) -> tuple[str, bool]:
    """Return an error in a line, and whether a strategy raised it: then with its name and date."""
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith(RAISED)]
    says = f"{type(error).__name__}: {error}".removesuffix(": ")
    return (f"{notes[0].removeprefix(RAISED)}: {says}", True) if notes else (says, False)


def with_cash(universe: tuple[str, ...]) -> list[str]:
    """Return the names of weights: tickers, then cash."""
    return [*universe, CASH]


def _line(error: BaseException, strategy: Strategy) -> str:
    """Where in the strategy's file an error was raised, as `, strategy.py line 12`."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == strategy.source]
    return f", {strategy.name}.py line {lines[-1]}" if lines else ""


def _checked(
    answer: object, tradable: tuple[str, ...], universe: tuple[str, ...]
) -> tuple[list[str], dict[str, float]]:
    """Return what is wrong with an answer, and its weights by name."""
    if not isinstance(answer, (pd.Series, Mapping)):
        return [f"returned {type(answer).__name__}; weights are a Series or dict"], {}
    names = list(answer.index if isinstance(answer, pd.Series) else answer)
    given = answer.to_numpy() if isinstance(answer, pd.Series) else list(answer.values())
    try:
        values = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return ["returned weights that are not numbers"], {}
    if twice := sorted({str(name) for name, count in Counter(names).items() if count > 1}):
        return [f"gave {', '.join(twice)} two weights"], {}
    faults = _name_faults(names, values, tradable, universe) + _number_faults(names, values)
    return faults, dict(zip(names, map(float, np.maximum(values, 0.0)), strict=True))


def _name_faults(
    names: list[str], values: Array, tradable: tuple[str, ...], universe: tuple[str, ...]
) -> list[str]:
    faults, known, able = [], set(universe), set(tradable)
    for ticker, weight in zip(names, values, strict=True):
        if ticker == CASH:
            continue
        if ticker not in known:
            faults.append(f"'{ticker}' is not in the universe.{nearest(ticker, universe)}")
        elif ticker not in able and weight != 0.0:
            faults.append(f"{ticker} has no price then and cannot be bought (see history.tickers)")
    return faults


def _number_faults(names: list[str], values: Array) -> list[str]:
    if not np.isfinite(values).all():
        wrong = (str(name) for name, v in zip(names, values, strict=True) if not np.isfinite(v))
        return [f"the weight of {', '.join(wrong)} is not a finite number"]
    faults = [
        f"the weight of {name} is {value:g}, below 0"
        for name, value in zip(names, values, strict=True)
        if value < -ROUNDING
    ]
    whole = float(values.sum())
    if abs(whole - 1.0) > TOLERANCE:
        hint = ": write fractions, not per cent" if abs(whole - 100.0) < 1.0 else ""
        rest = "" if hint or whole > 1.0 or CASH in names else "; give what is left to 'cash'"
        faults.append(f"the weights sum to {whole:.8g}, not to 1{hint}{rest}")
    return faults
