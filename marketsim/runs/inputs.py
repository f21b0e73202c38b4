"""What a run reads: facts and prices as of one date, by default the newest that both support."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import pandas as pd

from marketsim.dates import Day, day
from marketsim.errors import InputError, nearest
from marketsim.knowledge import Knowledge, load_facts
from marketsim.prices import Prices, load_universe, newest_close, splits_in
from marketsim.prices.embedded import embedded_renames
from marketsim.renames import Rename, renamed_among

__all__ = [
    "Own",
    "chosen_among",
    "dated_prices",
    "known_by",
    "market_of",
    "nothing_priced",
    "own_tables",
    "unpriced",
]

OLDEST: Final = 183
"""Days between closes of one's own and the decision: half a year later they say nothing of it."""

FEWEST: Final = 61
"""Closes that volatility takes."""

FEW: Final = 4


def known_by(
    as_of: Day | None, add: Path | str | None, knowledge: Knowledge | None = None
) -> tuple[Knowledge, pd.Timestamp]:
    """Return the facts as of a date, by default the day to which they are complete, and the date.

    Those that ship and a user's folder, or ``knowledge`` in place of both.

    Raises
    ------
    MarketsimError
        As :func:`marketsim.load_facts`; what is given is no knowledge, stands beside a folder, or
        ends before the date.
    """
    facts = load_facts(as_of=as_of, add=add) if knowledge is None else _given(knowledge, as_of, add)
    date = facts.complete if as_of is None or facts.as_of is None else facts.as_of
    return facts.upto(date), date


def _given(knowledge: Knowledge, as_of: Day | None, add: Path | str | None) -> Knowledge:
    """Return knowledge that was handed over, as of a date that it reaches."""
    if not isinstance(knowledge, Knowledge):
        raise InputError(
            f"knowledge is a {type(knowledge).__name__}; give what load_facts or add_company "
            "returns"
        )
    if add is not None:
        raise InputError(
            "add and knowledge both say what is known; give one, as in "
            "knowledge=add_company(load_facts(add=...), ...)"
        )
    if as_of is None:
        return knowledge
    asked, last = day(as_of, "as_of"), knowledge.as_of
    if last is not None and asked > last:
        raise InputError(
            f"as_of {asked.date()} lies after {last.date()}, the last day that this knowledge "
            "shows; load the facts as of then, or decide by that day"
        )
    return knowledge.upto(asked)


class Own(NamedTuple):
    """Splits and renames by which closes are read, those of a user's facts among them.

    All of them, whatever the date: a panel of later has later ones in it. ``splits`` are None where
    nothing is added, for those that ship.
    """

    splits: pd.DataFrame | None
    renames: tuple[Rename, ...]


def own_tables(add: Path | str | None, knowledge: Knowledge | None = None) -> Own:
    """Return what a user's folder, or knowledge that was handed over, adds to those that ship."""
    given = load_facts(add=add) if knowledge is None and add is not None else knowledge
    if given is None:
        return Own(None, embedded_renames())
    splits = splits_in(given.table)
    if knowledge is not None:
        both = pd.concat([splits_in(load_facts().table), splits])
        splits = splits_in(both.drop_duplicates(["entity", "date"], keep="last"))
    return Own(splits, renamed_among(embedded_renames(), given.universe.renames))


def dated_prices(
    knowledge: Knowledge,
    source: str | None,
    date: pd.Timestamp,
    *,
    fixed: bool,
    splits: pd.DataFrame | None = None,
    believe: Sequence[str] = (),
    renames: Sequence[Rename] | None = None,
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
    believe, renames
        As for :func:`marketsim.load_prices`.

    Raises
    ------
    MarketsimError
        As :func:`marketsim.load_prices`, where the source has none of the companies, and where
        closes of one's own end more than half a year before a date that was asked for.
    """
    companies = knowledge.universe.revenue_map.companies
    market = load_universe(companies, source, date, splits, believe, renames)
    close = newest_close(market, source, companies)
    if source is not None and (date - close).days > OLDEST and fixed:
        shown = ", ".join(_last_closes(market, companies)) or f"all: {close.date()}"
        raise InputError(
            f"closes of {source} end {(date - close).days} days before {date.date()} ({shown}); "
            f"give newer ones, or decide as of {close.date()}"
        )
    if fixed or close >= date:
        return market, date
    return load_universe(companies, source, close, splits, believe, renames), close


def _last_closes(market: Prices, companies: Sequence[str]) -> list[str]:
    """Return the last close of the first few companies, in words."""
    closes = {t: market.closes[t].dropna() for t in companies if t in market.closes.columns}
    told = [f"{t} on {pd.Timestamp(c.index[-1]).date()}" for t, c in closes.items() if len(c)]
    return told[:FEW] + ([f"and {len(told) - FEW} more"] if len(told) > FEW else [])


def unpriced(market: Prices, tickers: Sequence[str]) -> dict[str, str]:
    """Return why tickers have no price: what their source said, no close, too few, none lately."""
    found = {}
    for ticker in tickers:
        there = ticker in market.closes.columns
        closes = market.closes[ticker].dropna() if there else pd.Series(dtype=float)
        if ticker in market.left_out:
            found[ticker] = market.left_out[ticker]
        elif closes.empty:
            found[ticker] = "no close"
        elif len(closes) < FEWEST:
            found[ticker] = f"{len(closes)} closes, of {FEWEST} that are needed"
        else:
            found[ticker] = f"last close on {pd.Timestamp(closes.index[-1]).date()}"
    return found


def nothing_priced(why: Mapping[str, str], date: pd.Timestamp) -> str:
    """Return what is said where no company has a price, from what `unpriced` found."""
    told = [f"{ticker} ({said})" for ticker, said in why.items()]
    listed = ", ".join(told[:FEW]) + (f" and {len(told) - FEW} more" if len(told) > FEW else "")
    return (
        f"no company has a price as of {date.date()}: {listed}; give closes that reach the date, "
        "or decide as of an earlier one"
    )


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
