"""Reverse stress test: the most plausible world in which a portfolio loses so much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from marketsim.allocation import Allocation
from marketsim.allocation.names import check_number
from marketsim.errors import InputError
from marketsim.forecasting import Forecast
from marketsim.forecasting.projection import plain_forecast
from marketsim.returns import ReturnScenarios
from marketsim.scenarios import chosen

from .holding import Holding, Weights, holding
from .plausible import Found, most_plausible
from .standard import BATCH, StandardWorlds, points_of_draws, standard_worlds
from .story import story_of, told
from .stressed import StressedWorld, stressed
from .tilted import TiltedDraws, tilted_draws

__all__ = ["ReverseStress", "reverse_stress"]

FloatArray = NDArray[np.float64]

WORST: Final = 20
"""Draws of a regime that lose most, whose middle is where a search begins."""

BEGUN_AT: Final = 2.0
"""Standard deviations out at which searches towards losing draws begin."""

SAMPLED: Final = 500
"""Points about each design point that its probability is measured with: one chunk of worlds."""

ALIKE: Final = 0.9
"""Cosine of two points of one regime from which on they are the same world."""


@dataclass(frozen=True, eq=False, repr=False)
class ReverseStress:
    """The most plausible worlds in which a portfolio loses so much.

    Attributes
    ----------
    loss
        That was asked for, a fraction over the horizon.
    worlds
        Most plausible first; each is of another regime than those before it, or in another
        direction (a cosine below 0.9).
    probability
        Of losing as much or more, by importance sampling about the design points; ``error`` is its
        standard error.
    first_order
        The same to first order (FORM), over regimes p Phi(-distance): too high where many small
        things each make up for some of the loss.
    drawn
        The share of draws that lose as much or more; like the probability, of the one regime where
        one was asked for.
    by_regime
        [regime]: its ``probability``; ``distance`` of its design point, in standard deviations,
        below 0 where its middle loses as much already, and missing where no search arrived; the
        probability of the loss in it to ``first_order``, as ``sampled`` with its ``error``, and as
        ``drawn``.
    noise
        Whether market noise may be part of it.
    tilted
        The other reading: draws reweighted as little as need be until the portfolio loses as much
        on average; None where no draw does.
    """

    loss: float
    worlds: tuple[StressedWorld, ...]
    probability: float
    error: float
    first_order: float
    drawn: float
    by_regime: pd.DataFrame
    noise: bool
    tilted: TiltedDraws | None = None

    def __str__(self) -> str:
        return story_of(self)

    def __repr__(self) -> str:
        first = self.worlds[0]
        return (
            f"ReverseStress(loss {self.loss:g}: {first.regime}, {first.distance:.2f} standard "
            f"deviations out; {len(self.worlds)} worlds, probability {self.probability:.3g})"
        )

    def record(self) -> dict[str, Any]:
        """Return all of it as plain numbers, texts, lists and mappings, for JSON."""
        return told(self)


def reverse_stress(
    choice: Allocation | Weights,
    loss: float,
    *,
    regime: str | None = None,
    noise: bool = True,
    worlds: int = 3,
    returns: ReturnScenarios | None = None,
    forecast: Forecast | None = None,
) -> ReverseStress:
    """Return the most plausible worlds in which a portfolio loses so much.

    Parameters
    ----------
    choice
        From :func:`marketsim.allocate`, over returns made by :func:`marketsim.revalue`; or weights
        by ticker over ``returns``.
    loss
        Of the portfolio over the horizon, a fraction of its value: 0.30.
    regime
        Look in this regime alone.
    noise
        Whether market noise counts among what may go wrong; without it the model's worlds alone
        have to bring the loss.
    worlds
        How many are told, at most.
    returns
        That weights are over.
    forecast
        That paths were simulated with, else made here from the same posterior.

    Raises
    ------
    InputError
        For a loss that is none, a regime that is not among the scenarios, returns that `revalue`
        did not make, and a loss that no search arrived at, with the largest that one came to.

    Notes
    -----
    Worlds are points of standard normal numbers (`standard.StandardWorlds`); the most plausible one
    minimises half their squared distance less the log of the regime's probability, by the design
    point of reliability theory (`plausible.most_plausible`), from the middle of each regime and
    from towards its draws that lose most. A tilt of draws within a regime by a view does not count,
    its odds of regimes do.
    """
    check_number("reverse_stress loss", loss, 1e-6, 1.0, "a fraction above 0 and up to 1")
    check_number("reverse_stress worlds", worlds, 1, 100, "a whole number from 1 on")
    held = holding("reverse_stress", choice, returns)
    if not noise:
        alone = held.valuation.world_returns @ held.weights + held.earns
        held = held._replace(returned=alone)
    scenarios = held.valuation.paths.scenarios
    names = chosen(scenarios.names, None if regime is None else [regime])
    said = plain_forecast(scenarios.posterior) if forecast is None else forecast
    space = standard_worlds(held.valuation, said, noise=noise)
    places = np.array([scenarios.names.index(name) for name in names])
    places = places[held.odds[places] > 0.0]
    if not len(places):
        raise InputError("reverse_stress: the regime has no probability under the views held")
    starts, of = _starts(space, held, said, places)
    threshold = -loss - held.earns
    middle = space.shares(np.zeros((len(places), space.size)), places) @ held.weights
    lost = dict(zip(places.tolist(), (middle <= threshold).tolist(), strict=True))
    found = most_plausible(lambda y: space.slopes(y, of, held.weights), starts, threshold)
    if not found.converged.any() and not any(lost.values()):
        raise _out_of_reach(loss, held, found, noise)
    table = _by_regime(space, held, loss, found, of, lost)
    odds, sampled, error, first, drawn = (
        table[name].to_numpy(dtype=float)
        for name in ("probability", "sampled", "error", "first_order", "drawn")
    )
    return ReverseStress(
        loss=loss,
        worlds=_told(space, held, found, of, lost, int(worlds)),
        probability=float(odds @ sampled),
        error=float(np.linalg.norm(odds * error)),
        first_order=float(np.nansum(odds * first)),
        drawn=float(odds @ drawn),
        by_regime=table,
        noise=noise,
        tilted=tilted_draws(held, loss, places),
    )


def _starts(
    space: StandardWorlds, held: Holding, forecast: Forecast, places: NDArray[np.int_]
) -> tuple[FloatArray, NDArray[np.int_]]:
    """Return points at which searches begin, [start, number], and the regime of each.

    Of each regime its middle, the mean of the draws that lose most and, of few regimes, the worst.
    """
    each, paths = max(2, BATCH // len(places)), held.valuation.paths
    points = []
    for place in places:
        rows = np.flatnonzero(paths.regime == place)
        worst = rows[np.argsort(held.returned[rows], kind="stable")[:WORST]]
        drawn = points_of_draws(space, forecast, worst)
        some = np.concatenate([drawn.mean(axis=0)[None], drawn])[: each - 1]
        size = np.linalg.norm(some, axis=1, keepdims=True)
        points += [np.zeros((1, space.size)), BEGUN_AT * some / size]
    counts = [len(one) + len(other) for one, other in zip(points[::2], points[1::2], strict=True)]
    return np.concatenate(points), np.repeat(places, counts)


def _by_regime(
    space: StandardWorlds,
    held: Holding,
    loss: float,
    found: Found,
    of: NDArray[np.int_],
    lost: dict[int, bool],
) -> pd.DataFrame:
    """Return distances and probabilities, regime by regime."""
    names, rows = held.valuation.paths.scenarios.names, {}
    size = np.linalg.norm(found.point, axis=1)
    weights, draws = np.asarray(held.returns.probabilities), np.asarray(held.returns.regimes)
    whole = sum(held.odds[place] for place in lost)
    for place, already in lost.items():
        arrived = np.flatnonzero(found.converged & (of == place))
        nearest = arrived[size[arrived].argmin()] if len(arrived) else None
        distance = np.nan if nearest is None else (-1.0 if already else 1.0) * size[nearest]
        centre = np.zeros(space.size) if nearest is None or already else found.point[nearest]
        sampled, error = _sampled(space, held, loss, place, centre)
        mine = draws == names[place]
        drawn = weights[mine & (held.returned <= -loss)].sum() / held.odds[place]
        first = norm.cdf(-distance)
        rows[names[place]] = (held.odds[place] / whole, distance, first, sampled, error, drawn)
    columns = ["probability", "distance", "first_order", "sampled", "error", "drawn"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=float)
    return table.rename_axis("regime")


def _sampled(
    space: StandardWorlds, held: Holding, loss: float, place: int, centre: FloatArray
) -> tuple[float, float]:
    """Return the probability of the loss in a regime, and its standard error.

    By importance sampling about the design point (Schueller and Stix 1987).
    """
    chance = np.random.default_rng([held.valuation.paths.seed, place])
    apart = chance.standard_normal((SAMPLED, space.size))
    shares = space.shares(centre + apart, np.full(SAMPLED, place))
    # Where the market is wilder than numbers go, all of a share is lost, or made.
    shares = np.nan_to_num(shares, nan=-1.0)
    lost = shares @ held.weights + held.earns <= -loss
    counts = np.where(lost, np.exp(-apart @ centre - 0.5 * centre @ centre), 0.0)
    return float(counts.mean()), float(counts.std() / np.sqrt(SAMPLED))


def _told(
    space: StandardWorlds,
    held: Holding,
    found: Found,
    of: NDArray[np.int_],
    lost: dict[int, bool],
    most: int,
) -> tuple[StressedWorld, ...]:
    """Return distinct worlds, most plausible first."""
    middles = [(place, np.zeros(space.size)) for place, already in lost.items() if already]
    arrived = [(int(of[i]), found.point[i]) for i in np.flatnonzero(found.converged)]
    worlds = middles + [(place, point) for place, point in arrived if not lost[place]]
    ranked = sorted(worlds, key=lambda one: _implausible(held, *one))
    kept: list[tuple[int, FloatArray]] = []
    for place, point in ranked:
        if all(other != place or _cosine(point, at) < ALIKE for other, at in kept):
            kept.append((place, point))
    least = _implausible(held, *kept[0])
    return tuple(
        stressed(space, held, point, place, float(np.exp(least - _implausible(held, place, point))))
        for place, point in kept[:most]
    )


def _implausible(held: Holding, place: int, point: FloatArray) -> float:
    """Return minus the log of a world's density, but for a constant."""
    return float(0.5 * point @ point - np.log(held.odds[place]))


def _cosine(one: FloatArray, other: FloatArray) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size else 1.0


def _out_of_reach(loss: float, held: Holding, found: Found, noise: bool) -> InputError:
    most = -float(np.min(found.value) + held.earns)
    also = "" if noise else ", or let market noise count (noise=True)"
    return InputError(
        f"reverse_stress: no world was found that loses {100 * loss:.3g} %; the largest loss that "
        f"a search came to is {100 * most:.3g} %: ask for less{also}"
    )
