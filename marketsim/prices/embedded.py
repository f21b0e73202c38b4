"""The snapshot that ships with marketsim: statistics at the end of 2025, and some closes.

Closes are embedded where an open licence allows it; data/README.md names the licences.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pandas as pd

from marketsim import resources
from marketsim.errors import DataError, PriceError
from marketsim.prices.panel import read_panel
from marketsim.prices.shipped import (
    read_correlation,
    read_renames,
    read_splits,
    read_statistics,
)
from marketsim.prices.splits import splits_in
from marketsim.prices.statistics import COLUMNS, nearest_correlation
from marketsim.prices.table import Prices, require_known
from marketsim.renames import RENAMES, Rename, Tickers

__all__ = [
    "SNAPSHOT",
    "embedded_companies",
    "embedded_prices",
    "embedded_renames",
    "embedded_splits",
]

SNAPSHOT: Final = pd.Timestamp("2025-12-31")
NAMES: Final = {
    "price_close_2025_12_31": "close",
    "market_cap_usd_bn": "market_cap",
    "annual_volatility": "volatility",
    "beta_to_spy": "beta",
    "student_t_dof": "dof",
}


def embedded_prices(
    tickers: tuple[str, ...] | None,
    as_of: pd.Timestamp,
    splits: pd.DataFrame,
    shares: Mapping[str, float] | pd.Series | None = None,
    renames: tuple[Rename, ...] = (),
) -> Prices:
    """The embedded prices as known on a date.

    From the end of 2025 on, the statistics of the snapshot. Before, statistics computed from
    the embedded closes up to the date, since those of the snapshot describe 2023 to 2025.

    Raises
    ------
    InputError
        A ticker is not embedded at all.
    PriceError
        The date lies before the snapshot and a ticker has no closes to compute from.
    """
    closes, statistics = _closes(), _statistics()
    last = closes.index[-1]
    within = splits[splits["date"] <= last]
    known = dict.fromkeys([*statistics.index, *closes.columns])
    require_known(tickers or (), Tickers(known, renames))
    if as_of >= SNAPSHOT:
        statistics = _held(statistics, shares)
        correlation = _correlation(statistics.index)
        prices = Prices(closes, SNAPSHOT, statistics, correlation, within, last)
        return prices if tickers is None else prices.select(tickers)
    prices = Prices.from_closes(closes, as_of, shares, splits=within, adjusted=last)
    wanted = tuple(prices.statistics.index) if tickers is None else tickers
    bare = [ticker for ticker in wanted if ticker not in prices.statistics.index]
    if bare or not wanted:
        raise PriceError(
            f"the embedded prices say nothing about {', '.join(bare) or 'any ticker'} as of "
            f"{as_of:%Y-%m-%d}: their statistics describe 2023 to 2025 and their closes cover "
            f"{', '.join(closes.columns)} in part; give a file of closes or source='yahoo'"
        )
    return prices if tickers is None else prices.select(wanted)


def embedded_companies() -> tuple[str, ...]:
    """Tickers of the companies in the snapshot."""
    return tuple(_statistics().index)


def embedded_splits() -> pd.DataFrame:
    """Splits of the companies, and what else adjusted closes are divided by, as they ship."""
    return splits_in(read_splits(_path("splits.csv", "facts")))


def embedded_renames() -> tuple[Rename, ...]:
    """Shares that got another ticker, as they ship."""
    return read_renames(resources.folder("data") / RENAMES.file)


def _held(statistics: pd.DataFrame, shares: Mapping[str, float] | pd.Series | None) -> pd.DataFrame:
    """The statistics with market values of these shares, in millions, where there are any."""
    held = pd.Series(dict({} if shares is None else shares), dtype=float).reindex(statistics.index)
    value = statistics["close"] * held / 1000.0
    return statistics.assign(market_cap=value.fillna(statistics["market_cap"]))


def _closes() -> pd.DataFrame:
    return read_panel(_path("embeddable.csv"))


def _statistics() -> pd.DataFrame:
    raw = read_statistics(_path("market_statistics.csv"))
    table = raw.rename(columns=NAMES)
    table["source"] = [
        f"embedded snapshot, {days} daily returns to {SNAPSHOT:%Y-%m-%d}; beta to SPY"
        for days in raw["days"]
    ]
    return table[list(COLUMNS)]


def _correlation(tickers: pd.Index) -> pd.DataFrame:
    table = read_correlation(_path("market_correlation.csv"))
    if lacking := [ticker for ticker in tickers if ticker not in table.index]:
        raise DataError(f"market_correlation.csv has no row of {', '.join(lacking)}; add it")
    square = table.loc[tickers, list(tickers)]
    return pd.DataFrame(nearest_correlation(square.to_numpy(float)), square.index, square.columns)


def _path(name: str, folder: str = "prices") -> Path:
    path = resources.folder("data") / folder / name
    if not path.is_file():
        raise DataError(f"the embedded prices are incomplete: {path} is missing")
    return path
