"""Coordinates: one order for priors, calibration, draws, shifts and derivatives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.model import coordinates, entries, pack, unpack, values
from marketsim.model.priors import inverse
from marketsim.precision import precise

if TYPE_CHECKING:
    from marketsim.model import Assumptions
    from tests.model.conftest import World

LINES = ("A.total", "B.cloud", "B.rest")
LISTED = entries(LINES)
packed, unpacked = jax.jit(pack), jax.jit(unpack)


@given(st.integers(0, 2**32 - 1))
def test_pack_and_unpack_are_each_others_inverse(seed: int) -> None:
    vector = np.random.default_rng(seed).standard_normal(len(LISTED))
    a = unpacked(jnp.asarray(vector))
    np.testing.assert_array_equal(packed(a), vector)
    again = unpacked(packed(a))
    jax.tree.map(np.testing.assert_array_equal, again, a)


def test_a_name_finds_its_place_in_the_vector() -> None:
    vector = np.arange(len(LISTED), dtype=float)
    a = unpack(jnp.asarray(vector))
    place = {e.name: i for i, e in enumerate(LISTED)}
    assert a.hurdle_rate == place["hurdle_rate"]
    assert a.elasticity[2] == place["elasticity[agentic]"]
    assert a.compute_per_watt_growth[1] == place["compute_per_watt_growth[asic]"]
    assert a.lines.base_growth[0] == place["base_growth[A.total]"]
    assert a.lines.exposure[2] == place["exposure[B.rest]"]


def test_zero_is_the_median_of_every_prior(world: World, median: Assumptions) -> None:
    assert median.hurdle_rate == pytest.approx(0.14)
    assert median.passthrough == pytest.approx(0.50)
    np.testing.assert_allclose(median.elasticity, [1.10, 1.20, 1.35])
    assert len(median.lines.exposure) == world.setting.lines.share.shape[0]


def test_values_go_back_to_their_coordinates(world: World) -> None:
    c, z = world.coordinates, world.draws(seed=1, size=1)[0]
    link = inverse(c.kind, values(c, jnp.asarray(z)))
    np.testing.assert_allclose((link - c.centre) / c.scale, z, atol=1e-9)


def test_a_move_of_one_assumption_moves_no_other(world: World, median: Assumptions) -> None:
    moved = replace(median, learning=median.learning * 2.0)
    changed = np.flatnonzero(np.asarray(pack(moved) != pack(median)))
    assert [world.listed[i].name for i in changed] == ["learning"]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_values_have_the_precision_of_the_computation(precision: str) -> None:
    with precise("float64" if precision == "float64" else "float32"):
        c = coordinates(LISTED)
        assert values(c, jnp.zeros(len(LISTED))).dtype == precision
