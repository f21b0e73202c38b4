"""What companies sell, are worth and return in worlds, many at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import jax
import numpy as np
import pandas as pd

from marketsim.model.tree import leaf
from marketsim.precision import precise
from marketsim.simulation import Outcomes, Paths

from .assumptions import ValuationAssumptions, valuation_assumptions
from .economics import economics
from .noise import Noise
from .noisy import TRIED, levels_at, noisy_return
from .quoted import terms_in
from .returns import HELD, SPENT, YEAR, sales_of, yearly
from .shocks import shocks
from .statement import Sales, Terms
from .worth import enterprise_value

__all__ = ["enterprise_values", "expected_of", "sales", "sold_in", "values", "with_noise"]

CHUNK: Final = 1_000
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
) -> np.ndarray:
    """Return enterprise value, USD bn, [world, company], in float64 and chunk by chunk."""
    sold, count = sales(worlds, columns, expected), len(worlds.revenue)
    found = []
    for first in range(0, count, CHUNK):
        few = _rows(sold, np.minimum(np.arange(first, first + CHUNK), count - 1))
        found.append(np.asarray(_values(assumed, terms, few)))
    return np.concatenate(found)[:count]


def sales(worlds: Outcomes, columns: np.ndarray, expected: Mapping[str, np.ndarray]) -> Sales:
    """Return what worlds sell and spend by year, for the companies at ``columns``."""
    held = {name: getattr(worlds, name)[..., columns] for name in HELD}
    world = {name: worlds.quantities[name][..., None] for name in SPENT}
    return sales_of(
        {n: leaf(x.astype(np.float64) if n == "ordinary" else yearly(x)) for n, x in held.items()},
        {n: leaf(yearly(x)[..., 0]) for n, x in world.items()}
        | {
            n: leaf(np.broadcast_to(x, (len(worlds.revenue), *np.shape(x))))
            for n, x in expected.items()
        },
    )


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
    worth, use, hurdle = (
        paths.unshifted.quantities[name].astype(np.float64, order="C")
        for name in ("worth", "use", "hurdle")
    )
    typical, use, hurdle = np.exp(np.log(worth).mean(axis=0)), use.mean(axis=0), hurdle.mean(axis=0)
    by_year = [yearly(path[:, None])[:, 0] for path in (typical, use, hurdle)]
    names = "expected_worth", "expected_use", "expected_hurdle"
    return dict(zip(names, (by_year[0], by_year[1] / YEAR, by_year[2][-1] / YEAR), strict=True))


def with_noise(world: np.ndarray, left: Noise, mood: np.ndarray, seed: int) -> np.ndarray:
    """Return what shares return in worlds with noise, [moment, draw, company], chunk by chunk.

    Parameters
    ----------
    world
        Returns before noise, of the same shape.
    left
        What is left for noise.
    mood
        As for `noisy.noisy_return`, [draw].
    seed
        Of the stream.
    """
    count = len(mood)
    rows = np.minimum(np.arange(-(-count // CHUNK) * CHUNK), count - 1)
    drawn, size = shocks(len(rows), left, seed), left.size[-1]
    found = np.empty((len(world), len(rows), len(size)))
    for moment, path in enumerate(world):
        levels = _levels(drawn[moment, :TRIED], size)
        for first in range(0, len(rows), CHUNK):
            few = slice(first, first + CHUNK)
            at = rows[few]
            found[moment, few] = _noisy(path[at], drawn[moment, few], size, mood[at], levels)
    return found[:, :count]


_noisy, _levels = jax.jit(noisy_return), jax.jit(levels_at)
_values = jax.jit(jax.vmap(enterprise_value, in_axes=(None, None, 0)))
