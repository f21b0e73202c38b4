"""Calendar quarters of a calibration window, and how fiscal periods fall on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from marketsim.ensemble import COMING
from marketsim.model import REFERENCE_YEAR

HISTORY = 16
"""Quarters a calibration looks back: four years. Fixed, so that programs compile once."""

SPAN = HISTORY + COMING
"""Quarters that are modelled: those of history, and the coming ones of which something is said."""


@dataclass(frozen=True)
class Window:
    """Quarters up to the last that ended by the decision date."""

    last: pd.Period

    @cached_property
    def quarters(self) -> pd.PeriodIndex:
        """The quarters of history."""
        return pd.period_range(end=self.last, periods=HISTORY, freq="Q-DEC")

    @property
    def start(self) -> pd.Timestamp:
        """First day of the window."""
        return self.quarters[0].start_time.normalize()

    @property
    def start_year(self) -> float:
        """End of the first quarter in years since 2025, the model's clock."""
        first = self.quarters[0]
        return first.year + first.quarter / 4.0 - REFERENCE_YEAR

    def ends(self, periods: int) -> pd.DatetimeIndex:
        """Return the ends of the ``periods`` quarters after the window."""
        future = pd.period_range(start=self.last + 1, periods=periods, freq="Q-DEC")
        return pd.DatetimeIndex(future.end_time.normalize(), name="quarter_end")

    @property
    def history_ends(self) -> pd.DatetimeIndex:
        """Ends of the quarters of history."""
        return pd.DatetimeIndex(self.quarters.end_time.normalize(), name="quarter_end")

    def position(self, dates: pd.Series | pd.DatetimeIndex) -> np.ndarray:
        """Return dates as positions: 0 at the end of the first quarter, 1 at the next, ..."""
        stamps, first = pd.DatetimeIndex(dates), self.quarters[0]
        month, day = stamps.month.to_numpy() - 1, stamps.day.to_numpy()
        within = month % 3 + day / stamps.days_in_month.to_numpy()
        quarter = stamps.year.to_numpy() * 4 + month // 3
        return np.asarray(quarter + within / 3.0 - 1.0 - (first.year * 4 + first.quarter - 1))

    def weights(self, dates: pd.Series | pd.DatetimeIndex) -> np.ndarray:
        """Return how model quarters mix into fiscal quarters that end on ``dates``.

        A fiscal quarter that ends a month into a calendar quarter has two thirds of the one before
        and one third of it; also reads a stock between two quarter ends. Rows [date, quarter] sum
        to 1 where the period lies inside the window or in the coming quarters, and are zero
        elsewhere. A few days either way count as the calendar quarter.
        """
        position = self.position(dates)
        near = np.round(position)
        position = np.where(np.abs(position - near) < 0.07, near, position)
        low = np.floor(position).astype(int)
        part = position - low
        rows = np.zeros((len(position), SPAN + 1))
        inside = (low >= 0) & (position <= SPAN - 1)
        index = np.arange(len(position))[inside]
        rows[index, low[inside]] += 1.0 - part[inside]
        rows[index, low[inside] + 1] += part[inside]
        return rows[:, :SPAN]

    def yearly(self, dates: pd.Series | pd.DatetimeIndex) -> np.ndarray:
        """Return how model quarters mix into means of the years that end on ``dates``.

        Rows [date, quarter] sum to 1 where the whole year is modelled, to less where a part is.
        """
        stamps = pd.DatetimeIndex(dates)
        ends = (stamps - pd.DateOffset(months=3 * back) for back in range(4))
        return np.asarray(sum(self.weights(end) for end in ends) / 4.0)


def window_at(as_of: pd.Timestamp) -> Window:
    """Return the window that ends with the last calendar quarter finished by ``as_of``."""
    quarter = pd.Period(as_of, freq="Q-DEC")
    finished = quarter if as_of.normalize() >= quarter.end_time.normalize() else quarter - 1
    return Window(finished)
