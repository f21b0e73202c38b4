"""All worlds drawn, moved together from the decision date on while prices stay, and valued again.

What a change of assumptions does to returns, as it is: the judge of derivatives, and where one
assumption and many returns are asked for, the way to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import jax
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.ensemble import ahead, assumptions_at
from marketsim.model import State
from marketsim.model.tree import leaf
from marketsim.precision import precise
from marketsim.scenarios import direction
from marketsim.simulation import Ahead, Outcomes, again, kept, outcomes, spent_over

from .assumptions import refuse_ours
from .returns import Worth, equity_return, log_recognised
from .worlds import values, with_noise

if TYPE_CHECKING:
    from .valuation import Valuation

__all__ = ["MovedWorlds", "exposures", "lived", "outcomes_of", "seen_ahead"]

FloatArray = NDArray[np.float64]

NEAR: Final = 1e-3
"""Of a standard deviation, at which a central difference is as good as a derivative."""

BLOCK: Final = 2_000
"""Worlds that are run together, so that what is kept of them has room."""


def outcomes_of(
    valuation: Valuation, linked: FloatArray, state: State, news: FloatArray, lives: FloatArray
) -> Outcomes:
    """Return what becomes of worlds, in float64: the one way on from the decision date.

    Parameters
    ----------
    valuation
        Whose companies they have.
    linked
        Linked coordinates of assumptions from the decision date on, [world, entry].
    state
        That history left, [world, ...].
    news
        [world, kind, quarter].
    lives
        Revenue of the companies valued over the model's, [world, quarter, company]; others, and
        what owners of compute spend, are as in the calibrated world.
    """
    seen, every = seen_ahead(valuation, linked, state, news), _every(valuation, lives)
    paths = valuation.paths
    posterior = paths.scenarios.posterior
    values = assumptions_at(linked, posterior.coordinates)
    owners = np.exp(paths.owners[-1:])
    buyers = spent_over(posterior, values, state.industry.log_base, seen, every, owners)
    return outcomes(seen, every, buyers)


def seen_ahead(
    valuation: Valuation, linked: FloatArray, state: State, news: FloatArray
) -> dict[str, FloatArray]:
    """Return what is seen of worlds before companies have lives of their own; see `outcomes_of`."""
    posterior = valuation.paths.scenarios.posterior
    setting, values = posterior.setting, assumptions_at(linked, posterior.coordinates)
    seen = ahead(values, setting, state, news, partial(kept, np.asarray(setting.lines.owner)))
    return dict(seen)


def lived(valuation: Valuation, seen: dict[str, FloatArray], lives: FloatArray) -> Outcomes:
    """Return worlds of what was `seen_ahead` of them, and ``lives`` of the companies valued.

    Buyers spend what the model says: they are to be valued, which takes no more.
    """
    return outcomes({name: x.copy() for name, x in seen.items()}, _every(valuation, lives))


def _every(valuation: Valuation, lives: FloatArray) -> FloatArray:
    """Return ``lives`` of the companies valued among those of all, [world, quarter, company]."""
    every = np.repeat(valuation.paths.calibrated.lives.astype(float), len(lives), axis=0)
    every[:, :, valuation.columns] = lives
    return every


@dataclass(frozen=True, eq=False, repr=False)
class MovedWorlds:
    """The worlds of a ``valuation``, and what they ``ran`` on with; their histories are run once.

    ``still`` is the log of value where nothing moves, [draw, company].
    """

    valuation: Valuation
    ran: Ahead
    still: FloatArray

    @classmethod
    def of(cls, valuation: Valuation) -> MovedWorlds:
        """Return those of a valuation."""
        v = valuation
        beyond = np.asarray(v.anchor.rest) * v.paths.draws.ordinary[:, v.columns]
        return cls(v, again(v.paths), np.log(v.values + beyond))

    def __repr__(self) -> str:
        return f"MovedWorlds({self.valuation!r})"

    def returns(self, move: FloatArray) -> FloatArray:
        """Return what shares return where all worlds move, noise as drawn, [draw, company].

        Prices recognise of the move what they recognise of what sets regimes apart.

        Parameters
        ----------
        move
            Of assumptions from the decision date on, in linked coordinates, [entry].
        """
        v, log = self.valuation, self.log_value(move)
        with precise("float64"):
            anchor = jax.tree.map(leaf, v.anchor)
            shift = v.shifts[v.paths.regime] + log - self.still
            worth = Worth(leaf(log), leaf(shift))
            world = np.asarray(equity_return(v.assumed, v.terms, anchor, worth, v.horizon_years))
            mood = np.asarray(log_recognised(anchor, worth).mean(axis=1))
            (found,) = with_noise(world[None], v.noise, mood, v.paths.seed)
        return np.asarray(found)

    def log_value(self, move: FloatArray) -> FloatArray:
        """Return the log of enterprise value, with what the market pays beyond, in moved worlds.

        Parameters
        ----------
        move
            As for :meth:`returns`.

        Returns
        -------
        numpy.ndarray
            [draw, company].
        """
        starts = range(0, len(self.still), BLOCK)
        return np.concatenate([self._some(move, slice(i, i + BLOCK)) for i in starts])

    def _some(self, move: FloatArray, few: slice) -> FloatArray:
        v, ran = self.valuation, self.ran
        paths = v.paths
        worlds = outcomes_of(
            v,
            ran.link[few] + move,
            jax.tree.map(lambda x: x[few], ran.state),
            ran.news[few],
            np.exp(paths.deviation[paths.index[few]][:, :, v.columns]),
        )
        worth = values(v.assumed, v.terms, worlds, v.columns, v.expected)
        return np.asarray(np.log(worth + np.asarray(v.anchor.rest) * worlds.ordinary[:, v.columns]))


def exposures(valuation: Valuation, assumption: str, probabilities: FloatArray) -> pd.Series[float]:
    """Return what a posterior standard deviation of an assumption adds to expected returns.

    To first order, in all worlds drawn from the decision date on while prices stay; market noise is
    as drawn.

    Parameters
    ----------
    valuation
        That made the returns.
    assumption
        Its name, ``hurdle_rate``, or that of all of its kind, ``elasticity``: each then moves by a
        standard deviation of its own.
    probabilities
        Of draws, [draw].

    Raises
    ------
    InputError
        For a name that is none, or that of an assumption about the past or of valuation.

    Notes
    -----
    One central difference gives those of all companies at once, by two runs of the worlds; the
    derivatives by draw are kept with the valuation, so that asking again costs nothing.
    """
    known = _SLOPES.setdefault(valuation, {})
    if assumption not in known:
        refuse_ours([assumption])
        step = NEAR * direction(valuation.paths.scenarios.posterior, assumption)
        worlds = MovedWorlds.of(valuation)
        known[assumption] = (worlds.returns(step) - worlds.returns(-step)) / (2.0 * NEAR)
    found = np.asarray(probabilities) @ known[assumption]
    return pd.Series(found, index=valuation.economics.index, name=assumption)


_SLOPES: WeakKeyDictionary[Valuation, dict[str, FloatArray]] = WeakKeyDictionary()
"""Derivatives of returns by what was asked for, [draw, company]."""
