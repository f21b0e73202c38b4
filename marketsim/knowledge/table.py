"""The table of facts itself, and what may be asked of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
import pandas as pd

from marketsim.dates import Day, day
from marketsim.errors import InputError, nearest
from marketsim.knowledge.once import once

__all__ = ["COLUMNS", "CONFIDENCES", "KEY", "Day", "Facts", "Key", "day"]

COLUMNS: Final = (
    "quantity",
    "entity",
    "date",
    "published",
    "value",
    "unit",
    "source",
    "confidence",
    "note",
)

DOUBT: Final = {"sourced": 1.0, "derived": 1.2, "unverified": 1.6}
"""Standard deviations grow by these where a figure is less sure."""

CONFIDENCES: Final = tuple(DOUBT)

KEY: Final = ("quantity", "entity", "date", "published")
"""The columns that tell two rows apart, in the order a table is sorted by."""

Key = tuple[str, str, pd.Timestamp, pd.Timestamp]


@dataclass(frozen=True, eq=False)
class Facts:
    """Rows of facts, all of them public by `as_of`.

    Attributes
    ----------
    table : DataFrame
        Columns `COLUMNS`, sorted by quantity, entity, date and published, rows numbered
        from 0. `date` and `published` are datetime64, `value` is float64 in the row's unit.
    as_of : Timestamp or None
        The last day of publication that is visible; None means everything known.
    known : frozenset of str
        Quantities that may be asked for, those of the table among them: one of which nothing was
        published yet gives no rows, any other is an error.
    """

    table: pd.DataFrame
    as_of: pd.Timestamp | None = None
    known: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        known = self.known.union(map(str, self.table["quantity"].unique()))
        object.__setattr__(self, "known", known)

    def __repr__(self) -> str:
        seen = "all" if self.as_of is None else f"as of {self.as_of.date()}"
        return f"Facts({len(self.table)} rows, {seen})"

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the visible rows as canonical CSV bytes."""
        return hashlib.sha256(_canonical(self.table)).hexdigest()

    def upto(self, date: Day) -> Facts:
        """The facts published by the end of `date`, and never later than `as_of`."""
        limit = day(date)
        if self.as_of is not None and self.as_of <= limit:
            return self
        visible = (self.table["published"] <= limit).to_numpy()
        return Facts(self.table[visible].reset_index(drop=True), limit, self.known)

    def select(self, quantity: str, entity: str | None = None) -> pd.DataFrame:
        """Rows of one quantity, the latest published vintage of each entity and date.

        Parameters
        ----------
        quantity : str
            One of the known quantities.
        entity : str, optional
            Only this entity; an entity of which nothing is known gives no rows.

        Returns
        -------
        DataFrame
            Columns `COLUMNS`, sorted by entity and date, rows numbered from 0.

        Raises
        ------
        InputError
            The quantity is neither in the table nor among the known ones.
        """
        return self._vintage(quantity, entity, "last")

    def first(self, quantity: str, entity: str | None = None) -> pd.DataFrame:
        """Rows of one quantity as `select` has them, but the first published vintage of each."""
        return self._vintage(quantity, entity, "first")

    @once
    def _vintage(
        self, quantity: str, entity: str | None, which: Literal["first", "last"]
    ) -> pd.DataFrame:
        rows = self.table[self._wanted(quantity, entity)]
        return rows.drop_duplicates(["entity", "date"], keep=which).reset_index(drop=True)

    def series(self, quantity: str, entity: str) -> pd.Series:
        """Values of one entity by date, in the unit of its rows; empty if nothing is known."""
        rows = self.select(quantity, entity)
        index = pd.DatetimeIndex(rows["date"], name="date")
        return pd.Series(rows["value"].to_numpy(), index=index, name=quantity, dtype="float64")

    def latest(self, quantity: str) -> pd.Series:
        """Value of every entity at the last date known of it, indexed by entity."""
        rows = self.select(quantity).drop_duplicates("entity", keep="last")
        return rows.set_index("entity")["value"].rename(quantity)

    def _wanted(self, quantity: str, entity: str | None) -> np.ndarray:
        wanted = (self.table["quantity"] == quantity).to_numpy(dtype=bool)
        if quantity not in self.known:
            hint = nearest(quantity, self.known)
            raise InputError(f"no quantity '{quantity}' among the facts.{hint}")
        if entity is not None:
            wanted = wanted & (self.table["entity"] == entity).to_numpy(dtype=bool)
        return wanted


def _canonical(table: pd.DataFrame) -> bytes:
    """The rows as CSV: LF, ISO days, shortest numbers that read back as the same float."""
    text = table.loc[:, list(COLUMNS)].to_csv(
        index=False, lineterminator="\n", date_format="%Y-%m-%d"
    )
    return text.encode()
