"""What a walk amounts to: growth, risk, and what trading took from it."""

from __future__ import annotations

import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.backtesting.inference import FLAT

__all__ = [
    "MEASURED",
    "active",
    "drawdown",
    "measured",
    "measures",
    "monthly_returns",
    "span",
    "wealth",
]

Array = npt.NDArray[np.float64]

DAYS_PER_YEAR: Final = 365.25

MEASURED: Final = (
    "final_wealth",
    "annual_return",
    "annual_volatility",
    "sharpe_ratio",
    "max_drawdown",
    "annual_turnover",
    "annual_cost",
)
"""What is measured of any walk."""


def wealth(returns: pd.Series) -> pd.Series:
    """Growth of one unit of money, by date."""
    return (1.0 + returns).cumprod().rename("wealth")


def drawdown(returns: pd.Series) -> pd.Series:
    """Fall from the highest wealth so far (the start included), as a fraction from 0 to 1."""
    grown = wealth(returns)
    return (1.0 - grown / grown.cummax().clip(lower=1.0)).rename("drawdown")


def measures(
    returns: pd.Series,
    interest: pd.Series,
    trades: pd.DataFrame | None = None,
    costs: pd.Series | None = None,
) -> pd.Series:
    """Measures of a walk; years are counted by the calendar, returns in a year by the panel.

    Parameters
    ----------
    returns : Series, by date
        After costs; the first is the cost of the first purchase.
    interest : Series, by date
        What cash earned since the date before.
    trades : DataFrame [date, ticker], optional
        Bought positive, sold negative, as fractions of wealth; an index trades nothing.
    costs : Series, by date, optional
        Fractions of wealth.

    Returns
    -------
    Series
        final_wealth (from 1), annual_return (compound), annual_volatility, sharpe_ratio (of what
        exceeds `interest`), max_drawdown (0 to 1), annual_turnover (half of what is traded, the
        first purchase left out), annual_cost (all trades). NaN where a single date has no rate.
    """
    traded = 0.0 if trades is None else 0.5 * trades.iloc[1:].abs().to_numpy().sum()
    found = measured(
        returns.to_numpy(float),
        interest.to_numpy(float),
        pd.DatetimeIndex(returns.index),
        traded,
        0.0 if costs is None else costs.sum(),
    )
    return pd.Series(found, dtype=float)


def measured(
    returns: Array,
    interest: Array,
    dates: pd.DatetimeIndex,
    traded: Array | float,
    paid: Array | float,
) -> dict[str, Array]:
    """Measures of many walks at once, each an array [...]: see `measures`.

    Parameters
    ----------
    returns : array [..., date]
    interest : array [date]
    dates
    traded, paid : array [...]
        Half of what was traded after the first purchase, and all costs, as fractions of wealth.
    """
    years, rate = span(dates)
    later, year = returns[..., 1:], np.sqrt(rate)
    over = later - interest[1:]
    wealth = (1.0 + returns).cumprod(axis=-1)
    highest = np.maximum(np.maximum.accumulate(wealth, axis=-1), 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a single date there is no deviation
        deviation, volatility = over.std(axis=-1, ddof=1), later.std(axis=-1, ddof=1)
        ratio = np.where(deviation > FLAT, over.mean(axis=-1) / deviation, np.nan)
    return {
        "final_wealth": wealth[..., -1],
        "annual_return": wealth[..., -1] ** (1.0 / years) - 1.0,
        "annual_volatility": volatility * year,
        "sharpe_ratio": ratio * year,
        "max_drawdown": (1.0 - wealth / highest).max(axis=-1),
        "annual_turnover": traded / years,
        "annual_cost": paid / years,
    }


def active(returns: pd.Series, benchmark: pd.Series) -> pd.Series:
    """Measures of returns against those of a benchmark, by date.

    Returns
    -------
    Series
        active_return (difference of the compound annual ones), active_risk (annual standard
        deviation of the difference of returns), information_ratio (the one over the other), beta,
        and hit_rate, the share of calendar months in which the benchmark was beaten.
    """
    years, rate = span(returns.index)
    difference = (returns - benchmark).iloc[1:]
    risk = difference.std()
    ends = [wealth(one).iloc[-1] ** (1.0 / years) for one in (returns, benchmark)]
    ahead = ends[0] - ends[1]
    later = benchmark.iloc[1:]
    both = [_by_month(one) for one in (returns, benchmark)]
    return pd.Series(
        {
            "active_return": ahead,
            "active_risk": risk * np.sqrt(rate),
            "information_ratio": ahead / (risk * np.sqrt(rate)) if risk > FLAT else np.nan,
            "beta": later.cov(returns.iloc[1:]) / later.var() if later.std() > FLAT else np.nan,
            "hit_rate": float((both[0] > both[1] + FLAT).mean()),
        },
        dtype=float,
    )


def span(dates: pd.Index) -> tuple[float, float]:
    """Years from the first date to the last, and returns in a year; NaN for a single date."""
    years = (dates[-1] - dates[0]).days / DAYS_PER_YEAR or np.nan
    return years, (len(dates) - 1) / years


def monthly_returns(returns: pd.Series) -> pd.DataFrame:
    """Returns by calendar month, [year, month from 1 to 12]; NaN where there are none."""
    found = _by_month(returns)
    months = pd.PeriodIndex(found.index)
    table = pd.Series(found.to_numpy(float), [months.year, months.month]).unstack()
    return table.reindex(columns=range(1, 13)).rename_axis(index="year", columns="month")


def _by_month(returns: pd.Series) -> pd.Series:
    return (1.0 + returns).groupby(pd.DatetimeIndex(returns.index).to_period("M")).prod() - 1.0
