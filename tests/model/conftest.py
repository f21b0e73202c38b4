"""The world under test: the model's own priors, the book of lines, and two compiled programs.

Everything in this folder computes in float64 unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array, lax

import marketsim as ms
from marketsim.calibration.serving import served
from marketsim.model import (
    Assumptions,
    Coordinates,
    Entry,
    Quarter,
    Setting,
    Shocks,
    State,
    coordinates,
    entries,
    lines_of,
    start,
    step,
    unpack,
    values,
)
from marketsim.model.tree import leaf
from marketsim.precision import precise

T = TypeVar("T")

QUARTERS = 36
"""Four years of history and five of the future: the longest run of the main job."""

# What is tested is the program; compiling it with less effort halves the wait.
quickly = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
_start = quickly(start)


@quickly
def _ahead(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> tuple[State, Quarter]:
    def one(now: State, news: Shocks) -> tuple[State, tuple[State, Quarter]]:
        after, quarter = step(a, setting, now, news)
        return after, (after, quarter)

    states_and_quarters: tuple[State, Quarter] = lax.scan(one, state, shocks)[1]
    return states_and_quarters


def plain(tree: T) -> T:
    """Return ``tree`` without weak types, for which programs would be compiled anew."""
    strong: T = jax.tree.map(lambda x: jnp.asarray(np.asarray(x)), tree)
    return strong


@dataclass(frozen=True, eq=False)
class World:
    """The model with what is given, at any assumptions."""

    listed: list[Entry]
    coordinates: Coordinates
    setting: Setting

    def at(self, z: np.ndarray | float = 0.0) -> Assumptions:
        """Assumptions ``z`` prior standard deviations from the medians."""
        full = np.broadcast_to(np.asarray(z, dtype=float), (len(self.listed),))
        return unpack(values(self.coordinates, jnp.asarray(full)))

    def draws(self, seed: int, size: int) -> np.ndarray:
        """Draws of the priors, [draw, entry]."""
        return np.random.default_rng(seed).standard_normal((size, len(self.listed)))

    def begin(self, a: Assumptions) -> State:
        """Where the window starts."""
        state: State = _start(plain(a), self.setting)
        return state

    def ahead(
        self,
        a: Assumptions,
        state: State,
        appetite: Array | float = 0.0,
        demand: Array | float = 0.0,
    ) -> tuple[State, Quarter]:
        """States after, and observables of, each of the quarters ahead; [quarter, ...]."""
        none = jnp.zeros(QUARTERS)
        news = Shocks(*(jnp.asarray(x) if jnp.ndim(x) else none + x for x in (appetite, demand)))
        both: tuple[State, Quarter] = _ahead(plain(a), self.setting, plain(state), news)
        return both

    def after(self, quarters: int, a: Assumptions) -> State:
        """The state ``quarters`` after the start."""
        states, _ = self.ahead(a, self.begin(a))
        state: State = jax.tree.map(lambda x: x[quarters - 1], states)
        return state


@pytest.fixture(scope="session")
def numerics() -> ModuleType:
    """The balances and programs of benchmarks/numerics.py, which is no module of a package."""
    path = Path(__file__).parents[2] / "benchmarks" / "numerics.py"
    spec = spec_from_file_location("numerics", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def float64() -> Iterator[None]:
    with precise("float64"):
        yield


@pytest.fixture(scope="session")
def world() -> World:
    """A world whose window starts in 2022, at the model's own priors."""
    known = ms.load_facts()
    book = known.universe.revenue_map
    listed = entries(book.lines)
    return World(
        listed=listed,
        coordinates=coordinates(listed),
        setting=Setting(
            start_year=leaf(np.float64(-3.0)),
            served=served(known.models["DeepSeek-V3"]),
            lines=lines_of(book.share, book.owner),
        ),
    )


@pytest.fixture(scope="module")
def median(float64: None, world: World) -> Assumptions:
    """Every assumption at the median of its prior."""
    return world.at()
