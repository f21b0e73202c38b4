"""Whether closes can be what they are taken for: in USD, adjusted for splits, on their own day.

Checks of form ask whether a close is a number; these ask whether it can be a close. They hold for
a user's file and for what a source answers, before it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["OTHER_CURRENCIES", "CloseFault", "check_closes", "foreign_currency", "trades_weekends"]

UNITS: Final = {100.0: "as pence are to pounds", 1000.0: "as if in thousandths"}
SPLITS: Final = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50)
NEAR: Final = 0.06
"""How far, in logarithms, a jump may lie from a split's ratio: what a share moves on such a day."""
NEAR_KNOWN: Final = 0.15
"""The same where a split of that day is known."""
NEAR_UNIT: Final = 0.3
HALVED: Final = 0.03
"""The same for two to one, which a share that loses half in a day comes near to."""
FARTHEST: Final = 4.0
"""No share of a company that goes on trading is worth so many times as much a day later."""
LEAST_KNOWN: Final = 1.4
SESSIONS_APART: Final = 10
"""Rows without a close after which a jump says nothing."""
FEWEST: Final = 10
MOST_SHOWN: Final = 3
FOREIGN: Final = {
    "L": "pence sterling",
    "IL": "US dollars or pence, in London",
    "TO": "Canadian dollars",
    "V": "Canadian dollars",
    "DE": "euros",
    "F": "euros",
    "PA": "euros",
    "AS": "euros",
    "BR": "euros",
    "MI": "euros",
    "MC": "euros",
    "HE": "euros",
    "VI": "euros",
    "SW": "Swiss francs",
    "ST": "Swedish kronor",
    "OL": "Norwegian kroner",
    "CO": "Danish kroner",
    "T": "yen",
    "HK": "Hong Kong dollars",
    "SS": "yuan",
    "SZ": "yuan",
    "KS": "won",
    "KQ": "won",
    "TW": "Taiwan dollars",
    "TWO": "Taiwan dollars",
    "AX": "Australian dollars",
    "NS": "rupees",
    "BO": "rupees",
    "SI": "Singapore dollars",
    "SA": "reais",
    "MX": "pesos",
    "TA": "agorot",
}
"""Currencies of exchanges, by the suffix that Yahoo gives their tickers."""

OTHER_CURRENCIES: Final = {
    "GBp": "pence",
    "GBX": "pence",
    "GBP": "pounds",
    "EUR": "euros",
    "JPY": "yen",
    "TWD": "Taiwan dollars",
    "KRW": "won",
    "HKD": "Hong Kong dollars",
    "CHF": "Swiss francs",
}
"""Names of some currencies, by their code."""

Array = npt.NDArray[np.float64]


class CloseFault(NamedTuple):
    """What a close cannot be; `date` is that of the first close concerned."""

    ticker: str
    date: pd.Timestamp
    text: str

    def __str__(self) -> str:
        return f"{self.ticker} on {self.date:%Y-%m-%d}: {self.text}"


def check_closes(closes: pd.DataFrame, splits: pd.DataFrame | None = None) -> list[CloseFault]:
    """Return what speaks against closes, by ticker and date.

    Parameters
    ----------
    closes : DataFrame [date, ticker]
        Positive numbers, NaN where there is none; days, ascending. Names that begin with `^`, of
        indices and yields, are passed over.
    splits : DataFrame, optional
        Known splits, as `splits_in` has them: a jump of such a day is one that is not adjusted for.

    Returns
    -------
    list of CloseFault
        A ticker of an exchange that does not trade in USD; days that are those before or after
        the sessions; jumps by a split's ratio, by 100 or 1,000, or farther than shares go in a
        day, at most three of a ticker.
    """
    days = pd.DatetimeIndex(closes.index)
    return [
        fault
        for place, ticker in enumerate(map(str, closes.columns))
        if not ticker.startswith("^")
        for fault in _faults(
            ticker, closes.iloc[:, place].to_numpy(float), days, _of(splits, ticker)
        )
    ]


