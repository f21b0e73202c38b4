"""What a run reads: facts and prices as of one date, by default the newest that both support."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from marketsim.dates import Day
from marketsim.knowledge import Knowledge, load_facts
from marketsim.prices import Prices, load_universe, newest_close, splits_in

__all__ = ["dated_prices", "known_by", "own_splits"]


def known_by(as_of: Day | None, add: Path | str | None) -> tuple[Knowledge, pd.Timestamp]:
    """Return the facts as of a date, by default the day to which they are complete, and the date.

    Raises
    ------
    MarketsimError
        As :func:`marketsim.load_facts`.
    """
    facts = load_facts(as_of=as_of, add=add)
    date = facts.complete if as_of is None or facts.as_of is None else facts.as_of
    return facts.upto(date), date


def own_splits(add: Path | str | None) -> pd.DataFrame | None:
    """Return the splits that closes are adjusted for, those of a user's folder among them.

    All of them, whatever the date: a panel of later has later ones in it. None where nothing is
    added, for those that ship.
    """
    return None if add is None else splits_in(load_facts(add=add).table)


def dated_prices(
    knowledge: Knowledge,
    source: str | None,
    date: pd.Timestamp,
    *,
    fixed: bool,
    splits: pd.DataFrame | None = None,
) -> tuple[Prices, pd.Timestamp]:
    """Return the prices of the companies as of a date, or of the newest close, and the date.

    Parameters
    ----------
    knowledge
        Whose companies are wanted.
    source
        As for :func:`marketsim.load_prices`.
    date
        That of the facts.
    fixed
        Whether it was asked for: it stays, even where prices end before.
    splits
        Those that the closes are adjusted for; those that ship by default.

    Raises
    ------
    MarketsimError
        As :func:`marketsim.load_prices`, and where the source has none of the companies.
    """
    companies = knowledge.universe.revenue_map.companies
    market = load_universe(companies, source, date, splits)
    close = newest_close(market, source)
    if fixed or close >= date:
        return market, date
    return load_universe(companies, source, close, splits), close
