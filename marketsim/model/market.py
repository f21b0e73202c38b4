"""Mechanism 4: the rental price that clears the market for compute."""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array, lax

from .assumptions import Assumptions
from .demand import Schedule
from .fleet import RUNNING_POWER, TINY, Fleet, hourly_cost, running_share, total
from .tree import pytree

STEPS: Final = 20
"""Newton steps towards the rent at the most; from last quarter's rent it takes two to four."""

LONGEST: Final = 1.5
"""Of a Newton step, in logs."""

SETTLED: Final = 1e-4
"""Length of a step, in logs, after which the rent is off by its square; one more step follows."""


@pytree
class Stock:
    """The fleet in the market, arrays [age, architecture].

    ``compute`` million H100e, and ``cost`` of running it, USD per H100e-hour.
    """

    compute: Array
    cost: Array


def stock(a: Assumptions, fleet: Fleet, electricity: Array) -> Stock:
    """Return the fleet as the market sees it, vintages [age, architecture]."""
    return Stock(compute=fleet.compute + TINY, cost=hourly_cost(a, fleet, electricity))


def wanted(demand: Schedule, log_rent: Array) -> Array:
    """Return compute wanted, million H100e, at ``log_rent``."""
    return _classes(demand, log_rent).sum(axis=0) + jnp.exp(demand.log_training - log_rent)


def supplied(stock: Stock, log_rent: Array) -> Array:
    """Return compute that runs, million H100e: vintages whose rent covers energy and hosting."""
    return total(stock.compute * running_share(jnp.exp(log_rent), stock.cost))


def clear(demand: Schedule, stock: Stock, guess: Array) -> Array:
    """Return ln rental price, USD per H100e-hour, at which demand equals the running fleet.

    Parameters
    ----------
    demand
        Demand for compute against ln rent.
    stock
        The fleet by vintage.
    guess
        Where to start, usually the last quarter's ln rent.

    Notes
    -----
    Excess demand falls in ln rent with a slope of at most minus training's share, so the root is
    unique. Newton steps run without a gradient until all worlds have settled; one last step
    carries it, which is the implicit function theorem (Blondel et al. 2022).
    """
    given = lax.stop_gradient((demand, stock))

    def newton(now: tuple[int, Array, Array]) -> tuple[int, Array, Array]:
        count, x, last = now
        gap, slope = _excess(*given, x)
        step = jnp.clip(gap / slope, -LONGEST, LONGEST)
        # A world that has settled stays: it is the same whatever worlds run beside it.
        step = jnp.where(last > SETTLED, step, 0.0)
        return count + 1, x - step, jnp.abs(step)

    def unsettled(now: tuple[int, Array, Array]) -> Array:
        return (now[0] < STEPS) & (now[-1] > SETTLED).any()

    begun = lax.stop_gradient(guess)
    _, root, _ = lax.while_loop(unsettled, newton, (0, begun, jnp.ones_like(begun)))
    _, slope = _excess(*given, root)
    return root - jnp.log(wanted(demand, root) / supplied(stock, root)) / slope


def _excess(demand: Schedule, stock: Stock, log_rent: Array) -> tuple[Array, Array]:
    """Return ln demand less ln supply, and its slope in ln rent, in closed form."""
    classes, training = _classes(demand, log_rent), jnp.exp(demand.log_training - log_rent)
    demanded = classes.sum(axis=0) + training
    share = running_share(jnp.exp(log_rent), stock.cost)
    runs = stock.compute * share
    supply = total(runs)
    falls = ((demand.slope * classes).sum(axis=0) + training) / demanded
    rises = RUNNING_POWER * (1.0 - total(runs * share) / supply)
    return jnp.log(demanded / supply), -falls - rises


def _classes(demand: Schedule, log_rent: Array) -> Array:
    return jnp.exp(demand.intercept - demand.slope * log_rent)
