"""From what worlds sold, and chance, to what a portfolio returns in them; in JAX."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model.smooth import bounded, positive_part
from marketsim.model.tree import leaf, pytree
from marketsim.precision import RUN_OFTEN
from marketsim.valuation import (
    Anchor,
    Terms,
    Valuation,
    ValuationAssumptions,
    Worth,
    equity_return,
)
from marketsim.valuation.noisy import LEAN, TRIED, WILDEST, lagrange
from marketsim.valuation.returns import log_recognised
from marketsim.valuation.shocks import shocks

from .chain import levels_of, log_worth

__all__ = ["Chances", "Pricing", "Sold", "pricing", "returns_in", "returns_in_with_slopes"]


@pytree
class Pricing:
    """What values worlds and makes returns of it.

    ``owner`` of lines [company, line], what forecasts ``expected`` of the world, and what the
    market pays beyond, in the ``anchor``; of noise its ``size`` in logs [company], a triangular
    ``root`` of its correlation, the degrees of freedom ``dof``, what ``mean`` one it is set right
    by [company] and ``levels`` [node, company] (see `valuation.noisy`).
    """

    assumed: ValuationAssumptions
    terms: Terms
    anchor: Anchor
    years: Array
    owner: Array
    expected: dict[str, Array]
    size: Array
    root: Array
    dof: Array
    mean: Array
    levels: Array


@pytree
class Sold:
    """What is sold in worlds.

    What was ``seen`` of quarters, each [point, quarter, ...], and the log of what companies sell
    over the model's, ``lives`` [point, quarter, company].
    """

    seen: dict[str, Array]
    lives: Array


@pytree
class Chances:
    """Chances of the market, standard normal.

    Of each company, ``noise`` [point, company], and of how wild all are, ``wild`` [point]: the
    lower, the wilder.
    """

    noise: Array
    wild: Array


def pricing(valuation: Valuation) -> Pricing:
    """Return how a valuation prices worlds; in float64, which is to be on."""
    v = valuation
    size = v.noise.size[-1]
    drawn = shocks(TRIED, v.noise, v.paths.seed)[-1]
    owner = np.asarray(v.paths.scenarios.posterior.setting.lines.owner)[v.columns]
    return Pricing(
        assumed=v.assumed,
        terms=v.terms,
        anchor=jax.tree.map(jnp.asarray, v.anchor),
        years=jnp.asarray(v.horizon_years),
        owner=jnp.asarray(owner, dtype=float),
        expected={name: leaf(np.asarray(x)) for name, x in v.expected.items()},
        size=jnp.asarray(size),
        root=jnp.asarray(np.linalg.cholesky(v.noise.correlation)),
        dof=jnp.asarray(v.noise.dof),
        mean=jnp.asarray(np.log(np.exp(drawn * size).mean(axis=0))),
        levels=jnp.asarray(levels_of(drawn, v.noise)),
    )


def returned(p: Pricing, sold: Sold, chances: Chances | None, shift: Array) -> Array:
    """Return what shares return in worlds, [point, company].

    Parameters
    ----------
    p
        How they are priced.
    sold
        In the worlds.
    chances
        Of the market; without them returns are those before noise.
    shift
        What the world's regime adds to the log of value, [point, company].

    Notes
    -----
    Smooth: the bound of standardised shocks, four, is left out (a design point stays far from it),
    the mixing variable is a chi-square by the cube of Wilson and Hilferty (1931), and what sets the
    mean of noise to one is that of the draws on which returns are tried, all in one block.
    """

    def one(seen: dict[str, Array], lives: Array) -> Array:
        return log_worth(
            p.assumed, p.terms, p.anchor.rest, p.owner, p.expected, seen, jnp.exp(lives)
        )

    worth = Worth(jax.vmap(one)(sold.seen, sold.lives), shift)
    world = equity_return(p.assumed, p.terms, p.anchor, worth, p.years)
    if chances is None:
        return world
    scale = jnp.exp(_bounded_mood(p, worth))
    middle = jnp.tensordot(lagrange(scale), p.levels, 1)
    logs = (chances.noise @ p.root.T) * mixing(p.dof, chances.wild)[:, None] * p.size - p.mean
    return (1.0 + world) * jnp.exp(scale[:, None] * logs - middle) - 1.0


def mixing(dof: Array, wild: Array) -> Array:
    """Return the mixing variable of a Student t at a standard normal number, of variance one."""
    part = 2.0 / (9.0 * dof)
    cube = positive_part(1.0 - part + jnp.sqrt(part) * wild, 0.02) ** 3
    return jnp.sqrt((dof - 2.0) / (dof * cube))


def _bounded_mood(p: Pricing, worth: Worth) -> Array:
    mood = log_recognised(p.anchor, worth).mean(axis=1)
    return bounded(-LEAN * mood, WILDEST)


@partial(jax.jit, compiler_options=RUN_OFTEN)
def returns_in(p: Pricing, sold: Sold, chances: Chances | None, shift: Array) -> Array:
    """Return what shares return in worlds, [point, company]; see :func:`returned`."""
    return returned(p, sold, chances, shift)


@partial(jax.jit, compiler_options=RUN_OFTEN)
def returns_in_with_slopes(
    p: Pricing, sold: Sold, chances: Chances | None, shift: Array, weights: Array
) -> tuple[Array, Sold, Chances | None]:
    """Return what shares return, and derivatives of what ``weights`` [company] make of that."""

    def shares(sold: Sold, chances: Chances | None) -> Array:
        return returned(p, sold, chances, shift)

    found, pull = jax.vjp(shares, sold, chances)
    return found, *pull(jnp.broadcast_to(weights, found.shape))
