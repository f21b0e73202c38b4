"""From what valuation assumes to what shares return, in one piece; in JAX.

What is given are facts: accounts, quotes, what worlds sell, and chance. `revalue` takes the same
steps, many worlds at a time.
"""

from __future__ import annotations

from typing import Final

import jax
import jax.numpy as jnp
from jax import Array

from marketsim.model.tree import pytree

from .accounts import Accounts, Quotes
from .assumptions import ValuationAssumptions
from .noise import left_for_noise, usual_volatility
from .noisy import TRIED, levels_at, noisy_return
from .quoted import gap
from .recognised import covariance, for_horizon, recognised, rest, usual
from .returns import Anchor, Priced, Worth, anchored, equity_return, log_recognised
from .shocks import Chance, shaped
from .statement import Sales, Terms
from .terms import terms_of
from .worth import enterprise_value

__all__ = [
    "GROUPS",
    "Draws",
    "Horizon",
    "Valued",
    "Year",
    "at_horizon",
    "brought",
    "in_a_year",
    "share_returns",
]


@pytree
class Draws:
    """Which regimes draws are of.

    Each one's ``regime`` [draw] and probability, ``weights`` [draw]; the ``probabilities`` of
    regimes, and ``odds`` at which the market prices them, the same or none, [regime].
    """

    regime: Array
    weights: Array
    probabilities: Array
    odds: Array


@pytree
class Valued:
    """Worlds by what they are worth, and what they sell ordinarily, USD bn, [world, company]."""

    value: Array
    ordinary: Array


GROUPS: Final = "draws", "unshifted", "centres", "calibrated"
"""Of worlds: those drawn, those without shift, the centres of regimes, and the calibrated one."""

Groups = dict[str, Valued]
"""By name."""


@pytree
class Year:
    """What the market prices, before a horizon is given.

    The ``anchor`` of a year, without means; enterprise value on average over the worlds priced,
    ``enterprise`` [company]; what the worlds drawn, those without shift, and the centres are worth;
    and the worlds that means are taken over, ``usual`` and ``priced``.
    """

    anchor: Anchor
    enterprise: Array
    drawn: Worth
    unshifted: Worth
    centres: Worth
    usual: Priced
    priced: Priced


@pytree
class Horizon:
    """What worlds bring by a horizon.

    Its ``anchor``; ``returns`` before noise [draw, company]; the covariance of logs that worlds
    explain, ``explained`` [company, company]; the ``mood`` of each world (see
    `noisy.noisy_return`) [draw].
    """

    anchor: Anchor
    returns: Array
    explained: Array
    mood: Array


def in_a_year(
    a: ValuationAssumptions, terms: Terms, quotes: Quotes, draws: Draws, groups: Groups, mix: bool
) -> Year:
    """Return what the market prices: with ``mix`` the draws, else the worlds without shift."""
    others = [groups[name] for name in ("unshifted", "centres", "calibrated")]
    if mix:
        weights, priced = draws.weights, groups["draws"].value
    else:
        priced = others[0].value
        weights = jnp.full(len(priced), 1.0 / len(priced))
    enterprise = weights @ priced
    value, ordinary = (tuple(getattr(g, name) for g in others) for name in ("value", "ordinary"))
    beyond = rest(terms, quotes, value, ordinary, draws.odds)
    logs = {name: jnp.log(g.value + beyond * g.ordinary) for name, g in groups.items()}
    shifts = logs["centres"] - logs["calibrated"]
    unshifted = Worth(logs["unshifted"], jnp.zeros_like(logs["unshifted"]))
    total = (usual_volatility(a, quotes.volatility) * terms.equity_share) ** 2
    drawn = Worth(logs["draws"], shifts[draws.regime])
    own = Priced(drawn if mix else unshifted, weights)
    return Year(
        anchor=recognised(
            a,
            beyond,
            gap(terms, quotes, enterprise),
            unshifted.log_value,
            shifts,
            draws.probabilities,
            total,
            quotes.correlation,
        ),
        enterprise=enterprise,
        drawn=drawn,
        unshifted=unshifted,
        centres=Worth(logs["centres"], shifts),
        usual=usual(unshifted.log_value, shifts, draws.odds) if mix else own,
        priced=own,
    )


