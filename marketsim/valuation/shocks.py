"""What chance brings to returns: drawn in NumPy, and shaped as noise is in JAX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from marketsim.model.tree import leaf, pytree
from marketsim.precision import RUN_SELDOM, one_thread, precise

from .noise import Noise

__all__ = ["BLOCK", "CUT", "Chance", "chance", "shaped", "shocks"]

CUT: Final = 4.0
"""Standardised shocks end here: an annual move past it has no observation behind it."""

TINY: Final = float(np.finfo(float).tiny)

BLOCK: Final = 250
"""Draws that are drawn together."""


@pytree
class Chance:
    """Numbers that hang on nothing, of whole blocks of draws.

    Standard normal ones at the ``end`` of the horizon [block, draw, company] and on the ``way``
    there, [block, step, draw, company]; the ``mixing`` variable that makes tails of them, [block,
    draw, 1].
    """

    end: Array
    way: Array
    mixing: Array


def chance(draws: int, steps: int, companies: int, dof: float, seed: int, first: int = 0) -> Chance:
    """Return chance for at least so many draws from the ``first`` on, NumPy arrays.

    The first is that of a block.

    Blocks have streams of their own, so that a draw is the same whatever their number, and so has
    the way, so that the horizon's numbers are the same with and without it.
    """
    shape = (BLOCK, companies)
    blocks = []
    for block in range(first // BLOCK, -(-(first + draws) // BLOCK)):
        seeds = np.random.SeedSequence([seed, block]).spawn(2)
        horizon, way = (np.random.Generator(np.random.PCG64(own)) for own in seeds)
        end = horizon.standard_normal(shape)
        mixing = np.sqrt((dof - 2.0) / horizon.chisquare(dof, size=(BLOCK, 1)))
        blocks.append((end, way.standard_normal((steps - 1, *shape)), mixing))
    return Chance(*(leaf(np.stack(same)) for same in zip(*blocks, strict=True)))


def shocks(draws: int, noise: Noise, seed: int, first: int = 0) -> np.ndarray:
    """Return what noise brings to logs by each moment, in units of its size at the horizon.

    To so many draws from the ``first`` on, that of a block.

    Returns
    -------
    numpy.ndarray
        [moment, draw, company]. Those of the horizon, the last, do not depend on the ones before,
        and a draw is the same whatever their number.
    """
    drawn = chance(draws, len(noise.size), noise.size.shape[1], noise.dof, seed, first)
    blocks = zip(drawn.end, drawn.way, drawn.mixing, strict=True)
    with precise("float64"), one_thread():
        root = np.linalg.cholesky(noise.correlation).T
        # Block by block: what BLAS does with a row hangs on how many there are.
        found = [
            np.asarray(_block(Chance(end @ root, way @ root, mixing), noise.size))
            for end, way, mixing in blocks
        ]
    return np.concatenate(found, axis=1)[:, :draws]


def shaped(drawn: Chance, size: Array, correlation: Array) -> Array:
    """Return what :func:`shocks` does, of chance already drawn, [moment, draw, company]; in JAX.

    Of the ``size`` [moment, company] and ``correlation`` [company, company] of noise.
    """
    root = jnp.linalg.cholesky(correlation).T
    alike = Chance(drawn.end @ root, drawn.way @ root, drawn.mixing)
    blocks = jax.vmap(block_of, in_axes=(0, None), out_axes=1)(alike, size)
    return blocks.reshape(len(size), -1, size.shape[1])


def block_of(alike: Chance, size: Array) -> Array:
    """Return the shocks of one block of draws, [moment, draw, company].

    A multivariate Student t: one mixing variable for all companies, so that bad years are bad
    together. Normal numbers are ``alike`` as companies are. There is a kink at the bound of
    :data:`CUT`.

    Notes
    -----
    What happens on the way is a Brownian bridge to the shock of the horizon, on the clock that the
    noise's size sets for each company. The horizon's mixing variable scales the whole path, so a
    wild year is wild throughout and each step has the tails of the horizon.
    """
    part = size[:-1] / jnp.maximum(size[-1], TINY)
    bounds = [*(CUT * part), jnp.full(size.shape[1], CUT)]
    paths = zip(bridge(alike.end, alike.way, part**2), bounds, strict=True)
    return jnp.stack([jnp.clip(path * alike.mixing, -bound, bound) for path, bound in paths])


_block = jax.jit(block_of, compiler_options=RUN_SELDOM)


def bridge(end: Array, news: Array, share: Array) -> Iterator[Array]:
    """Yield standard normal shocks [draw, company] up to each step, given those at the ``end``.

    ``share`` of the horizon's variance up to each step on the way, [step, company], rises to one;
    ``news`` [step, draw, company] come there.
    """
    here, past = jnp.zeros_like(end), jnp.zeros_like(end[0])
    for now, new in zip(share, news, strict=True):
        covered = (now - past) / jnp.maximum(1.0 - past, TINY)
        # Where all has come before the end, nothing is left to vary: a root without a slope.
        variance = covered * (1.0 - now)
        some = variance > 0.0
        apart = jnp.where(some, jnp.sqrt(jnp.where(some, variance, 1.0)), 0.0)
        here = here + covered * (end - here) + apart * new
        past = now
        yield here
    yield end
