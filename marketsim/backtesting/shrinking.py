"""Scenarios of weekly returns whose covariance is shrunk to its diagonal.

The sample covariance S of many tickers over few weeks flatters whatever happened to hedge. It is
shrunk to its diagonal D, (1 - d) S + d D, with the intensity d of Schaefer and Strimmer (2005). An
allocation takes scenarios, not matrices, and a mixture has just that covariance: a week of history
with probability 1 - d, else one ticker moving alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from marketsim.backtesting.history import History
from marketsim.returns import ReturnScenarios

__all__ = ["intensity", "shrunk", "weekly_returns"]

WEEKS: Final = 104
FEWEST_WEEKS: Final = 52  # a newer listing would cut the weeks that all have in common


def weekly_returns(history: History, weeks: int = WEEKS) -> pd.DataFrame | None:
    """Return simple returns [week, ticker] of what can be bought, in the weeks that all have.

    Tickers with less than a year of them are left out; None where fewer than two tickers, or weeks
    of less than a year, are left.
    """
    closes = history.closes[list(history.tickers)]
    weekly = closes.resample("W-FRI").last().iloc[-weeks - 1 :].pct_change(fill_method=None)
    known = weekly.loc[:, weekly.count() >= FEWEST_WEEKS]
    returns = known.dropna()
    return None if returns.shape[1] < 2 or len(returns) < FEWEST_WEEKS else returns


def shrunk(returns: pd.DataFrame, means: pd.Series | None = None) -> ReturnScenarios:
    """Return scenarios whose covariance is that of returns shrunk to its diagonal.

    Parameters
    ----------
    returns : DataFrame [week, ticker]
        Simple returns.
    means : Series, by ticker, optional
        Expected weekly returns of the scenarios; none by default, and the covariance then up to a
        factor, on which weights of least variance do not depend.
    """
    x = (returns - returns.mean()).to_numpy()
    weeks, tickers = x.shape
    d = intensity(x)
    alone = np.diag(x.std(axis=0) * np.sqrt(tickers))
    rows = np.vstack([x, alone, -alone])
    odds = np.r_[np.full(weeks, (1.0 - d) / weeks), np.full(2 * tickers, d / (2 * tickers))]
    if means is None:
        rows = 0.5 * rows / np.abs(rows).max()
    else:
        rows = np.maximum(rows + means.reindex(returns.columns).to_numpy(float), -1.0)
    return ReturnScenarios.from_frame(pd.DataFrame(rows, columns=returns.columns), odds)


def intensity(x: np.ndarray) -> float:
    """How far to shrink: sampling variance of the correlations over their squares, 0 to 1."""
    weeks, tickers = x.shape
    z = x / x.std(axis=0)
    products = z[:, :, None] * z[:, None, :]
    mean = products.mean(axis=0)
    variance = products.var(axis=0) / weeks
    apart = ~np.eye(tickers, dtype=bool)
    return float(np.clip(variance[apart].sum() / (mean[apart] ** 2).sum(), 0.0, 1.0))
