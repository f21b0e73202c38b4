"""A panel, a universe, dates and facts put together to a market."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from marketsim.backtesting.market import PAID, Market
from marketsim.dates import Day, day_or_none
from marketsim.errors import InputError
from marketsim.prices import Prices, load_prices
from marketsim.prices.embedded import embedded_renames, embedded_splits
from marketsim.prices.joining import joined_panel
from marketsim.prices.table import require_known
from marketsim.renames import Rename, Tickers, renamed_among
from marketsim.returns import CASH

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge
    from marketsim.scenarios import Regime

__all__ = ["market_of", "require_call", "what_was_there"]

NAMED: Final = 12
"""Tickers that a note lists."""

A_WEEK: Final = pd.Timedelta(days=7)


def market_of(
    prices: Prices | pd.DataFrame | Path | str | None,
    tickers: Iterable[str] | None,
    start: Day | None,
    end: Day | None,
    facts: Knowledge | None,
    scenarios: Path | str | tuple[Regime, ...] | None = None,
) -> Market:
    """Return a panel to walk through; for the arguments see :func:`marketsim.backtest`."""
    if facts is not None:
        _require_knowledge(facts)
    if isinstance(tickers, str):
        raise InputError(f"tickers={tickers!r} is a text; give a list, {tickers.split(',')}")
    chosen = None if tickers is None else tuple(tickers)
    known = _embedded() if facts is None else facts
    renames = known.universe.renames
    if prices is not None and not isinstance(prices, Prices):
        renames = renamed_among(embedded_renames(), renames)
    shown = _shown(prices, chosen, renames)
    if chosen is None and prices is None:
        chosen = tuple(one for one in known.universe.companies.index if one in shown.closes)
    universe = _universe(shown.closes, chosen, renames)
    rows = _rows(shown.closes.index, day_or_none(start, "start"), day_or_none(end, "end"))
    return Market(
        closes=shown.closes.loc[: rows[-1]],
        universe=universe,
        rows=rows,
        facts=known,
        splits=shown.splits,
        adjusted=shown.adjusted,
        regimes=_regimes(scenarios),
        joined=shown.joined,
    )


def what_was_there(market: Market, end: Day | None) -> tuple[str, ...]:
    """Say what was joined, what could be bought when, and where closes end before they should.

    Raises
    ------
    InputError
        Nothing of it ever can.
    """
    first, last = market.rows[0], market.rows[-1]
    if not market.available:
        raise InputError(
            f"none of {', '.join(market.universe[:NAMED])} has a close from {first:%Y-%m-%d} to "
            f"{last:%Y-%m-%d}: there is nothing to buy"
        )
    notes = list(market.joined)
    asked = day_or_none(end, "end")
    if asked is not None and asked - last > A_WEEK:
        notes.append(
            f"closes end on {last:%Y-%m-%d}, before the {asked:%Y-%m-%d} that was asked for"
        )
    never = [ticker for ticker in market.universe if ticker not in market.available]
    later = {ticker: day for ticker, day in market.available.items() if day > first}
    if later or never:
        order = sorted(later.items(), key=lambda one: (one[1], one[0]))
        told = [f"{ticker} from {day:%Y-%m-%d}" for ticker, day in order[:NAMED]]
        told += [f"{len(order) - NAMED} more"] if len(order) > NAMED else []
        told += [f"never {', '.join(never[:NAMED])}"] if never else []
        count = len(market.universe) - len(later) - len(never)
        notes.append(
            f"{count} of {len(market.universe)} tickers could be bought on {first:%Y-%m-%d}; "
            f"{', '.join(told)}"
        )
    return tuple(notes)


def _regimes(given: Path | str | tuple[Regime, ...] | None) -> tuple[Regime, ...] | None:
    if given is None:
        return None
    from marketsim.scenarios import Regime, read_regimes  # which import the model

    if isinstance(given, tuple) and given and all(isinstance(one, Regime) for one in given):
        return given
    if not isinstance(given, str | Path) or not str(given):
        raise InputError(
            f"scenarios={given!r}: give a TOML file, or what ms.scenarios.read_regimes returns"
        )
    return read_regimes(given)


def _require_knowledge(facts: object) -> None:
    from marketsim.knowledge import Knowledge

    if not isinstance(facts, Knowledge):
        raise InputError(f"facts={facts!r}: give what ms.load_facts returns, or leave it out")


def require_call(progress: object) -> None:
    """Refuse what cannot be told of steps.

    Raises
    ------
    InputError
        It is no function.
    """
    if not callable(progress):
        raise InputError(f"progress={progress!r} is no function of a text; give print, or none")


def _embedded() -> Knowledge:
    from marketsim.knowledge import load_facts  # only where no facts are given

    return load_facts()


@dataclass(frozen=True, eq=False)
class _Shown:
    """Closes [date, ticker], the splits in them, the day of adjustment, and what was joined."""

    closes: pd.DataFrame
    splits: pd.DataFrame
    adjusted: pd.Timestamp | None
    joined: tuple[str, ...] = ()


def _shown(
    prices: Prices | pd.DataFrame | Path | str | None,
    tickers: tuple[str, ...] | None,
    renames: tuple[Rename, ...],
) -> _Shown:
    if prices is None or isinstance(prices, Prices):
        given = prices or load_prices()
        return _Shown(given.closes.copy(), given.splits, given.adjusted, given.joined)
    closes, joined = joined_panel(prices, tickers or (), renames=renames)
    splits = embedded_splits()
    if closes.empty:
        return _Shown(closes, splits, None)
    last = pd.Timestamp(closes.index[-1])
    return _Shown(closes, splits[splits["date"] <= last], last, joined)


def _universe(
    closes: pd.DataFrame, tickers: tuple[str, ...] | None, renames: tuple[Rename, ...]
) -> Tickers:
    """What can be held: the tickers asked for, else all of the panel but indices."""
    columns = [str(column) for column in closes.columns]
    require_known(tickers or (), Tickers(columns, renames))
    listed = [column for column in columns if not column.startswith("^")]
    universe = Tickers(listed if tickers is None else dict.fromkeys(tickers), renames)
    if taken := sorted({CASH, PAID} & set(universe)):
        raise InputError(
            f"a ticker called '{taken[0]}' is taken for what is not invested, or for what trading "
            "costs; call its column otherwise"
        )
    if not universe or closes.empty:
        raise InputError("no closes to walk through; give a panel, or tickers that are in it")
    return universe


def _rows(
    index: pd.Index, start: pd.Timestamp | None, end: pd.Timestamp | None
) -> pd.DatetimeIndex:
    dates = pd.DatetimeIndex(index)
    first, last = start or dates[0], end or dates[-1]
    if start is not None and end is not None and start > end:
        raise InputError(f"start {start:%Y-%m-%d} lies after end {end:%Y-%m-%d}")
    rows = dates[(dates >= first) & (dates <= last)]
    if rows.empty:
        raise InputError(
            f"no closes from {first:%Y-%m-%d} to {last:%Y-%m-%d}; the panel runs from "
            f"{dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}"
        )
    return rows
