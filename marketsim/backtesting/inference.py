"""How sure a Sharpe ratio is: its sampling error, and what is left of it after many trials.

Ratios here are of one return, not of a year, unless said otherwise; returns are over cash or over
a benchmark, and independent of one another in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import log_ndtr, ndtr

from marketsim.errors import InputError

__all__ = [
    "FLAT",
    "SharpeEstimate",
    "deflated_sharpe",
    "deflated_sharpes",
    "expected_maximum",
    "lo_error",
    "probabilistic_sharpe",
    "rolling_sharpe",
    "sharpe_estimate",
]

TWO_SIDED: Final = 1.959963984540054
"""Standard errors to either side of 95 % of a normal distribution."""

FEWEST: Final = 3
"""Returns from which on a ratio has an error."""

FLAT: Final = 1e-12
"""Deviation up to which returns differ by rounding alone."""


@dataclass(frozen=True)
class SharpeEstimate:
    """A Sharpe ratio of ``count`` returns, and their shape.

    Attributes
    ----------
    ratio : float
        Mean over standard deviation, of one return; NaN of too few, or where all are the same.
    count : int
        Returns.
    skewness, kurtosis : float
        Of the returns; a normal distribution has 0 and 3.
    """

    ratio: float
    count: int
    skewness: float
    kurtosis: float

    @property
    def error(self) -> float:
        """Standard error of the ratio, of returns of any shape (Mertens 2002).

        The square of it is ``(1 - skewness ratio + (kurtosis - 1) / 4 ratio^2) / (count - 1)``.
        """
        shape = 1.0 - self.skewness * self.ratio + 0.25 * (self.kurtosis - 1.0) * self.ratio**2
        return float(np.sqrt(shape / (self.count - 1))) if self.count >= FEWEST else np.nan


def sharpe_estimate(excess: pd.Series) -> SharpeEstimate:
    """Return the Sharpe ratio of returns over cash, or over a benchmark.

    Parameters
    ----------
    excess : Series, by date
        Returns less those of what they are held against.
    """
    values = excess.to_numpy(float)
    centred = values - values.mean() if len(values) else values
    variance = float((centred**2).mean()) if len(values) >= FEWEST else 0.0
    if not variance > FLAT**2:
        return SharpeEstimate(np.nan, len(values), np.nan, np.nan)
    return SharpeEstimate(
        ratio=float(values.mean() / values.std(ddof=1)),
        count=len(values),
        skewness=float((centred**3).mean() / variance**1.5),
        kurtosis=float((centred**4).mean() / variance**2),
    )


def lo_error(ratio: pd.Series, count: int) -> pd.Series:
    """Return the standard error of a Sharpe ratio of so many independent normal returns.

    ``sqrt((1 + ratio^2 / 2) / count)`` (Lo 2002, equation 9), of a ratio of one return.
    """
    return ((1.0 + 0.5 * ratio**2) / count) ** 0.5


def rolling_sharpe(excess: pd.Series, window: int) -> pd.DataFrame:
    """Return the annual Sharpe ratio over the last ``window`` returns, with its 95 % interval.

    Parameters
    ----------
    excess : Series, by date
        Returns less those of cash.
    window : int
        Returns in a year.

    Returns
    -------
    DataFrame [date, ``sharpe_ratio`` and its ``low`` and ``high``]
        From the first date that has a whole window before it; the interval is Lo's (2002).
    """
    rolled = excess.rolling(window)
    ratio = (rolled.mean() / rolled.std().where(lambda deviation: deviation > FLAT)).dropna()
    reach = TWO_SIDED * lo_error(ratio, window)
    found = {"sharpe_ratio": ratio, "low": ratio - reach, "high": ratio + reach}
    return float(np.sqrt(window)) * pd.DataFrame(found)


def probabilistic_sharpe(estimate: SharpeEstimate, threshold: float = 0.0) -> float:
    """Return the probability that the true ratio lies above a threshold, both of one return.

    ``Phi((ratio - threshold) / error)`` with the error of returns of any shape (Bailey and Lopez
    de Prado 2012, equation 11).
    """
    return float(ndtr((estimate.ratio - threshold) / estimate.error))


def expected_maximum(trials: float) -> float:
    """Return the mean of the largest of so many independent standard normal numbers.

    Bailey and Lopez de Prado (2014, equation 1) approximate it for many trials; it is integrated
    here, so that two trials are right too: ``1 / sqrt(pi)``.

    Raises
    ------
    InputError
        There is less than one trial.
    """
    if not (np.isfinite(trials) and trials >= 1):
        raise InputError(f"trials={trials!r}: count the variants that were tried, 1 or more")
    from scipy.integrate import quad  # which imports optimisers and solvers of equations

    above = quad(lambda z: -np.expm1(trials * log_ndtr(z)), 0.0, 40.0, limit=200, points=[2.0, 8.0])
    below = quad(lambda z: np.exp(trials * log_ndtr(z)), -40.0, 0.0, limit=200, points=[-8.0, -2.0])
    return float(above[0] - below[0])


def deflated_sharpe(
    estimate: SharpeEstimate, trials: float = 1, deviation: float | None = None
) -> float:
    """Return the probability that a ratio is above what the best of many worthless trials shows.

    The probabilistic ratio with ``deviation`` times `expected_maximum` for its threshold (Bailey
    and Lopez de Prado 2014): with one trial the threshold is zero.

    Parameters
    ----------
    estimate
        Of the trial that was chosen.
    trials
        That it was chosen from, it included. Trials that are alike count for fewer.
    deviation
        Standard deviation of the ratios of all trials, of one return; by default that of trials
        without worth, ``1 / sqrt(count - 1)``.
    """
    null = 1.0 / np.sqrt(estimate.count - 1) if estimate.count >= FEWEST else np.nan
    spread = null if deviation is None else deviation
    return probabilistic_sharpe(estimate, float(spread) * expected_maximum(trials))


def _scatter(ratios: np.ndarray, count: int) -> float:
    """Return how far ratios of trials, of so many returns each, lie apart by luck.

    As those of trials without worth do, or as these do where that is more.
    """
    seen = ratios[np.isfinite(ratios)]
    null = 1.0 / np.sqrt(count - 1) if count >= FEWEST else np.nan
    return float(max(seen.std(ddof=1) if len(seen) > 1 else 0.0, null))


def deflated_sharpes(
    excess: Mapping[str, pd.Series], tried: Iterable[pd.Series] | None = None, trials: int = 0
) -> dict[str, float]:
    """Return what is left of each of several ratios if it was the one that was picked.

    Parameters
    ----------
    excess : mapping of str to Series, by date
        Of each, over the same dates; the first return is left out, since it is only a cost.
    tried : of Series, optional
        Those that differ; by default all of them.
    trials : int
        Where more were made than these.
    """
    found = {name: sharpe_estimate(one.iloc[1:]) for name, one in excess.items()}
    others = list(excess.values() if tried is None else tried)
    ratios = np.array([sharpe_estimate(one.iloc[1:]).ratio for one in others])
    apart = _scatter(ratios, next(iter(found.values())).count)
    count = max(trials, len(others))
    return {name: deflated_sharpe(one, count, apart) for name, one in found.items()}
