"""`simulate`: the verb. Which worlds are run, so many of each regime, and what comes of them."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import jax
import numpy as np
from numpy.typing import NDArray

from marketsim.ensemble import (
    Histories,
    ahead,
    assumptions_at,
    coordinates_of,
    histories,
    news_of,
)
from marketsim.errors import InputError
from marketsim.model import CLASSES, NEWS, Quarter
from marketsim.precision import Precision, precise
from marketsim.scenarios import Scenarios

from .allotment import allot
from .paths import WORLD, Paths

__all__ = ["QUARTERS", "REFERENCE", "simulate"]

QUARTERS: Final = 20

REFERENCE: Final = 1_000
"""Worlds without shift that prices are anchored to, whatever the number of draws."""

INTERACTIVE: Final = CLASSES.index("interactive")


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
    Regimes share draws: the k-th world of each has the same past and the same news, which is run
    once, so that what sets two regimes apart is their shifts and no chance.

    Parameters
    ----------
    scenarios
        From :func:`marketsim.load_scenarios`.
    draws
        Number of worlds.
    seed
        Draw i of a seed is the same whatever the number of draws, its regime included, and however
        long the future is.
    quarters
        Length of the future.
    precision
        ``float64`` or ``float32`` for the worlds; the draws are the same.

    Raises
    ------
    InputError
        For fewer draws than regimes, or too few quarters.

    Notes
    -----
    Differences between regimes are paired: their standard error is that of the mean of differences
    draw by draw, a fraction of what independent draws would leave. The price is in the mixture: its
    n draws hold no more distinct pasts than the largest regime has draws, so that the standard
    error of a mean over all of them lies between that of n independent draws and that of so many.
    """
    if draws < len(scenarios.regimes):
        raise InputError(f"simulate: {draws} draws cannot cover {len(scenarios.regimes)} regimes")
    if quarters < 5:
        raise InputError(f"simulate: {quarters} quarters are too few to value; ask for 5 or more")
    precise(precision)  # refuses what is none before anything is run
    share = allot(scenarios.probabilities, draws)
    drawn = max(REFERENCE, int(share.index.max()) + 1)
    pasts = _pasts(scenarios, drawn, seed, precision)
    news = np.concatenate(
        [news_of(np.arange(drawn), quarters, seed), np.zeros((1, len(NEWS), quarters))]
    )
    regimes, none = len(scenarios.regimes), len(scenarios.regimes)
    # First the calibrated world, alone and under each regime, then what prices are anchored to.
    past = np.concatenate([np.full(1 + regimes, drawn), np.arange(REFERENCE), share.index])
    regime = np.concatenate([[none], np.arange(regimes), np.full(REFERENCE, none), share.regime])
    moves = np.concatenate([scenarios.moves, np.zeros((1, scenarios.moves.shape[1]))])
    posterior = scenarios.posterior
    _, seen = ahead(
        assumptions_at(pasts.link[past] + moves[regime], posterior.coordinates),
        posterior.setting,
        jax.tree.map(lambda x: x[past], pasts.state),
        news[past],
        partial(_kept, np.asarray(posterior.setting.lines.owner)),
        precision,
    )
    centres, first = 1 + regimes, 1 + regimes + REFERENCE
    revenue = seen.pop("revenue")
    return Paths(
        scenarios=scenarios,
        revenue=revenue[first:],
        world={name: path[first:] for name, path in _indexed(seen).items()},
        regime=share.regime,
        index=share.index,
        probabilities=share.probabilities,
        central=revenue[0],
        regime_central=revenue[1:centres],
        reference=revenue[centres:first],
        quarter_ends=posterior.window.ends(quarters),
        link=pasts.link[:drawn],
        seed=seed,
    )


def _pasts(scenarios: Scenarios, drawn: int, seed: int, precision: Precision) -> Histories:
    """Return the histories of so many draws, and after them that of the mode."""
    posterior = scenarios.posterior
    x = coordinates_of(np.arange(drawn), posterior.mode, posterior.covariance, seed)
    return histories(
        np.concatenate([x, posterior.mode[None]]),
        posterior.coordinates,
        posterior.setting,
        lambda quarters: (),
        precision,
    )


def _kept(owner: NDArray[np.float64], quarters: Quarter) -> dict[str, Any]:
    """Return revenue by company, and the quantities of the world, of a chunk."""
    lines = np.asarray(quarters.lines)
    world = {name: getattr(quarters, name) for name in WORLD if name != "token_price"}
    interactive = np.asarray(quarters.token_price)[..., INTERACTIVE]
    return {"revenue": lines @ owner.T.astype(lines.dtype), "token_price": interactive, **world}


def _indexed(world: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the world's quantities with the token price as an index, in the order of the list."""
    price = world["token_price"]
    return {**{name: world[name] for name in WORLD}, "token_price": price / price[:, :1]}
