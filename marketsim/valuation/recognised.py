"""How much of what sets worlds apart prices recognise, and what of their risk that is; in JAX."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax
import jax.numpy as jnp
from jax import Array

from marketsim.model.smooth import bounded

from .accounts import Quotes
from .assumptions import ValuationAssumptions
from .noise import MOST_ALIKE
from .returns import WIDEST_SHIFT, WIDEST_WITHIN, Anchor, Priced, Worth, recognition
from .statement import Terms

__all__ = ["MOST_EXPLAINED", "covariance", "for_horizon", "recognised", "rest", "usual"]

MOST_EXPLAINED: Final = 0.75
"""Of the variance of a share that worlds explain, at the most."""

EDGE: Final = 32
"""Sharpness of the bound on it that pairs set: of one at its bound 2 % is lost."""

LEAST_SOLD: Final = 0.1
"""Of ordinary revenue without shift: what regimes leave of it, at the least."""


def rest(
    terms: Terms,
    quotes: Quotes,
    value: tuple[Array, Array, Array],
    ordinary: tuple[Array, Array, Array],
    odds: Array,
) -> Array:
    """Return what the market pays for beyond the model's value, per dollar of revenue to come.

    Of the worlds without shift and what regimes, of these ``odds``, add to the central one: it
    hangs on no number of draws. ``value`` and ``ordinary`` revenue are of worlds unshifted, of
    centres, and calibrated, each [world, company].

    Nothing where the model's value is above the market's: there is a kink where they meet, and one
    where regimes leave a tenth of what is sold.
    """
    model, sold = (
        average(plain) + odds @ (centres - calibrated)
        for plain, centres, calibrated in (value, ordinary)
    )
    known = jnp.isfinite(quotes.market_cap)
    enterprise = jnp.where(known, quotes.market_cap, 0.0) + terms.net_debt
    beyond = jnp.where(known, jnp.maximum(enterprise - model, 0.0), 0.0)
    return beyond / jnp.maximum(sold, LEAST_SOLD * average(ordinary[0]))


def usual(unshifted: Array, shifts: Array, odds: Array) -> Priced:
    """Return worlds without shift under what each regime is worth, by their odds."""
    shift = jnp.repeat(shifts, len(unshifted), axis=0)
    log = jnp.tile(unshifted, (len(shifts), 1)) + shift
    weights = jnp.repeat(odds / len(unshifted), len(unshifted))
    return Priced(Worth(log, shift), weights)


def recognised(
    a: ValuationAssumptions,
    beyond: Array,
    gap: Array,
    unshifted: Array,
    shifts: Array,
    odds: Array,
    total: Array,
    market: Array,
) -> Anchor:
    """Return an anchor of a year without its means.

    A share moves no more than it does: where worlds differ by more than there is room for in the
    ``total`` variance of a year [company], less of it is recognised; first of what sets regimes
    apart, which half of the room may be, then of the rest. And no two move further apart than they
    do: where worlds leave less than noise would need to bring a pair to its correlation in the
    ``market`` [company, company], less of both is recognised.
    """
    room = MOST_EXPLAINED * total
    shifts = bounded(shifts, WIDEST_SHIFT)
    apart = odds @ (shifts - odds @ shifts) ** 2
    full = recognition(a.regime_time, 1.0)
    by_regime = fitting(full, apart, 0.5 * room)
    left = room - by_regime**2 * apart
    middle = average(unshifted)
    own = bounded(unshifted - middle, WIDEST_WITHIN)
    full = recognition(a.recognition_time, 1.0)
    spread = average((own - average(own)) ** 2)
    within = fitting(full, spread, left)
    brought = covariance(within * own, by_regime * shifts, odds) / jnp.sqrt(jnp.outer(total, total))
    kept = jnp.sqrt(share_alike(brought, market))
    return Anchor(
        rest=beyond,
        middle=middle,
        by_regime=kept * by_regime,
        within=kept * within,
        enterprise=jnp.ones_like(middle),
        equity=jnp.ones_like(middle),
        gap=gap,
    )


def fitting(share: Array, variance: Array, room: Array) -> Array:
    """Return how much of a ``share`` of what worlds differ by is recognised, so that it has room.

    The variance that this brings is the smooth minimum of what the whole share would bring and of
    the ``room``: all of it is recognised where there is plenty, and no more than fits anywhere.
    """
    filled = share**2 * variance / room
    return share / (1.0 + filled**2) ** 0.25


def share_alike(explained: Array, market: Array) -> Array:
    """Return the share of what worlds explain with which all pairs can be as alike as they are.

    Parameters
    ----------
    explained
        Covariance that worlds bring over the total, [company, company].
    market
        Correlation of shares, [company, company].

    Notes
    -----
    With a share s of covariance e and variances v, and noise as alike as it may be, two companies
    reach their correlation while ``s e + MOST_ALIKE (1 - s v) >= market``, v the mean of the two.
    The share is the smooth minimum of one and what pairs allow.
    """
    variance = jnp.diagonal(explained)
    lost = MOST_ALIKE * (variance[:, None] + variance) / 2.0 - explained
    left = jnp.maximum(MOST_ALIKE - market, 1.0 - MOST_ALIKE)
    ratio = jnp.where(lost > 0.0, lost, 0.0) / left  # with itself a company loses nothing
    return (1.0 + (ratio**EDGE).sum(axis=1)) ** (-1.0 / EDGE)


def for_horizon(year: Anchor, a: ValuationAssumptions, years: Array | float) -> Anchor:
    """Return the anchor of a ``year`` for another horizon: as much less, or more, is recognised."""
    by_regime, within = (
        recognition(time, years) / recognition(time, 1.0)
        for time in (a.regime_time, a.recognition_time)
    )
    return replace(year, by_regime=year.by_regime * by_regime, within=year.within * within)


def covariance(within: Array, between: Array, odds: Array) -> Array:
    """Return the covariance that worlds bring, [company, company].

    Within regimes that of the worlds without shift, [world, company], between them that of their
    central worlds, [regime, company]: neither hangs on how many draws there are.
    """
    rows = jnp.concatenate([within - average(within), between - odds @ between])
    weights = jnp.concatenate([jnp.full(len(within), 1.0 / len(within)), odds])
    # Company by company: threads would share one product of matrices, and its rounding.
    found: Array = jax.lax.map(lambda own: (weights * own) @ rows, rows.T)
    return found


def average(worlds: Array) -> Array:
    """Return the mean of ``worlds`` [world, company].

    As a product: a sum over an axis is split by the processors at hand, and rounds at its seams.
    """
    return jnp.full(len(worlds), 1.0 / len(worlds)) @ worlds
