"""A portfolio's return as a function of standard normal numbers: all that sets worlds apart.

The numbers are those that worlds are drawn with: assumptions and shocks of history and of the
coming year by their posterior, news of later quarters, companies' own revenue, and market noise. So
the square of their distance from zero is what a world is out of the ordinary, and twice the log of
how much less plausible it is than the middle of its regime.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from marketsim.ensemble import CHUNK, COMING, assumptions_at, coordinates_of, slopes_at
from marketsim.ensemble.batches import YEAR
from marketsim.ensemble.chunks import worlds_first, worlds_last
from marketsim.ensemble.draws import news_of
from marketsim.ensemble.reverse import Recorded, begin, begun_back, record
from marketsim.forecasting import Forecast
from marketsim.model import NEWS
from marketsim.precision import precise
from marketsim.simulation.lives import chance_of_lives
from marketsim.valuation import Valuation
from marketsim.valuation.shocks import chance

from .chain import SEEN
from .own_lives import OwnLives, heard_ahead, own_lives
from .priced import Chances, Pricing, Sold, pricing, returns_in, returns_in_with_slopes

__all__ = ["BATCH", "Ran", "StandardWorlds", "points_of_draws", "standard_worlds"]

FloatArray = NDArray[np.float64]

BATCH: Final = 16
"""Points whose derivatives are taken together; batches are padded to it."""


class Ran(NamedTuple):
    """Worlds that ran.

    Linked coordinates of history's assumptions, ``link`` [point, entry], and what companies sell
    over the model's in logs, ``lives`` [point, quarter, company]; history and future as recorded.
    """

    link: FloatArray
    lives: FloatArray
    past: Recorded
    future: Recorded


@dataclass(frozen=True, eq=False)
class StandardWorlds:
    """The function, for one valuation.

    Attributes
    ----------
    valuation
        Whose worlds they are.
    factor
        Of the posterior's covariance, lower triangular, [unknown, unknown].
    own
        What companies sell by themselves.
    noise
        Whether the market's is among the numbers.
    pricing
        How worlds are priced.
    """

    valuation: Valuation
    factor: FloatArray
    own: OwnLives
    noise: bool
    pricing: Pricing

    @cached_property
    def blocks(self) -> dict[str, slice]:
        """Where in a point each kind of numbers stands, by name."""
        companies, later = len(self.valuation.columns), len(self.own.by_world) - len(self.factor)
        sizes = {
            "posterior": len(self.factor),
            "later": later,
            "own": len(self.own.by_chance),
            "noise": companies if self.noise else 0,
            "wild": 1 if self.noise else 0,
        }
        ends = np.cumsum(list(sizes.values()))
        return {
            name: slice(int(end - size), int(end))
            for (name, size), end in zip(sizes.items(), ends, strict=True)
        }

    @property
    def size(self) -> int:
        """How many numbers a point has."""
        return int(self.blocks["wild"].stop)

    def run(self, points: FloatArray, regime: NDArray[np.int_]) -> Ran:
        """Run worlds through history and on from it, in float64, which is to be on.

        Parameters
        ----------
        points
            Standard normal numbers, [point, number].
        regime
            Of each point, by its position.
        """
        scenarios = self.valuation.paths.scenarios
        posterior, entries = scenarios.posterior, len(scenarios.posterior.entries)
        setting = jax.tree.map(jnp.asarray, posterior.setting)
        at = self.blocks
        x = posterior.mode + points[:, at["posterior"]] @ self.factor.T
        c = posterior.coordinates
        link = np.asarray(c.centre) + np.asarray(c.scale) * x[:, :entries]
        before = assumptions_at(link, c)
        after = assumptions_at(link + scenarios.moves[regime], c)
        shocks = x[:, entries:].reshape(len(x), len(NEWS), -1)
        later = points[:, at["later"]].reshape(len(x), len(NEWS), -1)
        news = np.concatenate([shocks[:, :, -COMING:], later], axis=2)[:, :, : self._quarters]
        news = np.pad(news, ((0, 0), (0, 0), (0, -self._quarters % YEAR)))
        values = _last(before)
        past = record(values, setting, begin(values, setting), _last(shocks[:, :, :-COMING]), SEEN)
        future = record(_last(after), setting, past.state, _last(news), SEEN)
        world = points[:, : at["own"].start]
        lives = self.own.at(world, points[:, at["own"]])
        return Ran(link, lives, past, future)

    def shares(self, points: FloatArray, regime: NDArray[np.int_]) -> FloatArray:
        """Return what shares return, [point, company]; any number of points."""
        found = []
        size = CHUNK if len(points) > BATCH else BATCH
        with precise("float64"):
            for few in np.array_split(np.arange(len(points)), -(-len(points) // CHUNK)):
                rows = few[np.minimum(np.arange(size), len(few) - 1)]
                ran = self.run(points[rows], regime[rows])
                shift = jnp.asarray(self.valuation.shifts[regime[rows]])
                given = (self._sold(ran), self._chances(points[rows]), shift)
                found.append(np.asarray(returns_in(self.pricing, *given))[: len(few)])
        return np.concatenate(found)

    def slopes(
        self, points: FloatArray, regime: NDArray[np.int_], weights: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return what weights [company] return, [point], and its derivatives [point, number]."""
        starts = range(0, len(points), BATCH)
        with precise("float64"):
            parts = [
                self._slopes(points[a : a + BATCH], regime[a : a + BATCH], weights) for a in starts
            ]
        value, slope = (np.concatenate(same) for same in zip(*parts, strict=True))
        return value, slope

    def _slopes(
        self, points: FloatArray, regime: NDArray[np.int_], weights: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        count = len(points)
        rows = np.minimum(np.arange(BATCH), count - 1)
        points, regime = points[rows], regime[rows]
        ran, at = self.run(points, regime), self.blocks
        shift = jnp.asarray(self.valuation.shifts[regime])
        given = (self._sold(ran), self._chances(points), shift, jnp.asarray(weights))
        shares, by_sold, by_chance = returns_in_with_slopes(self.pricing, *given)
        found = np.zeros_like(points)
        found[:, at["posterior"]], found[:, at["later"]] = self._back(ran, by_sold, regime)
        by_world, found[:, at["own"]] = self.own.back(np.asarray(by_sold.lives))
        found[:, : at["own"].start] += by_world
        if by_chance is not None:
            found[:, at["noise"]] = np.asarray(by_chance.noise)
            found[:, at["wild"]] = np.asarray(by_chance.wild)[:, None]
        return (np.asarray(shares) @ weights)[:count], found[:count]

    def _back(
        self, ran: Ran, by_sold: Sold, regime: NDArray[np.int_]
    ) -> tuple[FloatArray, FloatArray]:
        """Pull derivatives by what was sold back to the posterior's numbers and to later news."""
        scenarios = self.valuation.paths.scenarios
        c, count = scenarios.posterior.coordinates, len(ran.link)
        quarters = len(self.valuation.paths.quarter_ends)
        seen = {name: np.asarray(x) for name, x in by_sold.seen.items()}
        by_after, by_news, by_state = ran.future.back(seen)
        by_before, by_shocks, by_start = ran.past.back({}, by_state)
        by_before = by_before + begun_back(ran.past.values, ran.past.setting, by_start)
        before, after = (slopes_at(x, c) for x in (ran.link, ran.link + scenarios.moves[regime]))
        by_link = before * worlds_first(by_before) + after * worlds_first(by_after)
        ahead = worlds_first(by_news)[:, :, :quarters]
        shocks = np.concatenate([worlds_first(by_shocks), ahead[:, :, :COMING]], axis=2)
        by_x = np.concatenate([by_link * np.asarray(c.scale), shocks.reshape(count, -1)], axis=1)
        later = np.zeros((count, len(NEWS), heard_ahead(quarters) - COMING))
        later[:, :, : quarters - COMING] = ahead[:, :, COMING:]
        return by_x @ self.factor, later.reshape(count, -1)

    def _sold(self, ran: Ran) -> Sold:
        seen = {name: jnp.asarray(x[:, : self._quarters]) for name, x in ran.future.seen.items()}
        return Sold(seen, jnp.asarray(ran.lives))

    def _chances(self, points: FloatArray) -> Chances | None:
        if not self.noise:
            return None
        noise, wild = (points[:, self.blocks[name]] for name in ("noise", "wild"))
        return Chances(jnp.asarray(noise), jnp.asarray(wild[:, 0]))

    @property
    def _quarters(self) -> int:
        return len(self.valuation.paths.quarter_ends)


def standard_worlds(
    valuation: Valuation, forecast: Forecast, *, noise: bool = True
) -> StandardWorlds:
    """Return the function of a valuation.

    Parameters
    ----------
    valuation
        That made returns.
    forecast
        Of the posterior, with or without regimes: companies' own revenue is that of it.
    noise
        Whether the market's noise is among the numbers.
    """
    posterior, quarters = valuation.paths.scenarios.posterior, len(valuation.paths.quarter_ends)
    factor = np.linalg.cholesky(posterior.covariance)
    own = own_lives(posterior, forecast, factor, quarters, valuation.columns)
    with precise("float64"):
        return StandardWorlds(valuation, factor, own, noise, pricing(valuation))


def points_of_draws(
    worlds: StandardWorlds, forecast: Forecast, rows: NDArray[np.int_]
) -> FloatArray:
    """Return the numbers that draws were made of, [draw, number].

    The mixing variable is put on the normal scale by its own distribution.
    """
    v = worlds.valuation
    paths, posterior = v.paths, v.paths.scenarios.posterior
    index, quarters = paths.index[rows], len(paths.quarter_ends)
    x = coordinates_of(index, posterior.mode, posterior.covariance, paths.seed)
    z = np.linalg.solve(worlds.factor, (x - posterior.mode).T).T
    coming = np.zeros((len(rows), len(NEWS), COMING))
    later = news_of(coming, index, heard_ahead(quarters), paths.seed)[:, :, COMING:]
    own = chance_of_lives(posterior, forecast, index, quarters, paths.seed)
    parts = [z, later, *own]
    if worlds.noise:
        dof = v.noise.dof
        drawn = chance(int(rows.max()) + 1, 1, len(v.columns), dof, paths.seed)
        square = (dof - 2.0) / np.concatenate(list(np.asarray(drawn.mixing)))[rows, 0] ** 2
        parts += [
            np.concatenate(list(np.asarray(drawn.end)))[rows],
            norm.ppf(chi2.cdf(square, dof)),
        ]
    return np.concatenate([part.reshape(len(rows), -1) for part in parts], axis=1)


def _last(x: FloatArray) -> Array:
    return jnp.asarray(worlds_last(x))
