"""Worlds drawn from scenarios: history as calibrated, futures under each regime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jax import Array

from marketsim.calibration import Past, past
from marketsim.errors import InputError
from marketsim.model import (
    Coordinates,
    Quarter,
    Setting,
    Shocks,
    company_revenue,
    run,
    unpack,
)
from marketsim.model.priors import transform
from marketsim.model.tree import leaf, pytree
from marketsim.precision import RUN_OFTEN, Precision, precise
from marketsim.scenarios import Scenarios

__all__ = ["WORLD", "Paths", "future", "simulate"]

QUARTERS: Final = 20
CHUNK: Final = 500
"""Worlds run together; batches are padded to it, so that a draw does not depend on its batch."""

RESERVED: Final = 2**30
"""Draws from here on are the unshifted ones that prices are anchored to."""

WORLD: Final = {
    "compute": "M H100e",
    "delivered": "M H100e per quarter",
    "rent": "USD per H100e-hour",
    "capital_spending": "USD bn per quarter",
    "load": "GW",
    "energised": "GW",
    "power_scarcity": "log",
    "chip_scarcity": "log",
    "inference_share": "share",
    "token_price": "index, first quarter 1",
    "q": "ratio",
    "impairment": "USD bn",
}
"""Quantities of the world that paths keep, with their units."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Simulated worlds.

    Attributes
    ----------
    revenue
        USD bn per quarter, [draw, quarter, company].
    world
        Quantities of :data:`WORLD`, each [draw, quarter].
    regime
        Index into the scenarios' regimes, [draw].
    probabilities
        Of each draw, [draw]; they sum to one, and over a regime to its probability.
    central
        Revenue at the mode without shift or news, [quarter, company].
    regime_central
        The same under each regime's shifts, [regime, quarter, company].
    reference
        Draws without shift, [reference draw, quarter, company]: the worlds that prices are
        anchored to.
    quarter_ends
        Ends of the simulated quarters.
    """

    scenarios: Scenarios
    revenue: np.ndarray
    world: Mapping[str, np.ndarray]
    regime: np.ndarray
    probabilities: np.ndarray
    central: np.ndarray
    regime_central: np.ndarray
    reference: np.ndarray
    quarter_ends: pd.DatetimeIndex
    seed: int

    @property
    def companies(self) -> tuple[str, ...]:
        """Tickers, in the order of the last axis of ``revenue``."""
        return self.scenarios.posterior.companies

    @property
    def regimes(self) -> np.ndarray:
        """Name of each draw's regime, [draw]."""
        return np.take(np.array(self.scenarios.names), self.regime)


def simulate(
    scenarios: Scenarios,
    draws: int = 10_000,
    seed: int = 0,
    quarters: int = QUARTERS,
    precision: Precision = "float64",
) -> Paths:
    """Draw worlds from the posterior, shifted by each regime from the decision date on.

    Regimes get draws in proportion to their probabilities, at least one each. A draw takes its
    assumptions and the shocks of history from the Laplace posterior and news of the future afresh.

    Parameters
    ----------
    scenarios
        From :func:`marketsim.load_scenarios`.
    draws
        Number of worlds.
    seed
        Draw i of a seed is the same whatever the number of draws, but for its regime.
    quarters
        Length of the future.
    precision
        ``float64`` or ``float32`` for the worlds; the draws themselves differ between the two.

    Raises
    ------
    InputError
        For fewer draws than regimes, or no quarters.
    """
    if draws < len(scenarios.regimes):
        raise InputError(f"simulate: {draws} draws cannot cover {len(scenarios.regimes)} regimes")
    if quarters < 5:
        raise InputError(f"simulate: {quarters} quarters are too few to value; ask for 5 or more")
    regime, probabilities = _apportion(scenarios.probabilities, draws)
    with precise(precision):
        source = _source(scenarios, seed, precision)
        blocks = range(0, draws, CHUNK)
        parts = [_block(source, first, regime, quarters) for first in blocks]
        revenue, world = jax.tree.map(lambda *p: np.concatenate(p)[:draws], *parts)
        central, reference = _unshifted(source, quarters)
    return Paths(
        scenarios=scenarios,
        revenue=revenue,
        world=world,
        regime=regime,
        probabilities=probabilities,
        central=central[0],
        regime_central=central[1:],
        reference=reference,
        quarter_ends=scenarios.posterior.window.ends(quarters),
        seed=seed,
    )


@pytree
class Source:
    """What worlds are drawn from, in the precision asked for.

    ``mode`` [unknown] and the Cholesky ``factor`` of the covariance; ``moves`` [regime, entry].
    """

    key: Array
    mode: Array
    factor: Array
    moves: Array
    coordinates: Coordinates
    setting: Setting


