"""`simulate`: the verb. Which worlds are run, so many of each regime, and what comes of them."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from marketsim.calibration import Posterior
from marketsim.checks import check_whole
from marketsim.ensemble import (
    COMING,
    YEAR,
    Histories,
    ahead,
    assumptions_at,
    coordinates_of,
    histories,
    news_of,
)
from marketsim.errors import InputError, handed
from marketsim.forecasting import Forecast
from marketsim.forecasting.projection import LONGEST, plain_forecast
from marketsim.forecasting.structure import LAG, followed, followed_on
from marketsim.model import State
from marketsim.precision import Precision, precise
from marketsim.scenarios import Scenarios

from .allotment import allot
from .asked import require_draws, require_seed
from .buyers import spent_over
from .lives import Lives, chance_of_lives, deviations
from .outcomes import Outcomes, kept, outcomes
from .paths import Paths

__all__ = [
    "QUARTERS",
    "REFERENCE",
    "Ahead",
    "again",
    "begin",
    "run_on",
    "simulate",
]

QUARTERS: Final = 20

REFERENCE: Final = 999
"""Worlds without shift that prices are anchored to, whatever the number of draws: with the world at
the mode they fill two chunks."""


def simulate(
    scenarios: Scenarios,
    draws: int = 10_000,
    seed: int = 0,
    quarters: int = QUARTERS,
    precision: Precision = "float64",
    forecast: Forecast | None = None,
) -> Paths:
    """Draw worlds from the posterior, shifted by each regime from the decision date on.

    Regimes get draws in proportion to their probabilities, at least one each. A draw takes its
    assumptions and the shocks of history from the Laplace posterior and news of the future afresh.
    Regimes share draws: the k-th world of each has the same past and the same news, which is run
    once, so that what sets two regimes apart is their shifts and no chance.

    Revenue of companies is that of the published forecast: without shift, its distribution is the
    one of :func:`marketsim.forecast`, quarter by quarter. A regime moves it by as much as it moves
    the model's.

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
    forecast
        From :func:`marketsim.forecast` of the same posterior, else made here.

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
    handed("simulate: scenarios", scenarios, Scenarios, "ms.load_scenarios(posterior)")
    require_draws(draws, len(scenarios.regimes))
    require_seed(seed)
    if forecast is not None:
        handed("simulate: forecast", forecast, Forecast, "ms.forecast(posterior)")
    check_whole("simulate: quarters", quarters, 1)
    if quarters < 2 * YEAR:
        raise InputError(f"simulate: {quarters} quarters are too few to value; ask for 8 or more")
    precise(precision)  # refuses what is none before anything is run
    share = allot(scenarios.probabilities, draws)
    drawn = max(REFERENCE, int(share.index.max()) + 1)
    begun = begin(scenarios.posterior, np.arange(drawn), seed, quarters, precision, forecast)
    regimes, none = len(scenarios.regimes), len(scenarios.regimes)
    # First the calibrated world, alone and under each regime, then what prices are anchored to.
    past = np.concatenate([np.full(1 + regimes, drawn), np.arange(REFERENCE), share.index])
    regime = np.concatenate([[none], np.arange(regimes), np.full(REFERENCE, none), share.regime])
    centres, first = 1 + regimes, 1 + regimes + REFERENCE
    worlds = run_on(scenarios, begun, past, regime, quarters, precision)
    return Paths(
        scenarios=scenarios,
        draws=worlds[first:],
        regime=share.regime,
        index=share.index,
        probabilities=share.probabilities,
        calibrated=worlds[:1],
        centres=worlds[1:centres],
        unshifted=worlds[centres:first],
        quarter_ends=scenarios.posterior.window.ends(quarters),
        link=begun.pasts.link[:drawn],
        deviation=begun.lives.companies[:drawn],
        owners=begun.lives.owners,
        seed=seed,
    )


class Begun(NamedTuple):
    """Worlds at the decision date, and what comes: those of some draws, and after them the mode.

    Their histories, ``pasts``; ``news`` [past, kind, quarter]; and ``lives`` of companies and of
    the largest owners together, [past, quarter, ...].
    """

    pasts: Histories
    news: NDArray[np.float64]
    lives: Lives


def begin(
    posterior: Posterior,
    numbers: NDArray[np.int_],
    seed: int,
    quarters: int,
    precision: Precision,
    forecast: Forecast | None,
) -> Begun:
    """Return the worlds of draws by their ``numbers`` [past]; the rest as for `simulate`."""
    pasts = _pasts(posterior, numbers, seed, precision)
    reach = max(quarters, LONGEST + LAG)
    news = news_of(pasts.coming, np.append(numbers, 0), reach, seed)
    news[-1, :, COMING:] = 0.0
    lives = _lives(posterior, forecast, pasts, news, numbers, quarters, seed, precision)
    return Begun(pasts, news, lives)


