"""Return scenarios: what each company may return over a horizon, draw by draw, with odds.

This is the one table that the allocation knows of the world, so anybody's scenarios will do:
those of `revalue`, a bootstrap of history, or a bank's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .errors import InputError
from .scenario_checks import (
    FloatArray,
    checked_odds,
    checked_paths,
    checked_regimes,
    checked_returns,
    checked_tickers,
    kind,
)
from .scenario_columns import (
    CASH,
    PROBABILITY,
    REGIME,
    SURE,
    company_returns,
    odds_column,
    regime_column,
    with_labels,
)

__all__ = ["CASH", "ReturnScenarios"]


@dataclass(frozen=True, eq=False, repr=False)
class ReturnScenarios:
    """Joint simple returns of companies over one horizon.

    Parameters
    ----------
    returns : array [draw, company]
        Simple returns over the horizon, as fractions; none below -1.
    tickers : sequence of str [company]
        One name per column; `marketsim.renames.Tickers` know former ones, and say so to whoever
        names one.
    probabilities : array [draw], optional
        Non-negative, summing to 1; equal when left out.
    regimes : array of str [draw], optional
        The regime each draw belongs to; `"all"` when left out.
    layers : mapping of ticker to layer, optional
        Tickers that have no column here are dropped.
    horizon_years : float, optional
        Length of the horizon in years.
    world : object, optional
        What produced the draws; carried along, and asked for nothing but `exposures`.
    paths : array [draw, step, company], optional
        How the returns came about: cumulative simple returns from the start to the end of each
        step, the last of which is `returns`. Only drawdowns need them; None when left out.

    Raises
    ------
    InputError
        If a return is missing, infinite or below -1, if shapes disagree, a ticker comes twice,
        the probabilities are no probabilities, paths end elsewhere than in the returns, or there
        is nothing to choose between: fewer than two draws, returns that are the same in all of
        them, or two companies that return the same in each.

    Notes
    -----
    A company that never moves may stand among others: it is cash, which Kelly's bets and investors
    who may stay out need, and nothing tells it from a price that stood still. Two companies alike,
    cash twice included, are refused: any split between them is as good, so that weights would be
    arbitrary.
    """

    returns: FloatArray
    tickers: tuple[str, ...]
    probabilities: FloatArray = field(default_factory=lambda: np.empty(0))
    regimes: NDArray[np.str_] = field(default_factory=lambda: np.empty(0, dtype=np.str_))
    layers: Mapping[str, str] = field(default_factory=dict)
    horizon_years: float = 1.0
    world: Any = None
    paths: FloatArray | None = None

    def __post_init__(self) -> None:
        tickers = checked_tickers(self.tickers)
        returns = checked_returns(self.returns, tickers)
        layers = {name: str(self.layers[name]) for name in tickers if name in self.layers}
        _put(self, "tickers", tickers)
        _put(self, "returns", _frozen(returns))
        _put(self, "probabilities", _frozen(checked_odds(self.probabilities, len(returns))))
        _put(self, "regimes", _frozen(checked_regimes(self.regimes, len(returns))))
        _put(self, "layers", layers)
        if self.paths is not None:
            _put(self, "paths", _frozen(checked_paths(self.paths, returns, tickers)))
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
            Simple returns as fractions. Columns called `probability` and `regime`, in any case,
            are read as such unless the arguments below say otherwise, so `to_frame` is undone by
            this; so is one called `prob`, `p`, `weight` or `odds` that sums to 1, and a level of
            the index of such a name.
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
            As the class does; for a column that is not there or holds no numbers; and for one that
            is no company: called like what tells rows apart (`draw`, `date`, `index`), counting,
            summing to 1 as probabilities do, or of a size that no return has. A column that is the
            same in every draw is cash, if it earns no more than cash may.

        Notes
        -----
        A table holds no paths; scenarios that have some are made by the class itself.
        """
        if not isinstance(frame, pd.DataFrame):
            raise InputError(f"from_frame takes a DataFrame [draw x ticker], not {kind(frame)}")
        frame = with_labels(frame)
        odds, counted = odds_column(frame, probabilities)
        names, named = regime_column(frame, regimes)
        table = frame.drop(columns=[c for c in (counted, named) if c is not None])
        return cls(
            company_returns(table, horizon_years),
            tuple(map(str, table.columns)),
            np.empty(0) if odds is None else np.asarray(odds),
            np.empty(0, dtype=np.str_) if names is None else np.asarray(names),
            layers or {},
            horizon_years,
        )

    def with_cash(self, rate: float = 0.0) -> ReturnScenarios:
        """The same with a column `cash`, which earns a rate in every draw.

        Parameters
        ----------
        rate : float, optional
            Per year, compounded continuously as valuation does: `expm1(rate * horizon_years)`.

        Raises
        ------
        InputError
            If there is such a column already, the rate is no number from -0.25 to 0.25, or another
            company returns the same in every draw.
        """
        if CASH in self.tickers:
            raise InputError(f"the scenarios have a column '{CASH}' already; leave it out")
        if not np.isfinite(rate):
            raise InputError(f"the rate that cash earns is {rate}; it must be a finite number")
        if abs(rate) > SURE:
            hint = f"; {rate:g} % is {rate / 100:g}" if abs(rate) <= 100.0 * SURE else ""
            raise InputError(
                f"the rate that cash earns is {rate:g} a year; nothing without risk earns, or "
                f"loses, more than {SURE:g}{hint}"
            )
        paths = self.paths
        if paths is not None:
            past = np.arange(1, paths.shape[1] + 1) / paths.shape[1]
            grown = np.broadcast_to(np.expm1(rate * self.horizon_years * past), paths.shape[:2])
            paths = np.concatenate([paths, grown[:, :, None]], axis=2)
        earned = np.full((len(self), 1), np.expm1(rate * self.horizon_years))
        return replace(
            self,
            returns=np.hstack([self.returns, earned]),
            tickers=checked_tickers(self.tickers).beside(CASH),
            layers={**self.layers, CASH: CASH} if self.layers else {},
            paths=paths,
        )

    def exposures(self, assumption: str) -> FloatArray:
        """What a standard deviation of an assumption adds to expected returns [company].

        Asked of the `world`, by its `exposures(assumption, probabilities)`, a Series by ticker, as
        :class:`marketsim.valuation.Valuation` has it. Cash has none.

        Raises
        ------
        InputError
            If no such world stands behind the returns, or it knows no such assumption or not all
            companies.
        """
        asked = getattr(self.world, "exposures", None)
        if asked is None:
            raise InputError(
                f"'{assumption}': no world stands behind these returns, so that none says what an "
                "assumption does; give exposures= by ticker, or take returns from revalue"
            )
        found = asked(assumption, self.probabilities).reindex(list(self.tickers))
        unknown = found.isna().to_numpy() & (np.ptp(self.returns, axis=0) > 0.0)
        if unknown.any():
            names = ", ".join(np.array(self.tickers)[unknown])
            raise InputError(f"'{assumption}': no world says what moves {names}; give exposures=")
        return np.asarray(found.fillna(0.0), dtype=np.float64)

    def to_frame(self) -> pd.DataFrame:
        """One row per draw: `probability`, `regime`, then returns by ticker; paths stay out."""
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
        steps = "" if self.paths is None else f" x {self.paths.shape[1]} steps"
        size = f"{draws:,} draws{steps} x {companies} companies"
        return f"ReturnScenarios({size}; regimes: {', '.join(self.regime_names())})"


def _put(scenarios: ReturnScenarios, name: str, value: object) -> None:
    object.__setattr__(scenarios, name, value)


def _frozen(values: NDArray[Any]) -> NDArray[Any]:
    values.setflags(write=False)
    return values
