"""Mechanism 4: the rental price that clears the market for compute."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.nn import logsumexp

from .demand import Schedule

STEPS = 10
RUNNING_WIDTH = 0.25
"""Log width over which a vintage stops as rent falls below its running cost."""


def log_demand(demand: Schedule, log_rent: Array) -> Array:
    """Return ln of compute wanted, million H100e, at ``log_rent``."""
    classes = demand.intercept - demand.slope * log_rent
    training = demand.log_training - log_rent
    return logsumexp(jnp.append(classes, training))


def log_supply(log_compute: Array, log_running_cost: Array, log_rent: Array) -> Array:
    """Return ln of compute that runs: vintages whose rent covers energy and hosting."""
    return logsumexp(
        log_compute + jax.nn.log_sigmoid((log_rent - log_running_cost) / RUNNING_WIDTH)
    )


def clear(demand: Schedule, log_compute: Array, log_running_cost: Array, guess: Array) -> Array:
    """Return ln rental price, USD per H100e-hour, at which demand equals the running fleet.

    Parameters
    ----------
    demand
        Demand for compute against ln rent.
    log_compute, log_running_cost
        The fleet by vintage: ln million H100e and ln USD per H100e-hour, any equal shapes.
    guess
        Where to start, usually the last quarter's ln rent.

    Notes
    -----
    Excess demand falls in ln rent with a slope of at most minus training's share, so the root is
    unique. A fixed number of Newton steps, each no longer than 1.5, run without a gradient; one
    last step carries it, which is the implicit function theorem (Blondel et al. 2022).
    """
    compute, cost = log_compute.ravel(), log_running_cost.ravel()

    def excess(x: Array, d: Schedule, k: Array, c: Array) -> Array:
        return log_demand(d, x) - log_supply(k, c, x)

    fixed = lax.stop_gradient((demand, compute, cost))
    slope: Callable[[Array, Schedule, Array, Array], Array] = jax.grad(excess)

    def newton(x: Array, _: None) -> tuple[Array, None]:
        step = excess(x, *fixed) / slope(x, *fixed)
        return x - jnp.clip(step, -1.5, 1.5), None

    root, _ = lax.scan(newton, lax.stop_gradient(guess), None, length=STEPS)
    root = lax.stop_gradient(root)
    return root - excess(root, demand, compute, cost) / lax.stop_gradient(slope(root, *fixed))
