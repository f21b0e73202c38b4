"""From a number made of returns back to the assumptions of every world.

Worlds of all draws and regimes move together by a change of an assumption from the decision date
on, while prices stay: it is news, or a belief that the market does not share. Prices recognise of
it what they recognise of what sets regimes apart. Backwards: from returns to the log of value,
from value to what each world sold and spent, and from there through the model, world by world.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from marketsim.ensemble import YEAR, slopes_at
from marketsim.ensemble.chunks import padded
from marketsim.ensemble.reverse import Seen, slopes_by_assumption
from marketsim.model.tree import leaf
from marketsim.precision import RUN_OFTEN, RUN_SELDOM, precise
from marketsim.simulation import Ahead
from marketsim.valuation import (
    Anchor,
    Terms,
    Valuation,
    ValuationAssumptions,
    Worth,
    enterprise_value,
    equity_return,
    sales_of,
)
from marketsim.valuation.noise import Noise
from marketsim.valuation.noisy import TRIED, levels_at, noisy_return
from marketsim.valuation.returns import SPENT, log_recognised, yearly

__all__ = ["SEEN", "by_draw", "by_quarters", "by_value", "levels_of", "log_worth"]

FloatArray = NDArray[np.float64]

LINES: Final = "lines", "volumes", "inputs", "ordinary"
SEEN: Final = (*LINES, *SPENT)
"""Of a quarter: all that value hangs on."""

FELT: Final = 1e-9
"""Share of the largest derivative by a draw's values below which it counts for none."""


def by_draw(valuation: Valuation, ran: Ahead, slopes: FloatArray) -> FloatArray:
    """Return derivatives of a sum over draws by each draw's assumptions, [draw, entry].

    In linked coordinates; what a common change of assumptions does is their sum over draws.

    Parameters
    ----------
    valuation
        That made the returns.
    ran
        What its draws ran on with, from :func:`marketsim.simulation.again`.
    slopes
        Of the sum by what shares return, [draw, company]. Draws that it does not hang on are not
        run again.
    """
    posterior = valuation.paths.scenarios.posterior
    with precise("float64"):
        values = by_value(valuation, slopes)
    size = np.abs(values).max(axis=1)
    rows = np.flatnonzero(size > FELT * size.max(initial=0.0))
    found = np.zeros(ran.link.shape)
    if not len(rows):
        return found
    found[rows] = slopes_by_assumption(
        ran.values[rows],
        posterior.setting,
        jax.tree.map(lambda x: x[rows], ran.state),
        ran.news[rows],
        SEEN,
        partial(_by_quarters, valuation, values, rows),
    )
    return np.asarray(found * slopes_at(ran.link, posterior.coordinates))


