"""What came, row by row, and what of it is shown on a date."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.history import LATER, Blind, History
from marketsim.errors import InputError
from marketsim.knowledge import bill_yields
from marketsim.prices.splits import NO_SPLITS, traded_by_day

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge
    from marketsim.scenarios import Regime

__all__ = ["PAID", "Market", "panel_digest", "regimes_digest"]

Array = npt.NDArray[np.float64]
PAID: Final = "costs"
"""Column of gains that holds what trading cost."""

PATIENCE: Final = 5  # rows without a close before a ticker's prices count as ended
YEAR: Final = 365.0  # days, as yields count them
END: Final = "\x1e\n"  # of a row of facts: no text holds it


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
    regimes : tuple of Regime, or None
        Readings of the future that are shown; those that ship where there are none.
    joined : tuple of str
        In words, which columns of former tickers were joined to those of the present ones.
    """

    closes: pd.DataFrame
    universe: tuple[str, ...]
    rows: pd.DatetimeIndex
    facts: Knowledge
    splits: pd.DataFrame = field(default_factory=NO_SPLITS.copy)
    adjusted: pd.Timestamp | None = None
    regimes: tuple[Regime, ...] | None = None
    joined: tuple[str, ...] = ()

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
    def ending(self) -> npt.NDArray[np.bool_]:
        """Whether a row is the first without a price of something that had one, [row]."""
        priced = np.isfinite(self.prices)
        ends = np.zeros(len(priced), dtype=np.bool_)
        ends[1:] = (priced[:-1] & ~priced[1:]).any(axis=1)
        return ends

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

    def interest_of(self, cash_yield: float | None) -> Array:
        """What a unit of cash earns from the row before, [row]: at a yield, or that of the bill.

        Raises
        ------
        InputError
            The yield is no rate of a year.
        """
        if cash_yield is None:
            return self.interest
        if not isinstance(cash_yield, int | float) or not abs(cash_yield) < 1.0:
            raise InputError(f"cash_yield={cash_yield!r} is a rate a year, as 0.04")
        return self.interest_at(np.full(len(self.rows), float(cash_yield)))

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

    @cached_property
    def available(self) -> dict[str, pd.Timestamp]:
        """The first row of the walk on which each ticker can be bought, of those that ever can."""
        priced = np.isfinite(self.prices)
        found = zip(self.universe, priced.argmax(axis=0), priced.T, strict=True)
        return {ticker: self.rows[first] for ticker, first, seen in found if seen.any()}

    def open(self, row: int) -> bool:
        """Return whether anything can be bought on a row."""
        return bool(np.isfinite(self.prices[row]).any())

    def known(self, row: int) -> Knowledge:
        """Return what was known on a row."""
        date, published = self.rows[row], self._published[row]
        if self.facts.as_of is not None and self.facts.as_of <= date:
            return self.facts
        if published not in self._vintages:
            self._vintages[published] = self.facts.upto(date)
        vintage = self._vintages[published]
        return replace(vintage, facts=replace(vintage.facts, as_of=date))

    def history(self, row: int, held: Array | None) -> History:
        """What is known on a row, in copies.

        ``held`` are the weights [ticker] before the trade; without them the history is `Blind`.
        """
        weights = np.full(len(self.universe), np.nan) if held is None else held
        traded = self._traded
        return (Blind if held is None else History)(
            date=self.rows[row],
            closes=self._closes(row),
            facts=self.known(row).copy(),
            weights=pd.Series(weights, index=list(self.universe), copy=True),
            tickers=self.tradable(row),
            traded=pd.Series(traded[row], index=self.closes.columns, copy=True).dropna(),
            adjusted=self.basis(row),
            regimes=self.regimes,
        )

    def basis(self, row: int) -> pd.Timestamp | None:
        """The day of adjustment as far as a row may know it: of a later one, that it is later."""
        past = self.adjusted is not None and self.adjusted > self.rows[row]
        return LATER if past else self.adjusted

    @property
    def traded_closes(self) -> Array:
        """The last closes of the universe as they were traded, [row, ticker]."""
        found: Array = self._traded[:, self.closes.columns.get_indexer(pd.Index(self.universe))]
        return found

    def _closes(self, row: int) -> pd.DataFrame:
        """Closes up to a row, of what had any by then; nothing later stands behind them."""
        count = self._before + row + 1
        listed = self._listed < count
        values = self._values[:count, listed].copy()
        index = pd.DatetimeIndex(self.closes.index[:count].to_numpy(copy=True), name=self._axis)
        return pd.DataFrame(values, index=index, columns=self.closes.columns[listed])

    def tradable(self, row: int) -> tuple[str, ...]:
        """Return the tickers of the universe that can be bought on a row."""
        priced = np.isfinite(self.prices[row])
        return tuple(t for t, seen in zip(self.universe, priced, strict=True) if seen)

    def seen(self, row: int) -> str:
        """SHA-256 of all that a history shows on a row, but for what is held."""
        parts = (
            self.rows[row].isoformat(),
            self._closes_digests[row],
            hashlib.sha256(self._traded[row].astype("<f8").tobytes()).hexdigest(),
            self._facts_digests[row],
            ",".join(self.universe),
            ",".join(self.tradable(row)),
            str(self.basis(row)),
            repr(self.regimes),
        )
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @cached_property
    def _values(self) -> Array:
        return np.ascontiguousarray(self.closes.to_numpy(float))

    @property
    def _axis(self) -> Hashable:
        return self.closes.index.name

    @property
    def _before(self) -> int:
        """Rows of the panel before the walk."""
        return len(self.closes) - len(self.rows)

    @cached_property
    def _listed(self) -> npt.NDArray[np.int_]:
        """Row of the panel on which each column has its first close; past all where none."""
        seen = np.isfinite(self._values)
        return np.where(seen.any(axis=0), seen.argmax(axis=0), len(self._values))

    @cached_property
    def _traded(self) -> Array:
        """The last closes as they were traded, [row, column]; see `traded_closes`."""
        return traded_by_day(self.closes, self.rows, self.splits)

    @cached_property
    def _closes_digests(self) -> list[str]:
        """Of the panel up to each row: one pass, each digest going on from the one before."""
        values = _plain(self._values)
        dates = [f"{date:%Y-%m-%d}\n".encode() for date in self.closes.index]
        digest = hashlib.sha256("\n".join(map(str, self.closes.columns)).encode())
        found = []
        for row, (date, line) in enumerate(zip(dates, values, strict=True)):
            digest.update(date)
            digest.update(line.tobytes())
            if row >= self._before:
                found.append(digest.hexdigest())
        return found

    @cached_property
    def _published(self) -> list[tuple[int, int]]:
        """How many facts, and how many models, were known on each row: they tell vintages apart."""
        days = np.sort(self.facts.table["published"].to_numpy("datetime64[D]"))
        out = sorted(model.released for model in self.facts.models.values())
        models = pd.DatetimeIndex(out).to_numpy("datetime64[D]")
        rows = self.rows.to_numpy("datetime64[D]")
        counts = (np.searchsorted(x, rows, side="right") for x in (days, models))
        return list(zip(*(map(int, count) for count in counts), strict=True))

    @cached_property
    def _vintages(self) -> dict[tuple[int, int], Knowledge]:
        return {}

    @cached_property
    def _facts_digests(self) -> list[str]:
        """Of what was known on each row: one pass over facts in the order of publication."""
        table = self.facts.table
        last = max((count for count, _ in self._published), default=0)
        order = np.argsort(table["published"].to_numpy(), kind="stable")[:last]
        text = table.iloc[order].to_csv(index=False, lineterminator=END, date_format="%Y-%m-%d")
        lines = text.split(END)
        beside = self.facts.with_facts(table.iloc[:0]).digest
        digest = hashlib.sha256(f"{beside}\n{lines[0]}".encode())
        found, taken = [], 0
        for count, models in self._published:
            for line in lines[1 + taken : 1 + count]:
                digest.update(line.encode())
            taken = count
            found.append(f"{digest.hexdigest()} {models}")
        return found


def panel_digest(closes: pd.DataFrame) -> str:
    """SHA-256 of a panel: its dates, tickers and closes, whatever machine computes it."""
    digest = hashlib.sha256()
    digest.update("\n".join(map(str, closes.columns)).encode())
    digest.update("\n".join(f"{date:%Y-%m-%d}" for date in pd.DatetimeIndex(closes.index)).encode())
    digest.update(_plain(closes.to_numpy(float)).tobytes("C"))
    return digest.hexdigest()


def regimes_digest(regimes: tuple[Regime, ...]) -> str:
    """SHA-256 of what regimes say and shift."""
    return hashlib.sha256(repr(regimes).encode()).hexdigest()


def _plain(values: Array) -> Array:
    """Values in one order of bytes, and one NaN."""
    return np.where(np.isnan(values), np.nan, values).astype("<f8")
