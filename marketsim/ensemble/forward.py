"""Worlds run with what a change of their assumptions does to them: derivatives forwards.

Where few assumptions change and much is asked of worlds, this is the way; where one number hangs on
many assumptions, `reverse` is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from jax import Array
from numpy.typing import NDArray

from marketsim.model import Setting, Shocks, State, run, unpack
from marketsim.precision import RUN_OFTEN

from .batches import YEAR, by_chunk
from .chunks import worlds_first
from .reverse import Seen

__all__ = ["moved_ahead"]

FloatArray = NDArray[Any]


def moved_ahead(
    values: FloatArray,
    change: FloatArray,
    setting: Setting,
    state: State,
    news: FloatArray,
    names: tuple[str, ...],
    told: Callable[[slice, Seen, Seen], FloatArray],
) -> FloatArray:
    """Run worlds on from the decision date, with derivatives along a change of each.

    In float64, chunk by chunk.

    Parameters
    ----------
    values, change
        Assumptions, and the direction in which they change, [world, entry].
    setting
        What is given rather than assumed.
    state
        At the decision date, [world, ...].
    news
        Of every kind, [world, kind, quarter].
    names
        Fields of `Quarter` that are wanted.
    told
        From which worlds, fields of their quarters [world, quarter, ...] and derivatives of those
        along the change, to what is wanted of them, [world, ...].
    """
    quarters = news.shape[2]

    def chunk(rows: slice, few: Any, shared: Setting) -> FloatArray:
        (at, along, now), shocks = few
        room = rows.stop - rows.start
        both = _run(at, along, shared, now, shocks, names)
        seen, moved = ({n: x[:room, :quarters] for n, x in part.items()} for part in both)
        return told(rows, seen, moved)

    return by_chunk(chunk, (values, change, state), news, setting)


def _run(
    values: Array,
    change: Array,
    setting: Setting,
    state: State,
    news: Array,
    names: tuple[str, ...],
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Run one chunk year by year: fields of its quarters, and what the change does to them."""
    still: State = jax.tree.map(np.zeros_like, state)
    parts = []
    for year in range(0, news.shape[1], YEAR):
        (state, still), both = _year_along(
            values, change, setting, (state, still), news[:, year : year + YEAR], names
        )
        parts.append(jax.tree.map(worlds_first, both))
    joined: tuple[dict[str, FloatArray], dict[str, FloatArray]] = jax.tree.map(
        lambda *xs: np.concatenate(xs, axis=1), *parts
    )
    return joined


@partial(jax.jit, static_argnames="names", compiler_options=RUN_OFTEN)
def _year_along(
    values: Array,
    change: Array,
    setting: Setting,
    states: tuple[State, State],
    news: Array,
    names: tuple[str, ...],
) -> tuple[tuple[State, State], tuple[dict[str, Array], dict[str, Array]]]:
    """Run a year of worlds, [..., world], along a change of assumptions and of their state."""

    def year(values: Array, state: State) -> tuple[State, dict[str, Array]]:
        then, quarters = run(unpack(values), setting, state, Shocks(*news))
        return then, {name: getattr(quarters, name) for name in names}

    (then, seen), (moved_then, moved) = jax.jvp(year, (values, states[0]), (change, states[1]))
    return (then, moved_then), (seen, moved)
