"""Batches of worlds at the decision date, and how they go on when something is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.calibration import Past, Posterior, past
from marketsim.model import LAYERS, Assumptions, Quarter, Setting, Shocks, State, run, unpack
from marketsim.model.priors import transform
from marketsim.model.tree import leaf
from marketsim.precision import RUN_SELDOM

__all__ = ["AHEAD", "Worlds", "layer", "pinched", "posterior_worlds", "prior_worlds", "slack"]

T = TypeVar("T")

AHEAD: Final = 20
"""Quarters that every claim looks ahead."""


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

    def ahead(self, demand: np.ndarray | None = None) -> Quarter:
        """Return the quarters ahead, [draw, quarter, ...]; ``demand`` is news of it [quarter]."""
        return self.states_and_quarters(demand)[1]

    def states_and_quarters(self, demand: np.ndarray | None = None) -> tuple[State, Quarter]:
        """Return the last states and the quarters ahead."""
        none = np.zeros(AHEAD)
        news = Shocks(leaf(none), leaf(none if demand is None else demand))
        found: tuple[State, Quarter] = _ahead(self.assumptions, self.setting, self.state, news)
        return _numpy(found)

    @cached_property
    def plain(self) -> Quarter:
        """The quarters ahead as things stand; computed once."""
        return self.ahead()


@jax.jit(compiler_options=RUN_SELDOM)
def _ahead(a: Assumptions, setting: Setting, state: State, news: Shocks) -> tuple[State, Quarter]:
    found: tuple[State, Quarter] = jax.vmap(run, in_axes=(0, None, 0, None))(
        a, setting, state, news
    )
    return found


@jax.jit(compiler_options=RUN_SELDOM)
def _pasts(x: Array, posterior: tuple[Any, Setting]) -> Past:
    coordinates, setting = posterior
    found: Past = jax.vmap(past, in_axes=(0, None, None))(x, coordinates, setting)
    return found


def prior_worlds(posterior: Posterior, draws: int, seed: int) -> Worlds:
    """Return draws of the priors of a calibration, with no news in their history."""
    z = np.random.default_rng(seed).standard_normal((draws, len(posterior.mode)))
    z[:, len(posterior.entries) :] = 0.0
    return _worlds("prior", posterior, z)


def posterior_worlds(posterior: Posterior, draws: int, seed: int) -> Worlds:
    """Return the mode and draws around it."""
    z = np.random.default_rng(seed).standard_normal((draws, len(posterior.mode)))
    z[0] = 0.0
    factor = np.linalg.cholesky(posterior.covariance)
    return _worlds("posterior", posterior, posterior.mode + z @ factor.T)


def _worlds(name: str, posterior: Posterior, x: np.ndarray) -> Worlds:
    then = _numpy(_pasts(leaf(x), (posterior.coordinates, posterior.setting)))
    link = np.asarray(then.link)
    a = _unpacked(posterior, link)
    return Worlds(name, posterior, a, then.state, link, then.quarters)


def _unpacked(posterior: Posterior, link: np.ndarray) -> Assumptions:
    """Return linked coordinates [draw, entry] as assumptions, [draw, ...]."""
    c = posterior.coordinates
    values = transform(jnp.asarray(c.kind), jnp.asarray(link))
    return _numpy(jax.vmap(unpack)(values))


def _numpy(tree: T) -> T:
    """Return ``tree`` with NumPy's arrays: what is measured of it need not be compiled."""
    plain: T = jax.tree.map(np.asarray, tree)
    return plain


def layer(quarters: Quarter, name: str, recognised: bool = False) -> Array:
    """Return spending on a layer, [draw, quarter]: as it accrues, or as revenue shows it."""
    spending = quarters.recognised if recognised else quarters.spending
    return spending[..., LAYERS.index(name)]


def slack(worlds: Worlds) -> Worlds:
    """Return worlds in which neither power nor manufacturing nor finance binds."""
    now, plan = worlds.state, worlds.state.investment
    power = replace(now.power, energised=1e6 * now.power.energised)
    plan = replace(
        plan,
        log_manufacturing=plan.log_manufacturing + 12.0,
        log_cash_flow=plan.log_cash_flow + 12.0,
    )
    return worlds.with_(replace(now, power=power, investment=plan))


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
