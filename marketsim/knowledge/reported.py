"""Series as reported, with breaks in definition honoured.

Where a company recast the past, the past is put on the new footing; where it did not, the past is
marked.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge.breaks import Break
from marketsim.knowledge.currency import in_usd
from marketsim.knowledge.table import Facts

__all__ = ["reported"]

OUT: Final = ["entity", "date", "value", "published", "confidence", "unit", "definition"]


def reported(facts: Facts, quantity: str, breaks: tuple[Break, ...]) -> pd.DataFrame:
    """Return every series of a quantity, as far as possible in its current definition.

    Rows recast by the company take the recast values; older ones are scaled by the geometric mean
    of recast over original where both are known. A break is honoured once a period that ended on
    or after ``first`` is in ``facts``: before, nobody could have seen it in the figures.

    Parameters
    ----------
    facts
        What was known; nothing else is looked at.
    quantity
        As ``quarterly_revenue``.
    breaks
        As the universe lists them.

    Returns
    -------
    DataFrame
        `entity`, `date`, `value` (USD m where the unit is EUR m, else as in the row), `published`
        (the day from which the value could be known in this form), `confidence` (``derived`` where
        scaled), `unit` (of the row) and `definition`: 0 for the current one; 1 for rows scaled to
        it, of an older definition never recast, or before a merger. Sorted by entity and date.

    Raises
    ------
    InputError
        There is no such quantity.
    """
    rows = facts.select(quantity)
    rows = rows.assign(value=in_usd(rows), definition=0)[OUT]
    series = {str(name): of_one for name, of_one in rows.groupby("entity", sort=True)}
    for found in breaks:
        known = series.get(found.entity)
        if known is not None and (known["date"] >= found.first).any():
            series[found.entity] = _joined(known, found, series.get(found.recast))
    recast = {found.recast for found in breaks}
    kept = [of_one for name, of_one in series.items() if name not in recast]
    return pd.concat(kept, ignore_index=True) if kept else rows.reset_index(drop=True)


def _joined(rows: pd.DataFrame, found: Break, recast: pd.DataFrame | None) -> pd.DataFrame:
    """One series with one break honoured, sorted by date."""
    old = (rows["date"] < found.first).to_numpy()
    before, after = rows[old].assign(definition=1), rows[~old]
    if recast is None:
        return pd.concat([before, after], ignore_index=True)
    restated = recast[recast["date"] < found.first].assign(entity=found.entity)
    earlier = before[~before["date"].isin(restated["date"])]
    joined = pd.concat([_scaled(earlier, before, restated), restated, after], ignore_index=True)
    return joined.sort_values("date", ignore_index=True)


def _scaled(earlier: pd.DataFrame, before: pd.DataFrame, restated: pd.DataFrame) -> pd.DataFrame:
    """Rows that were never recast, at the ratio of those that were; as they are without overlap."""
    both = before.merge(restated, on="date", suffixes=("", "_recast"))
    if both.empty:
        return earlier
    ratio = np.exp(np.log(both["value_recast"] / both["value"]).mean())
    since = both["published_recast"].max()
    return earlier.assign(
        value=earlier["value"] * ratio,
        published=earlier["published"].clip(lower=since),
        confidence=earlier["confidence"].where(earlier["confidence"] == "unverified", "derived"),
    )