def by_value(valuation: Valuation, slopes: FloatArray) -> FloatArray:
    """Return derivatives of a sum by the log of value in each world, [draw, company].

    Market noise is as drawn, and as wild as the mood of the moved world has it.
    """
    v, count = valuation, len(slopes)
    shift = np.asarray(v.shifts)[v.paths.regime]
    log_value = np.log(v.values + np.asarray(v.anchor.rest) * v.paths.draws.ordinary[:, v.columns])
    rows = np.minimum(np.arange(-(-count // TRIED) * TRIED), count - 1)
    drawn, size = v.shocks, v.noise.size[-1]
    levels = levels_of(drawn, v.noise)
    found = np.empty((len(rows), slopes.shape[1]))
    anchor = jax.tree.map(leaf, v.anchor)
    for first in range(0, len(rows), TRIED):
        few = slice(first, first + TRIED)
        at = rows[few]
        # The last draw again and again fills the last block, and counts once.
        mine = np.where((np.arange(first, first + TRIED) < count)[:, None], slopes[at], 0.0)
        worth = Worth(leaf(log_value[at]), leaf(shift[at]))
        found[few] = _back_to_value(
            v.assumed, v.terms, anchor, worth, v.horizon_years, drawn[few], size, levels, mine
        )
    return found[:count]


@partial(jax.jit, compiler_options=RUN_SELDOM)
def _back_to_value(
    assumed: ValuationAssumptions,
    terms: Terms,
    anchor: Anchor,
    worth: Worth,
    years: Array | float,
    drawn: Array,
    size: Array,
    levels: Array,
    slopes: Array,
) -> Array:
    def returned(more: Array) -> Array:
        moved = Worth(worth.log_value + more, worth.log_shift + more)
        world = equity_return(assumed, terms, anchor, moved, years)
        mood = log_recognised(anchor, moved).mean(axis=1)
        return noisy_return(world, drawn, size, mood, levels)

    _, pull = jax.vjp(returned, jnp.zeros_like(slopes))
    found: Array = pull(slopes)[0]
    return found


def _by_quarters(
    valuation: Valuation, slopes: FloatArray, rows: NDArray[np.int_], few: slice, seen: Seen
) -> Seen:
    """Return derivatives by what was ``seen`` of a ``few`` of the draws in ``rows``."""
    v, mine = valuation, rows[few]
    lives = np.exp(v.paths.deviation[v.paths.index[mine]])[:, :, v.columns]
    return _pulled(v, np.asarray(v.anchor.rest), lives, slopes[mine], seen)


def by_quarters(
    valuation: Valuation, lives: FloatArray, slopes: FloatArray, few: slice, seen: Seen
) -> Seen:
    """Return derivatives of what hangs on values by what was ``seen`` of a ``few`` worlds.

    Parameters
    ----------
    valuation
        That values them.
    lives
        Revenue over what the model has of it, [world, quarter, company].
    slopes
        By the log of each enterprise value, [world, company].
    few, seen
        As `slopes_by_assumption` asks.
    """
    none = np.zeros(slopes.shape[1])
    return _pulled(valuation, none, lives[few], slopes[few], seen)


def _pulled(
    v: Valuation,
    rest: FloatArray,
    lives: FloatArray,
    slopes: FloatArray,
    seen: Seen,
) -> Seen:
    owner = np.asarray(v.paths.scenarios.posterior.setting.lines.owner)[v.columns]
    fixed = (v.assumed, v.terms, leaf(rest), leaf(owner), dict(v.expected))
    room = len(lives)
    given = {name: padded(path) for name, path in seen.items()}
    pulled = _back_to_quarters(*fixed, padded(lives), given, padded(slopes))
    return {name: np.asarray(path)[:room] for name, path in pulled.items()}


@partial(jax.jit, compiler_options=RUN_OFTEN)
def _back_to_quarters(
    assumed: ValuationAssumptions,
    terms: Terms,
    rest: Array,
    owner: Array,
    expected: dict[str, Array],
    lives: Array,
    seen: dict[str, Array],
    slopes: Array,
) -> dict[str, Array]:
    def logs(seen: dict[str, Array]) -> Array:
        def one(path: dict[str, Array], life: Array) -> Array:
            return log_worth(assumed, terms, rest, owner, expected, path, life)

        return jax.vmap(one)(seen, lives)

    _, pull = jax.vjp(logs, seen)
    found: dict[str, Array] = pull(slopes)[0]
    return found


def log_worth(
    assumed: ValuationAssumptions,
    terms: Terms,
    rest: Array,
    owner: Array,
    expected: dict[str, Array],
    seen: dict[str, Array],
    lives: Array,
) -> Array:
    """Return the log of enterprise value in one world, with what the market pays beyond, [company].

    Parameters
    ----------
    assumed, terms, rest
        Of the valuation.
    owner
        Of lines, [company, line].
    expected
        Of the world, as forecasts of revenue have it.
    seen
        Quarters of the world, :data:`SEEN`, each [quarter, ...].
    lives
        Revenue over what the model has of it, [quarter, company].
    """
    held = {name: (seen[name] @ owner.T) * lives for name in LINES}
    ordinary = held.pop("ordinary")[-YEAR:].sum(axis=0)
    held["revenue"] = held.pop("lines")
    sums = {name: yearly(path) for name, path in held.items()}
    world = {name: yearly(seen[name][:, None])[:, 0] for name in SPENT}
    of_companies = {**sums, "ordinary": ordinary, "lives": yearly(lives)}
    sold = sales_of(of_companies, {**world, **expected})
    return jnp.log(enterprise_value(assumed, terms, sold) + rest * ordinary)


def levels_of(drawn: FloatArray, noise: Noise) -> Array:
    """Return what `noisy.noisy_return` takes off at the horizon, [node, company].

    With the level of noise, which stays as it was priced: weights of the nodes sum to one.

    Parameters
    ----------
    drawn
        Shocks of the draws, or the first of them.
    noise
        Of the valuation.
    """
    found: Array = _levels(leaf(drawn[:TRIED]), leaf(noise.size[-1])) + noise.levels[-1]
    return found


_levels = jax.jit(levels_at)
