"""What a run reads: facts and prices as of one date, by default the newest that both support."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from marketsim.dates import Day
from marketsim.errors import InputError, nearest
from marketsim.knowledge import Knowledge, load_facts
from marketsim.prices import Prices, load_universe, newest_close, splits_in

__all__ = ["chosen_among", "dated_prices", "known_by", "market_of", "own_splits"]


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


def chosen_among(companies: Sequence[str], tickers: Sequence[str] | None) -> list[str]:
    """Return the companies that a choice is among, in their order; all by default.

    The others are in the model all the same.

    Raises
    ------
    InputError
        For what is no list of tickers, none of them, one twice, or one of no company.
    """
    if tickers is None:
        return list(companies)
    if isinstance(tickers, str) or not all(isinstance(t, str) for t in tickers):
        raise InputError(f"tickers is {tickers!r}; give a list of them")
    if not tickers:
        raise InputError("tickers is empty; name a company, or leave it out for all")
    for ticker in tickers:
        if ticker not in companies:
            hint = nearest(ticker, companies) or f" There are {', '.join(companies)}."
            raise InputError(
                f"tickers: '{ticker}' is no company of the model; add it with a folder of your "
                f"own, or leave it out.{hint}"
            )
        if list(tickers).count(ticker) > 1:
            raise InputError(f"tickers: '{ticker}' stands twice; name it once")
    return [ticker for ticker in companies if ticker in tickers]


def market_of(market: Prices, companies: Sequence[str], wanted: Sequence[str]) -> Prices:
    """Return prices without the companies that no choice is among."""
    left = [t for t in companies if t not in wanted and t in market.statistics.index]
    if not left:
        return market
    return replace(
        market,
        statistics=market.statistics.drop(index=left),
        correlation=market.correlation.drop(index=left, columns=left),
    )
