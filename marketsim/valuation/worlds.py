"""What companies sell, are worth and return in worlds, many at a time."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import jax
import numpy as np
import pandas as pd
from jax import Array

from marketsim.model.tree import leaf
from marketsim.precision import RUN_OFTEN, one_thread, precise, processors
from marketsim.simulation import Outcomes, Paths

from .assumptions import ValuationAssumptions, valuation_assumptions
from .changed import keeping
from .economics import economics
from .noise import Noise
from .noisy import TRIED, levels_at, noisy_return
from .quoted import terms_in
from .returns import EXPECTED, HELD, SPENT, YEAR, sales_of, yearly
from .shocks import shocks
from .statement import Sales, Terms
from .worth import enterprise_value

__all__ = [
    "enterprise_values",
    "expected_of",
    "lifted",
    "noise_level",
    "sales",
    "sold_in",
    "values",
    "with_noise",
]

CHUNK: Final = 250
"""Worlds valued together; batches are padded to it, so that a world hangs on no other."""


def enterprise_values(
    paths: Paths, worlds: Outcomes, assumptions: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return what companies are worth in worlds of any kind, without a price.

    For studies of what one thing changes: at a beta of one and without debt.

    Parameters
    ----------
    paths
        Whose companies, accounts and expectations they are.
    worlds
        Some of the paths', or from :func:`marketsim.simulation.outcomes`.
    assumptions
        As for :func:`revalue`.

    Returns
    -------
    pandas.DataFrame
        Enterprise value, USD bn, [world x company].
    """
    posterior = paths.scenarios.posterior
    with precise("float64"):
        assumed = valuation_assumptions(posterior.knowledge, assumptions)
        table = economics(posterior.knowledge, posterior, paths.companies, assumed)
        terms = terms_in(table.assign(beta=1.0, equity_share=1.0))
        columns = np.arange(len(paths.companies))
        found = values(assumed, terms, worlds, columns, expected_of(paths))
    return pd.DataFrame(found, columns=pd.Index(paths.companies))


def values(
    assumed: ValuationAssumptions,
    terms: Terms,
    worlds: Outcomes,
    columns: np.ndarray,
    expected: Mapping[str, np.ndarray],
    margin: np.ndarray | None = None,
) -> np.ndarray:
    """Return enterprise value, USD bn, [world, company], in float64 and chunk by chunk.

    Where a ``margin`` is given, of companies that keep as much more of revenue, [company]; see
    `changed.keeping`.
    """
    value = _values if margin is None else partial(_kept, leaf(margin))
    held, world = _quarters(worlds, columns)
    count = len(worlds.revenue)

    def chunk(first: int) -> np.ndarray:
        few = jax.tree.map(lambda x: _padded(x[first : first + CHUNK]), (held, world))
        with precise("float64"):
            return np.asarray(value(assumed, terms, *few, dict(expected)))

    with ThreadPoolExecutor(processors()) as pool:
        return np.concatenate(list(pool.map(chunk, range(0, count, CHUNK))))[:count]


def sales(worlds: Outcomes, columns: np.ndarray, expected: Mapping[str, np.ndarray]) -> Sales:
    """Return what worlds sell and spend by year, for the companies at ``columns``."""
    held, world = _quarters(worlds, columns)
    sums = {name: leaf(x if name == "ordinary" else yearly(x)) for name, x in held.items()}
    given = {
        name: leaf(np.broadcast_to(x, (len(worlds.revenue), *np.shape(x))))
        for name, x in expected.items()
    }
    return sales_of(sums, {n: leaf(yearly(x[..., None])[..., 0]) for n, x in world.items()} | given)


def _value(
    assumed: ValuationAssumptions,
    terms: Terms,
    held: dict[str, Array],
    world: dict[str, Array],
    expected: dict[str, Array],
) -> Array:
    """Return enterprise value of one world by its quarters, [company]."""
    return enterprise_value(assumed, terms, _sold(held, world, expected))


def _value_kept(
    margin: Array,
    assumed: ValuationAssumptions,
    terms: Terms,
    held: dict[str, Array],
    world: dict[str, Array],
    expected: dict[str, Array],
) -> Array:
    """Return the same of companies that keep a ``margin`` more, [company]."""
    kept = keeping(assumed, terms, _sold(held, world, expected), margin)
    return enterprise_value(assumed, terms, kept)


def _sold(held: dict[str, Array], world: dict[str, Array], expected: dict[str, Array]) -> Sales:
    """Return what one world sells and spends by year."""
    sums = {name: x if name == "ordinary" else yearly(x) for name, x in held.items()}
    of_world = {name: yearly(x[:, None])[:, 0] for name, x in world.items()}
    return sales_of(sums, of_world | expected)


