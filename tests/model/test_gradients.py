"""Derivatives through the whole model: right, and finite wherever the priors may lead."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array
from jax.typing import ArrayLike

from marketsim.model import (
    Coordinates,
    Quarter,
    Setting,
    Shocks,
    run,
    start,
    unpack,
    values,
)
from marketsim.precision import Precision, precise

if TYPE_CHECKING:
    from tests.model.conftest import World

pytestmark = pytest.mark.slow

QUARTERS = 36
STEP = 1e-4


class Outcome(NamedTuple):
    """Of a batch of worlds: a summary, what was observed, and the slopes [draw, entry]."""

    summary: np.ndarray
    quarters: Quarter
    slopes: np.ndarray


# What is tested is the program; compiling it with less effort halves the wait.
@partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
@partial(jax.vmap, in_axes=(0, None, None, None, None))
def slopes(
    z: Array, weights: Array, coordinates: Coordinates, setting: Setting, shocks: Shocks
) -> tuple[tuple[Array, Quarter], Array]:
    def summary(z: Array) -> tuple[Array, Quarter]:
        """Mean log revenue of lines plus log rent, averaged over quarters with ``weights``."""
        a = unpack(values(coordinates, z))
        _, quarters = run(a, setting, start(a, setting), shocks)
        level = jnp.log(quarters.lines).mean(axis=1) + jnp.log(quarters.rent)
        return weights @ level, quarters

    return jax.value_and_grad(summary, has_aux=True)(z)


def outcome(world: World, z: np.ndarray, quarters: int, precision: Precision) -> Outcome:
    """Run a batch of worlds in ``precision``; the summary is over the first ``quarters``."""
    weights = (np.arange(QUARTERS) < quarters) / quarters
    dtype = np.dtype(precision)

    def cast(x: ArrayLike) -> Array:
        wide = np.asarray(x)
        return jnp.asarray(wide.astype(dtype) if wide.dtype.kind == "f" else wide)

    with precise(precision):
        none = np.zeros(QUARTERS)
        args = (z, weights, world.coordinates, world.setting, Shocks(cast(none), cast(none)))
        (summary, seen), slope = slopes(*jax.tree.map(cast, args))
        return Outcome(np.asarray(summary), seen, np.asarray(slope))


@pytest.fixture(scope="module")
def draws(world: World) -> np.ndarray:
    """Some hundred draws of the priors; as many as a check of all derivatives has worlds."""
    return world.draws(seed=7, size=2 * len(world.listed) + 1)


@pytest.fixture(scope="module")
def double(world: World, draws: np.ndarray) -> Outcome:
    return outcome(world, draws, QUARTERS, "float64")


@pytest.fixture(scope="module")
def single(world: World, draws: np.ndarray) -> Outcome:
    return outcome(world, draws, QUARTERS, "float32")


@pytest.mark.parametrize("point", range(5))
def test_gradients_agree_with_central_differences(world: World, point: int) -> None:
    """In every assumption, at the medians and at draws of the priors, over twelve quarters."""
    size = len(world.listed)
    z = world.draws(seed=100 + point, size=1)[0] * (point > 0)
    nudges = STEP * np.eye(size)
    found = outcome(world, z + np.concatenate([nudges, -nudges, 0.0 * z[None]]), 12, "float64")
    up, down = found.summary[:size], found.summary[size : 2 * size]
    differences, exact = (up - down) / (2.0 * STEP), found.slopes[-1]
    scale = np.abs(exact).max()
    worst = np.argmax(np.abs(exact - differences))
    assert scale > 0.1
    np.testing.assert_allclose(
        exact, differences, rtol=1e-6, atol=1e-6 * scale, err_msg=world.listed[worst].name
    )
    assert (exact != 0.0).mean() > 0.9  # hardly an assumption that moves nothing


@pytest.mark.parametrize("precision", ["single", "double"])
def test_worlds_and_gradients_are_finite_at_every_draw(
    world: World, precision: str, request: pytest.FixtureRequest
) -> None:
    found: Outcome = request.getfixturevalue(precision)
    assert found.summary.dtype == {"single": np.float32, "double": np.float64}[precision]
    for name in Quarter.__dataclass_fields__:
        assert np.isfinite(getattr(found.quarters, name)).all(), name
    lost = ~np.isfinite(found.slopes).all(axis=0)
    assert [e.name for e, bad in zip(world.listed, lost, strict=True) if bad] == []


def test_both_precisions_tell_the_same_story(single: Outcome, double: Outcome) -> None:
    np.testing.assert_allclose(single.summary, double.summary, rtol=1e-3, atol=1e-3)
    scale = np.abs(double.slopes).max(axis=1, keepdims=True)
    assert np.quantile(np.abs(single.slopes - double.slopes) / scale, 0.99) < 1e-2


def test_a_batch_of_worlds_is_the_worlds_one_by_one(
    world: World, draws: np.ndarray, double: Outcome
) -> None:
    for draw in (0, 57, len(draws) - 1):
        a = world.at(draws[draw])
        alone = world.ahead(a, world.begin(a))[1]
        for name in Quarter.__dataclass_fields__:
            together = getattr(double.quarters, name)[draw]
            np.testing.assert_allclose(
                together, getattr(alone, name), rtol=1e-7, atol=1e-12, err_msg=name
            )
