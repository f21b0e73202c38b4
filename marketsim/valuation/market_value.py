"""What the market pays for companies on a date: given with prices, else closes times known shares.

Live runs and backtests come here alike. A close is that of the day, on its own split basis; shares
are the last published by the day, and brought from the basis of their publication to the day's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.prices import Prices

__all__ = ["DIVIDENDS", "MERGER", "SHARES", "UNKNOWN", "known_shares", "market_values"]

COUNTS: Final = ("annual_shares_outstanding", "annual_diluted_shares")
"""What companies report of their shares; of two of one date the later named is taken."""

SHARES: Final = (*COUNTS, "stock_split", "ordinary_per_receipt")
"""All that :func:`known_shares` reads."""

OLDEST: Final = pd.DateOffset(months=18)
"""A fiscal year, the time until the next is reported, and some: shares of before are not used."""

UNTOLD: Final = pd.DateOffset(years=1)
"""Dividends of as long are a hundredth or two of market value, and no word is lost on them."""

HALF_QUARTER: Final = pd.Timedelta(days=45)

UNKNOWN: Final = "market value"
DIVIDENDS: Final = "dividends since"
MERGER: Final = "shares since a merger"


def known_shares(knowledge: Knowledge, day: pd.Timestamp) -> pd.DataFrame:
    """Return the shares that were known last, as they are traded on a day.

    Parameters
    ----------
    knowledge
        As of the date of decision.
    day
        Whose split basis the counts are brought to. Splits between it and a count's publication
        are facts of the knowledge: they came by its date.

    Returns
    -------
    pandas.DataFrame
        By ticker: ``shares`` in millions, of receipts where those are traded; ``date``, the end of
        the period they are of; ``published``. Counts of periods that ended over eighteen months
        before the day are left out.
    """
    rows = pd.concat([knowledge.select(quantity) for quantity in COUNTS])
    rows = rows[(rows["value"] > 0.0) & (rows["date"] >= day - OLDEST)]
    last = rows.sort_values("date", kind="stable").drop_duplicates("entity", keep="last")
    table = last.set_index("entity")[["value", "date", "published"]].sort_index()
    grown = _grown(knowledge.select("stock_split"), table["published"], day)
    receipts = knowledge.latest("ordinary_per_receipt").reindex(table.index).fillna(1.0)
    shares = table["value"] * grown / receipts
    return table.drop(columns="value").assign(shares=shares).rename_axis("ticker")


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


def _grown(splits: pd.DataFrame, published: pd.Series, day: pd.Timestamp) -> pd.Series:
    """Return each share's number on a day, of one on the basis of its day of publication.

    A report restates for splits that have come, and for none that is only announced.
    """
    grown = dict.fromkeys(published.index, 1.0)
    known = published.to_dict()
    for ticker, date, ratio in splits[["entity", "date", "value"]].itertuples(index=False):
        then = known.get(ticker, day)
        if then < date <= day:
            grown[ticker] *= ratio
        elif day < date <= then:
            grown[ticker] /= ratio
    return pd.Series(grown, published.index, dtype=float)


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
