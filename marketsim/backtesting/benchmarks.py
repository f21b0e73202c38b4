"""What a walk is held against beside equal weight: the companies by market value, or an index."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.costs import Dated
from marketsim.backtesting.market import Market
from marketsim.backtesting.rebalancing import decision_rows
from marketsim.backtesting.walk import walk
from marketsim.errors import InputError, nearest
from marketsim.knowledge.shares import shares_by_day
from marketsim.renames import Tickers

__all__ = ["MARKET", "benchmark_returns", "require_benchmark"]

Array = npt.NDArray[np.float64]

MARKET: Final = "market"
"""Names the universe by market value."""


def benchmark_returns(asked: str | pd.Series | None, market: Market) -> pd.Series | None:
    """Return a benchmark's returns by date, of the dates of a walk; before costs.

    Parameters
    ----------
    asked
        ``market``: the universe by market value, weighed anew every month from the shares known
        then and the closes of the day; a ticker of the panel, held throughout; or closes of one's
        own, by date. None is ``market`` where shares of anything are known, else no benchmark.
    market
        That is walked through.

    Returns
    -------
    Series, by date, or None
        Named after the benchmark.

    Raises
    ------
    InputError
        There is no such ticker, or closes do not reach from the first to the last date.
    """
    if isinstance(asked, pd.Series):
        return _returns(asked.sort_index(), market.rows, str(asked.name or "benchmark"))
    if asked is not None and not isinstance(asked, str):
        raise InputError(
            f"benchmark is a {type(asked).__name__}; name a ticker or '{MARKET}', or give a Series "
            "of closes by date"
        )
    if asked is not None and asked != MARKET:
        require_benchmark(asked, market)
        return _returns(market.closes[asked], market.rows, asked)
    found = _by_market_value(market)
    if found is None and asked == MARKET:
        raise InputError(
            "benchmark 'market' wants shares of the companies, and none are known by "
            f"{market.rows[-1]:%Y-%m-%d}; name a ticker, or give closes of an index"
        )
    return found


def require_benchmark(asked: str, market: Market) -> None:
    """Refuse a name that is neither `market` nor a ticker whose closes reach over the walk.

    Raises
    ------
    InputError
        As `benchmark_returns` does.
    """
    if asked == MARKET:
        return
    if asked not in market.closes.columns:
        known = Tickers([MARKET, *market.closes.columns], market.facts.universe.renames)
        raise InputError(
            f"benchmark '{asked}' is neither '{MARKET}' nor a column of the prices."
            f"{nearest(asked, known)}"
        )
    _returns(market.closes[asked], market.rows, asked)


def _by_market_value(market: Market) -> pd.Series | None:
    """Equal weights until shares of anything are known; None where they never are."""
    months = decision_rows(market.rows, "monthly", market.traded)
    values = _market_values(market, np.flatnonzero(months))
    if not any(value.any() for value in values.values()):
        return None

    def choose(row: int, held: Array) -> Array:
        whole = values[row].sum()
        wanted: Array = np.r_[values[row] / whole if whole else market.equal_weights(row), 0.0]
        return wanted

    free = Dated(np.zeros(len(market.universe)))
    found = walk(choose, market, months, free, np.zeros(len(market.rows)))
    return found.returns.rename(MARKET)


def _market_values(market: Market, rows: npt.NDArray[np.int_]) -> dict[int, Array]:
    """Market values [ticker] of what can be bought on each row and has shares, else 0.

    A close is brought to the split basis of its day, as shares are.
    """
    shares = shares_by_day(market.facts, market.rows[rows], market.universe)
    worth = shares * market.traded_closes[rows]
    values = np.nan_to_num(np.where(np.isfinite(market.prices[rows]), worth, 0.0))
    return dict(zip(map(int, rows), values, strict=True))


def _returns(closes: pd.Series, rows: pd.DatetimeIndex, name: str) -> pd.Series:
    if not isinstance(closes.index, pd.DatetimeIndex) or closes.index.has_duplicates:
        raise InputError(f"benchmark '{name}' is no series of closes by date, one a day")
    if closes.dtype.kind not in "fiu":
        raise InputError(f"benchmark '{name}' holds text; give closes as numbers")
    known = closes.dropna().astype(float)
    if known.empty or known.index[0] > rows[0] or known.index[-1] < rows[-1]:
        reach = f"{known.index[0]:%Y-%m-%d} to {known.index[-1]:%Y-%m-%d}" if len(known) else "none"
        raise InputError(
            f"benchmark '{name}' has closes from {reach}, and the walk goes from "
            f"{rows[0]:%Y-%m-%d} to {rows[-1]:%Y-%m-%d}"
        )
    if (known <= 0.0).any():
        raise InputError(f"benchmark '{name}' has closes of zero or below")
    filled = known.reindex(known.index.union(rows)).ffill().loc[rows]
    return filled.pct_change().fillna(0.0).rename(name).rename_axis("date")
