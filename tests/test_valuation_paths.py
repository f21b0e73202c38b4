"""The way to the horizon: it ends where returns do, and each step is a horizon of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import marketsim as ms
from marketsim.errors import InputError
from marketsim.precision import precise
from marketsim.valuation import revaluation
from marketsim.valuation.returns import cost_of_equity

QUARTERS = 4


@pytest.fixture(scope="module")
def quarterly(paths: ms.Paths, prices: ms.prices.Prices) -> ms.ReturnScenarios:
    return ms.revalue(paths, prices, horizon="1y", steps=QUARTERS)


def path_of(returns: ms.ReturnScenarios) -> np.ndarray:
    assert returns.paths is not None
    return returns.paths


def silent(paths: ms.Paths, prices: ms.prices.Prices, **asked: Any) -> ms.ReturnScenarios:
    """Returns of a market that moves with the worlds alone."""

    def none(world: np.ndarray, *_: Any) -> np.ndarray:
        return world

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revaluation, "with_noise", none)
        return ms.revalue(paths, prices, **asked)


def test_the_way_changes_nothing_at_its_end(
    returns: ms.ReturnScenarios, quarterly: ms.ReturnScenarios
) -> None:
    draws, companies = returns.returns.shape
    assert returns.paths is None
    assert path_of(quarterly).shape == (draws, QUARTERS, companies)
    assert quarterly.returns.tobytes() == returns.returns.tobytes()
    assert quarterly.world.world_returns.tobytes() == returns.world.world_returns.tobytes()
    np.testing.assert_array_equal(path_of(quarterly)[:, -1], quarterly.returns)


def test_one_step_is_the_horizon(paths: ms.Paths, prices: ms.prices.Prices) -> None:
    one = ms.revalue(paths, prices, horizon="6m", steps=1)
    np.testing.assert_array_equal(path_of(one)[:, 0], one.returns)


def test_the_same_seed_takes_the_same_way(
    paths: ms.Paths, prices: ms.prices.Prices, quarterly: ms.ReturnScenarios
) -> None:
    again = ms.revalue(paths, prices, horizon="1y", steps=QUARTERS)
    assert path_of(again).tobytes() == path_of(quarterly).tobytes()
    other = ms.revalue(replace(paths, seed=paths.seed + 1), prices, horizon="1y", steps=QUARTERS)
    assert (path_of(other)[:, 0] != path_of(quarterly)[:, 0]).all()


def test_worlds_on_the_way_are_those_of_a_shorter_horizon(
    paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    """Without noise a step is what `revalue` gives for a horizon that ends there."""
    way = path_of(silent(paths, prices, horizon="1y", steps=QUARTERS))
    for step, horizon in enumerate(("3m", "6m", "9m", "1y")):
        found = silent(paths, prices, horizon=horizon)
        np.testing.assert_allclose(way[:, step], found.returns, rtol=1e-12, atol=1e-14)


def test_prices_recognise_worlds_step_by_step(paths: ms.Paths, prices: ms.prices.Prices) -> None:
    """Draws part as 1 - exp(-t / time), by regime and within it, before debt and cash gear them."""
    plain = ms.revalue(paths, prices, horizon="1y", steps=QUARTERS)
    assumed = plain.world.assumed
    times = [float(x) for x in (assumed.regime_time, assumed.recognition_time)]
    shorter = [
        ms.revalue(paths, prices, horizon=step / QUARTERS).world.anchor
        for step in range(1, QUARTERS + 1)
    ]
    for time, name in zip(times, ("by_regime", "within"), strict=True):
        share = -np.expm1(-np.arange(1, QUARTERS + 1) / QUARTERS / time)
        found = np.stack([getattr(anchor, name) for anchor in shorter])
        expected = np.outer(share / share[-1], found[-1])
        np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=name)
        assert (found[-1] <= share[-1] + 1e-12).all()


def test_better_worlds_part_from_worse_ones_on_the_way(
    paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    still = silent(paths, prices, horizon="1y", steps=QUARTERS)
    log = np.log1p(path_of(still))
    by = [log[still.regimes == name].mean(axis=0) for name in ("bull", "bear")]
    apart = by[0] - by[1]  # [step, company]
    clear = np.abs(apart[-1]) > 0.05
    assert clear.sum() > 10
    assert (np.diff(np.abs(apart[:, clear]), axis=0, prepend=0.0) > 0.0).mean() > 0.95


def test_on_the_way_too_the_mix_earns_its_cost_of_equity(
    quarterly: ms.ReturnScenarios, paths: ms.Paths, prices: ms.prices.Prices
) -> None:
    still = silent(paths, prices, steps=QUARTERS, assumptions={"pull": 0.0})
    with precise("float64"):
        cost = np.asarray(cost_of_equity(still.world.assumed, still.world.terms))
    mean = np.einsum("d,dsc->sc", still.probabilities, path_of(still))
    years = np.arange(1, QUARTERS + 1)[:, None] / QUARTERS
    np.testing.assert_allclose(mean, np.expm1(years * cost), atol=1e-9)


def test_noise_comes_as_over_a_shorter_horizon(
    paths: ms.Paths, prices: ms.prices.Prices, quarterly: ms.ReturnScenarios
) -> None:
    """The first quarter's volatility is that of returns over one: half of the year's, about."""
    quarter = ms.revalue(paths, prices, horizon="1q")
    p = quarterly.probabilities

    def spread(simple: np.ndarray) -> np.ndarray:
        log = np.log1p(simple)
        return np.asarray(np.sqrt(p @ (log - p @ log) ** 2))

    first = spread(path_of(quarterly)[:, 0])
    assert np.median(first / spread(quarter.returns)) == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(first, spread(quarter.returns), rtol=0.20)
    assert np.median(first / spread(quarterly.returns)) == pytest.approx(0.5, abs=0.05)


def test_noise_moves_no_mean(
    paths: ms.Paths, prices: ms.prices.Prices, quarterly: ms.ReturnScenarios
) -> None:
    """At each step returns are those of the worlds, give or take the noise of so few draws."""
    way = path_of(quarterly)
    still = path_of(silent(paths, prices, horizon="1y", steps=QUARTERS))
    error = (way - still).std(axis=0) / np.sqrt(len(way))
    assert (np.abs((way - still).mean(axis=0)) < 5.0 * error).all()
    assert (way >= -1.0).all()


@pytest.mark.parametrize("steps", [0, -1, 2.5, "4", True])
def test_what_counts_no_steps_is_refused(
    paths: ms.Paths, prices: ms.prices.Prices, steps: object
) -> None:
    with pytest.raises(InputError, match=r"steps is .*; give a whole number above 0"):
        ms.revalue(paths, prices, steps=steps)  # type: ignore[arg-type]
