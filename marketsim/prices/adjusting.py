"""From bars as they were traded to closes that tell returns, on the basis of a day of one's choice.

Yahoo's closes are divided by every split up to the day of its answer, and its adjusted closes by
every dividend too, so that both change with each day on which one asks. Here splits and dividends
after a day leave no trace in the closes up to it: the last of them is what was traded then.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["adjusted_closes", "splits_of", "unlike"]

TOLERANCE: Final = 0.01
"""By how much our adjustment and Yahoo's may differ over a whole history: it rounds dividends."""


def adjusted_closes(bars: pd.DataFrame, until: pd.Timestamp) -> pd.Series:
    """Closes up to a day, adjusted for the splits and dividends up to it.

    Parameters
    ----------
    bars : DataFrame [date]
        close, dividend and split as :class:`marketsim.prices.cache.Kept` has them.
    until : Timestamp

    Returns
    -------
    Series [date]
        USD. A dividend takes the share of the close before it from all closes before it (CRSP,
        "Data Descriptions Guide", the factor to adjust prices).
    """
    later = bars["split"].to_numpy(float)[bars.index > until].prod()
    known = bars.loc[:until]
    return pd.Series(known["close"] * _kept(known) * later)


def splits_of(bars: pd.DataFrame, ticker: str, until: pd.Timestamp) -> pd.DataFrame:
    """Splits up to a day, as `splits_in` has them: entity, date, value."""
    split = bars["split"].loc[:until]
    split = split[split != 1.0]
    days = pd.DatetimeIndex(split.index).astype("datetime64[us]")
    return pd.DataFrame({"entity": ticker, "date": days, "value": split.to_numpy(float)})


def unlike(bars: pd.DataFrame, theirs: pd.Series) -> str:
    """What sets Yahoo's adjusted closes apart from those of its own dividends, or nothing.

    Parameters
    ----------
    bars : DataFrame [date]
    theirs : Series [date]
        Yahoo's `Adj Close` of the same days.
    """
    ours = _kept(bars).to_numpy(float)
    factor = theirs.to_numpy(float) / bars["close"].to_numpy(float)
    gap = np.log(ours) - np.log(factor / factor[-1])
    if not np.isfinite(gap).all():
        return "adjusted closes that are no positive numbers"
    if np.abs(gap).max() <= TOLERANCE:
        return ""
    day = bars.index[1:][np.abs(np.diff(gap)).argmax()]
    return (
        f"adjusted closes that differ by {np.expm1(np.abs(gap).max()):.1%} from what its dividends "
        f"and splits make of its closes, most of it on {day:%Y-%m-%d}"
    )


def _kept(bars: pd.DataFrame) -> pd.Series:
    """What the dividends after each day leave of its close, as a factor."""
    before = bars["close"].shift(1)
    left = (1.0 - bars["dividend"] / before).fillna(1.0)
    return left[::-1].cumprod()[::-1].shift(-1, fill_value=1.0)