def run_on(
    scenarios: Scenarios,
    begun: Begun,
    past: NDArray[np.int_],
    regime: NDArray[np.int_],
    quarters: int,
    precision: Precision,
) -> Outcomes:
    """Return what becomes of worlds: positions of their ``past``, and of their ``regime``, [world].

    A regime past the last is none.
    """
    posterior, (pasts, news, lives) = scenarios.posterior, begun
    moves = np.concatenate([scenarios.moves, np.zeros((1, scenarios.moves.shape[1]))])
    values = assumptions_at(pasts.link[past] + moves[regime], posterior.coordinates)
    state = jax.tree.map(lambda x: x[past], pasts.state)
    seen = ahead(
        values,
        posterior.setting,
        state,
        news[past, :, :quarters],
        partial(kept, np.asarray(posterior.setting.lines.owner)),
        precision,
    )
    own, owners = np.exp(lives.companies[past]), np.exp(lives.owners[past])
    buyers = spent_over(posterior, values, state.industry.log_base, seen, own, owners)
    return outcomes(seen, own.astype(precision), buyers.astype(precision))


class Ahead(NamedTuple):
    """What worlds run on with.

    Their assumptions, ``values`` and in linked coordinates ``link`` [draw, entry], the ``state``
    that history left them in [draw, ...], and ``news`` [draw, kind, quarter].
    """

    values: NDArray[np.float64]
    link: NDArray[np.float64]
    state: State
    news: NDArray[np.float64]


def again(
    paths: Paths,
    index: NDArray[np.int_] | None = None,
    moves: NDArray[np.float64] | None = None,
) -> Ahead:
    """Return what worlds of ``paths`` ran on with: their histories are run again, in float64.

    Parameters
    ----------
    paths
        From :func:`simulate`.
    index
        Numbers of the pasts wanted, [world]; by default those of the draws, under their regimes.
    moves
        Shifts of linked coordinates from the decision date on, [world, entry], with ``index``.
    """
    if index is None or moves is None:
        index, moves = paths.index, paths.scenarios.moves[paths.regime]
    posterior, quarters = paths.scenarios.posterior, len(paths.quarter_ends)
    drawn = int(index.max()) + 1
    pasts = _pasts(posterior, np.arange(drawn), paths.seed, "float64")
    news = news_of(pasts.coming, np.arange(drawn + 1), quarters, paths.seed)[:drawn]
    link = paths.link[index] + moves
    return Ahead(
        values=assumptions_at(link, posterior.coordinates),
        link=link,
        state=jax.tree.map(lambda x: x[index], pasts.state),
        news=news[index],
    )


def _lives(
    posterior: Posterior,
    forecast: Forecast | None,
    pasts: Histories,
    news: NDArray[np.float64],
    numbers: NDArray[np.int_],
    quarters: int,
    seed: int,
    precision: Precision,
) -> Lives:
    """Return logs of what is reported over the model's, of companies and of owners, [past, ...]."""
    said = plain_forecast(posterior) if forecast is None else forecast
    if said.as_of != posterior.as_of:
        raise InputError(
            f"simulate: the forecast is as of {said.as_of.date()}, the scenarios as of "
            f"{posterior.as_of.date()}; make it from the same posterior"
        )
    if said.digest != posterior.knowledge.digest:
        raise InputError(
            "simulate: the forecast rests on other facts than the scenarios; make it from the same "
            "posterior"
        )
    worlds = followed_on(posterior, pasts, news[:, :, : LONGEST + LAG], precision)
    both = chance_of_lives(posterior, said, numbers, quarters, seed)
    chance, later = (_with_the_middle(one) for one in both)
    return deviations(posterior, said, worlds, chance, later, quarters)


def _with_the_middle(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return chance of draws, [draw, ...], and after them none, for the world at the mode."""
    return np.concatenate([chance, np.zeros_like(chance[:1])])


def _pasts(
    posterior: Posterior, numbers: NDArray[np.int_], seed: int, precision: Precision
) -> Histories:
    """Return the histories of draws by their numbers, and after them that of the mode."""
    x = coordinates_of(numbers, posterior.mode, posterior.covariance, seed)
    return histories(
        np.concatenate([x, posterior.mode[None]]),
        posterior.coordinates,
        posterior.setting,
        followed,
        precision,
    )
