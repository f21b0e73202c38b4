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
from marketsim.model.priors import transform
from marketsim.model.tree import pytree
from marketsim.precision import (
    RUN_SELDOM,
    RUN_WORLDS,
    Precision,
    one_thread,
    precise,
    processors,
)

from .world import COMING

__all__ = [
    "CHUNK",
    "YEAR",
    "Histories",
    "ahead",
    "assumptions_at",
    "by_chunk",
    "histories",
    "in_chunks",
    "padded",
    "slopes_at",
    "worlds_first",
    "worlds_last",
]

T = TypeVar("T")
FloatArray = NDArray[Any]

CHUNK: Final = 500
"""Worlds run together; batches are padded to it, so that a world does not depend on its batch."""

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
    state, quarters = _run(values, setting, None, shocks[:, :, :-COMING], keep, precision)
    return Histories(link, quarters, state, coming=shocks[:, :, -COMING:])


def ahead(
    values: FloatArray,
    setting: Setting,
    state: State,
    news: FloatArray,
    keep: Keep = everything,
    precision: Precision = "float64",
) -> tuple[State, Any]:
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
    State, Any
        The states at the end of the last whole year begun, and what is kept; NumPy arrays [world,
        ...] and [world, quarter, ...].
    """
    return _run(values, setting, state, news, keep, precision)


def assumptions_at(link: FloatArray, coordinates: Coordinates) -> FloatArray:
    """Return assumptions in their own units, [world, entry], at linked coordinates."""
    with precise("float64"):
        kind = jnp.asarray(coordinates.kind)
    return in_chunks(partial(_transformed, kind), link)


def slopes_at(link: FloatArray, coordinates: Coordinates) -> FloatArray:
    """Return derivatives of assumptions by their linked coordinates, [world, entry]."""
    with precise("float64"):
        kind = jnp.asarray(coordinates.kind)
    return in_chunks(partial(_slopes, kind), link)


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
) -> tuple[State, Any]:
    """Run every chunk, one more at a time than there are processors, and put them together.

    While they compute, Python copies the results of the one before.
    """
    worlds, quarters = len(values), shocks.shape[2]
    whole = np.pad(shocks, ((0, 0), (0, 0), (0, -quarters % YEAR)))
    given = (values, state, whole)
    with precise(precision):
        shared = _cast(setting, precision)

    def chunk(first: int) -> tuple[State, Any]:
        few = jax.tree.map(lambda x: worlds_last(padded(x[first : first + CHUNK])), given)
        with precise(precision):
            some, now, news = _cast(few, precision)
            last, kept = _chunk(some, now, news, shared, keep)
        room = min(CHUNK, worlds - first)
        both = (last, _trimmed(kept, quarters))
        mine: tuple[State, Any] = jax.tree.map(lambda x: x[:room], both)
        return mine

    with ThreadPoolExecutor(processors() + 1) as pool:
        parts = list(pool.map(chunk, range(0, worlds, CHUNK)))
    joined: tuple[State, Any] = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    return joined


def _chunk(
    values: Array, state: State | None, shocks: Array, setting: Setting, keep: Keep
) -> tuple[State, Any]:
    """Run one chunk [..., world], year by year; NumPy arrays [world, ...]."""
    now = _begun(values, setting) if state is None else state
    years = []
    for year in range(0, shocks.shape[1], YEAR):
        now, quarters = _year(values, setting, now, shocks[:, year : year + YEAR])
        years.append(keep(jax.tree.map(worlds_first, quarters)))
    joined = jax.tree.map(lambda *xs: np.concatenate(xs, axis=1), *years)
    last: State = jax.tree.map(worlds_first, now)
    return last, joined


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _begun(values: Array, setting: Setting) -> State:
    """Return worlds at the start of the window, [..., world]."""
    return start(unpack(values), setting)


@partial(jax.jit, compiler_options=RUN_WORLDS)
def _year(values: Array, setting: Setting, state: State, shocks: Array) -> tuple[State, Quarter]:
    """Run a year of worlds, [..., world]; ``shocks`` [kind, quarter, world]."""
    return run(unpack(values), setting, state, Shocks(*shocks))


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _transformed(kind: Array, link: Array) -> Array:
    return transform(kind, link)


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _slopes(kind: Array, link: Array) -> Array:
    found: Array = jax.jvp(partial(transform, kind), (link,), (jnp.ones_like(link),))[1]
    return found


def _cast(tree: T, precision: Precision) -> T:
    """Return the real numbers of a tree in a precision; to be called in it."""

    def cast(x: Any) -> Array:
        real = np.asarray(x).dtype.kind == "f"
        return jnp.asarray(x, dtype=precision) if real else jnp.asarray(x)

    changed: T = jax.tree.map(cast, tree)
    return changed


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


def _trimmed(kept: Any, quarters: int) -> Any:
    return jax.tree.map(lambda x: x[:, :quarters], kept)
