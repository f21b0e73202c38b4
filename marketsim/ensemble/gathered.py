"""Results of many worlds, put where they belong as parts of them come in."""

from __future__ import annotations

from threading import Lock
from typing import Any, Generic, TypeVar

import jax
import numpy as np
from numpy.typing import NDArray

__all__ = ["Gathered"]

T = TypeVar("T")


class Gathered(Generic[T]):
    """Trees of arrays [world, ...], made when the first part comes and filled by any thread.

    A part is written once, to its place: to join parts would be to write all of it again, into
    memory that the system has to clear first, which takes longer than to compute it.

    Parameters
    ----------
    shape
        Of the axes that parts are of: worlds, and quarters where they come by quarter.
    """

    def __init__(self, *shape: int) -> None:
        self._shape, self._lock = shape, Lock()
        self._leaves: list[NDArray[Any]] = []
        self._tree: Any = None

    def put(self, part: T, *at: slice) -> None:
        """Put a ``part`` in its place, a slice of each axis; what is beyond that is left out."""
        leaves, tree = jax.tree.flatten(part)
        with self._lock:
            if self._tree is None:
                axes = len(self._shape)
                self._leaves = [np.empty((*self._shape, *x.shape[axes:]), x.dtype) for x in leaves]
                self._tree = tree
        room = tuple(slice(one.stop - one.start) for one in at)
        for whole, x in zip(self._leaves, leaves, strict=True):
            whole[at] = x[room]

    def whole(self) -> T:
        """Return what was put, once all of it was."""
        found: T = jax.tree.unflatten(self._tree, self._leaves)
        return found
