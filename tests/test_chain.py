"""Derivatives of returns by all that valuation assumes are those of `revalue` itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Final, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

import marketsim as ms
from marketsim.precision import RUN_SELDOM, precise
from marketsim.valuation import Valuation, ValuationAssumptions, returns_by

NAMES: Final = [f.name for f in fields(ValuationAssumptions)]

STEP: Final = 1e-4
"""Of each assumption, to either side."""

OF_NOISE: Final = ("noise_floor",)
"""Assumptions that move nothing before noise."""

Returns = Callable[[ValuationAssumptions], tuple[Array, Array]]
Slope = Callable[[str], tuple[np.ndarray, np.ndarray]]


@pytest.fixture(scope="module")
def valuation(returns: ms.ReturnScenarios) -> Valuation:
    assert isinstance(returns.world, Valuation)
    return returns.world


@pytest.fixture(scope="module")
def chain(valuation: Valuation) -> Returns:
    with precise("float64"):
        return returns_by(valuation)


@pytest.fixture(scope="module")
def slope(chain: Returns, valuation: Valuation) -> Slope:
    """Derivatives of both by an assumption."""

    @jax.jit(compiler_options=RUN_SELDOM)
    def along(a: ValuationAssumptions, one: ValuationAssumptions) -> tuple[Array, Array]:
        slopes: tuple[Array, Array] = jax.jvp(chain, (a,), (one,))[1]
        return slopes

    def of(name: str) -> tuple[np.ndarray, np.ndarray]:
        with precise("float64"):
            a = jax.tree.map(lambda x: jnp.asarray(x, dtype=float), valuation.assumed)
            none = jax.tree.map(jnp.zeros_like, a)
            world, noisy = along(a, replace(none, **{name: jnp.ones(())}))
            return np.asarray(world), np.asarray(noisy)

    return of


@pytest.mark.parametrize("anchor", ["mix", "unshifted"])
def test_the_chain_is_what_revalue_does(
    anchor: Literal["mix", "unshifted"], paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    returns = ms.revalue(paths, prices, anchor=anchor)
    with precise("float64"):
        chain = jax.jit(returns_by(returns.world), compiler_options=RUN_SELDOM)
        world, noisy = chain(returns.world.assumed)
    np.testing.assert_allclose(world, returns.world.world_returns, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(noisy, returns.returns, rtol=1e-9, atol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_assumption_has_its_derivative(
    name: str,
    slope: Slope,
    valuation: Valuation,
    paths: ms.Paths,
    prices: ms.prices.Prices,
) -> None:
    """Through accounts, value, the anchor and noise: central differences of `revalue`."""
    value = float(getattr(valuation.assumed, name))
    step = STEP * value
    high, low = (
        ms.revalue(paths, prices, assumptions={name: value + way * step}) for way in (1.0, -1.0)
    )
    moved = [
        (above - below) / (2.0 * step)
        for above, below in (
            (high.world.world_returns, low.world.world_returns),
            (high.returns, low.returns),
        )
    ]
    before_noise = (name not in OF_NOISE, True)
    for found, expected, moves in zip(slope(name), moved, before_noise, strict=True):
        scale = np.abs(expected).max()
        assert (scale * value > 1e-3) == moves, "it moves nothing, or what is before it"
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * scale)
