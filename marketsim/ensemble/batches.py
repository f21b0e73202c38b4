"""Batches of worlds: the only place where worlds are run.

Two small programs do all of it: one starts a chunk of worlds, the other runs a year of them. So a
history, a future of any length, a claim and a forecast share what is compiled, and a world is bit
for bit the same whatever stands beside it and however long it goes on. Inside them the world is the
last axis, so that the loops over worlds are the long ones; outside it is the first.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from marketsim.model import NEWS, Coordinates, Quarter, Setting, Shocks, State, run, start, unpack
from marketsim.model.tree import pytree
from marketsim.precision import RUN_SELDOM, RUN_WORLDS, Precision, one_thread, precise, processors

from .chunks import CHUNK, padded, worlds_first, worlds_last
from .gathered import Gathered
from .linked import assumptions_at
from .world import COMING

__all__ = [
    "YEAR",
    "Histories",
    "ahead",
    "ahead_and_left",
    "by_chunk",
    "histories",
]

T = TypeVar("T")
FloatArray = NDArray[Any]

YEAR: Final = 4
"""Quarters that one call runs."""

Keep = Callable[[Quarter], Any]
"""What is kept of a chunk's quarters [world, quarter, ...]."""


@pytree
class Histories:
    """Worlds at the decision date, NumPy arrays [world, ...].

    Linked coordinates of their assumptions, what was kept of their ``quarters`` [world, quarter,
    ...], their ``state``, and the news of the ``coming`` quarters [world, kind, quarter].
    """

    link: FloatArray
    quarters: Any
    state: State
    coming: FloatArray


def everything(quarters: Quarter) -> Quarter:
    """Keep all that can be observed."""
    return quarters


def histories(
    x: FloatArray,
    coordinates: Coordinates,
    setting: Setting,
    keep: Keep = everything,
    precision: Precision = "float64",
) -> Histories:
    """Run the histories of worlds.

    Parameters
    ----------
    x
        Coordinates of the assumptions and the shocks of history and of the coming quarters, [world,
        unknown].
    coordinates, setting
        Of the posterior that they are drawn from.
    keep
        What is kept of their quarters.
    precision
        Of the worlds.

    Returns
    -------
    Histories
    """
    entries = len(coordinates.kind)
    link = np.asarray(coordinates.centre) + np.asarray(coordinates.scale) * x[:, :entries]
    shocks = x[:, entries:].reshape(len(x), len(NEWS), -1)
    values = assumptions_at(link, coordinates)
    left = Gathered[State](len(x))
    quarters = _run(values, setting, None, shocks[:, :, :-COMING], keep, precision, left)
    return Histories(link, quarters, left.whole(), coming=shocks[:, :, -COMING:])


def ahead(
    values: FloatArray,
    setting: Setting,
    state: State,
    news: FloatArray,
    keep: Keep = everything,
    precision: Precision = "float64",
) -> Any:
    """Run worlds on from the decision date.

    Parameters
    ----------
    values
        Assumptions from then on, [world, entry].
    setting
        What is given rather than assumed.
    state
        At the decision date, [world, ...].
    news
        Of every kind, [world, kind, quarter].
    keep
        What is kept of the quarters.
    precision
        Of the worlds.

    Returns
    -------
    Any
        What is kept; NumPy arrays [world, quarter, ...].
    """
    return _run(values, setting, state, news, keep, precision)


def ahead_and_left(
    values: FloatArray, setting: Setting, state: State, news: FloatArray
) -> tuple[State, Quarter]:
    """Run worlds on as `ahead` does; return their states in the end too.

    These are [world, ...], of the last whole year begun.
    """
    left = Gathered[State](len(values))
    quarters = _run(values, setting, state, news, everything, "float64", left)
    return left.whole(), quarters


def by_chunk(
    program: Callable[[slice, T, Setting], FloatArray], given: T, news: FloatArray, setting: Setting
) -> FloatArray:
    """Return what ``program`` makes of worlds, chunk by chunk on all processors, [world, ...].

    In float64. Chunks are padded, and news to whole years.

    Parameters
    ----------
    program
        From the rows of a chunk, what is given of them with the worlds last, the news behind it,
        and the setting.
    given
        Arrays [world, ...].
    news
        Of every kind, [world, kind, quarter].
    setting
        What is given rather than assumed.
    """
    count = len(news)
    whole = np.pad(news, ((0, 0), (0, 0), (0, -news.shape[2] % YEAR)))
    with precise("float64"):
        shared = _cast(setting, "float64")

    def chunk(first: int) -> FloatArray:
        with precise("float64"):
            few = jax.tree.map(
                lambda x: worlds_last(padded(x[first : first + CHUNK])), (given, whole)
            )
            return program(slice(first, min(first + CHUNK, count)), _cast(few, "float64"), shared)

    with ThreadPoolExecutor(processors()) as pool:
        return np.concatenate(list(pool.map(chunk, range(0, count, CHUNK))))


def _run(
    values: FloatArray,
    setting: Setting,
    state: State | None,
    shocks: FloatArray,
    keep: Keep,
    precision: Precision,
    left: Gathered[State] | None = None,
) -> Any:
    """Run every chunk year by year, one more at a time than there are processors.

    While they compute, Python puts away the results of the one before: what is kept, and the states
    at the end of the last whole year begun where they are asked for, ``left``.
    """
    worlds, quarters = len(values), shocks.shape[2]
    whole = np.pad(shocks, ((0, 0), (0, 0), (0, -quarters % YEAR)))
    given, seen = (values, state, whole), Gathered[Any](worlds, quarters)
    with precise(precision):
        shared = _cast(setting, precision)

    def chunk(first: int) -> None:
        few = jax.tree.map(lambda x: worlds_last(padded(x[first : first + CHUNK])), given)
        rows = slice(first, min(first + CHUNK, worlds))
        with precise(precision), one_thread():
            some, now, news = _cast(few, precision)
            now = _begun(some, shared) if state is None else now
            for year in range(0, quarters, YEAR):
                now, ran = _year(some, shared, now, news[:, year : year + YEAR])
                kept = keep(jax.tree.map(worlds_first, ran))
                seen.put(kept, rows, slice(year, min(year + YEAR, quarters)))
        if left is not None:
            left.put(jax.tree.map(worlds_first, now), rows)

    with one_thread(), ThreadPoolExecutor(processors() + 1) as pool:
        list(pool.map(chunk, range(0, worlds, CHUNK)))
    return seen.whole()


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _begun(values: Array, setting: Setting) -> State:
    """Return worlds at the start of the window, [..., world]."""
    return start(unpack(values), setting)


@partial(jax.jit, compiler_options=RUN_WORLDS)
def _year(values: Array, setting: Setting, state: State, shocks: Array) -> tuple[State, Quarter]:
    """Run a year of worlds, [..., world]; ``shocks`` [kind, quarter, world]."""
    return run(unpack(values), setting, state, Shocks(*shocks))


def _cast(tree: T, precision: Precision) -> T:
    """Return the real numbers of a tree in a precision; to be called in it."""

    def cast(x: Any) -> Array:
        real = np.asarray(x).dtype.kind == "f"
        return jnp.asarray(x, dtype=precision) if real else jnp.asarray(x)

    changed: T = jax.tree.map(cast, tree)
    return changed
