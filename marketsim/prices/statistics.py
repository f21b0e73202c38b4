"""From daily closes to volatility, beta, tail index and correlation, all as known on a date."""

from __future__ import annotations

from collections.abc import Mapping
from math import lgamma
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from marketsim.prices.plausible import trades_weekends

__all__ = ["nearest_correlation", "statistics_from", "student_t_dof"]

COLUMNS: Final = ("close", "market_cap", "volatility", "beta", "dof", "source")
TRADING_DAYS: Final = 252
EVERY_DAY: Final = 365
WINDOW: Final = pd.DateOffset(years=3)
FEWEST_RETURNS: Final = 60  # about a quarter of trading; below it a volatility says little
FEWEST_WEEKS: Final = 12
STALE_ROWS: Final = 5  # a ticker without a close for longer than this is no longer priced
MARKET: Final = "SPY"
DOF_BOUNDS: Final = (2.5, 30.0)
DOF_GRID: Final = np.geomspace(*DOF_BOUNDS, 32)
LEAST_EIGENVALUE: Final = 1e-4
LEAST_SCALE: Final = 1e-16  # of squared moves: a share that stands still but for a jump has none

Array = npt.NDArray[np.float64]


def statistics_from(
    closes: pd.DataFrame,
    as_of: str | pd.Timestamp,
    shares: Mapping[str, float] | pd.Series | None = None,
    traded: pd.Series | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Risk statistics of the three years before a date; later rows are never looked at.

    Parameters
    ----------
    closes : DataFrame [date, ticker]
        Adjusted daily closes, NaN where not traded.
    as_of : str or Timestamp
        The date on which they are known. Rows after it change nothing.
    shares : mapping of ticker to shares in millions, optional
        Turns closes into market capitalisations.
    traded : Series, by ticker, optional
        Closes of the date as they were traded, on its own split basis; the last adjusted ones by
        default.

    Returns
    -------
    statistics : DataFrame, by ticker
        close (USD), market_cap (USD bn, NaN where shares are not given), volatility (annual,
        fraction, from daily log returns x sqrt(252), or sqrt(365) where every ticker trades on
        weekends; where some do, only the days of the others count), beta (daily log returns on
        SPY's, or on the equally weighted mean of the panel where there is no SPY; `source` says
        which), dof (Student-t degrees of freedom by maximum likelihood, 2.5 to 30), source.
        A ticker with fewer than 60 daily returns, or without a close in the last five rows,
        has no row.
    correlation : DataFrame [ticker, ticker]
        Of weekly (Friday to Friday) log returns, positive definite. Pairs with fewer than
        twelve weeks in common take the mean of the pairs that are known.
    """
    date = pd.Timestamp(as_of)
    known, sessions = _sessions(closes.loc[:date])
    returns = _log_returns(known.loc[date - WINDOW :])
    tickers = _priced(known, returns)
    returns = returns.loc[:, tickers]
    statistics = pd.DataFrame(index=pd.Index(tickers, name="ticker"), columns=list(COLUMNS))
    if not tickers:
        return _typed(statistics), pd.DataFrame(
            index=statistics.index, columns=tickers, dtype=float
        )
    last = known.loc[:, tickers].ffill().iloc[-1] if traded is None else traded.reindex(tickers)
    statistics["close"] = last
    held = pd.Series(dict({} if shares is None else shares), dtype=float).reindex(tickers)
    statistics["market_cap"] = statistics["close"].astype(float) * held / 1000.0
    statistics["volatility"] = returns.std() * np.sqrt(sessions)
    beta, market = _beta(returns)
    statistics["beta"] = beta
    statistics["dof"] = student_t_dof(returns.to_numpy(float))
    statistics["source"] = [
        f"{count} daily log returns to {date:%Y-%m-%d}; beta to {market}; dof by maximum likelihood"
        for count in returns.count()
    ]
    return _typed(statistics), _weekly_correlation(known.loc[date - WINDOW :, tickers], date)


def _sessions(closes: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Closes of days that all tickers trade on, as far as weekends go, and how many a year has.

    A return from Friday to Monday of a share stands beside one of three days of a coin; returns of
    single days of the coin, taken for sessions, would make it look calmer than it is.
    """
    weekend = np.asarray(pd.DatetimeIndex(closes.index).day_of_week) >= 5
    if not weekend.any():
        return closes, TRADING_DAYS
    named = [ticker for ticker in closes.columns if closes[ticker].notna().any()]
    if named and all(trades_weekends(closes[ticker]) for ticker in named):
        return closes, EVERY_DAY
    return closes[~weekend], TRADING_DAYS


def _typed(statistics: pd.DataFrame) -> pd.DataFrame:
    return statistics.astype({column: float for column in COLUMNS if column != "source"})


def _log_returns(closes: pd.DataFrame) -> pd.DataFrame:
    """Log returns from close to close; one after a gap of a few rows spans the gap."""
    filled = closes.ffill(limit=STALE_ROWS)
    logs = pd.DataFrame(np.log(filled.to_numpy(float)), closes.index, closes.columns)
    return logs.diff().where(closes.notna()).iloc[1:]


def _priced(known: pd.DataFrame, returns: pd.DataFrame) -> list[str]:
    current = known.tail(STALE_ROWS).notna().any()
    moving = returns.std() > 0.0
    enough = returns.count() >= FEWEST_RETURNS
    return [str(ticker) for ticker in known.columns[(current & moving & enough).to_numpy(bool)]]


def _beta(returns: pd.DataFrame) -> tuple[pd.Series, str]:
    named = MARKET in returns.columns
    market = returns[MARKET] if named else returns.mean(axis=1)
    slopes = {ticker: _slope(returns[ticker], market) for ticker in returns.columns}
    return pd.Series(slopes), MARKET if named else "the equally weighted mean of the panel"


def _slope(returns: pd.Series, market: pd.Series) -> float:
    both = returns.notna() & market.notna()
    x, y = market[both].to_numpy(float), returns[both].to_numpy(float)
    x = x - x.mean()
    return float(x @ y / (x @ x))


def student_t_dof(returns: Array) -> Array:
    """Degrees of freedom of a Student-t with free location and scale, by maximum likelihood.

    Location and scale follow by expectation maximisation at each point of a grid over the
    degrees of freedom (Liu and Rubin 1995); a parabola through the best three points in the
    logarithm refines the answer. Bounded to 2.5 (the variance stays finite) and 30 (nearly
    normal).

    Parameters
    ----------
    returns : array [date, company]
        NaN where there is none.

    Returns
    -------
    array [company]
    """
    seen = np.isfinite(returns)
    x = np.where(seen, returns, 0.0)
    count = seen.sum(axis=0)
    location = np.nanmedian(returns, axis=0)
    scale = np.maximum(np.nanvar(returns, axis=0), LEAST_SCALE)
    likelihood = []
    for dof in DOF_GRID[::-1]:  # from the normal end, each fit starting from its neighbour's
        location, scale = _fit_t(x, seen, count, location, scale, dof)
        likelihood.append(_log_likelihood(x, seen, count, location, scale, dof))
    return _peak(np.array(likelihood[::-1]))


def _fit_t(
    x: Array,
    seen: npt.NDArray[np.bool_],
    count: Array,
    location: Array,
    scale: Array,
    dof: float,
) -> tuple[Array, Array]:
    for _ in range(6):
        weight = np.where(seen, (dof + 1.0) / (dof + (x - location) ** 2 / scale), 0.0)
        location = (weight * x).sum(axis=0) / weight.sum(axis=0)
        scale = (weight * (x - location) ** 2).sum(axis=0) / count
        scale = np.maximum(scale, LEAST_SCALE)
    return location, scale


def _log_likelihood(
    x: Array,
    seen: npt.NDArray[np.bool_],
    count: Array,
    location: Array,
    scale: Array,
    dof: float,
) -> Array:
    constant = lgamma((dof + 1) / 2) - lgamma(dof / 2) - 0.5 * np.log(dof * np.pi)
    tails = np.where(seen, np.log1p((x - location) ** 2 / (dof * scale)), 0.0).sum(axis=0)
    result: Array = count * (constant - 0.5 * np.log(scale)) - 0.5 * (dof + 1) * tails
    return result


def _peak(likelihood: Array) -> Array:
    """Where on the grid each column peaks, refined by a parabola in the logarithm."""
    best = likelihood.argmax(axis=0)
    middle = np.clip(best, 1, len(DOF_GRID) - 2)
    company = np.arange(likelihood.shape[1])
    left, centre, right = (likelihood[middle + step, company] for step in (-1, 0, 1))
    bend = left - 2.0 * centre + right
    offset = np.where(bend < 0.0, 0.5 * (left - right) / np.where(bend < 0.0, bend, 1.0), 0.0)
    step = np.log(DOF_GRID[1] / DOF_GRID[0])
    refined = DOF_GRID[middle] * np.exp(step * np.clip(offset, -1.0, 1.0))
    dof: Array = np.clip(np.where(best == middle, refined, DOF_GRID[best]), *DOF_BOUNDS)
    return dof


def _weekly_correlation(closes: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    weeks = closes.resample("W-FRI").last()
    fridays = weeks.loc[:date]  # a week still under way is left out
    returns = pd.DataFrame(np.log(fridays.to_numpy(float)), fridays.index, fridays.columns).diff()
    raw = returns.corr(min_periods=FEWEST_WEEKS).to_numpy(float)
    apart = ~np.eye(len(raw), dtype=bool)
    known = raw[apart & np.isfinite(raw)]
    filled = np.where(np.isfinite(raw), raw, known.mean() if known.size else 0.0)
    np.fill_diagonal(filled, 1.0)
    names = pd.Index(closes.columns, name="ticker")
    return pd.DataFrame(nearest_correlation(filled), index=names, columns=list(names))


def nearest_correlation(matrix: Array) -> Array:
    """A positive definite correlation matrix close to a symmetric one, by eigenvalue clipping.

    Eigenvalues below 1e-4 are raised to it and the diagonal is scaled back to one
    (Rebonato and Jaeckel 1999). A matrix that is positive definite already comes back unchanged.
    """
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    if values.min(initial=1.0) >= LEAST_EIGENVALUE:
        return matrix
    lifted = (vectors * np.maximum(values, LEAST_EIGENVALUE)) @ vectors.T
    size = np.sqrt(np.diag(lifted))
    result = lifted / np.outer(size, size)
    np.fill_diagonal(result, 1.0)
    symmetric: Array = (result + result.T) / 2.0
    return symmetric
