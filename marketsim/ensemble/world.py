"""One world: its history, the year after it of which something is known, and how it goes on."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array

from marketsim.model import NEWS, Coordinates, Quarter, Setting, Shocks, State, run, start, unpack
from marketsim.model.priors import transform

__all__ = ["COMING", "future", "past", "split"]

COMING: Final = 4
"""Quarters after the decision date whose news are unknowns like those of history: what companies
say ahead tells of them. Whole years, as draws of the news after them are."""


def past(x: Array, coordinates: Coordinates, setting: Setting) -> Quarter:
    """Return the history of one world, and the coming quarters.

    Parameters
    ----------
    x
        Coordinates of the assumptions and the shocks of history and the coming quarters, [unknown].
    """
    z, shocks = split(x, coordinates)
    link = coordinates.centre + coordinates.scale * z
    a = unpack(transform(coordinates.kind, link))
    quarters: Quarter = run(a, setting, start(a, setting), shocks)[1]
    return quarters


def split(x: Array, coordinates: Coordinates) -> tuple[Array, Shocks]:
    """Return the coordinates of the assumptions and the shocks held in ``x``."""
    entries = len(coordinates.kind)
    return x[:entries], Shocks(*jnp.split(x[entries:], len(NEWS)))


def future(
    link: Array, setting: Setting, state: State, shocks: Shocks, coordinates: Coordinates
) -> Quarter:
    """Run one world on from a ``state`` on assumptions at ``link`` [entry], with ``shocks``."""
    a = unpack(transform(coordinates.kind, link))
    quarters: Quarter = run(a, setting, state, shocks)[1]
    return quarters
