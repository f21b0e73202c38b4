"""Frozen pytrees: JAX sees their fields, and nobody changes them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model.tree import leaf, pytree


@pytree
class Point:
    x: Array
    y: Array


def test_jax_maps_over_fields_in_their_order() -> None:
    point = Point(x=jnp.array(1.0), y=jnp.array([2.0, 3.0]))
    doubled = jax.tree.map(lambda v: 2.0 * v, point)
    assert isinstance(doubled, Point)
    assert float(doubled.x) == 2.0
    assert [each.size for each in jax.tree.leaves(point)] == [1, 2]


def test_gradients_have_the_shape_of_what_they_are_taken_in() -> None:
    slope = jax.grad(lambda p: p.x * p.y.sum())(Point(x=jnp.array(3.0), y=jnp.array([1.0, 4.0])))
    assert float(slope.x) == 5.0
    np.testing.assert_allclose(slope.y, [3.0, 3.0])


def test_fields_cannot_be_set_but_replaced() -> None:
    point = Point(x=jnp.array(1.0), y=jnp.array(2.0))
    with pytest.raises(FrozenInstanceError):
        point.x = jnp.array(5.0)  # type: ignore[misc]
    assert float(replace(point, x=jnp.array(5.0)).x) == 5.0
    assert float(point.x) == 1.0


def test_a_leaf_keeps_its_precision_until_it_is_computed_with() -> None:
    kept = leaf(np.array([0.1], dtype=np.float64))
    assert kept.dtype == np.float64
    with jax.enable_x64(False):
        assert jnp.asarray(kept).dtype == np.float32
    assert jnp.asarray(kept).dtype == np.float64
