"""One world by itself, without the batches in which worlds are run: the judge of what they say."""

from __future__ import annotations

from jax import Array

from marketsim.ensemble import COMING
from marketsim.model import NEWS, Coordinates, Setting, Shocks, State, run, start, unpack
from marketsim.model.priors import transform


def handover(x: Array, coordinates: Coordinates, setting: Setting) -> tuple[Array, State, Array]:
    """Linked coordinates [entry], the state at the decision date, coming news [kind, quarter]."""
    entries = len(coordinates.kind)
    link = coordinates.centre + coordinates.scale * x[:entries]
    a, shocks = unpack(transform(coordinates.kind, link)), x[entries:].reshape(len(NEWS), -1)
    state: State = run(a, setting, start(a, setting), Shocks(*shocks[:, :-COMING]))[0]
    return link, state, shocks[:, -COMING:]
