"""What a walk amounts to: growth, risk, and what trading took from it."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["drawdown", "measures", "wealth"]

DAYS_PER_YEAR: Final = 365.25


def wealth(returns: pd.Series) -> pd.Series:
    """Growth of one unit of money, by date."""
    return (1.0 + returns).cumprod().rename("wealth")


def drawdown(returns: pd.Series) -> pd.Series:
    """Fall from the highest wealth so far (the start included), as a fraction from 0 to 1."""
    grown = wealth(returns)
    return (1.0 - grown / grown.cummax().clip(lower=1.0)).rename("drawdown")


def measures(returns: pd.Series, trades: pd.DataFrame, costs: pd.Series) -> pd.Series:
    """Measures of a walk; years are counted by the calendar, returns in a year by the panel.

    Parameters
    ----------
    returns : Series, by date
        After costs; the first is the cost of the first purchase.
    trades : DataFrame [date, ticker]
        Bought positive, sold negative, as fractions of wealth.
    costs : Series, by date
        Fractions of wealth.

    Returns
    -------
    Series
        final_wealth (from 1), annual_return (compound), annual_volatility, sharpe_ratio
        (against cash that earns nothing), max_drawdown (0 to 1), annual_turnover (half of what
        is traded, the first purchase left out), annual_cost (all trades). NaN where a single
        date has no rate.
    """
    later = returns.iloc[1:]
    years = (returns.index[-1] - returns.index[0]).days / DAYS_PER_YEAR or np.nan
    rate = len(later) / years
    volatility = later.std() * np.sqrt(rate)
    final = wealth(returns).iloc[-1]
    return pd.Series(
        {
            "final_wealth": final,
            "annual_return": final ** (1.0 / years) - 1.0,
            "annual_volatility": volatility,
            "sharpe_ratio": later.mean() * rate / volatility if volatility > 0.0 else np.nan,
            "max_drawdown": drawdown(returns).max(),
            "annual_turnover": 0.5 * trades.iloc[1:].abs().to_numpy().sum() / years,
            "annual_cost": costs.sum() / years,
        },
        dtype=float,
    )
