"""What came, row by row, and what of it is shown on a date."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.history import Blind, History
from marketsim.knowledge import bill_yields
from marketsim.prices.splits import NO_SPLITS, traded_closes

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge

__all__ = ["Market", "panel_digest"]

Array = npt.NDArray[np.float64]
PATIENCE: Final = 5  # rows without a close before a ticker's prices count as ended
YEAR: Final = 365.0  # days, as yields count them


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

    @cached_property
    def traded(self) -> npt.NDArray[np.bool_]:
        """Whether a row is a session: whether anything had a close of its own, [row]."""
        seen: npt.NDArray[np.bool_] = self.closes.loc[self.rows].notna().any(axis=1).to_numpy(bool)
        return seen

    @cached_property
    def interest(self) -> Array:
        """What a unit of cash earns from the row before, [row]; at the yield known on that row.

        Nothing before the first yield was published.
        """
        known = bill_yields(self.facts)
        rates = known.reindex(known.index.union(self.rows)).ffill().loc[self.rows].fillna(0.0)
        return self.interest_at(rates.to_numpy(float))

    def interest_at(self, rates: Array) -> Array:
        """What a unit of cash earns from the row before, [row], at yields [row] of a year."""
        days = np.diff(self.rows.to_numpy().astype("datetime64[D]").astype(float))
        earned: Array = np.r_[0.0, np.expm1(rates[:-1] * days / YEAR)]
        return earned

    def equal_weights(self, row: int) -> Array:
        """Equal weights [ticker] of whatever can be bought on a row."""
        priced = np.isfinite(self.prices[row])
        weights: Array = priced / priced.sum()
        return weights

    def open(self, row: int) -> bool:
        """Return whether anything can be bought on a row."""
        return bool(np.isfinite(self.prices[row]).any())

    def known(self, row: int) -> Knowledge:
        """Return what was known on a row."""
        return self.facts.upto(self.rows[row])

    def history(self, row: int, held: Array | None) -> History:
        """What is known on a row, in copies.

        ``held`` are the weights [ticker] before the trade; without them the history is `Blind`.
        """
        date = self.rows[row]
        closes = self.closes.loc[:date].dropna(axis=1, how="all").copy()
        weights = np.full(len(self.universe), np.nan) if held is None else held
        return (Blind if held is None else History)(
            date=date,
            closes=closes,
            facts=self.known(row).copy(),
            weights=pd.Series(weights, index=list(self.universe), copy=True),
            tickers=self.tradable(row),
            traded=traded_closes(closes, date, self.splits),
            adjusted=self.adjusted,
        )

    def tradable(self, row: int) -> tuple[str, ...]:
        """Return the tickers of the universe that can be bought on a row."""
        priced = np.isfinite(self.prices[row])
        return tuple(t for t, seen in zip(self.universe, priced, strict=True) if seen)

    def seen(self, row: int) -> str:
        """SHA-256 of all that a history shows on a row, but for what is held."""
        date = self.rows[row]
        traded = traded_closes(self.closes.loc[:date], date, self.splits)
        parts = (
            date.isoformat(),
            self._closes_digests[row],
            hashlib.sha256(traded.to_numpy("<f8").tobytes()).hexdigest(),
            self._facts_digest(row),
            ",".join(self.universe),
            ",".join(self.tradable(row)),
            str(self.adjusted),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def _closes_digests(self) -> list[str]:
        """Of the panel up to each row: one pass, each digest going on from the one before."""
        values = np.ascontiguousarray(_plain(self.closes))
        dates = [f"{date:%Y-%m-%d}\n".encode() for date in self.closes.index]
        digest = hashlib.sha256("\n".join(map(str, self.closes.columns)).encode())
        found = []
        first = len(dates) - len(self.rows)
        for row, (date, line) in enumerate(zip(dates, values, strict=True)):
            digest.update(date)
            digest.update(line.tobytes())
            if row >= first:
                found.append(digest.hexdigest())
        return found

    @cached_property
    def _facts_digests(self) -> dict[tuple[int, int], str]:
        return {}

    def _facts_digest(self, row: int) -> str:
        """Digest of what was known: the same until something more is published."""
        known = self.known(row)
        published = (len(known), len(known.models))
        if published not in self._facts_digests:
            self._facts_digests[published] = known.digest
        return self._facts_digests[published]


def panel_digest(closes: pd.DataFrame) -> str:
    """SHA-256 of a panel: its dates, tickers and closes, whatever machine computes it."""
    digest = hashlib.sha256()
    digest.update("\n".join(map(str, closes.columns)).encode())
    digest.update("\n".join(f"{date:%Y-%m-%d}" for date in closes.index).encode())
    digest.update(_plain(closes).tobytes("C"))
    return digest.hexdigest()


def _plain(closes: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Values in one order of bytes, and one NaN."""
    values = closes.to_numpy(float)
    return np.where(np.isnan(values), np.nan, values).astype("<f8")
