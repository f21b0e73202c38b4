"""Return scenarios: what each company may return over a horizon, draw by draw, with odds.

This is the one table that the allocation knows of the world, so anybody's scenarios will do:
those of `revalue`, a bootstrap of history, or a bank's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .errors import InputError, nearest

__all__ = ["ReturnScenarios"]

FloatArray = NDArray[np.float64]

PROBABILITY = "probability"
REGIME = "regime"


@dataclass(frozen=True, eq=False, repr=False)
class ReturnScenarios:
    """Joint simple returns of companies over one horizon.

    Parameters
    ----------
    returns : array [draw, company]
        Simple returns over the horizon, as fractions; none below -1.
    tickers : sequence of str [company]
        One name per column.
    probabilities : array [draw], optional
        Non-negative, summing to 1; equal when left out.
    regimes : array of str [draw], optional
        The regime each draw belongs to; `"all"` when left out.
    layers : mapping of ticker to layer, optional
        Tickers that have no column here are dropped.
    horizon_years : float, optional
        Length of the horizon in years.
    world : object, optional
        What produced the draws; carried along, never looked at.

    Raises
    ------
    InputError
        If a return is missing, infinite or below -1, if shapes disagree, a ticker comes twice,
        the probabilities are no probabilities, or there is nothing to choose between: fewer
        than two draws, or returns that are the same in all of them.
    """

    returns: FloatArray
    tickers: tuple[str, ...]
    probabilities: FloatArray = field(default_factory=lambda: np.empty(0))
    regimes: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    layers: Mapping[str, str] = field(default_factory=dict)
    horizon_years: float = 1.0
    world: Any = None

    def __post_init__(self) -> None:
        tickers = _checked_tickers(self.tickers)
        returns = _checked_returns(self.returns, tickers)
        layers = {name: str(self.layers[name]) for name in tickers if name in self.layers}
        _put(self, "tickers", tickers)
        _put(self, "returns", _frozen(returns))
        _put(self, "probabilities", _frozen(_checked_odds(self.probabilities, len(returns))))
        _put(self, "regimes", _frozen(_checked_regimes(self.regimes, len(returns))))
        _put(self, "layers", layers)
        if not (np.isfinite(self.horizon_years) and self.horizon_years > 0):
            raise InputError(f"horizon_years is {self.horizon_years}; it must be above 0")

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        probabilities: ArrayLike | str | None = None,
        regimes: Sequence[str] | NDArray[np.str_] | str | None = None,
        layers: Mapping[str, str] | None = None,
        *,
        horizon_years: float = 1.0,
    ) -> ReturnScenarios:
        """Scenarios from a table with one row per draw and one column per ticker.

        Parameters
        ----------
        frame : DataFrame [draw x ticker]
            Simple returns as fractions. Columns called `probability` and `regime` are read as
            such unless the arguments below say otherwise, so `to_frame` is undone by this.
        probabilities : array [draw] or str, optional
            Probabilities, or the column that holds them. Equal when there are none.
        regimes : array of str [draw] or str, optional
            Regimes, or the column that holds them.
        layers : mapping of ticker to layer, optional
            Needed for caps by layer.
        horizon_years : float, optional
            Length of the horizon in years.

        Raises
        ------
        InputError
            As the class does, and for a column that is not there or holds no numbers.
        """
        if not isinstance(frame, pd.DataFrame):
            raise InputError(f"from_frame takes a DataFrame [draw x ticker], not {_kind(frame)}")
        odds, odds_column = _column_or_values(frame, probabilities, PROBABILITY)
        names, names_column = _column_or_values(frame, regimes, REGIME)
        table = frame.drop(columns=[c for c in (odds_column, names_column) if c is not None])
        return cls(
            _numbers(table),
            tuple(map(str, table.columns)),
            np.empty(0) if odds is None else np.asarray(odds),
            np.empty(0, dtype=np.str_) if names is None else np.asarray(names),
            layers or {},
            horizon_years,
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per draw: `probability`, `regime`, then a column of returns per ticker."""
        frame = pd.DataFrame(self.returns, columns=list(self.tickers))
        frame.insert(0, REGIME, self.regimes.astype(object))
        frame.insert(0, PROBABILITY, self.probabilities)
        return frame

    def regime_names(self) -> tuple[str, ...]:
        """Regimes that have any probability, in the order in which they first appear."""
        seen = dict.fromkeys(self.regimes[self.probabilities > 0].tolist())
        return tuple(seen)

    def __len__(self) -> int:
        return len(self.returns)

    def __repr__(self) -> str:
        draws, companies = self.returns.shape
        regimes = ", ".join(self.regime_names())
        return f"ReturnScenarios({draws:,} draws x {companies} companies; regimes: {regimes})"


