"""The history of one world: assumptions and the news of the window, run to the decision date."""

from __future__ import annotations

import jax
from jax import Array

from marketsim.model import Coordinates, Quarter, Setting, Shocks, State, run, start, unpack
from marketsim.model.priors import transform
from marketsim.model.tree import pytree
from marketsim.precision import RUN_SELDOM

from .window import HISTORY


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
    z, shocks = split(x)
    link = coordinates.centre + coordinates.scale * z
    a = unpack(transform(coordinates.kind, link))
    state, quarters = run(a, setting, start(a, setting), shocks)
    return Past(link=link, quarters=quarters, state=state)


past_at = jax.jit(past, compiler_options=RUN_SELDOM)
"""The same, compiled: for calls from outside a compiled program."""


def split(x: Array) -> tuple[Array, Shocks]:
    """Return the coordinates of the assumptions and the shocks of history held in ``x``."""
    news = x[-2 * HISTORY :]
    return x[: -2 * HISTORY], Shocks(appetite=news[:HISTORY], demand=news[HISTORY:])
