"""What a new H100e costs to buy, house and run."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import ARCHITECTURES, Assumptions, costs, fleet, investment, power
from marketsim.model.costs import Costs
from marketsim.model.memory import Premia
from marketsim.model.power import Power
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS

PRICE, KW = leaf(np.array([40.0, 26.0, 100.0])), leaf(np.array([1.2, 1.1, 1.7]))
GPU = 0
NONE = leaf(np.array(0.0))
CALM = Premia(
    chips=leaf(np.ones(3)),
    servers=leaf(np.ones(3)),
    hbm=leaf(np.zeros(3)),
    hbm_at_cost=leaf(np.zeros(3)),
)
new_chip_costs = jax.jit(costs.new_chip_costs)


class Given(NamedTuple):
    """What quoted costs hang on, beside the prices and power of chips."""

    grid: Power
    markup: Array = leaf(np.ones(3))
    scarcity: Array = NONE
    memory: Premia = CALM


@pytest.fixture(scope="module")
def calm(median: Assumptions) -> Power:
    return power.initial_power(median, jnp.asarray(2.0), jnp.asarray(0.2))


def cost(a: Assumptions, given: Given, price: Array = PRICE, kw: Array = KW) -> Costs:
    found: Costs = new_chip_costs(a, jnp.log(price), jnp.log(kw), *given)
    return found


def test_in_calm_costs_are_chip_systems_and_site(median: Assumptions, calm: Power) -> None:
    a, found = median, cost(median, Given(calm))
    np.testing.assert_allclose(found.chip, PRICE)
    np.testing.assert_allclose(found.kw, KW)
    systems = PRICE * float(1.0 + a.networking_content + a.server_content)
    np.testing.assert_allclose(found.site, systems + KW * (a.shell_cost + a.power_equipment_cost))
    energy = float(1.0 + a.power_overhead) * a.initial_electricity_price * KILOHOURS
    np.testing.assert_allclose(found.running, KW * (energy + a.hosting_cost))
    np.testing.assert_array_equal(found.power, jnp.zeros(len(ARCHITECTURES)))


def test_capital_costs_its_user_cost(median: Assumptions, calm: Power) -> None:
    found = cost(median, Given(calm))
    rate = investment.user_cost_rate(median)
    np.testing.assert_allclose(costs.capital_cost(median, found), found.site * rate)


def test_scarce_chips_are_quoted_dearer(median: Assumptions, calm: Power) -> None:
    plain, short = (cost(median, Given(calm, scarcity=jnp.asarray(s))) for s in (0.0, 0.3))
    dearer = short.chip / plain.chip
    np.testing.assert_allclose(dearer, jnp.full(3, dearer[0]))
    assert 1.0 < dearer[0] <= np.exp(0.3 * float(median.chip_premium))
    np.testing.assert_array_equal(short.running, plain.running)


def test_dear_memory_is_passed_on_in_chips_and_servers(median: Assumptions, calm: Power) -> None:
    factor = leaf(np.array([1.10, 1.05, 1.0]))
    plain, chips, servers = (
        cost(median, Given(calm, memory=replace(CALM, **given)))
        for given in ({}, {"chips": factor}, {"servers": factor})
    )
    np.testing.assert_allclose(chips.chip, PRICE * factor)
    np.testing.assert_allclose(servers.chip, PRICE)
    extra = PRICE * median.server_content * (factor - 1.0)
    np.testing.assert_allclose(servers.site - plain.site, extra, atol=1e-9)


def test_the_merchant_marks_up_gpus_alone(median: Assumptions, calm: Power) -> None:
    plain, dear = (cost(median, Given(calm, markup=jnp.array([m, 1.0, 1.0]))) for m in (1.0, 1.2))
    np.testing.assert_allclose(dear.chip / plain.chip, [1.2, 1.0, 1.0])
    assert dear.site[GPU] > plain.site[GPU]


def test_short_equipment_makes_sites_dearer_by_its_part(median: Assumptions, calm: Power) -> None:
    short = replace(calm, log_short=jnp.asarray(0.7))
    extra = cost(median, Given(short)).site - cost(median, Given(calm)).site
    factor = power.equipment_factor(median, short)
    np.testing.assert_allclose(extra, KW * median.power_equipment_cost * (factor - 1.0))


def test_contracts_for_power_make_running_dearer_and_hosting_not(
    median: Assumptions, calm: Power
) -> None:
    dear = replace(calm, log_factor=jnp.log(1.5))
    plain, found = (cost(median, Given(grid)).running for grid in (calm, dear))
    hosting = KW * median.hosting_cost
    np.testing.assert_allclose(found - hosting, 1.5 * (plain - hosting))


def test_a_chip_pays_the_scarcity_rent_of_what_it_draws(median: Assumptions, calm: Power) -> None:
    """Claim C6: with power short, a free chip that draws four times as much costs more."""
    bound = replace(calm, rent=jnp.asarray(2.0))
    np.testing.assert_allclose(cost(median, Given(bound)).power, 2.0 * KW)
    price, kw = jnp.array([40.0, 1e-9, 40.0]), jnp.array([1.2, 4.8, 1.2])

    def total(grid: Power) -> Array:
        found = cost(median, Given(grid), price, kw)
        return costs.capital_cost(median, found) + found.running + found.power

    plenty, short = total(calm), total(bound)
    assert plenty[1] < plenty[0]
    assert short[1] > short[0]


def test_new_and_old_chips_run_at_the_same_cost(median: Assumptions, calm: Power) -> None:
    """What is quoted for a new chip is what the fleet pays for one like it."""
    size = (fleet.AGES, len(ARCHITECTURES))
    like = fleet.Fleet(compute=jnp.ones(size), power=KW + jnp.zeros(size), book=jnp.ones(size))
    hourly = np.asarray(fleet.hourly_cost(median, like, jnp.exp(calm.log_electricity)))
    found = cost(median, Given(calm)).running
    np.testing.assert_allclose(hourly * KILOHOURS, found + jnp.zeros(size), rtol=1e-6)
