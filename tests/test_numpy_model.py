"""The model written again in NumPy gives the same worlds: what one gets wrong, the other shows."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import marketsim as ms
from marketsim.calibration.serving import served
from marketsim.model import (
    Assumptions,
    Quarter,
    Setting,
    Shocks,
    State,
    coordinates,
    entries,
    lines_of,
    run,
    start,
    unpack,
    values,
)
from marketsim.model.tree import leaf
from marketsim.precision import RUN_SELDOM, precise

FOLDER = Path(__file__).parents[1] / "benchmarks"
DRAWS, QUARTERS = 120, 36
SAME = 1e-9
"""Relative; where a number is itself a small difference, of the largest of its kind."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rival() -> Iterator[dict[str, Any]]:
    """What benchmarks/numpy_model.py defines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield runpy.run_path(str(FOLDER / "numpy_model.py"))


@pytest.fixture(scope="module")
def setting() -> Setting:
    known = ms.load_facts()
    book = known.universe.revenue_map
    return Setting(
        start_year=leaf(np.float64(-3.0)),
        served=served(known.models["DeepSeek-V3"]),
        lines=lines_of(book.share, book.owner),
    )


@pytest.fixture(scope="module")
def news() -> Shocks:
    appetite, demand = np.random.default_rng(1).standard_normal((2, DRAWS, QUARTERS))
    return Shocks(appetite=leaf(appetite), demand=leaf(demand))


Worlds = tuple[Assumptions, State, State, Quarter]


@pytest.fixture(scope="module")
def worlds(setting: Setting, news: Shocks) -> Worlds:
    """Draws of the priors: assumptions, the first state, the last, and the quarters between."""
    listed = entries(ms.load_facts().universe.revenue_map.lines)
    places = coordinates(listed)

    def one(z: Array, shocks: Shocks) -> Worlds:
        a = unpack(values(places, z))
        first = start(a, setting)
        last, quarters = run(a, setting, first, shocks)
        return a, first, last, quarters

    z = np.random.default_rng(0).standard_normal((DRAWS, len(listed)))
    with precise("float64"):
        program = jax.jit(jax.vmap(one), compiler_options=RUN_SELDOM)
        found: Worlds = jax.tree.map(np.asarray, program(jnp.asarray(z), news))
    return found


def assert_same(found: np.ndarray, expected: np.ndarray, name: str) -> None:
    assert found.shape == expected.shape, name
    floor = SAME * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=SAME, atol=floor * 1e-3, err_msg=name)


def test_the_window_starts_alike(rival: dict[str, Any], setting: Setting, worlds: Worlds) -> None:
    a, first, _, _ = worlds
    begun = rival["start"](rival["prepared"](rival["draw_last"](a)), setting)
    expected = vars(rival["draw_last"](first))
    assert set(vars(begun)) == set(expected)
    for name, value in expected.items():
        assert_same(getattr(begun, name), value, name)


def test_nine_years_are_seen_alike(
    rival: dict[str, Any], setting: Setting, worlds: Worlds, news: Shocks
) -> None:
    a, _, _, quarters = worlds
    seen = rival["run"](a, setting, news)
    assert set(seen) <= {f.name for f in fields(Quarter)}
    for name, value in seen.items():
        np.testing.assert_allclose(value, getattr(quarters, name), rtol=SAME, err_msg=name)


def test_every_part_of_the_state_ends_alike(
    rival: dict[str, Any], setting: Setting, worlds: Worlds, news: Shocks
) -> None:
    """Quarter by quarter from the JAX model's first state: what no observable shows counts too."""
    a, first, last, _ = worlds
    given, now = rival["prepared"](rival["draw_last"](a)), rival["draw_last"](first)
    for shocks in zip(np.asarray(news.appetite).T, np.asarray(news.demand).T, strict=True):
        now, _ = rival["step"](given, setting, now, shocks)
    for name, value in vars(rival["draw_last"](last)).items():
        assert_same(getattr(now, name), value, name)


def test_worlds_go_on_from_any_state_in_any_chunks(
    rival: dict[str, Any], setting: Setting, worlds: Worlds, news: Shocks
) -> None:
    """A world neither knows its neighbours nor how its quarters were asked for."""
    a, first, _, _ = worlds
    whole = rival["run"](a, setting, news)
    apart = rival["run"](a, setting, news, state=first, chunk=7)
    for name, value in whole.items():
        np.testing.assert_allclose(apart[name], value, rtol=SAME, err_msg=name)


def test_the_benchmark_runs_both_on_the_same_worlds(rival: dict[str, Any]) -> None:
    """And holds their observables together before it times them."""
    rates = rival["worlds_per_second"](draws=20, quarters=4, repeat=1)
    assert len(rates) == 2
    assert all((rate > 0.0).all() for rate in rates.values())
