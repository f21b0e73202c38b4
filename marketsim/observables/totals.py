"""Sums over several reporters, and how sure they are."""

from __future__ import annotations

import pandas as pd

from marketsim.knowledge import DOUBT

__all__ = ["together"]


def together(rows: pd.DataFrame, entities: tuple[str, ...]) -> pd.DataFrame:
    """Return sums over ``entities`` at the dates where all are known, as sure as the least sure.

    Parameters
    ----------
    rows
        `entity`, `date`, `value`, `confidence`.
    entities
        Those that are added up.

    Returns
    -------
    DataFrame
        `date`, `value`, `confidence`, in order of dates.
    """
    chosen = rows[rows["entity"].isin(entities)]
    wide = chosen.pivot(index="date", columns="entity", values="value")
    complete = wide.dropna() if set(entities) <= set(wide.columns) else wide.iloc[:0]
    total = complete.sum(axis=1)
    doubt = chosen.assign(doubt=chosen["confidence"].map(DOUBT)).groupby("date")["doubt"].max()
    least = doubt.reindex(total.index).map({doubt: name for name, doubt in DOUBT.items()})
    return pd.DataFrame(
        {"date": total.index, "value": total.to_numpy(), "confidence": least.to_numpy()}
    )