def _put(scenarios: ReturnScenarios, name: str, value: object) -> None:
    object.__setattr__(scenarios, name, value)


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"


def _column_or_values(
    frame: pd.DataFrame, given: object, usual: str
) -> tuple[object | None, str | None]:
    """Values of a label per draw and, where they stand in the table, the column's name."""
    if given is None:
        return (frame[usual], usual) if usual in frame.columns else (None, None)
    if not isinstance(given, str):
        return given, None
    if given not in frame.columns:
        raise InputError(f"the table has no column {given!r}.{nearest(given, frame.columns)}")
    return frame[given], given


def _numbers(table: pd.DataFrame) -> FloatArray:
    wordy = [str(name) for name, kind in table.dtypes.items() if kind.kind not in "fiu"]
    if wordy:
        raise InputError(f"columns {', '.join(wordy)} hold no numbers; returns must be fractions")
    return table.to_numpy(dtype=np.float64, na_value=np.nan)


def _checked_tickers(tickers: Iterable[str]) -> tuple[str, ...]:
    names = tuple(tickers)
    if not names:
        raise InputError("there are no companies: give at least one ticker")
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"tickers come twice: {', '.join(twice)}; one column for each")
    return names


def _as_floats(values: ArrayLike, what: str) -> FloatArray:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be an array of numbers, not {_kind(values)}") from None


def _checked_returns(values: ArrayLike, tickers: tuple[str, ...]) -> FloatArray:
    returns = _as_floats(values, "returns")
    if returns.ndim != 2 or returns.shape[1] != len(tickers):
        raise InputError(
            f"returns have shape {returns.shape}; it must be [draw, company] with "
            f"{len(tickers)} companies"
        )
    if len(returns) < 2:
        raise InputError(f"{len(returns)} draw is no scenario set: give at least two draws")
    _refuse_where(~np.isfinite(returns), returns, tickers, "every return must be a finite number")
    _refuse_where(returns < -1.0, returns, tickers, "a simple return is a fraction, never below -1")
    if not np.ptp(returns, axis=0).any():
        raise InputError("returns are the same in every draw: there is no risk to choose between")
    return returns


def _refuse_where(
    wrong: NDArray[np.bool_], returns: FloatArray, tickers: tuple[str, ...], right: str
) -> None:
    if wrong.any():
        draw, company = np.argwhere(wrong)[0]
        raise InputError(
            f"return of {tickers[company]} in draw {draw} is {returns[draw, company]:g} "
            f"({int(wrong.sum())} such in all): {right}"
        )


def _checked_odds(values: ArrayLike, draws: int) -> FloatArray:
    odds = _as_floats(values, "probabilities")
    if odds.size == 0:
        return np.full(draws, 1.0 / draws)
    if odds.shape != (draws,):
        raise InputError(f"probabilities have shape {odds.shape}; there are {draws} draws")
    if not np.isfinite(odds).all() or (odds < 0).any():
        first = int(np.flatnonzero(~(odds >= 0) | np.isinf(odds))[0])
        raise InputError(f"probability of draw {first} is {odds[first]}; it must be 0 or more")
    total = float(odds.sum())
    if abs(total - 1.0) > 1e-6:
        raise InputError(f"probabilities sum to {total:.6g}; they must sum to 1")
    return odds / total


def _checked_regimes(values: object, draws: int) -> NDArray[np.str_]:
    regimes = np.array(values)
    if regimes.size == 0:
        return np.full(draws, "all")
    if regimes.shape != (draws,):
        raise InputError(f"regimes have shape {regimes.shape}; there are {draws} draws")
    if pd.isna(regimes).any():
        raise InputError("a regime is missing; every draw needs one")
    return regimes.astype(np.str_)
