"""Batches of worlds at the decision date, and how they go on when something is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Final

import jax
import numpy as np
from jax import Array

from marketsim.calibration import Posterior
from marketsim.ensemble import ahead_and_left, assumptions_at, coordinates_of, histories
from marketsim.model import (
    LAYERS,
    NEWS,
    Assumptions,
    Quarter,
    Setting,
    Shocks,
    State,
    unpack,
)
from marketsim.model.tree import leaf

__all__ = [
    "AHEAD",
    "Worlds",
    "layer",
    "pinched",
    "posterior_worlds",
    "prior_worlds",
    "revenue",
    "slack",
    "together",
    "unsaturated",
]

AHEAD: Final = 20
"""Quarters that every claim looks ahead."""

BOUNDLESS: Final = 1e9
"""Share of world output at which no demand is ever saturated."""


@dataclass(frozen=True, eq=False)
class Worlds:
    """Worlds at the decision date; every array has a leading axis [draw].

    Attributes
    ----------
    name
        Where the draws come from: ``prior`` or ``posterior``.
    link
        Linked coordinates of the assumptions, [draw, entry].
    history
        Quarters of the window, [draw, quarter, ...].
    """

    name: str
    posterior: Posterior
    assumptions: Assumptions
    state: State
    link: np.ndarray
    history: Quarter

    @property
    def setting(self) -> Setting:
        """What is given rather than assumed."""
        return self.posterior.setting

    @property
    def draws(self) -> int:
        """Number of worlds."""
        return len(self.link)

    def with_(self, state: State | None = None, **assumptions: Any) -> Worlds:
        """Return worlds with another state, or with assumptions set to numbers or arrays."""
        given: dict[str, Any] = {
            name: np.broadcast_to(np.asarray(value), getattr(self.assumptions, name).shape)
            for name, value in assumptions.items()
        }
        a = replace(self.assumptions, **given)
        return replace(self, assumptions=a, state=self.state if state is None else state)

    def entry(self, name: str, place: int, change: Callable[[np.ndarray], np.ndarray]) -> Worlds:
        """Return worlds with one entry of a vector assumption changed."""
        vector = np.array(getattr(self.assumptions, name))
        vector[:, place] = change(vector[:, place])
        given: dict[str, Any] = {name: vector}
        return self.with_(**given)

    def moved(self, moves: np.ndarray) -> Worlds:
        """Return worlds whose linked coordinates are shifted by ``moves`` [entry]."""
        return replace(self, assumptions=_unpacked(self.posterior, np.asarray(self.link + moves)))

    def ahead(self, **news: np.ndarray) -> Quarter:
        """Return the quarters ahead, [draw, quarter, ...], at ``news`` of a kind.

        Each is [quarter] or [draw, quarter], in its standard deviations; their quarters are those
        that are run, :data:`AHEAD` where there are no news.
        """
        return self.states_and_quarters(**news)[1]

    def states_and_quarters(self, **news: np.ndarray) -> tuple[State, Quarter]:
        """Return the last states and the quarters ahead."""
        quarters = next((x.shape[-1] for x in news.values()), AHEAD)
        given = Shocks(**(dict.fromkeys(NEWS, np.zeros(quarters)) | news))
        size = (self.draws, quarters)
        every = np.stack([np.broadcast_to(getattr(given, kind), size) for kind in NEWS], axis=1)
        return ahead_and_left(self._vector, self.setting, self.state, every)

    @cached_property
    def _vector(self) -> np.ndarray:
        """The assumptions as a vector, [draw, entry]."""
        vector, entries = np.empty_like(self.link), self.link.shape[1]
        both = map(jax.tree.leaves, (_places(entries), self.assumptions))
        for place, values in zip(*both, strict=True):
            vector[:, place] = values
        return vector

    @cached_property
    def plain(self) -> Quarter:
        """The quarters ahead as things stand; computed once."""
        return self.ahead()


def prior_worlds(posterior: Posterior, draws: int, seed: int) -> Worlds:
    """Return draws of the priors of a calibration, with no news in their history."""
    z = np.random.default_rng(seed).standard_normal((draws, len(posterior.mode)))
    z[:, len(posterior.entries) :] = 0.0
    return _worlds("prior", posterior, z)


def posterior_worlds(posterior: Posterior, draws: int, seed: int) -> Worlds:
    """Return the mode and draws around it."""
    x = coordinates_of(np.arange(draws), posterior.mode, posterior.covariance, seed)
    x[0] = posterior.mode
    return _worlds("posterior", posterior, x)


def _worlds(name: str, posterior: Posterior, x: np.ndarray) -> Worlds:
    then = histories(x, posterior.coordinates, posterior.setting)
    link = np.asarray(then.link)
    return Worlds(name, posterior, _unpacked(posterior, link), then.state, link, then.quarters)


def _unpacked(posterior: Posterior, link: np.ndarray) -> Assumptions:
    """Return linked coordinates [draw, entry] as assumptions, [draw, ...]."""
    values = assumptions_at(link, posterior.coordinates)
    unpacked: Assumptions = jax.tree.map(lambda place: values[:, place], _places(link.shape[1]))
    return unpacked


@cache
def _places(entries: int) -> Assumptions:
    """Return where each assumption stands in a vector of as many ``entries``.

    With them NumPy packs and unpacks: JAX would compile anew for every number of draws.
    """
    places: Assumptions = jax.tree.map(np.asarray, unpack(leaf(np.arange(entries))))
    return places


def layer(quarters: Quarter, name: str, recognised: bool = False) -> Array:
    """Return spending on a layer, [draw, quarter]: as it accrues, or as revenue shows it."""
    spending = quarters.recognised if recognised else quarters.spending
    return spending[..., LAYERS.index(name)]


def revenue(quarters: Quarter, *names: str) -> np.ndarray:
    """Return what layers together show as revenue, [draw, quarter]."""
    parts = [layer(quarters, name, recognised=True) for name in names]
    return np.asarray(np.stack(parts).sum(axis=0))


def together(sets: Sequence[Worlds]) -> Worlds:
    """Return sets of worlds of one posterior as one, one set after another."""
    parts = [(one.assumptions, one.state, one.link, one.history) for one in sets]
    joined = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    return Worlds(sets[0].name, sets[0].posterior, *joined)


def unsaturated(worlds: Worlds) -> Worlds:
    """Return worlds in which no demand is ever saturated, however much is spent."""
    return worlds.with_(saturation=BOUNDLESS)


def slack(worlds: Worlds) -> Worlds:
    """Return worlds in which neither power nor manufacturing, memory nor finance binds.

    Funds are in supply: they cost the same and come in any amount, whatever is owed. Memory stays
    as dear as it is, whatever is bought.
    """
    now, plan = worlds.state, worlds.state.investment
    power = replace(now.power, energised=1e6 * now.power.energised)
    plan = replace(plan, log_manufacturing=plan.log_manufacturing + 12.0)
    state = replace(now, power=power, investment=plan)
    return worlds.with_(state, external_premium=1e-9, credit_rationing=1e-9, memory_repricing=1e-6)


def pinched(worlds: Worlds, margin: float = 0.01, growth: float = 0.01) -> Worlds:
    """Return worlds in which power binds, and chips can be made.

    Energised capacity stands ``margin`` above what the fleet draws, and equipment lets it grow by
    ``growth`` a quarter; no other source of power helps.
    """
    now, a = worlds.state, worlds.assumptions
    load = now.fleet.power.sum(axis=(1, 2)) * (1.0 + a.power_overhead)
    power = replace(
        now.power, energised=load * (1.0 + margin), log_equipment=leaf(np.log(growth * load))
    )
    plan = replace(now.investment, log_manufacturing=now.investment.log_manufacturing + 3.0)
    return worlds.with_(
        replace(now, power=power, investment=plan),
        general_capacity=1e-6,
        behind_the_meter=1e-6,
        equipment_growth=0.0,
        equipment_response=1e-6,
    )
