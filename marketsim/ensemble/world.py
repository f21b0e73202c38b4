"""One world: its history up to the decision date, and how it goes on; differentiable."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from marketsim.model import NEWS, Coordinates, Quarter, Setting, Shocks, State, run, start, unpack
from marketsim.model.priors import transform
from marketsim.model.tree import pytree

__all__ = ["Past", "future", "past", "split"]


@pytree
class Past:
    """Linked coordinates at one point [entry], the quarters of the window, and what they left."""

    link: Array
    quarters: Quarter
    state: State


def past(x: Array, coordinates: Coordinates, setting: Setting) -> Past:
    """Run the history of one world.

    Parameters
    ----------
    x
        Coordinates of the assumptions and the shocks of history, [unknown].
    """
    z, shocks = split(x, coordinates)
    link = coordinates.centre + coordinates.scale * z
    a = unpack(transform(coordinates.kind, link))
    state, quarters = run(a, setting, start(a, setting), shocks)
    return Past(link=link, quarters=quarters, state=state)


def split(x: Array, coordinates: Coordinates) -> tuple[Array, Shocks]:
    """Return the coordinates of the assumptions and the shocks of history held in ``x``."""
    entries = len(coordinates.kind)
    return x[:entries], Shocks(*jnp.split(x[entries:], len(NEWS)))


def future(
    link: Array, setting: Setting, state: State, shocks: Shocks, coordinates: Coordinates
) -> Quarter:
    """Run one world on from a ``state`` on assumptions at ``link`` [entry], with ``shocks``."""
    a = unpack(transform(coordinates.kind, link))
    quarters: Quarter = run(a, setting, state, shocks)[1]
    return quarters
