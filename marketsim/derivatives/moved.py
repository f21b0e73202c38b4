"""What a straight way from one regime to another does to companies, world by world and all along.

Draws of one number are the same past and the same news in both regimes, and so at every point
between them. Each point runs them on, and beside them the calibrated world, whose value tells what
of a world's the market takes for its regime's.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from marketsim.ensemble import YEAR, assumptions_at, slopes_at
from marketsim.ensemble.chunks import padded
from marketsim.ensemble.forward import moved_ahead
from marketsim.ensemble.reverse import Seen
from marketsim.model import State
from marketsim.model.tree import leaf
from marketsim.precision import RUN_OFTEN, RUN_SELDOM, precise
from marketsim.simulation import again
from marketsim.valuation import Anchor, Terms, Valuation, ValuationAssumptions, Worth, equity_return

from . import central
from .chain import SEEN, log_worth

__all__ = ["Moving"]

FloatArray = NDArray[np.float64]

REVENUE: Final = "lines"


class Moving:
    """Worlds that can be moved along a straight way, and what companies do in them.

    Parameters
    ----------
    valuation
        That made the returns.
    numbers
        Of draws, [world].
    """

    def __init__(self, valuation: Valuation, numbers: NDArray[np.int_]) -> None:
        v, paths = valuation, valuation.paths
        posterior, quarters = paths.scenarios.posterior, len(paths.quarter_ends)
        self.valuation = v
        ran = again(paths, numbers, np.zeros((len(numbers), len(posterior.entries))))
        with precise("float64"):
            last = central.handover(posterior)
        calm = np.pad(np.asarray(last.coming), ((0, 0), (0, quarters)))[:, :quarters]
        self.link = np.concatenate([ran.link, np.asarray(last.link)[None]])
        self.state: State = jax.tree.map(
            lambda x, y: np.concatenate([x, np.asarray(y)[None]]), ran.state, last.state
        )
        self.news = np.concatenate([ran.news, calm[None]])
        own = np.exp(paths.deviation[numbers])[:, :, v.columns]
        calibrated = paths.calibrated.lives[:, :, v.columns].astype(float)
        self.lives = np.concatenate([own, calibrated])
        self.owner = np.asarray(posterior.setting.lines.owner)[v.columns]

    def along(
        self, start: FloatArray, changes: FloatArray, share: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return what companies do at a share of the way, and what each change adds to it.

        Parameters
        ----------
        start, changes
            Of linked coordinates: where the way begins [entry], and what it is the sum of, [cause,
            entry].
        share
            From 0 to 1.

        Returns
        -------
        array [output, company], array [output, company, cause]
            Expected return before market noise, the log of mean enterprise value, and of mean
            revenue in the next and in the last simulated year.
        """
        posterior = self.valuation.paths.scenarios.posterior
        link = self.link + start + share * changes.sum(axis=0)
        values = assumptions_at(link, posterior.coordinates)
        slopes = slopes_at(link, posterior.coordinates)
        worlds, causes = len(link), len(changes)
        tiled = partial(np.tile, reps=causes)
        every = np.tile(np.arange(worlds), causes)
        change = slopes[every] * np.repeat(changes, worlds, axis=0)
        found = moved_ahead(
            values[every],
            change,
            posterior.setting,
            jax.tree.map(lambda x: x[every], self.state),
            self.news[every],
            SEEN,
            partial(self._logs, tiled(np.arange(worlds))),
        )
        # By cause and world: logs and their derivatives, of each quantity and company.
        split = found.reshape(causes, worlds, *found.shape[1:])
        return self._outcome(split[0, :, 0], split[:, :, 1])

    def _logs(self, world: NDArray[np.int_], few: slice, seen: Seen, moved: Seen) -> FloatArray:
        """Return logs of value and revenue and their derivatives, [row, 2, quantity, company]."""
        v = self.valuation
        fixed = (v.assumed, v.terms, leaf(np.asarray(v.anchor.rest)), leaf(self.owner))
        lives = self.lives[world[few]]
        both = ({name: padded(path) for name, path in one.items()} for one in (seen, moved))
        found = _logs_along(*fixed, dict(v.expected), *both, padded(lives))
        return np.asarray(found)[: len(lives)]

    def _outcome(self, logs: FloatArray, moved: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return outcomes [output, company] and derivatives of logs [world, quantity, company]."""
        v = self.valuation
        anchor = jax.tree.map(leaf, v.anchor)
        with precise("float64"):
            fixed = (v.assumed, v.terms, anchor, jnp.asarray(v.horizon_years), self.calibrated)
            value, by_cause = _outcomes_along(*fixed, leaf(logs), leaf(moved))
            return np.asarray(value), np.moveaxis(np.asarray(by_cause), 0, -1)

    @property
    def calibrated(self) -> Array:
        """Log of value in the calibrated world, with what the market pays beyond, [company]."""
        v = self.valuation
        ordinary = v.paths.centres.ordinary[0, v.columns].astype(float)
        value = np.log(v.central_values[0] + np.asarray(v.anchor.rest) * ordinary)
        return leaf(np.asarray(value - v.shifts[0]))


@partial(jax.jit, compiler_options=RUN_OFTEN)
def _logs_along(
    assumed: ValuationAssumptions,
    terms: Terms,
    rest: Array,
    owner: Array,
    expected: dict[str, Array],
    seen: dict[str, Array],
    moved: dict[str, Array],
    lives: Array,
) -> Array:
    """Return logs of value and of revenue in two years, and derivatives [world, 2, 3, company]."""

    def logs(seen: dict[str, Array]) -> Array:
        def one(path: dict[str, Array], life: Array) -> Array:
            worth = log_worth(assumed, terms, rest, owner, expected, path, life)
            revenue = (path[REVENUE] @ owner.T) * life
            near, far = revenue[:YEAR].sum(axis=0), revenue[-YEAR:].sum(axis=0)
            return jnp.stack([worth, jnp.log(near), jnp.log(far)])

        return jax.vmap(one)(seen, lives)

    return jnp.stack(jax.jvp(logs, (seen,), (moved,)), axis=1)


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _outcomes_along(
    assumed: ValuationAssumptions,
    terms: Terms,
    anchor: Anchor,
    years: Array,
    calibrated: Array,
    logs: Array,
    moved: Array,
) -> tuple[Array, Array]:
    """Return outcomes [output, company], and along every cause, [cause, output, company].

    Of ``logs`` [world, quantity, company], the last of which is the calibrated world moved, and
    what causes do to them, ``moved`` [cause, ...].
    """

    def outcome(logs: Array) -> Array:
        drawn, shift = logs[:-1], logs[-1, 0] - calibrated
        worth = Worth(drawn[:, 0], jnp.broadcast_to(shift, drawn[:, 0].shape))
        returned = equity_return(assumed, terms, anchor, worth, years).mean(axis=0)
        means = jax.nn.logsumexp(drawn, axis=0) - jnp.log(len(drawn))
        return jnp.concatenate([returned[None], means])

    value, along = jax.linearize(outcome, logs)
    return value, jax.vmap(along)(moved)
