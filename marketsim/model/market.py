"""Mechanism 4: the rental price that clears the market for compute."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.nn import logsumexp

from .demand import Schedule
from .fleet import RUNNING_WIDTH

STEPS = 10


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
    fleet = log_compute.ravel(), log_running_cost.ravel()
    wanted, (log_fleet, cost) = lax.stop_gradient((demand, fleet))
    compute = jnp.exp(log_fleet)

    def newton(x: Array, _: None) -> tuple[Array, None]:
        gap, slope = _excess(wanted, compute, cost, x)
        return x - jnp.clip(gap / slope, -1.5, 1.5), None

    root, _ = lax.scan(newton, lax.stop_gradient(guess), None, length=STEPS)
    slope = _excess(wanted, compute, cost, root)[1]
    return root - (log_demand(demand, root) - log_supply(*fleet, root)) / slope


def _excess(demand: Schedule, compute: Array, cost: Array, log_rent: Array) -> tuple[Array, Array]:
    """Return ln demand less ln supply, and its slope in ln rent, in closed form."""
    classes = jnp.exp(demand.intercept - demand.slope * log_rent)
    training = jnp.exp(demand.log_training - log_rent)
    total = classes.sum() + training
    running = jax.nn.sigmoid((log_rent - cost) / RUNNING_WIDTH)
    supply = compute @ running
    gap = jnp.log(total) - jnp.log(supply)
    falls = (classes @ demand.slope + training) / total
    rises = (compute * running) @ (1.0 - running) / (supply * RUNNING_WIDTH)
    return gap, -falls - rises
