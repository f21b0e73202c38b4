"""What trading costs: a commission, half a spread, and the impact of a trade on its own price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.errors import InputError, nearest

__all__ = ["BPS", "Costs", "Rates", "costs_of"]

Array = npt.NDArray[np.float64]

BPS: Final = 1e-4
"""A basis point: ``10 * BPS`` of the traded value."""

COSTLIEST: Final = 0.5
"""Rates of the traded value stay below this."""

WINDOW: Final = 21
"""Rows, a month of trading, over which volume and volatility are taken; the last is the trade's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Costs:
    """What a trade costs, as a fraction of its value unless said otherwise.

    A trade worth x of a ticker costs ``x (proportional + spread / 2 + impact sigma sqrt(x / V))``,
    where sigma is the standard deviation of its daily returns and V the money that changes hands in
    it in a day, both means of the month up to the trade: the square-root law of impact, so that
    money lost grows with the 3/2 power of the trade (Almgren, Thum, Hauptmann and Li 2005; Toth and
    others 2011).

    Attributes
    ----------
    proportional : float
        Commission: ``10 * ms.backtesting.BPS``.
    spread : float, or mapping or Series of ticker to float
        Between bid and ask, over their middle. Tickers that a mapping leaves out have none.
    impact : float
        Coefficient of the square-root law, about 1; 0 is none. It wants `volume` and `money`.
    volume : DataFrame [date, ticker], optional
        Money traded in a day, USD. Where it is not known no impact is charged, and a note says so.
    money : float, optional
        What is invested at the start, USD.
    """

    proportional: float = 0.0
    spread: float | Mapping[str, float] | pd.Series = 0.0
    impact: float = 0.0
    volume: pd.DataFrame | None = None
    money: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.spread, pd.Series):
            if not self.spread.index.is_unique:
                twice = self.spread.index[self.spread.index.duplicated()][0]
                raise InputError(f"spread has {twice} twice; give each ticker one")
            object.__setattr__(self, "spread", self.spread.to_dict())
        _within("proportional", self.proportional, COSTLIEST)
        spreads = self.spread if isinstance(self.spread, Mapping) else {"": self.spread}
        for ticker, spread in spreads.items():
            _within(f"spread[{ticker!r}]" if ticker else "spread", spread, 2.0 * COSTLIEST)
        _within("impact", self.impact, 100.0)
        if self.impact and (self.volume is None or self.money is None):
            raise InputError(
                "impact wants volume, the money traded in a day by date and ticker, and money, "
                "what is invested at the start, both in USD"
            )
        money: Any = self.money
        if money is not None and not (isinstance(money, Real) and 0.0 < float(money) < np.inf):
            raise InputError(f"money is {self.money!r}; give what is invested at the start, in USD")

    def __repr__(self) -> str:
        return f"Costs({self.record()})"

    def record(self) -> float | dict[str, object]:
        """Return them for the record of a backtest: a number where they are proportional alone."""
        if self.spread == 0.0 and self.impact == 0.0:
            return self.proportional
        spread = dict(self.spread) if isinstance(self.spread, Mapping) else self.spread
        told: dict[str, object] = {"proportional": self.proportional, "spread": spread}
        return told | ({"impact": self.impact, "money": self.money} if self.impact else {})


@dataclass(frozen=True, eq=False)
class Rates:
    """Costs of a day: of a trade x [ticker], in shares of what was invested at the start.

    ``linear`` [ticker] times the size of x, and ``curve`` [ticker], where there is
    impact, times its 3/2 power.
    """

    linear: Array
    curve: Array | None = None

    def of(self, trade: Array) -> Array:
        """Return what a trade [ticker] costs, by ticker."""
        size = np.abs(trade)
        cost: Array = self.linear * size
        return cost if self.curve is None else cost + self.curve * size * np.sqrt(size)


