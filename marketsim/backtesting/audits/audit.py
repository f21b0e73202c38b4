"""`audit`: whether a strategy sees what it could not have known.

Decisions are made again while the future is another one, in which no weight may differ; what the
file reads beside its history is watched; and the file itself is looked through for data and for
ways round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.audits.futures import FUTURES, SPLIT, altered
from marketsim.backtesting.audits.suspects import Finding, data_held
from marketsim.backtesting.audits.text import written
from marketsim.backtesting.audits.watching import Reach, watched
from marketsim.backtesting.deciding import decide, raised
from marketsim.backtesting.loading import Decide, Strategy, load_strategy, source_of
from marketsim.backtesting.market import Market
from marketsim.backtesting.preparing import market_of, require_call
from marketsim.backtesting.rebalancing import Rebalance, decision_rows
from marketsim.dates import Day
from marketsim.errors import InputError, MarketsimError
from marketsim.prices import Prices

if TYPE_CHECKING:
    from marketsim.knowledge import Knowledge

__all__ = ["Audit", "audit"]

Array = npt.NDArray[np.float64]
SAME: Final = 1e-12
"""Weights that differ by no more are the same."""

ROUNDED: Final = 1e-6
"""The same where every level is another number, and logs of it round otherwise."""


@dataclass(frozen=True)
class Audit:
    """What was found, and on which dates it was looked for."""

    strategy: str
    dates: tuple[pd.Timestamp, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __str__(self) -> str:
        asked = f"{len(self.dates)} decisions from {self.dates[0]:%Y-%m-%d}"
        asked += f" to {self.dates[-1]:%Y-%m-%d}"
        if self.sound:
            return f"{self.strategy}: nothing of the future found in {asked}"
        lines = [f"{self.strategy}: {len(self.findings)} found in {asked}"]
        return "\n".join([*lines, *(f"  {finding}" for finding in self.findings)])


def audit(
    strategy: str | Path | Decide,
    prices: Prices | pd.DataFrame | Path | str | None = None,
    *,
    start: Day | None = None,
    end: Day | None = None,
    rebalance: Rebalance | Iterable[Day] = "monthly",
    facts: Knowledge | None = None,
    tickers: Iterable[str] | None = None,
    dates: int = 4,
    seed: int = 0,
    progress: Callable[[str], None] = lambda step: None,
) -> Audit:
    """Look for what a strategy could not have known.

    Parameters
    ----------
    strategy, prices, start, end, rebalance, facts, tickers
        As in :func:`marketsim.backtest`.
    dates : int
        Decisions that are made again under other futures: the first, the last but one, and others
        drawn between them.
    seed : int
        Of the dates and of the futures.
    progress : function of str
        Called with the name of each step as it begins.

    Returns
    -------
    Audit
        Sound where nothing was found: no other future changed a decision, and nothing was seen to
        be read beside the history. It finds mistakes and the ways that were thought of; it is no
        sandbox.

    Raises
    ------
    InputError
        An argument is wrong, or the strategy's answer is.
    """
    if not isinstance(dates, int) or dates < 1:
        raise InputError(f"dates={dates!r} is no number of decisions; ask for 1 or more")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed={seed!r} is no seed; give a whole number from 0")
    require_call(progress)
    findings: dict[tuple[str, str], Finding] = {}

    def add(found: Iterable[Finding]) -> None:
        for one in found:
            findings.setdefault((one.kind, one.what), one)

    source = source_of(strategy)
    with watched(source) as reached:
        loaded = load_strategy(strategy)
    add(Finding(one.kind, f"{one.what} while it is read", None, one.line) for one in reached)
    market = market_of(prices, tickers, start, end, facts)
    rows = _sample(market, decision_rows(market.rows, rebalance, market.traded), dates, seed)
    add(written(loaded))
    for count, row in enumerate(rows, start=1):
        progress(f"deciding anew on {count} of {len(rows)} dates")
        add(data_held(loaded, market.rows[row]))
        add(_decision(loaded, market, row, seed))
    return Audit(loaded.name, tuple(market.rows[row] for row in rows), tuple(findings.values()))


def _sample(market: Market, decisions: npt.NDArray[np.bool_], count: int, seed: int) -> list[int]:
    able = [int(row) for row in np.flatnonzero(decisions) if market.open(int(row))]
    if not able:
        raise InputError("there is no date on which anything can be bought")
    if len(able) <= count:
        return able
    ends = [able[0], able[-2]][:count]
    between = [row for row in able if row not in ends]
    drawn = np.random.default_rng(seed).choice(between, max(count - len(ends), 0), replace=False)
    return sorted({*ends, *map(int, drawn)})


def _decision(strategy: Strategy, market: Market, row: int, seed: int) -> Iterator[Finding]:
    """Decide on a row as it was, once more, and under every other future."""
    date = market.rows[row]
    first, reached = _asked(strategy, market, row)
    if isinstance(first, str):
        raise InputError(first)
    yield from (Finding(one.kind, one.what, date, one.line) for one in reached)
    again, _ = _asked(strategy, market, row)
    if _differ(first, again):
        yield Finding("memory", "decides otherwise when it is asked once more", date)
        return
    for name in FUTURES:
        other, _ = _asked(strategy, altered(market, row, name, seed), row)
        if _differ(first, other, ROUNDED if name == SPLIT else SAME):
            hint = "; take returns, or history.traded" if name == SPLIT else ""
            yield Finding("future", f"decides otherwise when what came later is {name}{hint}", date)


def _asked(strategy: Strategy, market: Market, row: int) -> tuple[Array | str, list[Reach]]:
    """Return weights, or what was raised in words, and what was reached for."""
    held = market.equal_weights(row)
    with watched(source_of(strategy.decide)) as reached:
        try:
            weights = decide(strategy, market.history(row, held), market.universe)
        except Exception as error:
            return str(error) if isinstance(error, MarketsimError) else raised(error)[0], reached
    assert weights is not None
    return weights, reached


def _differ(one: Array | str, other: Array | str, by: float = SAME) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return not (isinstance(one, str) and isinstance(other, str) and one == other)
    return bool(np.abs(one - other).max() > by)
