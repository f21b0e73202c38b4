"""What figures of other kinds foretell of revenue: months, orders, and what is still to deliver."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.knowledge.universe import ORDERS

from .series import unbroken

__all__ = ["SAID", "covered", "of_backlog", "of_months", "of_orders"]

SAID: Final = ["entity", "date", "published", "value", "unit", "confidence", "floor"]
"""Columns of what was said: of whom, to the end of which quarter, when, how much, how sure, and
whether the figure is a bound from below."""

NEAR: Final = pd.Timedelta(days=20)
"""Days by which ends of the same quarter may differ."""

MILLIONS: Final = {"m": 1.0, "bn": 1e3, "tn": 1e6}
"""Of a unit of what is on order; revenue is in millions."""

YEAR: Final = pd.DateOffset(years=1)
TURNS: Final = 0.25
"""Growth of a year's revenue over that of what is ordered and not delivered, in logs. Contracts
grow longer as they grow; of 30 years of six series to 2025 the slope is none over all and 0.30
within series; judgement."""

LASTS: Final = 0.5
"""Part of a year's growth that the next has too: with it 26 years of four series are told with an
error of 0.057, and 0.064 without; judgement."""


def of_months(knowledge: Knowledge) -> pd.DataFrame:
    """Return calendar quarters at the pace of their months, from the second month known on.

    In the currency of the results, at the rate of the last quarter whose months and result were
    known by then.
    """
    results, months = knowledge.first("quarterly_revenue"), knowledge.select("monthly_revenue")
    told = [
        _pace(rows.reset_index(drop=True), results[results["entity"] == entity])
        for entity, rows in months.groupby("entity")
    ]
    return _table(told)


def _pace(months: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Return what one company's months say of their quarter, as each is published."""
    ends = months["date"].dt.to_period("Q-DEC").dt.end_time.dt.normalize()
    quarters = months.groupby(ends)["value"]
    known, mean = quarters.cumcount() + 1, quarters.expanding().mean().droplevel(0)
    whole = quarters.mean()[quarters.count() == 3]
    first = results.set_index("date")
    rates = first.assign(rate=first["value"] / whole).dropna(subset="rate")
    paced = months.assign(date=ends, mean=mean)[known > 1].sort_values("published")
    rates = rates.sort_values("published")[["published", "rate", "unit"]]
    told = pd.merge_asof(paced.drop(columns="unit"), rates, on="published").dropna(subset="rate")
    return told.assign(value=told["mean"] * told["rate"])


def of_backlog(knowledge: Knowledge, quantity: str) -> pd.DataFrame:
    """Return the year after each figure, grown by part of what it and last year's revenue did.

    Told once both the figure and the last quarter of that revenue were published.
    """
    return _table(
        [
            _grown(rows, _years(knowledge, series), series)
            for series, rows in _of_series(knowledge, quantity)
        ]
    )


def of_orders(knowledge: Knowledge, quantity: str) -> pd.DataFrame:
    """Return the year after each figure at the orders of the last four quarters."""
    return _table(
        [
            _four(rows, series).assign(date=lambda t: t["date"] + YEAR)
            for series, rows in _of_series(knowledge, quantity)
        ]
    )


def covered(knowledge: Knowledge, quantity: str) -> pd.DataFrame:
    """Return how figures compare with the revenue of the year after them, where that is known.

    Returns
    -------
    DataFrame
        `entity` of the series, `date` of the figure, and `ratio`, the log of the revenue over it.
    """
    none = pd.DataFrame(columns=["entity", "date", "ratio"])
    told = [none]
    for series, rows in _of_series(knowledge, quantity):
        years = _years(knowledge, series)[["date", "value"]]
        after = years.assign(date=years["date"] - YEAR).sort_values("date")
        both = _matched(rows, after, "_after").dropna(subset="value_after")
        ordered = both["value"] * both["unit"].str.split(" ").str[-1].map(MILLIONS)
        told.append(both.assign(entity=series, ratio=np.log(both["value_after"] / ordered)))
    return pd.concat([one[none.columns] for one in told if len(one)] or [none], ignore_index=True)


def _of_series(knowledge: Knowledge, quantity: str) -> list[tuple[str, pd.DataFrame]]:
    """Return the series whose revenue figures foretell, and those, each as first published."""
    names = knowledge.universe.groups.get(ORDERS, {})
    groups = knowledge.first(quantity).groupby("entity")
    return [(names[str(entity)], own) for entity, own in groups if str(entity) in names]


def _years(knowledge: Knowledge, series: str) -> pd.DataFrame:
    """Return the revenue of every four quarters of a series, as first published."""
    return _four(knowledge.first("quarterly_revenue", series), series)


def _four(rows: pd.DataFrame, series: str) -> pd.DataFrame:
    """Return sums of four quarters that follow one another, known when the last of them was."""
    published = pd.concat([rows["published"].shift(back) for back in range(4)], axis=1).max(axis=1)
    summed = rows.assign(entity=series, value=rows["value"].rolling(4).sum(), published=published)
    return summed[unbroken(pd.DatetimeIndex(rows["date"]), 4)]


def _grown(rows: pd.DataFrame, years: pd.DataFrame, series: str) -> pd.DataFrame:
    """Return revenue of years to come, grown as ``rows`` did to the power of :data:`TURNS`.

    And as :data:`LASTS` has it of revenue's own growth for the rest: orders that rise with sales
    are no news.
    """
    now = rows[["date", "published", "value", "confidence"]]
    before = now.assign(date=now["date"] + YEAR)[["date", "value"]]
    both = _matched(now, before.sort_values("date"), "_before")
    last = years[["date", "published", "value", "unit"]]
    earlier = last.assign(date=last["date"] + YEAR)[["date", "value"]].sort_values("date")
    told = _matched(_matched(both, last, "_sold"), earlier, "_once")
    told = told.dropna(subset=["value_before", "value_sold", "value_once"])
    grown = told["value_sold"] / told["value_once"]
    return told.assign(
        entity=series,
        date=told["date"] + YEAR,
        published=told[["published", "published_sold"]].max(axis=1),
        value=told["value_sold"]
        * (told["value"] / told["value_before"]) ** TURNS
        * grown ** (LASTS * (1.0 - TURNS)),
    )


def _matched(rows: pd.DataFrame, others: pd.DataFrame, suffix: str) -> pd.DataFrame:
    """Return rows beside those of others that are of the same quarter."""
    return pd.merge_asof(
        rows, others, on="date", suffixes=("", suffix), direction="nearest", tolerance=NEAR
    )


def _table(told: list[pd.DataFrame]) -> pd.DataFrame:
    """Return what was told of all series, in order of publication; none of it is a bound."""
    none = pd.DataFrame(columns=SAID).astype(
        {"date": "datetime64[us]", "published": "datetime64[us]"}
    )
    found = pd.concat([one.assign(floor=False)[SAID] for one in told if len(one)] or [none])
    return found.sort_values(["published", "entity", "date"], ignore_index=True)
