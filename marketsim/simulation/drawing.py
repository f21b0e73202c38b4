"""What worlds are drawn from, and the drawing: a seed and an index give the same draw again."""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model import Coordinates, Setting, Shocks
from marketsim.model.priors import transform
from marketsim.model.tree import leaf, pytree
from marketsim.precision import Precision
from marketsim.scenarios import Scenarios

CHUNK: Final = 1000
"""Worlds run together; batches are padded to it, so that a draw does not depend on its batch. On
two cores of a server, chunks of 500 run a tenth slower and larger ones no faster."""


@pytree
class Source:
    """What worlds are drawn from, in the precision asked for.

    ``mode`` [unknown] and the Cholesky ``factor`` of the covariance; ``moves`` [regime, entry],
    the last of them none.
    """

    key: Array
    mode: Array
    factor: Array
    moves: Array
    coordinates: Coordinates
    setting: Setting


def source_of(scenarios: Scenarios, seed: int, precision: Precision) -> Source:
    """Return what the worlds of a seed are drawn from; to be called in that precision."""
    posterior = scenarios.posterior
    plain = Source(
        key=jax.random.key(seed),
        mode=leaf(posterior.mode),
        factor=leaf(np.linalg.cholesky(posterior.covariance)),
        moves=leaf(np.pad(scenarios.moves, ((0, 1), (0, 0)))),
        coordinates=posterior.coordinates,
        setting=posterior.setting,
    )

    def cast(x: Array | np.ndarray) -> Array:
        real = not isinstance(x, jax.Array) and np.asarray(x).dtype.kind == "f"
        return jnp.asarray(x, dtype=precision) if real else jnp.asarray(x)

    source: Source = jax.tree.map(cast, plain)
    return source


@pytree
class Plan:
    """Which worlds to run, each [world] or [chunk, device, world].

    ``index`` of the draw, ``move`` as a row of the source's moves, and whether ``central``: at the
    mode and without news.
    """

    index: Array
    move: Array
    central: Array


def draw(source: Source, plan: Plan, quarters: int) -> tuple[Array, Shocks]:
    """Return coordinates of worlds, [world, unknown], and news of their future, [world, quarter].

    The coordinates are the same however long the future is.
    """
    mode = source.mode

    def one(i: Array) -> tuple[Array, Array]:
        past, ahead = jax.random.split(jax.random.fold_in(source.key, i))
        z = jax.random.normal(past, mode.shape, mode.dtype)
        return z, jax.random.normal(ahead, (2, quarters), mode.dtype)

    z, news = jax.vmap(one)(plan.index)
    z, news = z * ~plan.central[:, None], news * ~plan.central[:, None, None]
    return mode + z @ source.factor.T, Shocks(appetite=news[:, 0], demand=news[:, 1])


def assumptions(source: Source, regime: np.ndarray) -> np.ndarray:
    """Return the assumptions of draws 0, 1, ... from the decision date on, [draw, entry].

    Parameters
    ----------
    regime
        Of each draw, as a row of the source's moves, [draw].
    """
    index = np.pad(np.arange(len(regime)), (0, -len(regime) % CHUNK), mode="edge")
    chunks = [
        np.asarray(_assumptions(source, plan_of(some, regime[some])))
        for some in index.reshape(-1, CHUNK)
    ]
    return np.concatenate(chunks)[: len(regime)]


def plan_of(index: np.ndarray, regime: np.ndarray) -> Plan:
    """Return draws of these indices and regimes, [draw], as a plan; none of them is central."""
    return Plan(
        index=leaf(index.astype(np.int32)),
        move=leaf(regime.astype(np.int32)),
        central=leaf(np.zeros(len(index), dtype=bool)),
    )


@jax.jit
def _assumptions(source: Source, plan: Plan) -> Array:
    """Return the assumptions of each world from the decision date on, [world, entry]."""
    x, _ = draw(source, plan, 0)
    c = source.coordinates
    link = c.centre + c.scale * x[:, : len(c.centre)] + source.moves[plan.move]
    return transform(c.kind, link)
