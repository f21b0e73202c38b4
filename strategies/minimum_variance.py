"""Least variance by the weekly returns of the last two years, shrunk, long-only and capped.

The sample covariance S of many tickers over few weeks flatters whatever happened to hedge.
It is shrunk to its diagonal D, (1 - d) S + d D, with the intensity d of Schaefer and
Strimmer (2005). The allocation takes scenarios, not matrices, and a mixture has just that
covariance: a week of history with probability 1 - d, else one ticker moving alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

import marketsim as ms

WEEKS = 104
FEWEST_WEEKS = 52  # a newer listing would cut the weeks that all have in common
CAP = 0.15


def strategy(history: ms.backtesting.History) -> pd.Series:
    """Weights of least variance; equal weights while there is not a year of history."""
    weekly = history.closes.resample("W-FRI").last().iloc[-WEEKS - 1 :].pct_change(fill_method=None)
    known = weekly[[t for t in history.tickers if weekly[t].count() >= FEWEST_WEEKS]]
    returns = known.dropna()
    if returns.shape[1] < 2 or len(returns) < FEWEST_WEEKS:
        return pd.Series(1.0 / len(history.tickers), index=list(history.tickers))
    cap = max(CAP, 2.0 / returns.shape[1])
    return ms.allocate(shrunk(returns), ms.Variance(), max_weight=min(cap, 1.0)).weights


def shrunk(returns: pd.DataFrame) -> ms.ReturnScenarios:
    """Scenarios whose covariance is that of the returns shrunk to its diagonal.

    Parameters
    ----------
    returns : DataFrame [week, ticker]
        Simple returns.
    """
    x = (returns - returns.mean()).to_numpy()
    weeks, tickers = x.shape
    d = intensity(x)
    alone = np.diag(x.std(axis=0) * np.sqrt(tickers))
    rows = np.vstack([x, alone, -alone])
    odds = np.r_[np.full(weeks, (1.0 - d) / weeks), np.full(2 * tickers, d / (2 * tickers))]
    scaled = 0.5 * rows / np.abs(rows).max()  # the weights do not depend on the scale
    return ms.ReturnScenarios.from_frame(pd.DataFrame(scaled, columns=returns.columns), odds)


def intensity(x: np.ndarray) -> float:
    """How far to shrink: sampling variance of the correlations over their squares, 0 to 1."""
    weeks, tickers = x.shape
    z = x / x.std(axis=0)
    products = z[:, :, None] * z[:, None, :]
    mean = products.mean(axis=0)
    variance = products.var(axis=0) / weeks
    apart = ~np.eye(tickers, dtype=bool)
    return float(np.clip(variance[apart].sum() / (mean[apart] ** 2).sum(), 0.0, 1.0))
