"""What the market pays for companies on a date: given with prices, else closes times known shares.

Live runs and backtests come here alike. A close is that of the day, on its own split basis, as
shares are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.knowledge.shares import known_shares
from marketsim.prices import Prices

__all__ = ["DIVIDENDS", "MERGER", "UNKNOWN", "market_values"]

UNTOLD: Final = pd.DateOffset(years=1)
"""Dividends of as long are a hundredth or two of market value, and no word is lost on them."""

HALF_QUARTER: Final = pd.Timedelta(days=45)

UNKNOWN: Final = "market value"
DIVIDENDS: Final = "dividends since"
MERGER: Final = "shares since a merger"


def market_values(prices: Prices, knowledge: Knowledge, tickers: list[str]) -> pd.DataFrame:
    """Return what the market pays for companies, and what of it is unsure.

    Parameters
    ----------
    prices
        Market values given with them stand, those of shares that were handed over among them.
    knowledge
        As of the date of decision.
    tickers
        Of which there are statistics.

    Returns
    -------
    pandas.DataFrame
        By ticker: ``market_cap``, USD bn, NaN where no shares are known, or not which splits are
        in the closes; ``unsure``, what is missing: ``market value``; of one that is there,
        ``dividends since`` (too low by more than a year's of them), ``shares since a merger``.
    """
    statistics = prices.statistics.loc[tickers]
    known = known_shares(knowledge, prices.as_of).reindex(tickers)
    given = statistics["market_cap"].notna()
    adjusted = prices.adjusted
    reckoned = statistics["close"] * known["shares"] / 1e3
    cap = statistics["market_cap"].where(given, reckoned if adjusted is not None else np.nan)
    late = adjusted is not None and adjusted > prices.as_of + UNTOLD
    merged = _merged(knowledge, known["date"], prices.as_of)
    words = pd.DataFrame(
        {
            UNKNOWN: cap.isna(),
            DIVIDENDS: cap.notna() & late,
            MERGER: ~given & cap.notna() & merged,
        }
    )
    unsure = [", ".join(words.columns[row]) for row in words.to_numpy(dtype=bool)]
    return pd.DataFrame({"market_cap": cap, "unsure": unsure}, index=pd.Index(tickers))


def _merged(knowledge: Knowledge, dates: pd.Series, day: pd.Timestamp) -> pd.Series:
    """Return whether a merger came after the period that shares are of, and by the day.

    A break's first quarter holds it for more than half of its days: by its middle it had closed.
    """
    breaks = knowledge.universe.breaks
    return pd.Series(
        [
            any(
                b.kind == "merger"
                and b.entity.split(".")[0] == ticker
                and date < b.first <= day + HALF_QUARTER
                for b in breaks
            )
            for ticker, date in dates.items()
        ],
        dates.index,
        dtype=bool,
    )
