"""Draws: a seed and a number give the same coordinates and the same news again.

Nothing about a draw hangs on how many are drawn, in which order, on how long its future is, or on
how many threads there are.
"""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from marketsim.model import NEWS
from marketsim.precision import RUN_OFTEN, one_thread, precise

from .batches import YEAR
from .chunks import in_chunks
from .world import COMING

__all__ = ["coordinates_of", "lives_of", "news_of"]

FloatArray = NDArray[np.float64]

PAST, AHEAD, LIVES = 0, 1, 1_000
"""What a draw's key is split into: its coordinates, the news of its future year by year, and what
happens to series of their own."""


def coordinates_of(
    index: NDArray[np.int_], mode: FloatArray, covariance: FloatArray, seed: int
) -> FloatArray:
    """Return draws from a normal posterior, [draw, unknown].

    Parameters
    ----------
    index
        Numbers of the draws, [draw].
    mode, covariance
        Of the posterior, [unknown] and [unknown, unknown].
    seed
        Of the draws.
    """
    with precise("float64"), one_thread():
        key, factor = jax.random.key(seed), np.linalg.cholesky(covariance)

        # Chunk by chunk: what BLAS does with a row hangs on how many there are.
        def about_the_mode(few: NDArray[np.int_]) -> FloatArray:
            z = np.asarray(_standard(key, PAST, len(mode), few))
            return np.asarray(mode + z @ factor.T)

        return in_chunks(about_the_mode, index.astype(np.int32))


def news_of(coming: FloatArray, index: NDArray[np.int_], quarters: int, seed: int) -> FloatArray:
    """Return news of the future: those of the ``coming`` quarters, then chance.

    Parameters
    ----------
    coming
        Of each draw, as its coordinates have them, [draw, kind, quarter].
    index
        Numbers of the draws, [draw].
    quarters
        How many, the coming ones included.
    seed
        Of the draws.

    Returns
    -------
    array [draw, kind, quarter]
    """
    years, kinds = range(COMING // YEAR, -(-quarters // YEAR)), len(NEWS)
    with precise("float64"):
        key = jax.random.key(seed)
        parts = (partial(_standard, key, AHEAD + year, kinds * YEAR) for year in years)
        drawn = (in_chunks(part, index.astype(np.int32)) for part in parts)
        by_year = [numbers.reshape(-1, kinds, YEAR) for numbers in drawn]
    return np.concatenate([coming, *by_year], axis=2)[:, :, :quarters]


def lives_of(index: NDArray[np.int_], entries: int, seed: int, year: int = 0) -> FloatArray:
    """Return standard normal numbers of what happens to series of their own, [draw, entry].

    Those of the first ``year`` hold what is forecast; later ones what comes after.
    """
    with precise("float64"):
        part = partial(_standard, jax.random.key(seed), LIVES + year, entries)
        return in_chunks(part, index.astype(np.int32))


@partial(jax.jit, static_argnums=2, compiler_options=RUN_OFTEN)
def _standard(key: Array, part: Array, size: int, index: Array) -> Array:
    """Return standard normal numbers of one part of each draw, [draw, size]."""

    def one(i: Array) -> Array:
        own = jax.random.fold_in(jax.random.fold_in(key, i), part)
        return jax.random.normal(own, (size,), np.float64)

    return jax.vmap(one)(index)
