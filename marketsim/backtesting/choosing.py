"""Decisions of a walk: recalled where they were made before, else made side by side or in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from marketsim.backtesting.deciding import decide
from marketsim.backtesting.kept import LOOKS, keep, key, prune, recall, rules
from marketsim.backtesting.loading import Strategy
from marketsim.backtesting.market import Market
from marketsim.precision import one_thread

__all__ = ["Choose", "chooser"]

Array = npt.NDArray[np.float64]

Choose = Callable[[int, Array], Array]
"""Of a row and the weights held [ticker]: those wanted, [ticker, then cash]."""


def chooser(
    strategy: Strategy,
    market: Market,
    rows: Sequence[int],
    workers: int,
    afresh: bool,
    progress: Callable[[str], None],
) -> Choose:
    """Return what a walk asks on its decision rows.

    A strategy in a file that does not look at what is held has then been asked about all of them. A
    function is asked in the order of time, once on each date: it may remember.

    Parameters
    ----------
    strategy, market
    rows
        Decision rows on which anything can be bought.
    workers
        Decisions made at a time, each on a thread.
    afresh
        Whether kept decisions are left alone, and made again.
    progress
        Called with the name of each step as it begins.
    """
    basis = rules(strategy)
    ahead = (
        {} if basis is None else _ahead(strategy, market, rows, basis, workers, afresh, progress)
    )

    def choose(row: int, held: Array) -> Array:
        if row in ahead:
            return ahead[row]
        place = None if basis is None else key(basis, market, row, held)
        found = None if place is None or afresh else recall(place, len(held) + 1)
        if isinstance(found, np.ndarray):
            return found
        progress(f"deciding on {market.rows[row]:%Y-%m-%d}")
        weights = decide(strategy, market.history(row, held), market.universe)
        assert weights is not None  # a history that says what is held stops nobody
        if place is not None:
            keep(place, weights)
        return weights

    return choose


def _ahead(
    strategy: Strategy,
    market: Market,
    rows: Sequence[int],
    basis: str,
    workers: int,
    afresh: bool,
    progress: Callable[[str], None],
) -> dict[int, Array]:
    """Return weights by row, of those that were decided without a look at what is held.

    The first is decided alone: it compiles what the others run. Where it looks, so may the others,
    and all are left to the walk.
    """
    made, fresh = 0, False

    def one(row: int) -> Array | str:
        nonlocal made, fresh
        place = key(basis, market, row, None)
        found = None if afresh else recall(place, len(market.universe) + 1)
        if found is None:
            weights = decide(strategy, market.history(row, None), market.universe)
            found = LOOKS if weights is None else weights
            keep(place, found)
            fresh = True
        made += 1
        progress(f"decided {made} of {len(rows)} dates")
        return found

    if not rows:
        return {}
    first = one(rows[0])
    if isinstance(first, str):
        if fresh:
            prune()
        return {}
    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        # Threads change the limits of linear algebra for all: one limit round them stays.
        with one_thread():
            others = list(pool.map(one, rows[1:]))
    finally:
        pool.shutdown(cancel_futures=True)
    if fresh:
        prune()
    found = zip(rows, [first, *others], strict=True)
    return {row: weights for row, weights in found if isinstance(weights, np.ndarray)}