@dataclass(frozen=True, eq=False)
class Dated:
    """Costs on every row of a walk: ``linear`` [ticker] and ``curve`` [row, ticker], as `Rates`.

    ``unknown`` are the tickers whose impact is not charged on some row, since no volume is known.
    """

    linear: Array
    curve: Array | None = None
    unknown: tuple[str, ...] = ()

    def on(self, row: int) -> Rates:
        """Return the costs of a row."""
        return Rates(self.linear, None if self.curve is None else self.curve[row])


def costs_of(
    costs: Costs | float, closes: pd.DataFrame, rows: pd.DatetimeIndex, universe: tuple[str, ...]
) -> Dated:
    """Return what trading costs on each row.

    Parameters
    ----------
    costs
        A number is the proportional cost.
    closes
        Up to the last row, [date, ticker].
    rows
        Of the walk.
    universe
        Tickers that may be traded.

    Raises
    ------
    InputError
        A spread or volume is of a ticker that the universe lacks, or a volume is below zero.
    """
    if not isinstance(costs, Costs):
        _within("cost", costs, COSTLIEST)
    given = costs if isinstance(costs, Costs) else Costs(proportional=costs)
    linear = np.full(len(universe), given.proportional) + 0.5 * _spreads(given.spread, universe)
    if not given.impact or given.volume is None or given.money is None:
        return Dated(linear)
    traded = _volume(given.volume, universe)
    traded = traded.reindex(rows.union(pd.DatetimeIndex(traded.index)))
    daily = traded.ffill(limit=WINDOW).rolling(WINDOW, min_periods=1).mean().loc[rows]
    moves = closes[list(universe)].pct_change(fill_method=None)
    sigma = moves.rolling(WINDOW, min_periods=2).std().loc[rows]
    known = (daily > 0.0) & sigma.notna()
    curve = given.impact * sigma * np.sqrt(given.money / daily.where(known))
    priced = closes[list(universe)].loc[rows].notna()
    missing = (priced & ~known).any().to_numpy(dtype=bool)
    return Dated(
        linear,
        curve.where(known, 0.0).to_numpy(float),
        tuple(ticker for ticker, gone in zip(universe, missing, strict=True) if gone),
    )


def _spreads(spread: float | Mapping[str, float] | pd.Series, universe: tuple[str, ...]) -> Array:
    if not isinstance(spread, Mapping):
        return np.full(len(universe), spread)
    _require(spread, universe, "spread")
    return np.array([spread.get(ticker, 0.0) for ticker in universe], dtype=float)


def _volume(volume: pd.DataFrame, universe: tuple[str, ...]) -> pd.DataFrame:
    if not isinstance(volume, pd.DataFrame) or not isinstance(volume.index, pd.DatetimeIndex):
        raise InputError("volume is no table of money traded by date and ticker")
    if volume.index.tz is not None:
        raise InputError(
            f"volume is dated in {volume.index.tz}; give days without a zone, as closes have them"
        )
    if not all(kind.kind in "fiu" for kind in volume.dtypes):
        raise InputError("volume holds text somewhere; give the money traded in a day, in USD")
    known = volume.reindex(columns=list(universe)).astype(float).sort_index()
    if not any(ticker in volume.columns for ticker in universe):
        raise InputError(f"volume has none of {', '.join(universe)} among its columns")
    if (known < 0.0).any(axis=None):
        raise InputError("volume is below zero somewhere; give the money traded in a day")
    return known


def _require(given: Mapping[str, float], universe: tuple[str, ...], name: str) -> None:
    for ticker in given:
        if ticker not in universe:
            raise InputError(
                f"{name} names '{ticker}', which is not in the universe.{nearest(ticker, universe)}"
            )


def _within(name: str, value: Any, most: float) -> None:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0.0 <= float(value) < most:
        raise InputError(
            f"{name}={value!r} is a fraction of the traded value, from 0 to {most:g}"
            if name != "impact"
            else f"impact={value!r} is a coefficient, about 1 and never below 0"
        )