def foreign_currency(ticker: str) -> str | None:
    """Return what a ticker trades in by its suffix, as `pence sterling`; None for USD."""
    name, dot, suffix = ticker.rpartition(".")
    return FOREIGN.get(suffix.upper()) if dot and name else None


def trades_weekends(closes: pd.Series) -> bool:
    """Return whether closes move on Saturdays and Sundays, as those of coins do."""
    known = closes.dropna()
    weekend = np.asarray(pd.DatetimeIndex(known.index).day_of_week) >= 5
    moved = np.r_[False, np.diff(known.to_numpy(float)) != 0.0]
    return bool((weekend & moved).sum() > 0.1 * max(len(known), 1))


def _of(splits: pd.DataFrame | None, ticker: str) -> pd.Series:
    if splits is None:
        return pd.Series(dtype=float, index=pd.DatetimeIndex([]))
    mine = splits[splits["entity"] == ticker]
    return pd.Series(mine["value"].to_numpy(float), pd.DatetimeIndex(mine["date"]))


def _faults(
    ticker: str, values: Array, days: pd.DatetimeIndex, splits: pd.Series
) -> Iterator[CloseFault]:
    known = np.flatnonzero(np.isfinite(values) & (values > 0.0))
    if not known.size:
        return
    first = days[known[0]]
    if currency := foreign_currency(ticker):
        says = f"trades in {currency}; give closes in USD, under a name without the suffix"
        yield CloseFault(ticker, first, says)
    if shifted := _shifted(days[known]):
        yield CloseFault(ticker, first, shifted)
    steps = np.diff(np.log(values[known]))
    jumped = np.flatnonzero(
        (np.abs(steps) > np.log(LEAST_KNOWN)) & (np.diff(known) <= SESSIONS_APART)
    )
    told = 0
    for step in jumped:
        before, after = known[step], known[step + 1]
        says = _jump(float(steps[step]), days[after], splits)
        if says and told < MOST_SHOWN:
            told += 1
            yield CloseFault(
                ticker,
                days[after],
                f"the close goes from {values[before]:.6g} to {values[after]:.6g}, {says}",
            )


def _jump(step: float, day: pd.Timestamp, splits: pd.Series) -> str:
    """Return what a jump looks like, or nothing where a share may move so."""
    size = abs(step)
    for known, ratio in splits.items():
        split = pd.Timestamp(str(known))
        if abs(split - day) <= pd.Timedelta(days=4) and abs(step + np.log(ratio)) < NEAR_KNOWN:
            return (
                f"as at its split of {ratio:g} for 1 on {split:%Y-%m-%d}; "
                "give closes that are adjusted for it"
            )
    for unit, alike in UNITS.items():
        if abs(size - np.log(unit)) < NEAR_UNIT:
            return f"{_times(step)}, {alike}; give all closes in USD"
    for ratio in SPLITS:
        if abs(size - np.log(ratio)) < (HALVED if ratio == 2 else NEAR):
            words = f"{ratio} for 1" if step < 0.0 else f"1 for {ratio}"
            return f"as at a split of {words}; give closes that are adjusted for splits"
    if size > np.log(FARTHEST):
        return f"{_times(step)}; no share moves so in a day, check both"
    return ""


def _times(step: float) -> str:
    ratio = np.exp(abs(step))
    return f"{ratio:.3g} times as much" if step > 0.0 else f"1/{ratio:.3g} of it"


def _shifted(days: pd.DatetimeIndex) -> str:
    """Return whether days stand for the sessions before or after them, by their weekdays."""
    if len(days) < FEWEST:
        return ""
    count = np.bincount(np.asarray(days.day_of_week), minlength=7)
    monday, friday, saturday, sunday = count[[0, 4, 5, 6]]
    usual = len(days) / 10
    if sunday > usual and friday < usual / 5 and saturday == 0:
        return (
            "its days run from Sunday to Thursday: each is the day before its session, as UTC has "
            "it, and shows closes a day early; write the exchange's own dates"
        )
    if saturday > usual and monday < usual / 5 and sunday == 0:
        return (
            "its days run from Tuesday to Saturday: each is the day after its session; write the "
            "exchange's own dates"
        )
    return ""
