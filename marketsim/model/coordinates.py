"""Assumptions as a vector: one order for priors, calibration, draws, shifts and derivatives."""

from __future__ import annotations

from dataclasses import fields

import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import Assumptions, LineAssumptions
from .catalogue import Entry
from .priors import transform
from .tree import leaf, pytree

MACRO = tuple(f for f in fields(Assumptions) if "prior" in f.metadata)
PER_LINE = tuple(f.name for f in fields(LineAssumptions))


@pytree
class Coordinates:
    """Transforms from standard normal coordinates to values; arrays [entry]."""

    kind: Array
    centre: Array
    scale: Array


def coordinates(entries: list[Entry]) -> Coordinates:
    """Return the coordinates of the priors of ``entries``."""
    return Coordinates(
        kind=leaf(np.array([e.kind for e in entries], dtype=np.int32)),
        centre=leaf(np.array([e.centre for e in entries])),
        scale=leaf(np.array([e.scale for e in entries])),
    )


def values(c: Coordinates, z: Array) -> Array:
    """Return values in their own units at ``z`` prior standard deviations from the medians."""
    kind, centre, scale = (x.reshape(-1, *(1,) * (z.ndim - 1)) for x in (c.kind, c.centre, c.scale))
    return transform(kind, centre + scale * z)


def unpack(vector: Array) -> Assumptions:
    """Return ``vector`` [entry] as assumptions; the number of lines follows from its length.

    In one split, whose derivative backwards is one concatenation.
    """
    sizes = [len(f.metadata["entries"]) for f in MACRO]
    ends = np.cumsum([size or 1 for size in sizes])
    *parts, of_lines = jnp.split(vector, ends)
    macro = {
        f.name: part if size else part.reshape(part.shape[1:])
        for f, size, part in zip(MACRO, sizes, parts, strict=True)
    }
    per_line = jnp.reshape(of_lines, (len(PER_LINE), -1, *vector.shape[1:]))
    lines = LineAssumptions(**dict(zip(PER_LINE, per_line, strict=True)))
    return Assumptions(**macro, lines=lines)


def pack(a: Assumptions) -> Array:
    """Return assumptions as a vector [entry]: the inverse of :func:`unpack`."""
    macro = [jnp.atleast_1d(getattr(a, f.name)) for f in MACRO]
    return jnp.concatenate([*macro, *(getattr(a.lines, name) for name in PER_LINE)])
