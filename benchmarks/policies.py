"""Decisions per second of one policy, told to each library in its own way: least variance.

    python benchmarks/policies.py PANEL [--start 2016-01-04]

The sample covariance of the last 252 daily returns, long-only, at most 15 % each, over all
companies of the panel that have ten years of closes, monthly and daily. marketsim walks the policy
(a sweep of one variant, and of a hundred whose shrinkage differs), costs included, on closes that
were read and checked once, as others are handed arrays; medians of five. skfolio,
PyPortfolioOpt, cvxportfolio's optimiser, cvxpy with a parameter that is set anew, and a solver by
itself only decide, where they can be imported; their weights are held against marketsim's. All on
one thread of one process, one after the other. First calls, which compile, stand beside.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import process_time

import numpy as np
import pandas as pd
from ten_years import asked_for  # type: ignore[import-not-found]
from threadpoolctl import threadpool_limits

import marketsim as ms

WINDOW, CAP, COST = 252, 0.15, 10 * ms.backtesting.BPS
POLICY = ms.backtesting.Policy(
    ms.backtesting.policies.least_variance, WINDOW, {"cap": CAP, "shrink": 0.0}
)
MOST = 240
"""Decisions that a slow library is asked for."""

Decide = Callable[[np.ndarray], np.ndarray]
"""Of moves [row, ticker] of a window: weights [ticker]."""


def main() -> None:
    """Print a table for each time between decisions."""
    warnings.simplefilter("ignore")
    facts, closes, start = asked_for(__doc__.splitlines()[0])
    with threadpool_limits(limits=1, user_api="blas"):
        for when in ("monthly", "daily"):
            compare(closes, facts, start, when)


def compare(closes: pd.DataFrame, facts: ms.Knowledge, start: str, when: str) -> None:
    """Print decisions a second, and how far weights lie from marketsim's."""
    prices = ms.load_prices(source=closes)

    def swept(**settings: list[float]) -> ms.backtesting.Sweep:
        return ms.backtesting.sweep(
            POLICY,
            settings,
            prices,
            facts=facts,
            start=start,
            rebalance=when,
            cost=COST,
            cash_yield=0.0,
        )

    walked = ms.backtest(
        POLICY, closes, facts=facts, start=start, rebalance=when, cost=COST, cash_yield=0.0
    )
    count, mine = len(walked.weights), walked.weights[closes.columns]
    print(f"\n{when}, {count} decisions" + " " * 10 + "a second     first call   weights apart")
    for name, variants in (("one", [0.0]), ("a hundred", list(np.linspace(0.0, 0.9, 100)))):
        job = partial(swept, shrink=variants)
        first, later = timed(job), median(timed(job) for _ in range(5))
        rate = count * len(variants) / later
        print(f"{'marketsim, ' + name:26s}{rate:12,.0f}{first:13.1f} s")
    moves = closes.pct_change()
    places = moves.index.get_indexer(mine.index[:: max(1, count // MOST)])
    windows = [moves.iloc[place - WINDOW + 1 : place + 1].to_numpy() for place in places]
    days = mine.iloc[:: max(1, count // MOST)]
    for name, decide in libraries(closes.shape[1]):
        first = timed(partial(decide, windows[0]))
        begun = process_time()
        found = np.array([decide(window) for window in windows])
        rate = len(windows) / (process_time() - begun)
        apart = np.abs(found - days.to_numpy()).max()
        print(f"{name:26s}{rate:12,.0f}{first:13.1f} s{apart:16.1e}")


def timed(job: Callable[[], object]) -> float:
    """Seconds of processor time."""
    begun = process_time()
    job()
    return process_time() - begun


def libraries(tickers: int) -> Iterator[tuple[str, Decide]]:
    """Yield those that can be imported."""
    for name, maker in {
        "skfolio": by_skfolio,
        "PyPortfolioOpt": by_pypfopt,
        "cvxpy, OSQP": lambda n: by_cvxpy(n, "OSQP"),
        "cvxpy, Clarabel": lambda n: by_cvxpy(n, "CLARABEL"),
        "cvxportfolio": by_cvxportfolio,
        "Clarabel itself": by_clarabel,
    }.items():
        try:
            yield name, maker(tickers)
        except ImportError:
            continue


def by_skfolio(tickers: int) -> Decide:
    """Its mean-risk estimator."""
    from skfolio.moments import EmpiricalCovariance
    from skfolio.optimization import MeanRisk
    from skfolio.prior import EmpiricalPrior

    prior = EmpiricalPrior(covariance_estimator=EmpiricalCovariance())
    model = MeanRisk(max_weights=CAP, prior_estimator=prior)
    return lambda moves: np.asarray(model.fit(moves).weights_)


def by_pypfopt(tickers: int) -> Decide:
    """Its efficient frontier, built for each date as its documentation has it."""
    from pypfopt import EfficientFrontier

    def decide(moves: np.ndarray) -> np.ndarray:
        frontier = EfficientFrontier(None, 1e4 * np.cov(moves.T), weight_bounds=(0.0, CAP))
        return np.array(list(frontier.min_volatility().values()))

    return decide


def by_cvxpy(tickers: int, solver: str) -> Decide:
    """One problem whose factor of the covariance is a parameter."""
    import cvxpy as cp

    root, w = cp.Parameter((tickers, tickers)), cp.Variable(tickers)
    least = cp.Problem(cp.Minimize(cp.sum_squares(root @ w)), [cp.sum(w) == 1, w >= 0, w <= CAP])
    exact = {"eps_abs": 1e-9, "eps_rel": 1e-9} if solver == "OSQP" else {}

    def decide(moves: np.ndarray) -> np.ndarray:
        root.value = 100.0 * np.linalg.cholesky(np.cov(moves.T)).T
        least.solve(solver=solver, **exact)
        return np.asarray(w.value)

    return decide


def by_cvxportfolio(tickers: int) -> Decide:
    """Its single-period optimisation of a given covariance, asked for one date."""
    import cvxportfolio as cvx

    days = pd.bdate_range("2000-01-03", periods=WINDOW)
    names = [str(i) for i in range(tickers)] + ["cash"]
    held = pd.Series(np.r_[np.ones(tickers), 0.0], names)

    def decide(moves: np.ndarray) -> np.ndarray:
        sigma = pd.DataFrame(1e4 * np.cov(moves.T), names[:-1], names[:-1])
        risk = -cvx.FullCovariance(sigma)
        policy = cvx.SinglePeriodOptimization(
            risk, [cvx.LongOnly(applies_to_cash=True), cvx.MaxWeights(CAP), cvx.NoCash()]
        )
        returns = pd.DataFrame(np.c_[moves, np.zeros(WINDOW)], days, names)
        data = cvx.UserProvidedMarketData(
            returns=returns, cash_key="cash", min_history=pd.Timedelta("1d")
        )
        weights = policy.execute(h=held, market_data=data, t=days[-1])[0]
        after = (held + weights) / held.sum()
        return np.asarray(after)[:-1]

    return decide


def by_clarabel(tickers: int) -> Decide:
    """The solver without a modelling language."""
    import clarabel
    from scipy import sparse

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    eye = sparse.identity(tickers)
    rows = sparse.vstack([np.ones((1, tickers)), -eye, eye]).tocsc()
    right = np.r_[1.0, np.zeros(tickers), np.full(tickers, CAP)]
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(2 * tickers)]

    def decide(moves: np.ndarray) -> np.ndarray:
        risk = sparse.triu(1e4 * np.cov(moves.T)).tocsc()
        solver = clarabel.DefaultSolver(risk, np.zeros(tickers), rows, right, cones, settings)
        return np.array(solver.solve().x)

    return decide


if __name__ == "__main__":
    main()
