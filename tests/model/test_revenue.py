"""Mechanism 10: revenue of lines and companies adds up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marketsim.model import LAYERS, Assumptions, Lines, company_revenue
from marketsim.model.revenue import CLOUD, concentrated, line_revenue
from marketsim.model.tree import leaf

if TYPE_CHECKING:
    from tests.model.conftest import World

NOW, SPENDING = leaf(0.0), leaf(np.linspace(1.0, 9.0, len(LAYERS)))
revenue = jax.jit(line_revenue)


@pytest.fixture(scope="module")
def lines(float64: None, world: World) -> Lines:
    return Lines(*(jnp.asarray(x) for x in (world.setting.lines.share, world.setting.lines.owner)))


def test_a_line_is_its_base_and_its_share_of_layers(median: Assumptions, lines: Lines) -> None:
    by_line = revenue(median, lines, SPENDING, NOW)
    np.testing.assert_allclose(by_line, median.lines.base_level + lines.share @ SPENDING)


def test_the_base_grows_at_its_own_rate(median: Assumptions, lines: Lines) -> None:
    then, later = (revenue(median, lines, 0.0 * SPENDING, jnp.asarray(t)) for t in (0.0, 2.0))
    np.testing.assert_allclose(jnp.log(later / then), 2.0 * median.lines.base_growth)


def test_revenue_answers_to_the_layers_a_line_draws_on(median: Assumptions, lines: Lines) -> None:
    slope = jax.jacfwd(lambda s: line_revenue(median, lines, s, NOW))(SPENDING)
    np.testing.assert_allclose(slope, median.lines.exposure[:, None] * lines.share)


def test_companies_are_the_sum_of_their_lines(median: Assumptions, lines: Lines) -> None:
    by_line = revenue(median, lines, SPENDING, NOW)
    by_company = company_revenue(lines, by_line)
    np.testing.assert_array_equal(np.asarray(lines.owner).sum(axis=0), 1.0)
    assert by_company.sum() == pytest.approx(float(by_line.sum()))
    assert (by_company > 0.0).all()


@pytest.mark.parametrize("drift", [-0.1, 0.0, 0.15])
def test_concentration_moves_cloud_to_the_largest_at_the_same_total(
    median: Assumptions, lines: Lines, drift: float
) -> None:
    """Claim C13: fewer owners."""
    a = replace(median, concentration=jnp.asarray(drift))
    share = np.asarray(lines.share)
    moved = np.asarray(concentrated(a, lines.share, jnp.asarray(4.0)))
    assert moved[:, CLOUD].sum() == pytest.approx(share[:, CLOUD].sum())
    np.testing.assert_array_equal(np.delete(moved, CLOUD, 1), np.delete(share, CLOUD, 1))
    gain = (moved - share)[:, CLOUD]
    largest = share[:, CLOUD].argmax()
    assert (
        gain[largest] == pytest.approx(0.0, abs=1e-12)
        if drift == 0.0
        else gain[largest] * drift > 0.0
    )
    assert (gain[share[:, CLOUD] == 0.0] == 0.0).all()


def test_a_book_without_cloud_has_no_cloud_and_finite_gradients(median: Assumptions) -> None:
    def shares(drift: jax.Array) -> jax.Array:
        share = jnp.zeros((2, len(LAYERS)))
        return concentrated(replace(median, concentration=drift), share, jnp.asarray(3.0))

    assert (shares(median.concentration) == 0.0).all()
    assert jnp.isfinite(jax.jacfwd(shares)(median.concentration)).all()