def _quarters(
    worlds: Outcomes, columns: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return what statements take of the companies at ``columns``, and of the world."""
    held = {name: getattr(worlds, name) for name in HELD}
    if not np.array_equal(columns, np.arange(worlds.revenue.shape[-1])):
        held = {name: x[..., columns] for name, x in held.items()}
    held["ordinary"] = held["ordinary"].astype(np.float64)
    return held, {name: worlds.modelled(name) for name in SPENT}


def _padded(x: np.ndarray) -> np.ndarray:
    """Return a chunk [world, ...] filled up with its last world."""
    return x if len(x) == CHUNK else x[np.minimum(np.arange(CHUNK), len(x) - 1)]


def sold_in(
    worlds: Outcomes, row: int, columns: np.ndarray, expected: Mapping[str, np.ndarray]
) -> Sales:
    """Return what one of the worlds sells and spends, for the companies at ``columns``."""
    return _rows(sales(worlds[row : row + 1], columns, expected), 0)


def _rows(sold: Sales, rows: np.ndarray | int) -> Sales:
    few: Sales = jax.tree.map(lambda x: x[rows], sold)
    return few


def expected_of(paths: Paths) -> dict[str, np.ndarray]:
    """Return what forecasts expect of the world, as `returns.EXPECTED` has it."""
    # In one order: sums over worlds hang on how they lie in memory, in the last digit.
    worth, use, compute, hurdle = (
        paths.unshifted.quantities[name].astype(np.float64, order="C")
        for name in ("worth", "use", "compute", "hurdle")
    )
    worth, compute = (np.exp(np.log(path).mean(axis=0)) for path in (worth, compute))
    every = (worth, use.mean(axis=0), compute, hurdle.mean(axis=0))
    by_year = [yearly(path[:, None])[:, 0] / YEAR for path in every]
    return dict(zip(EXPECTED, (YEAR * by_year[0], *by_year[1:3], by_year[3][-1]), strict=True))


def with_noise(
    world: np.ndarray, left: Noise, mood: np.ndarray, seed: int, start: int = 0
) -> np.ndarray:
    """Return what shares return in worlds with noise, [moment, draw, company].

    As many at a time as are tried for the mean. The noise's level is taken off.

    Parameters
    ----------
    world
        Returns before noise by the last of the moments, all or some, of the same shape.
    left
        What is left for noise.
    mood
        As for `noisy.noisy_return`, [draw].
    seed
        Of the stream.
    start
        Number of the first draw, a multiple of `noisy.TRIED`.
    """
    count = len(mood)
    rows = np.minimum(np.arange(-(-count // TRIED) * TRIED), count - 1)
    drawn, size = shocks(len(rows), left, seed, start)[-len(world) :], left.size[-1]
    usual = shocks(TRIED, left, seed)[-len(world) :] if start else drawn
    found = np.empty((len(world), len(rows), len(size)))
    for moment, path in enumerate(world):
        levels = _levels(usual[moment, :TRIED], size)
        for first in range(0, len(rows), TRIED):
            few = slice(first, first + TRIED)
            at = rows[few]
            found[moment, few] = _noisy(path[at], drawn[moment, few], size, mood[at], levels)
    return lifted(found[:, :count], -left.levels[-len(world) :])


def noise_level(world: np.ndarray, noisy: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return by how much noise raises what shares are worth on average, in logs.

    By chance alone: noise has a mean of one, but not together with so many worlds.

    Parameters
    ----------
    world, noisy
        Returns before noise and with it, [moment, draw, company].
    weights
        Of draws, which sum to one, [draw].

    Returns
    -------
    numpy.ndarray
        [moment, company].
    """
    with one_thread():  # the same bytes on any number of them
        pairs = zip(noisy, world, strict=True)
        return np.stack(
            [np.log1p(weights @ one) - np.log1p(weights @ plain) for one, plain in pairs]
        )


def lifted(returns: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return ``returns`` [moment, draw, company] of shares worth more by a ``level``, in logs."""
    return np.asarray((1.0 + returns) * np.exp(level)[:, None] - 1.0)


_noisy, _levels = jax.jit(noisy_return), jax.jit(levels_at)
_values = jax.jit(jax.vmap(_value, in_axes=(None, None, 0, 0, None)), compiler_options=RUN_OFTEN)
_kept = jax.jit(
    jax.vmap(_value_kept, in_axes=(None, None, None, 0, 0, None)), compiler_options=RUN_OFTEN
)
