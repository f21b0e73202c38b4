"""Assumptions of worlds at linked coordinates, in which they are unbounded."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from numpy.typing import NDArray

from marketsim.model import Coordinates
from marketsim.model.priors import transform
from marketsim.precision import RUN_SELDOM, precise

from .chunks import in_chunks

__all__ = ["assumptions_at", "slopes_at"]

FloatArray = NDArray[Any]


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


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _transformed(kind: Array, link: Array) -> Array:
    return transform(kind, link)


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _slopes(kind: Array, link: Array) -> Array:
    found: Array = jax.jvp(partial(transform, kind), (link,), (jnp.ones_like(link),))[1]
    return found