def _source(scenarios: Scenarios, seed: int, precision: Precision) -> Source:
    posterior = scenarios.posterior
    plain = Source(
        key=jax.random.key(seed),
        mode=leaf(posterior.mode),
        factor=leaf(np.linalg.cholesky(posterior.covariance)),
        moves=leaf(scenarios.moves),
        coordinates=posterior.coordinates,
        setting=posterior.setting,
    )

    def cast(x: Array | np.ndarray) -> Array:
        real = not isinstance(x, jax.Array) and np.asarray(x).dtype.kind == "f"
        return jnp.asarray(x, dtype=precision) if real else jnp.asarray(x)

    source: Source = jax.tree.map(cast, plain)
    return source


def _block(
    source: Source, first: int, regime: np.ndarray, quarters: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the worlds of draws ``first`` to ``first + CHUNK``; past the last they repeat it."""
    index = np.arange(first, first + CHUNK)
    kinds = regime[np.minimum(index, len(regime) - 1)]
    x, shocks = _draw(source, jnp.asarray(index), quarters)
    revenue, world = _worlds(x, source.moves[kinds], shocks, source)
    return np.asarray(revenue), {name: np.asarray(path) for name, path in world.items()}


def _unshifted(source: Source, quarters: int) -> tuple[np.ndarray, np.ndarray]:
    """Return revenue of the central worlds, calibrated then by regime, and of unshifted draws."""
    centres = len(source.moves) + 1
    x, shocks = _draw(source, jnp.arange(CHUNK) + RESERVED, quarters)
    first = (jnp.arange(CHUNK) < centres)[:, None]
    x = jnp.where(first, source.mode, x)
    calm = jax.tree.map(lambda s: jnp.where(first, 0.0, s), shocks)
    moves = jnp.zeros((CHUNK, source.moves.shape[1]), source.moves.dtype)
    moves = moves.at[1:centres].set(source.moves)
    revenue = np.asarray(_worlds(x, moves, calm, source)[0])
    return revenue[:centres], revenue[centres:]


@partial(jax.jit, static_argnames="quarters")
def _draw(source: Source, index: Array, quarters: int) -> tuple[Array, Shocks]:
    mode = source.mode

    def one(i: Array) -> tuple[Array, Array]:
        past, ahead = jax.random.split(jax.random.fold_in(source.key, i))
        z = jax.random.normal(past, mode.shape, mode.dtype)
        return z, jax.random.normal(ahead, (2, quarters), mode.dtype)

    z, news = jax.vmap(one)(index)
    return mode + z @ source.factor.T, Shocks(appetite=news[:, 0], demand=news[:, 1])


@partial(jax.jit, compiler_options=RUN_OFTEN)
def _worlds(
    x: Array, moves: Array, shocks: Shocks, source: Source
) -> tuple[Array, dict[str, Array]]:
    """Return revenue [draw, quarter, company] and the quantities of the world [draw, quarter]."""

    def one(x: Array, move: Array, shocks: Shocks) -> tuple[Array, dict[str, Array]]:
        last = past(x, source.coordinates, source.setting)
        revenue, q = future(last, move, shocks, source.coordinates, source.setting)
        world = {name: getattr(q, name) for name in WORLD}
        return revenue, {**world, "token_price": q.token_price[:, 1] / q.token_price[0, 1]}

    return jax.vmap(one)(x, moves, shocks)


def future(
    last: Past, move: Array, shocks: Shocks, coordinates: Coordinates, setting: Setting
) -> tuple[Array, Quarter]:
    """Run one world on from its past with assumptions moved.

    Parameters
    ----------
    move
        Shift of the linked coordinates from the decision date on, [entry].
    shocks
        News of the future, [quarter].

    Returns
    -------
    Array, Quarter
        Revenue in USD bn, [quarter, company], and all that can be observed.
    """
    a = unpack(transform(coordinates.kind, last.link + move))
    _, quarters = run(a, setting, last.state, shocks)
    revenue = jax.vmap(lambda lines: company_revenue(setting.lines, lines))(quarters.lines)
    return revenue, quarters


def _apportion(probabilities: np.ndarray, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the regime and the probability of each draw; regimes are interleaved evenly."""
    exact = probabilities * draws
    counts = np.maximum(np.floor(exact).astype(int), 1)
    while counts.sum() != draws:
        step = 1 if counts.sum() < draws else -1
        gap = (exact - counts) * step
        gap[(counts == 1) & (step < 0)] = -np.inf
        counts[np.argmax(gap)] += step
    order = np.concatenate([(np.arange(c) + 0.5) / c for c in counts])
    label = np.repeat(np.arange(len(counts)), counts)
    regime = label[np.argsort(order, kind="stable")]
    return regime, (probabilities / counts)[regime]