def at_horizon(
    a: ValuationAssumptions,
    terms: Terms,
    quotes: Quotes,
    draws: Draws,
    year: Year,
    years: Array | float,
) -> Horizon:
    """Return what worlds bring after so many ``years``."""
    blank = for_horizon(year.anchor, a, years)
    anchor = anchored(a, terms, blank, year.usual, year.priced, years)
    return brought(a, terms, draws, year, anchor, years)


def brought(
    a: ValuationAssumptions,
    terms: Terms,
    draws: Draws,
    year: Year,
    anchor: Anchor,
    years: Array | float,
) -> Horizon:
    """Return what worlds bring where the ``anchor`` of a horizon is known."""
    drawn, unshifted, centres = (
        equity_return(a, terms, anchor, worth, years)
        for worth in (year.drawn, year.unshifted, year.centres)
    )
    return Horizon(
        anchor=anchor,
        returns=drawn,
        explained=covariance(jnp.log1p(unshifted), jnp.log1p(centres), draws.probabilities),
        mood=log_recognised(anchor, year.drawn).mean(axis=1),
    )


def share_returns(
    a: ValuationAssumptions,
    accounts: Accounts,
    quotes: Quotes,
    draws: Draws,
    sold: dict[str, Sales],
    moments: Array,
    mix: bool = True,
    drawn: Chance | None = None,
) -> tuple[Array, Array]:
    """Return what shares return before noise and with it, [moment, draw, company].

    Parameters
    ----------
    a
        What is assumed: of all of it there is a derivative.
    accounts, quotes
        Of the same companies.
    draws
        Their regimes.
    sold
        What worlds sell, by group: those of :data:`GROUPS`.
    moments
        Years at which returns are taken, rising to the horizon.
    mix
        Whether the market prices the mix of regimes.
    drawn
        From `shocks.chance`, for all draws and at least `noisy.TRIED`; without it both results are
        those before noise.

    Notes
    -----
    All is smooth but for the kinks told at `terms.standing`, `recognised.rest`, `quoted.gap`,
    `noise.left_for_noise` and `shocks.block_of`.
    """
    terms = terms_of(a, accounts, quotes)
    worth = jax.vmap(enterprise_value, in_axes=(None, None, 0))
    groups = {name: Valued(worth(a, terms, one), one.ordinary) for name, one in sold.items()}
    year = in_a_year(a, terms, quotes, draws, groups, mix)
    found = [at_horizon(a, terms, quotes, draws, year, years) for years in moments]
    returns = jnp.stack([one.returns for one in found])
    if drawn is None:
        return returns, returns
    explained = jnp.stack([one.explained for one in found])
    volatility, alike = quotes.volatility, quotes.correlation
    size, correlation = left_for_noise(a, explained, volatility, alike, moments)
    shocks, last = shaped(drawn, size, correlation), size[-1]
    # The last draw again and again fills the last block.
    count = returns.shape[1]
    at = jnp.minimum(jnp.arange(shocks.shape[1]), count - 1)
    mood = found[-1].mood[at]
    noisy = [
        noisy_return(world[at], one, last, mood, levels_at(one[:TRIED], last))
        for world, one in zip(returns, shocks, strict=True)
    ]
    grown = jnp.stack(noisy)[:, :count]
    # Chance moves no expected return: see `worlds.noise_level`.
    plain, raised = (
        1.0 + jnp.einsum("d,mdc->mc", draws.weights, x)[:, None] for x in (returns, grown)
    )
    return returns, (1.0 + grown) * plain / raised - 1.0
