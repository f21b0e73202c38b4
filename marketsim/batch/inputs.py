"""Facts and prices that jobs share: read once by a process, whatever the number of jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from marketsim.backtesting.market import Market
from marketsim.backtesting.preparing import market_of
from marketsim.batch.job import Job
from marketsim.errors import PriceError
from marketsim.knowledge import Knowledge, load_facts
from marketsim.prices import Prices, load_universe, splits_in

if TYPE_CHECKING:
    from marketsim.scenarios import Regime

__all__ = ["Inputs", "facts_of", "inputs_of", "market_for", "priced", "prices_of"]


@dataclass(frozen=True, eq=False)
class Inputs:
    """Facts, tickers that may be held, a panel that has them, and regimes where some are given."""

    facts: Knowledge
    tickers: tuple[str, ...]
    panel: Prices
    regimes: tuple[Regime, ...] | None = None


def inputs_of(job: Job) -> Inputs:
    """Return what a job reads beside its strategy; raises as `prices_of` does."""
    return Inputs(facts_of(job), *prices_of(job), _regimes(job.scenarios))


def facts_of(job: Job) -> Knowledge:
    """Return the facts of a job, those of its own folder among them."""
    return _facts(job.facts)


def prices_of(job: Job) -> tuple[tuple[str, ...], Prices]:
    """Return the tickers that a job may hold, and a panel that has them.

    Raises
    ------
    PriceError
        A ticker that was asked for has no prices.
    """
    tickers, panel, without = _panel(job.facts, job.prices, job.tickers, job.believe)
    if job.tickers is not None and without:
        raise PriceError("\n".join(without))
    return tickers, panel


def market_for(job: Job) -> Market:
    """Return what a job walks through."""
    given = inputs_of(job)
    return market_of(given.panel, given.tickers, job.start, job.end, given.facts, given.regimes)


def priced(
    wanted: tuple[str, ...] | None, source: str | None, facts: Knowledge, believe: tuple[str, ...]
) -> tuple[tuple[str, ...], Prices, tuple[str, ...]]:
    """Return tickers to hold, a panel that has them, and which have no prices and why.

    Parameters
    ----------
    wanted
        By default marketsim's companies of the panel.
    source, believe
        Of prices.
    facts
        Whose companies and splits count.
    """
    companies = wanted or tuple(facts.universe.companies.index)
    splits, renames = splits_in(facts.table), facts.universe.renames
    panel = load_universe(companies, source, splits=splits, believe=believe, renames=renames)
    without = {ticker: why for ticker, why in panel.left_out.items() if ticker in companies}
    known = tuple(ticker for ticker in companies if ticker in panel.closes.columns)
    told = tuple(f"no prices of {ticker}: {why}" for ticker, why in without.items())
    return wanted or known, panel, told


def _regimes(file: str | None) -> tuple[Regime, ...] | None:
    if file is None:
        return None
    from marketsim.scenarios import read_regimes  # which imports the model

    return read_regimes(file)


@lru_cache(maxsize=4)
def _facts(folder: str | None) -> Knowledge:
    return load_facts(add=None if folder is None else Path(folder))


@lru_cache(maxsize=8)
def _panel(
    folder: str | None, source: str, wanted: tuple[str, ...] | None, believe: tuple[str, ...]
) -> tuple[tuple[str, ...], Prices, tuple[str, ...]]:
    return priced(wanted, source, _facts(folder), believe)
