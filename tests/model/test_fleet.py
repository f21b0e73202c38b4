"""Mechanism 5: vintages come, age, stop paying and leave; nothing is lost on the way."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketsim.model import ARCHITECTURES, YEARS, Assumptions, fleet
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

SIZE = (fleet.AGES, len(ARCHITECTURES))
SHARES = leaf(np.array([0.7, 0.25, 0.05]))
FIELDS = ("compute", "power", "cost")
retire, push, book = (jax.jit(f) for f in (fleet.retire, fleet.add_vintage, fleet.book_value))


def stock(seed: int) -> fleet.Fleet:
    draw = np.random.default_rng(seed)
    return fleet.Fleet(*(jnp.asarray(draw.lognormal(0.0, 2.0, SIZE)) for _ in FIELDS))


@pytest.fixture(scope="module")
def start(median: Assumptions) -> fleet.Fleet:
    return fleet.initial_fleet(
        median, SHARES, jnp.log(jnp.full(3, 40.0)), jnp.log(jnp.full(3, 1.2))
    )


def test_the_first_fleet_is_what_was_installed(median: Assumptions, start: fleet.Fleet) -> None:
    assert start.compute.sum() == pytest.approx(median.initial_compute)
    np.testing.assert_allclose(start.compute.sum(axis=0), median.initial_compute * SHARES)
    kw = start.power / start.compute
    assert (jnp.diff(kw, axis=0) > 0.0).all()  # older chips draw more
    np.testing.assert_allclose(kw[0], 1.2)
    decade = np.log(kw[-1] / kw[0]) / (YEARS * (fleet.AGES - 1))
    np.testing.assert_allclose(decade, median.compute_per_watt_growth)


SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
def test_a_new_vintage_adds_itself_and_the_rest_ages(seed: int) -> None:
    old, new = stock(seed), jnp.array([1.0, 2.0, 3.0])
    grown = push(old, new, 2.0 * new, 3.0 * new)
    for i, name in enumerate(FIELDS, start=1):
        before, after = getattr(old, name), getattr(grown, name)
        assert after.sum() == pytest.approx(before.sum() + i * 6.0)
        np.testing.assert_array_equal(after[0], i * new)
        np.testing.assert_array_equal(after[1:-1], before[:-2])


@pytest.mark.parametrize("log_rent", [-6.0, -1.0, 0.0, 1.0, 6.0])
def test_what_leaves_is_what_is_missed(median: Assumptions, log_rent: float) -> None:
    old = stock(1)
    cost = fleet.log_running_cost(median, old, jnp.asarray(0.08))
    kept, removal = retire(median, old, jnp.asarray(log_rent), cost)
    assert kept.compute.sum() + removal.compute == pytest.approx(float(old.compute.sum()))
    assert kept.power.sum() + removal.power == pytest.approx(float(old.power.sum()))
    held = book(median, old).sum() - book(median, kept).sum()
    assert removal.written_off == pytest.approx(float(held))
    assert (kept.cost > 0.0).all()


def test_while_rent_is_high_only_failures_leave(median: Assumptions) -> None:
    old = stock(2)
    kept, _ = retire(median, old, jnp.asarray(12.0), jnp.zeros(SIZE))
    np.testing.assert_allclose(kept.compute / old.compute, jnp.exp(-median.attrition * YEARS))


def test_without_rent_a_share_of_every_vintage_leaves(median: Assumptions) -> None:
    a = replace(median, attrition=jnp.asarray(0.0))
    kept, _ = retire(a, stock(2), jnp.asarray(-12.0), jnp.zeros(SIZE))
    np.testing.assert_allclose(kept.compute / stock(2).compute, 1.0 - fleet.RETIREMENT)


def test_what_costs_most_to_run_leaves_first(median: Assumptions, start: fleet.Fleet) -> None:
    cost = fleet.log_running_cost(median, start, jnp.asarray(0.08))
    kept, _ = retire(median, start, cost[8, 0], cost)
    assert (jnp.diff(kept.compute / start.compute, axis=0) < 0.0).all()


def test_running_cost_is_energy_at_pue_and_hosting(median: Assumptions) -> None:
    cost = fleet.running_cost(median, jnp.asarray(0.08), jnp.asarray(1.5))
    energy = 1.5 * (1.0 + median.power_overhead) * 0.08 * KILOHOURS
    assert cost == pytest.approx(float(energy + 1.5 * median.hosting_cost))
    even = fleet.Fleet(*(jnp.full(SIZE, x) for x in (2.0, 3.0, 1.0)))
    hourly = jnp.exp(fleet.log_running_cost(median, even, jnp.asarray(0.08)))
    np.testing.assert_allclose(hourly, cost / KILOHOURS, rtol=1e-6)


def test_book_value_falls_in_a_straight_line_to_nothing(median: Assumptions) -> None:
    a = replace(median, accounting_life=jnp.asarray(5.0))
    value = np.asarray(fleet.book_value(a, replace(stock(0), cost=jnp.ones(SIZE))))[:, 0]
    np.testing.assert_allclose(value[:17], 1.0 - np.arange(17) / 20.0, atol=2e-3)
    assert (value > 0.0).all()
    assert value[24:].max() < 1e-5


def test_a_faster_fall_of_rent_strands_capital(median: Assumptions, start: fleet.Fleet) -> None:
    """Claim C11: the gap of book over economic value, and old fleets hurt most."""
    cost = fleet.log_running_cost(median, start, jnp.asarray(0.08))

    def shortfall(rent: float, rate: float = 0.12) -> float:
        value = fleet.economic_value(start, jnp.log(rent), cost, jnp.asarray(rate))
        return float(fleet.impairment(median, start, value))

    assert shortfall(1.0) > shortfall(2.0) > shortfall(4.0) >= 0.0
    assert shortfall(2.0, rate=0.20) > shortfall(2.0, rate=0.12)
    assert shortfall(0.01) == pytest.approx(float(fleet.book_value(median, start).sum()), rel=0.05)


def test_economic_value_is_a_perpetuity_of_net_rent(median: Assumptions) -> None:
    even = fleet.Fleet(*(jnp.ones(SIZE) for _ in FIELDS))
    value = fleet.economic_value(even, jnp.log(3.0), jnp.log(jnp.full(SIZE, 1.0)), jnp.asarray(0.1))
    np.testing.assert_allclose(value, 2.0 * KILOHOURS / 0.1, rtol=1e-9)
