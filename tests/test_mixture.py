"""The mixture of regimes: its quantiles and means, against all worlds written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.forecasting.joint import Joint
from marketsim.forecasting.mixture import Mixture

CHANCE = np.random.default_rng(2)


def test_of_equal_worlds_quantiles_are_the_ordered_ones() -> None:
    worlds = CHANCE.permutation(np.arange(1.0, 11.0))[:, None, None] * np.ones((1, 2, 3))
    mixed = Mixture(worlds, np.full(10, 0.1), np.log(worlds))
    found = mixed.quantiles([0.1, 0.5, 0.95])
    assert found.shape == (2, 3, 3)
    np.testing.assert_array_equal(found[0, 0], [1.0, 5.0, 10.0])
    assert mixed.mean[1, 2] == pytest.approx(5.5)


def test_a_world_counts_by_its_probability() -> None:
    """As often as it stands there, if it stood there so often."""
    worlds = CHANCE.lognormal(size=(6, 1, 2))
    times = np.array([1, 3, 2, 1, 2, 3])
    mixed = Mixture(worlds, times / times.sum(), np.log(worlds))
    written = Mixture(np.repeat(worlds, times, axis=0), np.full(12, 1.0 / 12.0), np.log(worlds))
    for p in (0.05, 0.25, 0.5, 0.9):
        np.testing.assert_array_equal(mixed.quantiles([p]), written.quantiles([p]))
    np.testing.assert_allclose(mixed.mean, written.mean)


@given(p=st.floats(0.01, 0.99), scale=st.floats(0.1, 10.0))
def test_quantiles_scale_with_the_unit(p: float, scale: float) -> None:
    worlds = np.random.default_rng(3).lognormal(size=(40, 1, 1))
    odds = np.random.default_rng(4).dirichlet(np.ones(40))
    one, other = (
        Mixture(x * worlds, odds, np.log(worlds)).quantiles([p])[0, 0, 0] for x in (1.0, scale)
    )
    assert other == pytest.approx(scale * one)


def test_without_a_shift_it_is_the_forecast_that_it_is_drawn_from() -> None:
    joint = Joint(np.array([[1.0, 2.0]]), np.diag([0.04, 0.09]))
    plain = CHANCE.normal(5.0, 0.3, size=(400, 1, 2))  # of other worlds, which does not matter
    found = Mixture(np.exp(np.concatenate([plain] * 2)), np.full(800, 1 / 800), plain).logs(joint)
    np.testing.assert_allclose(found.location, joint.mean)
    np.testing.assert_allclose(found.scale, np.sqrt(joint.variance))


def test_a_shift_of_all_moves_it_and_two_make_it_wider() -> None:
    joint = Joint(np.array([[1.0]]), np.array([[0.04]]))
    plain = CHANCE.normal(1.0, 0.2, size=(2_000, 1, 1))
    odds = np.full(4_000, 1 / 4_000)
    both = Mixture(np.exp(np.concatenate([plain + 0.3, plain + 0.3])), odds, plain).logs(joint)
    assert both.location[0, 0] == pytest.approx(1.3)
    assert both.scale[0, 0] == pytest.approx(0.2)
    apart = Mixture(np.exp(np.concatenate([plain - 0.3, plain + 0.3])), odds, plain).logs(joint)
    assert apart.location[0, 0] == pytest.approx(1.0, abs=0.03)
    assert apart.scale[0, 0] > 0.3
