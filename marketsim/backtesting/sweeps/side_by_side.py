"""Many variants of a policy walked at once, in JAX: decisions, trades and wealth.

The account is that of `walk`, over the rows where something is traded alone; wealth on the rows
between follows from what was held.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from marketsim.backtesting.deciding import ROUNDING, TOLERANCE
from marketsim.backtesting.market import Market
from marketsim.backtesting.sweeps.policy import Policy, Weigh, moves_of, reads
from marketsim.precision import RUN_OFTEN, precise

__all__ = ["Walked", "side_by_side"]

Array = npt.NDArray[np.float64]

STEPS: Final = 8
"""Newton steps to the wealth left after a trade: its cost is a line with a kink for each ticker."""

DATES: Final = 64
"""Decisions that are made at a time."""

VARIANTS: Final = 16
"""Variants that are walked at a time: what bounds the memory."""

FAULTS: Final[dict[str, Callable[[jax.Array, jax.Array], jax.Array]]] = {
    "are not finite numbers": lambda w, able: ~jnp.isfinite(w).all(),
    "are below zero": lambda w, able: (w < -ROUNDING).any(),
    "sum to more than one": lambda w, able: w.sum() > 1.0 + TOLERANCE,
    "are on what cannot be bought": lambda w, able: jnp.where(able, 0.0, jnp.abs(w)).any(),
}


class Walked(NamedTuple):
    """What all variants came to.

    Attributes
    ----------
    returns : array [variant, row]
    turnover : array [variant]
        Half of what was traded, as fractions of wealth, the first purchase left out.
    paid : array [variant]
        Costs, as fractions of wealth, summed over all trades.
    faults : mapping of str to int array [variant]
        What is wrong with weights, and the first row where it is; -1 where it never is.
    """

    returns: Array
    turnover: Array
    paid: Array
    faults: dict[str, npt.NDArray[np.int_]]


class _Stops(NamedTuple):
    """Rows where something may be traded, [stop, ...], after a first one that is before the walk.

    ``window`` is the first row of the moves that are seen, ``growth`` and ``interest`` what was
    gained since the stop before, ``gone`` what has no price any more.
    """

    window: Any
    able: Any
    gone: Any
    decided: Any
    growth: Any
    interest: Any


class _Days(NamedTuple):
    """The stop before each row, and what prices and cash gained since it, [row, ...]."""

    stop: Any
    growth: Any
    interest: Any


def side_by_side(
    policy: Policy,
    settings: dict[str, Array],
    market: Market,
    decisions: npt.NDArray[np.bool_],
    linear: Array,
    interest: Array,
) -> Walked:
    """Walk all variants of a policy.

    Parameters
    ----------
    policy
    settings
        Values [variant] of each setting.
    market
    decisions : bool array [row]
    linear : array [variant, ticker]
        Costs as a fraction of the traded value.
    interest : array [row]
        What a unit of cash earns from the row before.
    """
    stops, days, rows = _prepared(policy, market, decisions, interest)
    closes = market.closes[list(market.universe)].to_numpy(float)
    moves = moves_of(closes, policy.window)
    with precise("float64"):
        policy.require_traceable((policy.window, moves.shape[1]))
        run = _program(policy.weigh, policy.window, reads(policy.weigh))
        found = run(moves, stops, days, settings, linear)
    wealth, traded, paid, faults = (jax.tree.map(np.asarray, part) for part in found)
    returns = wealth / np.c_[np.ones(len(wealth)), wealth[:, :-1]] - 1.0
    # A row that was traded on first is the first purchase.
    bought = np.where(traded > 0.0, 1, 0).cumsum(axis=1) <= 1
    turnover = 0.5 * np.where(bought, 0.0, traded).sum(axis=1)
    first = {
        says: np.where(wrong.any(axis=1), rows[wrong.argmax(axis=1)], -1)
        for says, wrong in faults.items()
    }
    return Walked(returns, turnover, paid.sum(axis=1), first)


def _prepared(
    policy: Policy, market: Market, decisions: npt.NDArray[np.bool_], interest: Array
) -> tuple[_Stops, _Days, npt.NDArray[np.int_]]:
    """Return what happens at stops and between, and the row of each stop."""
    priced = np.isfinite(market.prices)
    decided = decisions & priced.any(axis=1)
    rows = np.flatnonzero(decided | market.ending)
    size = len(market.rows)
    stop = np.searchsorted(rows, np.arange(size), side="right")  # 0 is before the first
    # Within a stretch growth is counted from the stop it begins with, at which it is 1.
    since, cash = np.ones_like(market.growth), np.ones(size)
    for first, last in zip([0, *(rows + 1)], [*rows, size], strict=True):
        since[first:last] = market.growth[first:last].cumprod(axis=0)
        cash[first:last] = (1.0 + interest[first:last]).cumprod()
    reached = np.maximum(rows - 1, 0)
    grown = np.where((rows > 0)[:, None], since[reached], 1.0) * market.growth[rows]
    earned = np.where(rows > 0, cash[reached], 1.0) * (1.0 + interest[rows])
    before = len(market.closes) - size
    # Moves have as many rows of NaN before them as a window has: it ends with the row itself.
    window = rows + before + 1
    stops = _Stops(window, priced[rows], ~priced[rows], decided[rows], grown, earned)
    return stops, _Days(stop, since, cash), rows


@cache
def _program(weigh: Weigh, window: int, read: tuple[object, ...]) -> Any:
    """Return the compiled walk of many variants."""

    def weights(moves: jax.Array, stops: _Stops, settings: dict[str, jax.Array]) -> jax.Array:
        def one(stop: tuple[jax.Array, jax.Array]) -> jax.Array:
            first, able = stop
            seen = jax.lax.dynamic_slice_in_dim(moves, first, window)
            return weigh(seen, able, **settings)

        found: jax.Array = jax.lax.map(one, (stops.window, stops.able), batch_size=DATES)
        return found

    def variant(moves: jax.Array, stops: _Stops, days: _Days, given: Any) -> Any:
        settings, linear = given
        wanted = weights(moves, stops, settings)
        wrong = {
            says: jax.vmap(check)(wanted, stops.able) & stops.decided
            for says, check in FAULTS.items()
        }
        long = jnp.maximum(wanted, 0.0)
        long /= jnp.maximum(long.sum(axis=1, keepdims=True), 1.0)
        start = jnp.zeros(moves.shape[1]), jnp.ones(())
        _, (held, cash, traded, paid) = jax.lax.scan(
            lambda state, stop: _trade(state, *stop, linear),
            start,
            (stops, long),
        )
        held = jnp.concatenate([start[0][None], held])
        cash = jnp.concatenate([start[1][None], cash])
        wealth = (held[days.stop] * days.growth).sum(axis=1) + cash[days.stop] * days.interest
        return wealth, traded, paid, wrong

    def program(moves: Any, stops: _Stops, days: _Days, settings: Any, linear: Any) -> Any:
        def one(given: Any) -> Any:
            return variant(moves, stops, days, given)

        return jax.lax.map(one, (settings, linear), batch_size=VARIANTS)

    return jax.jit(program, compiler_options=RUN_OFTEN)


def _trade(
    state: tuple[jax.Array, jax.Array], stop: _Stops, wanted: jax.Array, linear: jax.Array
) -> tuple[tuple[jax.Array, jax.Array], tuple[jax.Array, ...]]:
    """One stop: holdings grow, what has ended is sold, and a decision is traded to."""
    kept, cash = state[0] * stop.growth, state[1] * stop.interest
    wealth = kept.sum() + cash
    sold = jnp.where(stop.gone, kept, 0.0)
    spent = (linear * sold).sum()
    left, money = kept - sold, cash + sold.sum() - spent
    now = left.sum() + money
    after = _after(left, now, wanted, linear)
    reached = wanted * after
    values = jnp.where(stop.decided, reached, left)
    spent += (linear * jnp.abs(values - left)).sum()
    money = jnp.where(stop.decided, after - reached.sum(), money)
    traded = jnp.abs(values - kept).sum() / wealth
    return (values, money), (values, money, traded, spent / wealth)


def _after(values: jax.Array, wealth: jax.Array, weights: jax.Array, linear: jax.Array) -> Any:
    """Return wealth left after a trade: see `wealth_after_trading`; by Newton's steps."""
    after = wealth
    for _ in range(STEPS):
        trade = weights * after - values
        off = after + (linear * jnp.abs(trade)).sum() - wealth
        after -= off / (1.0 + (linear * weights * jnp.sign(trade)).sum())
    return after
