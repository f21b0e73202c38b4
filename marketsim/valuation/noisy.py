"""From what worlds return and what is drawn to what shares return; in JAX."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model.smooth import bounded

from .shocks import BLOCK

__all__ = ["levels_at", "noisy_return"]

LEAN: Final = 0.8
"""Rise of the log of volatility for a fall of the log of prices (Christie 1982, Bekaert and Wu
2000: near one for indices over months)."""

WILDEST: Final = float(np.log(2.0))
"""Bound of that rise, and of a fall, in logs."""

TRIED: Final = 1_000
"""Draws on which it is found what keeps the mean at one."""

NODES: Final = 1.25 + 0.75 * np.cos(np.pi * (np.arange(6) + 0.5) / 6)
"""Scales at which it is: of Chebyshev, over those that there are."""


def noisy_return(world: Array, shocks: Array, size: Array, mood: Array, levels: Array) -> Array:
    """Return what shares return in worlds with noise, [draw, company].

    Parameters
    ----------
    world
        Returns of worlds before noise, [draw, company], of whole blocks.
    shocks
        From `shocks.shocks`, at one of its moments, [draw, company].
    size
        Of noise at the horizon, in logs, [company].
    mood
        What each world brings to companies on average at the horizon, in logs, [draw]: markets are
        wilder where they fall (Black 1976).
    levels
        From :func:`levels_at` of the same moment.
    """
    scale = jnp.exp(bounded(-LEAN * mood, WILDEST))
    weights = lagrange(scale)[:, :, None]
    # One by one: a product of matrices rounds as threads share it.
    middle = sum(
        (weights[:, n] * levels[n] for n in range(1, len(NODES))), weights[:, 0] * levels[0]
    )
    return (1.0 + world) * jnp.exp(scale[:, None] * levelled(shocks * size) - middle) - 1.0


def levels_at(shocks: Array, size: Array) -> Array:
    """Return the log of what factors are on average at each scale of their logs, [node, company].

    Of the first :data:`TRIED` shocks [draw, company]: taken off, the mean is one at every scale.
    """
    logs = levelled(shocks[:TRIED] * size)
    return jnp.log(jnp.exp(jnp.asarray(NODES)[:, None, None] * logs).mean(axis=1))


def levelled(logs: Array) -> Array:
    """Return ``logs`` of factors, [draw, company], whose mean is one in each block of draws.

    So that no noise is taken for expected return.
    """
    by_block = logs.reshape(-1, BLOCK, logs.shape[-1])
    mean = jnp.log(jnp.exp(by_block).mean(axis=1, keepdims=True))
    return (by_block - mean).reshape(logs.shape)


def lagrange(scale: Array) -> Array:
    """Return weights of the nodes at each ``scale``, [draw, node]: of polynomials through them."""
    apart = scale[:, None] - jnp.asarray(NODES)
    others = ~np.eye(len(NODES), dtype=bool)
    over = jnp.where(others, apart[:, None, :], 1.0).prod(axis=-1)
    weights: Array = over / np.where(others, NODES[:, None] - NODES, 1.0).prod(axis=-1)
    return weights
