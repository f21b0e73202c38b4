"""What came, row by row, and what of it is shown on a date."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.history import History
from marketsim.errors import InputError, nearest
from marketsim.prices.splits import NO_SPLITS, traded_closes

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge

__all__ = ["PERIODS", "Market", "decision_rows"]

Array = npt.NDArray[np.float64]
PERIODS: Final = {"weekly": "W-SUN", "monthly": "M", "quarterly": "Q"}
PATIENCE: Final = 5  # rows without a close before a ticker's prices count as ended


@dataclass(frozen=True, eq=False)
class Market:
    """A panel to walk through.

    Attributes
    ----------
    closes : DataFrame [date, ticker]
        Of everything that is shown, from the first row of the panel to the last of the walk.
    universe : tuple of str
        The columns that can be held.
    rows : DatetimeIndex
        The dates of the walk.
    facts : Knowledge
        Shown as far as they are published.
    splits : DataFrame
        Those that closes are adjusted for. Later ones are undone, and shown to nobody.
    adjusted : Timestamp or None
        The day of adjustment.
    """

    closes: pd.DataFrame
    universe: tuple[str, ...]
    rows: pd.DatetimeIndex
    facts: Knowledge
    splits: pd.DataFrame = field(default_factory=NO_SPLITS.copy)
    adjusted: pd.Timestamp | None = None

    @cached_property
    def prices(self) -> Array:
        """Closes [row, ticker] to trade at: the last one, for up to five rows without any.

        Whether a ticker has ended is known when its prices have failed to come, not before.
        """
        filled = self.closes[list(self.universe)].ffill(limit=PATIENCE)
        return filled.loc[self.rows[0] :].to_numpy(float)

    @cached_property
    def growth(self) -> Array:
        """Price relatives [row, ticker] since the row before; 1 where either is missing."""
        relatives = np.ones_like(self.prices)
        relatives[1:] = self.prices[1:] / self.prices[:-1]
        return np.where(np.isfinite(relatives), relatives, 1.0)

    def equal_weights(self, row: int, held: Array) -> Array:
        """Equal weights [ticker] of whatever can be bought on a row."""
        priced = np.isfinite(self.prices[row])
        weights: Array = priced / priced.sum()
        return weights

    def history(self, row: int, held: Array) -> History:
        """What is known on a row, in copies; `held` are the weights [ticker] before the trade."""
        date = self.rows[row]
        priced = np.isfinite(self.prices[row])
        known = self.facts.upto(date)
        closes = self.closes.loc[:date].dropna(axis=1, how="all").copy()
        return History(
            date=date,
            closes=closes,
            facts=known.copy(),
            weights=pd.Series(held, index=list(self.universe), copy=True),
            tickers=tuple(t for t, seen in zip(self.universe, priced, strict=True) if seen),
            traded=traded_closes(closes, date, self.splits),
            adjusted=self.adjusted,
        )


def decision_rows(rows: pd.DatetimeIndex, rebalance: str) -> npt.NDArray[np.bool_]:
    """The first row, and each whose period is not that of the row before: no look ahead.

    Raises
    ------
    InputError
        `rebalance` is not one of the periods.
    """
    if rebalance not in PERIODS:
        raise InputError(
            f"rebalance={rebalance!r} is none of {', '.join(PERIODS)}.{nearest(rebalance, PERIODS)}"
        )
    period = rows.to_period(PERIODS[rebalance]).asi8
    turned = np.ones(len(rows), dtype=np.bool_)
    turned[1:] = period[1:] != period[:-1]
    return turned
