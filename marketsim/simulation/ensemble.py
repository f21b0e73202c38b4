"""`simulate`: the verb. Which worlds are run, so many of each regime, and what comes of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from marketsim.errors import InputError
from marketsim.model.tree import leaf
from marketsim.precision import Precision, precise
from marketsim.scenarios import Scenarios

from .drawing import CHUNK, Plan, source_of
from .paths import Paths
from .worlds import run_worlds

QUARTERS: Final = 20

RESERVED: Final = 2**30
"""Draws from here on are the unshifted ones that prices are anchored to."""


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
    regime, probabilities = apportion(scenarios.probabilities, draws)
    plan = _plan(len(scenarios.regimes), regime)
    with precise(precision):
        revenue, world = run_worlds(source_of(scenarios, seed, precision), plan, quarters)
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


def apportion(probabilities: np.ndarray, draws: int) -> tuple[np.ndarray, np.ndarray]:
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
