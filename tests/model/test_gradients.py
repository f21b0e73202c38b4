"""Derivatives through the whole model: right, and finite wherever the priors may lead.

The programs are those of benchmarks/numerics.py, which runs many more draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import NEWS
from marketsim.precision import Precision

if TYPE_CHECKING:
    from tests.model.conftest import World

pytestmark = pytest.mark.slow

SHORT = 8
"""Quarters over which derivatives are checked against differences."""
POINTS = 100
CHUNKS = 2
"""Chunks of draws over which everything must be finite, in either precision."""


@pytest.fixture(scope="module", autouse=True)
def uncached() -> Iterator[None]:
    """Programs of tests alone are not worth keeping, and writing one this large has failed."""
    name = "jax_persistent_cache_min_compile_time_secs"
    before = getattr(jax.config, name)
    jax.config.update(name, 1e9)  # type: ignore[no-untyped-call]
    yield
    jax.config.update(name, before)  # type: ignore[no-untyped-call]


def names(world: World, quarters: int) -> list[str]:
    """What each coordinate is: an assumption, or the news of a quarter."""
    news = [f"{kind} news {q}" for kind in NEWS for q in range(quarters)]
    return [e.name for e in world.listed] + news


@pytest.fixture(scope="module")
def points(world: World, numerics: ModuleType) -> np.ndarray:
    """The medians and 100 draws of the priors, [point, coordinate]; every second one is hard."""
    drawn = numerics.points(POINTS, 7, names(world, SHORT))
    return np.concatenate([np.zeros((1, drawn.shape[1])), drawn])


@pytest.fixture(scope="module")
def slopes(world: World, numerics: ModuleType, points: np.ndarray) -> np.ndarray:
    """Derivatives of the level there, [point, coordinate].

    By the program of the long run, in which the quarters after do not count: it compiles once.
    """
    size, kinds = len(world.listed), len(NEWS)
    news = size + numerics.QUARTERS * np.arange(kinds)[:, None] + np.arange(SHORT)
    kept = np.concatenate([np.arange(size), news.ravel()])
    x = np.zeros((numerics.CHUNK, size + numerics.QUARTERS * kinds))
    x[: len(points), kept] = points
    asked = (jnp.asarray(x), jnp.asarray(numerics.through(SHORT)))
    found = np.asarray(numerics.slopes(*asked, world.coordinates, world.setting)[1])
    late = np.setdiff1d(np.arange(x.shape[1]), kept)
    assert not found[:, late].any(), "what comes later moves nothing before"
    return found[: len(points), kept]


def strays(difference: np.ndarray, slope: np.ndarray, rounding: float) -> np.ndarray:
    """Which derivatives are off by more than a millionth of themselves and rounding."""
    return np.asarray(np.abs(difference - slope) > 1e-6 * np.abs(slope) + rounding)


def test_gradients_agree_with_central_differences(
    world: World, numerics: ModuleType, points: np.ndarray, slopes: np.ndarray
) -> None:
    """To 1e-6 of themselves, in every assumption and all news, but for the rounding of the level.

    Each matters enough at a tenth of the points or more to be told from rounding.
    """
    labels, given = names(world, SHORT), (world.coordinates, world.setting)
    for x, slope in zip(points, slopes, strict=True):
        off = strays(numerics.differences(x, *given), slope, numerics.ROUNDING)
        if off.any():  # the difference errs where the level bends: a quarter of the step settles it
            closer = numerics.differences(x, *given, step=numerics.STEP / 4.0)
            off &= strays(closer, slope, 4.0 * numerics.ROUNDING)
        assert [name for name, bad in zip(labels, off, strict=True) if bad] == []
    told = (1e-6 * np.abs(slopes) > numerics.ROUNDING).sum(axis=0)
    unseen = {name for name, seen in zip(labels, told, strict=True) if seen < POINTS // 10}
    assert unseen - FAINT == idle(world)


FAINT = {
    "concentration[servers]",
    "concentration[asic]",
    "node_size_growth[low_latency]",
    "hardware_decay[low_latency]",
    "exposure[NRG.total]",
}
"""Told from rounding at few points: two layers whose listed sellers hold much the same shares, the
nodes of designs that hardly serve and how fast these slow, whose sellers keep most of what they
gain, and what a seller of others' power earns by its own plants."""


def idle(world: World) -> set[str]:
    """Exposures of lines that draw on nothing, which alone do not matter."""
    drawn = np.asarray(world.setting.lines.share).sum(axis=1)
    exposures = [e.name for e in world.listed if e.field == "exposure"]
    return {name for name, share in zip(exposures, drawn, strict=True) if share == 0.0}


def test_every_assumption_and_all_news_matter(world: World, slopes: np.ndarray) -> None:
    """However little, at draws of the priors."""
    moves = np.abs(slopes[1::2]).max(axis=0)
    labels = names(world, SHORT)
    assert {name for name, moved in zip(labels, moves, strict=True) if moved == 0.0} == idle(world)


@pytest.fixture(scope="module")
def found(world: World, numerics: ModuleType) -> Callable[[Precision], Any]:
    """Findings of some hundred draws of the priors over nine years, chunk by chunk."""
    kept: dict[Precision, Any] = {}

    def examined(precision: Precision) -> Any:
        if precision not in kept:
            parts = [
                numerics.examine(
                    numerics.draw(11, i, world.coordinates),
                    world.coordinates,
                    world.setting,
                    precision,
                )
                for i in range(CHUNKS)
            ]
            kept[precision] = numerics.Findings(*map(np.concatenate, zip(*parts, strict=True)))
        return kept[precision]

    return examined


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_worlds_and_gradients_are_finite_at_every_draw(
    world: World,
    numerics: ModuleType,
    found: Callable[[Precision], Any],
    precision: Precision,
) -> None:
    """Values and gradients, in nine years of news."""
    seen = found(precision)
    assert seen.level.dtype == precision
    assert seen.finite.all()
    lost = ~np.isfinite(seen.slopes).all(axis=0)
    labels = names(world, numerics.QUARTERS)
    assert [name for name, bad in zip(labels, lost, strict=True) if bad] == []
    worst = dict(zip(numerics.BALANCES, seen.gaps.max(axis=0).tolist(), strict=True))
    rounding = {"float32": 1e-4, "float64": 1e-10}[precision]
    assert {name: gap for name, gap in worst.items() if not gap < rounding} == {}


def test_both_precisions_tell_the_same_story(found: Callable[[Precision], Any]) -> None:
    single, double = found("float32"), found("float64")
    np.testing.assert_allclose(single.level, double.level, rtol=1e-3, atol=1e-3)
    scale = np.abs(double.slopes).max(axis=1, keepdims=True)
    assert np.quantile(np.abs(single.slopes - double.slopes) / scale, 0.99) < 1e-2


def test_a_batch_of_worlds_is_the_worlds_one_by_one(
    world: World, numerics: ModuleType, found: Callable[[Precision], Any]
) -> None:
    draws, count = numerics.draw(11, 0, world.coordinates), len(world.listed)
    for i in (0, 57, len(draws) - 1):
        a = world.at(draws[i, :count])
        news = jnp.asarray(draws[i, count:].reshape(len(NEWS), -1))
        _, alone = world.ahead(a, world.begin(a), *news)
        assert found("float64").level[i] == pytest.approx(float(numerics.level(alone)), rel=1e-9)
