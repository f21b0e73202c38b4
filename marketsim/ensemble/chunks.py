"""Chunks: worlds are taken so many at a time, whatever is done with them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
from jax import Array
from numpy.typing import NDArray

from marketsim.precision import one_thread, precise, processors

__all__ = ["CHUNK", "in_chunks", "padded", "worlds_first", "worlds_last"]

FloatArray = NDArray[Any]

CHUNK: Final = 500
"""Worlds run together; batches are padded to it, so that a world does not depend on its batch."""


def in_chunks(program: Callable[[FloatArray], Any], x: FloatArray) -> FloatArray:
    """Return what ``program`` makes of ``x``, padded chunks on all processors, [world, ...].

    In float64, and each chunk with linear algebra on one thread.
    """

    def chunk(first: int) -> FloatArray:
        # Limits on threads of linear algebra may hold for one thread of Python alone.
        with precise("float64"), one_thread():
            return np.asarray(program(padded(x[first : first + CHUNK])))

    starts = range(0, len(x), CHUNK)
    if len(starts) == 1:
        return chunk(0)[: len(x)]
    with one_thread(), ThreadPoolExecutor(processors()) as pool:
        return np.concatenate(list(pool.map(chunk, starts)))[: len(x)]


def padded(x: FloatArray) -> FloatArray:
    """Return a chunk [world, ...] filled up with its last world."""
    short = CHUNK - len(x)
    return np.pad(x, ((0, short), *((0, 0),) * (x.ndim - 1)), mode="edge") if short else x


def worlds_last(x: FloatArray) -> FloatArray:
    """Return an array [world, ...] with the worlds last."""
    return np.ascontiguousarray(np.moveaxis(x, 0, -1))


def worlds_first(x: Array) -> FloatArray:
    """Return an array [..., world] with the worlds first."""
    return np.moveaxis(np.asarray(x), -1, 0)
