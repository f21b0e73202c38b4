"""What companies reported, year by year, as it was known on a date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.knowledge.currency import in_usd

__all__ = ["ITEMS", "Record", "records"]

ITEMS: Final = (
    "revenue",
    "gross_profit",
    "operating_income",
    "net_income",
    "effective_tax_rate",
    "depreciation_amortisation",
    "capex",
    "cash_and_equivalents",
    "cash_and_st_investments",
    "total_debt",
)

QUARTERLY: Final = "quarterly_capex", "debt_outstanding"


@dataclass(frozen=True, eq=False)
class Series:
    """Known values, USD bn, [date], and their ``ends``."""

    ends: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Record:
    """What a company reported: ``ends`` of fiscal years, and :data:`ITEMS` by year, [year].

    USD bn, rates as they are, NaN where it is unknown; and quarter by quarter what was ``spent``
    and ``owed``.
    """

    ends: np.ndarray
    items: Mapping[str, np.ndarray]
    spent: Series
    owed: Series

    def __getitem__(self, item: str) -> np.ndarray:
        return self.items[item]

    def known(self, item: str) -> Series:
        """The years in which an item is known."""
        return _known(self.ends, self.items[item])


def records(knowledge: Knowledge, companies: tuple[str, ...]) -> dict[str, Record]:
    """Return what each of the companies reported, as far as ``knowledge`` has it."""
    quantities = [*(f"annual_{item}" for item in ITEMS), *QUARTERLY]
    table = knowledge.table
    wanted = table["quantity"].isin(quantities) & table["entity"].isin(companies)
    rows = table.loc[wanted, ["quantity", "entity", "date", "value", "unit"]]
    # Sorted by publication: the last is what was known.
    rows = rows.drop_duplicates(["quantity", "entity", "date"], keep="last")
    size = np.where(rows["unit"] == "fraction", 1.0, 1e-3)
    rows = rows.assign(value=in_usd(rows) * size)
    wide = rows.pivot(index=["entity", "date"], columns="quantity", values="value")
    wide = wide.reindex(columns=quantities).sort_index()
    values = wide.to_numpy(dtype=float)
    entities, dates = (wide.index.get_level_values(name) for name in ("entity", "date"))
    ends, places = dates.to_numpy(), pd.Series(range(len(wide))).groupby(entities).indices
    none = np.empty(0, dtype=int)
    return {t: _record(ends[at], values[at]) for t in companies for at in [places.get(t, none)]}


def _record(ends: np.ndarray, values: np.ndarray) -> Record:
    annual = values[:, : len(ITEMS)]
    years = np.isfinite(annual).any(axis=1)
    spent, owed = (_known(ends, path) for path in values[:, len(ITEMS) :].T)
    items = dict(zip(ITEMS, annual[years].T, strict=True))
    return Record(ends[years], items, spent, owed)


def _known(ends: np.ndarray, values: np.ndarray) -> Series:
    there = np.isfinite(values)
    return Series(ends[there], values[there])
