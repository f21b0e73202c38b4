"""Families of lines as columns and rows of a programme."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .families import Bend, Family

__all__ = ["Block", "block_of", "limited"]

FloatArray = NDArray[np.float64]

POWER: Final = {"square": 0.5, "cube": 1.0 / 3.0, "ball": 0.0}
"""A member bent with coefficient a is solved for in units of a to minus this power."""


class Block(NamedTuple):
    """A family in the units of the programme."""

    base: FloatArray  # [company]
    slopes: FloatArray  # [company, column]
    cost: FloatArray  # [column]
    lower: FloatArray
    upper: FloatArray
    rows: Any  # sparse [row, column]
    sides: tuple[FloatArray, FloatArray]  # [row]
    bends: tuple[Bend, ...]
    units: FloatArray  # of its members [column]
    offset: float


def block_of(family: Family, scale: float) -> Block:
    """A family whose functions count `scale` times."""
    cost, lower, upper, rows = family.filled()
    units = np.ones(family.size)
    for kind, start, stop, _ in family.bends:
        units[start:stop] = abs(scale) ** -POWER[kind]
    by = abs(scale) * units
    own = sparse.coo_array(rows)
    own = sparse.coo_array((own.data * units[own.col], (own.row, own.col)), shape=own.shape)
    return Block(
        scale * family.base,
        family.slopes * by if family.size else np.empty((len(family.base), 0)),
        cost * by,
        lower / units,
        upper / units,
        own,
        family.sides,
        tuple(family.bends),
        units,
        scale * family.offset,
    )


def limited(blocks: Sequence[Block], floor: float) -> Block:
    """What the sum of some families exceeds a floor by, times a multiplier from 0 up.

    The multiplier is the first column, and the others are multiplied by it: what limits them, and
    what bends them, is made homogeneous (the perspective of a convex function, Boyd and
    Vandenberghe 2004, section 3.2.6), so that the product stays convex and what is linear linear.
    """
    slopes = np.hstack([np.sum(_each(blocks, 0), axis=0)[:, None], *_each(blocks, 1)])
    offset = sum(one.offset for one in blocks) - floor
    lower, upper = (np.concatenate(_each(blocks, place)) for place in (3, 4))
    rows = sparse.block_diag([one.rows for one in blocks], format="csc")
    low, high = (np.concatenate([one.sides[side] for one in blocks]) for side in (0, 1))
    each = sparse.eye_array(len(lower), format="csc")
    capped, floored = np.isfinite(upper), np.isfinite(lower) & (lower != 0.0)
    sides = np.where(np.isfinite(high), high, low)
    homogeneous = [
        _beside(-sides, rows),
        _beside(-upper[capped], each[capped]),
        _beside(-lower[floored], each[floored]),
    ]
    below = [np.where(np.isfinite(low), 0.0, -np.inf), np.full(capped.sum(), -np.inf)]
    above = [np.where(np.isfinite(high), 0.0, np.inf), np.zeros(capped.sum())]
    count = 1 + len(lower)
    return Block(
        np.zeros(len(slopes)),
        slopes,
        np.concatenate([[offset], *_each(blocks, 2)]),
        np.concatenate([[0.0], np.where(lower == 0.0, 0.0, -np.inf)]),
        np.full(count, np.inf),
        sparse.coo_array(sparse.vstack(homogeneous)),
        (
            np.concatenate([*below, np.zeros(floored.sum())]),
            np.concatenate([*above, np.full(floored.sum(), np.inf)]),
        ),
        _shifted(blocks),
        np.concatenate([[1.0], *(one.units for one in blocks)]),
        0.0,
    )


def _each(blocks: Sequence[Block], place: int) -> list[Any]:
    return [one[place] for one in blocks]


def _beside(column: FloatArray, rows: Any) -> Any:
    return sparse.hstack([sparse.csc_array(column[:, None]), rows])


def _shifted(blocks: Sequence[Block]) -> tuple[Bend, ...]:
    """All bends, behind the multiplier."""
    found, start = [], 1
    for one in blocks:
        found += [Bend(b.kind, start + b.start, start + b.stop, 0) for b in one.bends]
        start += len(one.cost)
    return tuple(found)
