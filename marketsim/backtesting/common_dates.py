"""The dates that several backtests have in common, and what each did on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from marketsim.backtesting.folders import RecordedWalk
from marketsim.errors import InputError

__all__ = ["after", "alike", "common_dates", "cut_to", "names_of", "restricted"]

FEWEST: Final = 20
"""Dates in common below which there is nothing to compare."""


def names_of(walks: Sequence[RecordedWalk]) -> list[str]:
    """Return strategies where these tell them apart, else names of folders, else paths."""
    strategies = [walk.strategy for walk in walks]
    named = [
        strategy if strategies.count(strategy) == 1 else walk.folder.resolve().name
        for strategy, walk in zip(strategies, walks, strict=True)
    ]
    return named if len(set(named)) == len(named) else [str(walk.folder) for walk in walks]


def alike(walks: Sequence[RecordedWalk]) -> bool:
    """Whether all have the same dates."""
    return all(walk.dates.equals(walks[0].dates) for walk in walks)


def common_dates(walks: Sequence[RecordedWalk], names: Sequence[str]) -> pd.DatetimeIndex:
    """Return the dates that all have.

    Raises
    ------
    InputError
        There are too few; the message says from when to when each goes.
    """
    dates = walks[0].dates
    for walk in walks[1:]:
        dates = dates.intersection(walk.dates)
    if len(dates) < FEWEST:
        spans = "; ".join(_span(n, walk.dates) for n, walk in zip(names, walks, strict=True))
        raise InputError(
            f"backtests have {len(dates)} dates in common, and {FEWEST} are needed: {spans}"
        )
    return dates


def cut_to(walk: RecordedWalk, dates: pd.DatetimeIndex, *, whole: bool) -> pd.DataFrame:
    """Return what a walk returned from one common date to the next; costs are left as they are."""
    if whole:
        return walk.returns
    grown = (1.0 + walk.returns.drop(columns="cost")).cumprod().loc[dates]
    return grown.pct_change().fillna(0.0)


def after(paid: pd.Series, dates: pd.DatetimeIndex) -> pd.Series:
    """Return what was paid after the first date; nothing on it, where the purchase would be."""
    later = paid[(paid.index > dates[0]) & (paid.index <= dates[-1])]
    found: pd.Series = pd.concat([pd.Series([0.0], dates[:1]), later])
    return found


def restricted(
    walks: Sequence[RecordedWalk], names: Sequence[str], dates: pd.DatetimeIndex
) -> list[str]:
    """Return a note on dates that were left out, if any were."""
    if alike(walks):
        return []
    spans = "; ".join(_span(n, walk.dates) for n, walk in zip(names, walks, strict=True))
    return [
        f"dates differ ({spans}): all are compared from the close of {dates[0]:%Y-%m-%d} to "
        f"{dates[-1]:%Y-%m-%d}, the {len(dates):,} dates that all have, without what was paid "
        "before"
    ]


def _span(name: str, dates: pd.DatetimeIndex) -> str:
    return f"{name} from {dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"
