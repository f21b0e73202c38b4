"""`decide`: a decision is a function of what was known on a date, and of what is held.

A strategy that does not look at what is held can be asked about all dates at once, and what a file
decides is kept by the hash of all that it saw: a second backtest over the same dates costs the
accounting alone.
"""

from __future__ import annotations

import traceback
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

__all__ = ["decide", "with_cash"]

Array = npt.NDArray[np.float64]
TOLERANCE: Final = 1e-6
ROUNDING: Final = 1e-9  # a weight this little below zero is a solver's zero


def decide(strategy: Strategy, history: History, universe: tuple[str, ...]) -> Array | None:
    """Weights that a strategy answers with, [ticker of the universe, then cash]: they sum to 1.

    Parameters
    ----------
    strategy : Strategy
        From `load_strategy`.
    history : History
        What it is shown.
    universe : tuple of str
        Tickers that can be held at some time; the answer may name `cash`, too.

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
    where = f"strategy '{strategy.name}' on {history.date:%Y-%m-%d}"
    try:
        with seeing(where, history.date):
            answer = strategy.decide(history)
    except HoldingsAsked:
        return None
    except MarketsimError as error:
        raise type(error)(f"{where}: {error}") from error
    except Exception as error:
        error.add_note(f"raised by {where}{_line(error, strategy)}")
        raise
    if isinstance(history, Blind) and history.asked:
        return None
    faults, weights = _checked(answer, history.tickers, universe)
    if faults:
        raise InputError(f"{where}: " + "; ".join(faults))
    chosen = weights.reindex(with_cash(universe), fill_value=0.0).to_numpy(float)
    return chosen / total(chosen)


def with_cash(universe: tuple[str, ...]) -> list[str]:
    """Return the names of weights: tickers, then cash."""
    return [*universe, CASH]


def _line(error: Exception, strategy: Strategy) -> str:
    """Where in the strategy's file an error was raised, as `, strategy.py line 12`."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == strategy.source]
    return f", {strategy.name}.py line {lines[-1]}" if lines else ""


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
        if ticker == CASH:
            continue
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
        faults.append(
            f"the weights sum to {values.sum():.8g}, not to 1{hint}"
            if hint or values.sum() > 1.0 or CASH in weights.index
            else f"the weights sum to {values.sum():.8g}, not to 1; give what is left to 'cash'"
        )
    return faults
