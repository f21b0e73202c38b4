"""Worlds run with what it takes to go back: from derivatives by what was seen to assumptions.

A batch is run on year by year, and the state that each year began with is kept. Backwards each year
is run again from there, and what is asked of its quarters and of the state it left is pulled back
to assumptions, to its news and to the state before. So a derivative through any number of years
takes one small program, compiled once, and the memory of one year.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from marketsim.model import Setting, Shocks, State, start, step, unpack
from marketsim.precision import RUN_SELDOM, RUN_WORLDS

from .batches import YEAR, _begun, _year, by_chunk
from .chunks import CHUNK, worlds_first, worlds_last

__all__ = ["Recorded", "begin", "begun_back", "record", "slopes_by_assumption"]

FloatArray = NDArray[Any]

Seen = Mapping[str, FloatArray]
"""Fields of quarters by name, [world, quarter, ...]."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """A batch of worlds that ran; JAX arrays with the worlds last.

    What was ``seen``, NumPy arrays [world, quarter, ...]; the ``state`` in the end; and for the way
    back the states that years ``begun`` with, and their ``news``.
    """

    values: Array
    setting: Setting
    seen: Seen
    state: State
    begun: tuple[State, ...]
    news: tuple[Array, ...]

    def back(self, slopes: Seen, after: State | None = None) -> tuple[Array, Array, State]:
        """Pull derivatives back.

        Parameters
        ----------
        slopes
            By what was seen, in its shapes or shorter ones: nothing hangs on the rest, nor on what
            is left out.
        after
            By the state in the end; none by default.

        Returns
        -------
        array [entry, world], array [kind, quarter, world], State [..., world]
            Derivatives by assumptions, by news and by the state that the worlds began with.
        """
        whole = {name: np.zeros_like(path) for name, path in self.seen.items()}
        for name, path in slopes.items():
            whole[name][tuple(map(slice, np.shape(path)))] = path
        state = jax.tree.map(jnp.zeros_like, self.state) if after is None else after
        by_values = jnp.zeros_like(self.values)
        by_news: list[Array] = []
        year_back = _year_back if self.values.shape[-1] == CHUNK else _few_back
        for year in reversed(range(len(self.news))):
            few = slice(year * YEAR, (year + 1) * YEAR)
            part = {name: worlds_last(path[:, few]) for name, path in whole.items()}
            begun, news = self.begun[year], self.news[year]
            mine, new, state = year_back(self.values, self.setting, begun, news, state, part)
            by_values, by_news = by_values + mine, [new, *by_news]
        return by_values, jnp.concatenate(by_news, axis=1), state


def record(
    values: Array, setting: Setting, state: State, news: Array, names: tuple[str, ...]
) -> Recorded:
    """Run a batch of worlds, so that there is a way back.

    Parameters
    ----------
    values
        Assumptions, [entry, world].
    setting
        What is given rather than assumed.
    state
        That they begin with, [..., world].
    news
        Of every kind, of whole years, [kind, quarter, world].
    names
        Fields of `Quarter` that are seen.
    """
    years = tuple(news[:, first : first + YEAR] for first in range(0, news.shape[1], YEAR))
    begun, parts = [], []
    for year in years:
        begun.append(state)
        state, quarters = _year(values, setting, state, year)
        parts.append({name: worlds_first(getattr(quarters, name)) for name in names})
    seen = {name: np.concatenate([part[name] for part in parts], axis=1) for name in names}
    return Recorded(values, setting, seen, state, tuple(begun), years)


def begin(values: Array, setting: Setting) -> State:
    """Return worlds at the start of the window, [..., world], on assumptions [entry, world]."""
    state: State = _begun(values, setting)
    return state


@partial(jax.jit, compiler_options=RUN_SELDOM)
def begun_back(values: Array, setting: Setting, after: State) -> Array:
    """Pull derivatives by the state that worlds began with back to assumptions, [entry, world]."""
    _, pull = jax.vjp(lambda x: start(unpack(x), setting), values)
    found: Array = pull(after)[0]
    return found


def slopes_by_assumption(
    values: FloatArray,
    setting: Setting,
    state: State,
    news: FloatArray,
    names: tuple[str, ...],
    asked: Callable[[slice, Seen], Seen],
) -> FloatArray:
    """Return derivatives of a sum over worlds by the assumptions of each, [world, entry].

    In float64, chunk by chunk.

    Parameters
    ----------
    values
        Assumptions, [world, entry].
    setting
        What is given rather than assumed.
    state
        At the decision date, [world, ...].
    news
        Of every kind, [world, kind, quarter].
    names
        Fields of `Quarter` that the sum hangs on.
    asked
        From which worlds, and what is seen of them, to the derivatives of the sum by that.
    """
    quarters = news.shape[2]

    def chunk(rows: slice, few: Any, shared: Setting) -> FloatArray:
        (at, now), shocks = few
        ran = record(at, shared, now, shocks, names)
        room = rows.stop - rows.start
        seen = {name: path[:room, :quarters] for name, path in ran.seen.items()}
        return worlds_first(ran.back(asked(rows, seen))[0])[:room]

    return by_chunk(chunk, (values, state), news, setting)


def _back_a_year(
    values: Array,
    setting: Setting,
    state: State,
    news: Array,
    after: State,
    seen: Mapping[str, Array],
) -> tuple[Array, Array, State]:
    """Pull derivatives by the state ``after`` a year, and by what was ``seen`` of it, back.

    To assumptions [entry, world], news [kind, quarter, world] and the state before.
    """

    def year(values: Array, news: Array, state: State) -> tuple[State, dict[str, Array]]:
        a = unpack(values)

        # Run again quarter by quarter: to hold what all of them need takes longer than that.
        @jax.checkpoint
        def one(now: State, shocks: Array) -> tuple[State, dict[str, Array]]:
            then, quarter = step(a, setting, now, Shocks(*shocks))
            return then, {name: getattr(quarter, name) for name in seen}

        return lax.scan(one, state, jnp.moveaxis(news, 1, 0))

    _, pull = jax.vjp(year, values, news, state)
    found: tuple[Array, Array, State] = pull((after, dict(seen)))
    return found


_year_back = jax.jit(_back_a_year, compiler_options=RUN_WORLDS)
_few_back = jax.jit(_back_a_year, compiler_options=RUN_SELDOM)
"""For less than a chunk, as searches take: on 16 worlds it compiles in 10 s of processor time, not
27, and runs in 17 ms, not 8; a reverse stress test calls it some hundred times."""
