"""Worlds run on from their past: one, a chunk of them, and chunks shared among JAX's devices."""

from __future__ import annotations

from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh, PartitionSpec
from jax.typing import ArrayLike

from marketsim.calibration import Past, past
from marketsim.model import Coordinates, Quarter, Setting, Shocks, company_revenue, run, unpack
from marketsim.model.priors import transform
from marketsim.precision import RUN_OFTEN

from .drawing import CHUNK, Plan, Source, draw

FEWEST: Final = 4
"""Chunks that a program has room for, at the least."""

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

Worlds = tuple[Array, dict[str, Array]]
"""Revenue and the quantities of :data:`WORLD`."""


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


def run_worlds(
    source: Source, plan: Plan, quarters: int
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
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
    x, shocks = draw(source, plan, quarters)

    def one(x: Array, move: Array, shocks: Shocks) -> Worlds:
        last = past(x, source.coordinates, source.setting)
        revenue, q = future(last, move, shocks, source.coordinates, source.setting)
        world = {name: getattr(q, name) for name in WORLD}
        return revenue, {**world, "token_price": q.token_price[:, 1] / q.token_price[0, 1]}

    return jax.vmap(one)(x, source.moves[plan.move], shocks)
