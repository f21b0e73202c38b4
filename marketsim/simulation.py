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
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec
from jax.typing import ArrayLike

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
CHUNK: Final = 1000
"""Worlds run together; batches are padded to it, so that a draw does not depend on its batch. On
two cores of a server, chunks of 500 run a tenth slower and larger ones no faster."""

FEWEST: Final = 4
"""Chunks that a program has room for, at the least."""

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

    All worlds run in one compiled program, in chunks that JAX's devices share. On one device a draw
    is the same bit for bit whatever the others are; several round in another order, which moves
    revenue by less than 1e-12 of itself. A processor is one device, whose cores share each chunk;
    ``jax.config.update("jax_num_cpu_devices", n)``, before JAX first computes, makes it n.

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
    plan = _plan(len(scenarios.regimes), regime)
    with precise(precision):
        revenue, world = _run(_source(scenarios, seed, precision), plan, quarters)
    centres, drawn = len(scenarios.regimes) + 1, slice(CHUNK, CHUNK + draws)
    return Paths(
        scenarios=scenarios,
        revenue=revenue[drawn],
        world={name: path[drawn] for name, path in world.items()},
        regime=regime,
        probabilities=probabilities,
        central=revenue[0],
        regime_central=revenue[1:centres],
        reference=revenue[centres:CHUNK],
        quarter_ends=scenarios.posterior.window.ends(quarters),
        seed=seed,
    )


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


def _source(scenarios: Scenarios, seed: int, precision: Precision) -> Source:
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


Worlds = tuple[Array, dict[str, Array]]
"""Revenue and the quantities of :data:`WORLD`."""


@pytree
class Plan:
    """Which worlds to run, each [world] or [chunk, device, world].

    ``index`` of the draw, ``move`` as a row of the source's moves, and whether ``central``: at the
    mode and without news.
    """

    index: Array
    move: Array
    central: Array


def _plan(regimes: int, regime: np.ndarray) -> Plan:
    """Return a chunk of unshifted worlds, of which the first are central, then the draws.

    The central worlds are the calibrated one, then one by regime. Draw i stands at i modulo
    ``CHUNK`` in its chunk, whatever the number of draws.
    """
    unshifted = np.full(CHUNK, regimes)
    unshifted[1 : regimes + 1] = np.arange(regimes)
    index = np.concatenate([np.arange(CHUNK) + RESERVED, np.arange(len(regime))])
    return Plan(
        index=leaf(index.astype(np.int32)),
        move=leaf(np.concatenate([unshifted, regime]).astype(np.int32)),
        central=leaf(np.arange(len(index)) <= regimes),
    )


def _run(source: Source, plan: Plan, quarters: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return revenue [world, quarter, company] and quantities [world, quarter], padding included.

    Chunks past the plan make room and are never run, so that few numbers of draws compile anew.
    """
    platform = source.mode.devices().pop().platform
    mesh = Mesh(np.array(jax.local_devices(backend=platform)), ("device",))
    steps = -(-len(plan.index) // (CHUNK * mesh.size))
    room = _room(steps) * mesh.size * CHUNK

    def chunked(x: Array) -> np.ndarray:
        return np.pad(x, (0, room - len(x)), mode="edge").reshape(-1, mesh.size, CHUNK)

    def flat(x: Array) -> np.ndarray:
        return np.asarray(x).reshape(room, *x.shape[3:])

    worlds = _worlds(source, jax.tree.map(chunked, plan), np.int32(steps), quarters, mesh)
    revenue, world = jax.tree.map(flat, worlds)
    return revenue, world


def _room(steps: int) -> int:
    """Return ``steps`` rounded up to three binary digits, so that less than a quarter is spare."""
    unit: int = 1 << max(steps.bit_length() - 3, 0)
    return max(-(-steps // unit) * unit, FEWEST)


@partial(jax.jit, static_argnames=("quarters", "mesh"), compiler_options=RUN_OFTEN)
def _worlds(source: Source, plan: Plan, steps: Array, quarters: int, mesh: Mesh) -> Worlds:
    """Run ``steps`` chunks on every device; the plan and the worlds are [chunk, device, world]."""
    everywhere = PartitionSpec()  # type: ignore[no-untyped-call]
    by_device = PartitionSpec(None, "device")  # type: ignore[no-untyped-call]
    worlds: Worlds = jax.shard_map(
        partial(_share, quarters=quarters),
        mesh=mesh,
        in_specs=(everywhere, by_device, everywhere),
        out_specs=by_device,
        check_vma=False,
    )(source, plan, steps)
    return worlds


def _share(source: Source, plan: Plan, steps: Array, quarters: int) -> Worlds:
    """Run the first ``steps`` chunks of one device's share, [chunk, 1, world]; the rest is zero."""

    def chunk(i: ArrayLike) -> Worlds:
        return _chunk(source, jax.tree.map(lambda x: x[i, 0], plan), quarters)

    def fill(i: Array, filled: Worlds) -> Worlds:
        put = partial(lax.dynamic_update_index_in_dim, index=i, axis=0)
        more: Worlds = jax.tree.map(put, filled, chunk(i))
        return more

    def blank(x: jax.ShapeDtypeStruct) -> Array:
        return jnp.zeros((len(plan.index), *x.shape), x.dtype)

    filled = lax.fori_loop(0, steps, fill, jax.tree.map(blank, jax.eval_shape(chunk, 0)))
    share: Worlds = jax.tree.map(lambda x: x[:, None], filled)
    return share


def _chunk(source: Source, plan: Plan, quarters: int) -> Worlds:
    """Return revenue [world, quarter, company] and the quantities of the world [world, quarter]."""
    x, shocks = _draw(source, plan, quarters)

    def one(x: Array, move: Array, shocks: Shocks) -> Worlds:
        last = past(x, source.coordinates, source.setting)
        revenue, q = future(last, move, shocks, source.coordinates, source.setting)
        world = {name: getattr(q, name) for name in WORLD}
        return revenue, {**world, "token_price": q.token_price[:, 1] / q.token_price[0, 1]}

    return jax.vmap(one)(x, source.moves[plan.move], shocks)


def _draw(source: Source, plan: Plan, quarters: int) -> tuple[Array, Shocks]:
    mode = source.mode

    def one(i: Array) -> tuple[Array, Array]:
        past, ahead = jax.random.split(jax.random.fold_in(source.key, i))
        z = jax.random.normal(past, mode.shape, mode.dtype)
        return z, jax.random.normal(ahead, (2, quarters), mode.dtype)

    z, news = jax.vmap(one)(plan.index)
    z, news = z * ~plan.central[:, None], news * ~plan.central[:, None, None]
    return mode + z @ source.factor.T, Shocks(appetite=news[:, 0], demand=news[:, 1])


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
