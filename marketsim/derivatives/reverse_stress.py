"""Reverse stress test: the most plausible world in which a portfolio loses so much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.allocation import Allocation
from marketsim.checks import check_flag, check_number, check_whole
from marketsim.errors import InputError, handed
from marketsim.forecasting import Forecast
from marketsim.forecasting.projection import plain_forecast
from marketsim.returns import ReturnScenarios
from marketsim.scenarios import chosen

from .holding import Holding, Weights, holding
from .loss_odds import SAMPLED, loss_by_regime
from .plausible import Found, most_plausible
from .standard import BATCH, StandardWorlds, points_of_draws, standard_worlds
from .story import story_of, told
from .stressed import StressedWorld, stressed
from .tilted import TiltedDraws, tilted_draws

__all__ = ["ReverseStress", "reverse_stress"]

FloatArray = NDArray[np.float64]

ENOUGH: Final = 50
"""Draws that lose as much, above which their share is nearer to the truth than what is sampled
about single worlds, which miss those far from them."""

WORST: Final = 20
"""Draws of a regime that lose most, whose middle is where a search begins."""

BEGUN_AT: Final = 2.0
"""Standard deviations out at which searches towards losing draws begin."""

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
    drawn_error, losing
        Its standard error, and how many draws they are.
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
    drawn_error: float = float("nan")
    losing: int = 0

    @property
    def counted(self) -> bool:
        """Whether so many draws lose as much that their share says best how likely it is."""
        return self.losing > ENOUGH

    def __str__(self) -> str:
        return story_of(self)

    def __repr__(self) -> str:
        first = self.worlds[0]
        return (
            f"ReverseStress(loss {self.loss:g}: {first.regime}, {first.distance:.2f} standard "
            f"deviations out; {len(self.worlds)} worlds, probability {self.probability:.3g})"
        )

    def table(self) -> pd.DataFrame:
        """Return the rows of every world, ``world`` after world from 1 on, with its ``regime``."""
        each = enumerate(self.worlds, start=1)
        rows = [one.table().assign(world=place, regime=one.regime) for place, one in each]
        found = pd.concat(rows, ignore_index=True)
        return found[["world", "regime", *found.columns[:-2]]]

    def odds(self) -> pd.DataFrame:
        """Return ``by_regime``, and what probabilities are ``tilted`` to, as rows."""
        rows = self.by_regime.assign(
            tilted=np.nan if self.tilted is None else self.tilted.regimes["tilted"]
        )
        return rows.reset_index()

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
    sampled: int = SAMPLED,
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
    sampled
        Worlds about each regime's design point with which the probability there is measured.
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
    check_flag("reverse_stress noise", noise)
    check_whole("reverse_stress worlds", worlds, 1)
    check_whole("reverse_stress sampled", sampled, 2)
    held = holding("reverse_stress", choice, returns)
    if forecast is not None:
        handed("reverse_stress: forecast", forecast, Forecast, "ms.forecast(posterior)")
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
    found = most_plausible(
        lambda y: space.slopes(y, of, held.weights), starts, threshold, groups=of
    )
    if not found.converged.any() and not any(lost.values()):
        raise _out_of_reach(loss, held, found, noise)
    table = loss_by_regime(space, held, loss, found, of, lost, int(sampled))
    odds, likely, error, first, drawn = (
        table[name].to_numpy(dtype=float)
        for name in ("probability", "sampled", "error", "first_order", "drawn")
    )
    return ReverseStress(
        loss=loss,
        worlds=_told(space, held, found, of, lost, int(worlds)),
        probability=float(odds @ likely),
        error=float(np.linalg.norm(odds * error)),
        first_order=float(np.nansum(odds * first)),
        drawn=float(odds @ drawn),
        by_regime=table,
        noise=noise,
        tilted=tilted_draws(held, loss, places),
        drawn_error=_error_of_share(held, loss, places, drawn),
        losing=int((_of(held, places) & (held.returned <= -loss)).sum()),
    )


def _of(held: Holding, places: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Return which draws are of some regimes, [draw]."""
    names = held.valuation.paths.scenarios.names
    return np.isin(held.returns.regimes, [names[place] for place in places])


def _error_of_share(
    held: Holding, loss: float, places: NDArray[np.int_], shares: FloatArray
) -> float:
    """Return the standard error of the share of draws that lose so much, drawn regime by regime."""
    names, mine = held.valuation.paths.scenarios.names, _of(held, places)
    mean = np.zeros(len(mine))
    for place, share in zip(places, shares, strict=True):
        mean[held.returns.regimes == names[place]] = share
    weights = held.returns.probabilities[mine] / held.returns.probabilities[mine].sum()
    missed = (held.returned <= -loss)[mine] - mean[mine]
    return float(np.linalg.norm(weights * missed))


def _starts(
    space: StandardWorlds, held: Holding, forecast: Forecast, places: NDArray[np.int_]
) -> tuple[FloatArray, NDArray[np.int_]]:
    """Return points at which searches begin, [start, number], and the regime of each.

    Of each regime its middle, the mean of the draws that lose most and, of few regimes, the worst.
    """
    each, paths = max(2, BATCH // len(places)), held.valuation.paths
    order = np.argsort(held.returned, kind="stable")
    worst = [order[paths.regime[order] == place][:WORST] for place in places]
    drawn = points_of_draws(space, forecast, np.concatenate(worst))
    points, counts = [], []
    for own in np.split(drawn, np.cumsum([len(rows) for rows in worst])[:-1]):
        some = np.concatenate([own.mean(axis=0)[None], own])[: each - 1]
        size = np.linalg.norm(some, axis=1, keepdims=True)
        points += [np.zeros((1, space.size)), BEGUN_AT * some / size]
        counts.append(1 + len(some))
    return np.concatenate(points), np.repeat(places, counts)


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
    few = kept[:most]
    far = np.array([_implausible(held, *one) for one in few])
    at = np.array([place for place, _ in few])
    return stressed(space, held, np.stack([y for _, y in few]), at, np.exp(far[0] - far))


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
