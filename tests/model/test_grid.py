"""Mechanism 6, prices: tight grids charge more, and more is built for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import Assumptions, grid, power
from marketsim.model.grid import GRID, SITE, Grid, Settlement
from marketsim.model.power import Power
from marketsim.model.tree import leaf
from marketsim.model.units import KILOHOURS, YEARS

NONE = leaf(0.0)
HOURS_A_YEAR = 8766.0
TIGHT = leaf(np.linspace(-0.3, 0.6, 181))
settle = jax.jit(grid.settle)
advance = jax.jit(grid.advance_grid)


@pytest.fixture(scope="module")
def sites(median: Assumptions) -> Power:
    return power.initial_power(median, jnp.asarray(12.0), jnp.asarray(1.2))


@pytest.fixture(scope="module")
def start(median: Assumptions) -> Grid:
    return grid.initial_grid(median)


def settled(a: Assumptions, now: Grid, sites: Power, rent: float = 0.0) -> Settlement:
    found: Settlement = settle(a, now, sites, jnp.asarray(rent))
    return found


def run(a: Assumptions, now: Grid, sites: Power, quarters: int) -> tuple[Grid, Settlement]:
    """The grid some quarters on, under the same load."""
    for _ in range(quarters):
        found = settled(a, now, sites)
        now = advance(a, now, found)
    return now, found


# Prices


def test_tightness_is_nought_where_load_takes_the_reserve(median: Assumptions) -> None:
    reserve = 0.08
    load = reserve * median.grid_size / median.grid_share
    assert grid.tightness(median, jnp.log1p(reserve), load) == pytest.approx(0.0, abs=1e-12)


def test_energy_is_dearer_the_tighter_the_grid_and_convex_in_it(median: Assumptions) -> None:
    price = np.asarray(grid.wholesale_price(median, TIGHT[:100]))
    assert (np.diff(price) > 0.0).all()
    assert (np.diff(np.log(price), 2)[:40] > 0.0).all()
    ample = float(median.initial_wholesale_price)
    assert price[0] == pytest.approx(ample, rel=0.01)
    extreme = grid.wholesale_price(median, leaf(5.0))
    assert extreme <= ample * jnp.exp(median.premium_limit) * (1.0 + 1e-12)


def test_twenty_dollars_on_four_hundred_terawatt_hours_are_eight_billion(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    a = replace(median, merchant_output=jnp.asarray(400.0 / (HOURS_A_YEAR / 1e3)))
    calm, dear = (
        float(grid.merchant_earnings(a, replace(start, energy=jnp.asarray(x)), sites))
        for x in (0.0, 20.0)
    )
    assert calm == pytest.approx(0.0, abs=1e-12)
    assert dear / YEARS == pytest.approx(8.0)


def test_capacity_at_three_hundred_dollars_a_day_is_a_hundred_thousand_a_megawatt_year(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    more = replace(start, capacity=start.capacity + 300.0)
    earned = float(grid.merchant_earnings(median, more, sites)) / YEARS
    assert earned == pytest.approx(float(median.merchant_capacity) * 0.3 * HOURS_A_YEAR / 24 / 1e3)


def test_auctions_climb_from_low_to_their_limit_as_reserves_shrink(median: Assumptions) -> None:
    price = np.asarray(grid.capacity_price(median, TIGHT))
    assert (np.diff(price) >= 0.0).all()
    low, high = float(median.initial_capacity_price), float(median.capacity_price_limit)
    assert price[0] == pytest.approx(low)
    assert price[-1] == pytest.approx(high)
    middle = float(grid.capacity_price(median, NONE))
    assert middle == pytest.approx(np.sqrt(low * high))  # at the requirement, in logs
    short_of = -float(median.capacity_width) * np.linspace(8.0, 1.5, 40)
    assert (np.diff(np.asarray(grid.capacity_price(median, leaf(short_of))), 2) > 0.0).all()


def test_auctions_look_ahead_to_the_load_that_planners_foresee(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    calm, booming = (
        settled(median, start, replace(sites, foreseen=jnp.asarray(x))) for x in (0.0, 0.8)
    )
    assert booming.capacity > calm.capacity
    assert booming.wholesale == calm.wholesale  # energy is of today


# Who gets them, and when


def test_hedges_roll_off_and_auctions_come_to_delivery(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    """A rise reaches the fleet over two to three years, and all of it in the end."""
    found = settled(median, start, sites)
    dear = replace(found, wholesale=median.initial_wholesale_price + 20.0, capacity=leaf(300.0))
    now, passed = start, []
    for _ in range(60):
        now = replace(advance(median, now, dear), log_firm=start.log_firm)
        passed.append(float(now.energy) / 20.0)
    assert passed[0] == pytest.approx(float(median.hedge_turnover))
    assert 0.5 < passed[8] < 0.9
    assert passed[-1] == pytest.approx(1.0, rel=2e-3)
    assert now.capacity == pytest.approx(300.0, rel=2e-3)


def test_users_pay_the_premium_that_generators_earn(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    """On a MWh that flows all day of a fleet that sells energy and capacity alike."""
    a = replace(median, merchant_capacity=median.merchant_output)
    now = replace(start, energy=leaf(12.0), capacity=start.capacity + 240.0)
    more = grid.grid_electricity(a, now) - grid.grid_electricity(a, start)
    assert more == pytest.approx(1e-3 * (12.0 + 10.0))
    earned = grid.merchant_earnings(a, now, sites)
    assert earned == pytest.approx(float(a.merchant_output * KILOHOURS * more))


def test_contracts_for_scarce_power_pay_no_more_than_generating_at_the_site(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    earned = np.array(
        [
            float(grid.merchant_earnings(median, start, replace(sites, log_factor=jnp.asarray(x))))
            for x in (0.0, 0.1, 0.5, 9.0)
        ]
    )
    assert (np.diff(earned) > 0.0).all()
    most = median.merchant_output * median.own_generation_cost * KILOHOURS
    assert earned[-1] <= float(most)
    small = float(median.grid_share * power.on_grid(sites) * jnp.exp(sites.log_electricity))
    assert earned[1] == pytest.approx(small * np.expm1(0.1) * KILOHOURS, rel=0.1)


# Who builds


def test_the_start_is_steady(median: Assumptions, start: Grid) -> None:
    """What is ordered at the first price is what is delivered and paid."""
    orders = grid.grid_orders(median, start.capacity)
    assert grid.arrivals(median, start)[GRID] == pytest.approx(float(orders))
    assert start.backlog[SITE] == 0.0
    paid = (start.owed * grid.fulfilled(median))[GRID]
    assert paid == pytest.approx(float(orders * grid.turbine_price(median, start.backlog)))


def test_what_is_ordered_is_delivered_and_paid_in_the_end(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    calm, short = settled(median, start, sites), settled(median, start, sites, rent=4.0)
    assert short.orders[SITE] > 10.0 * calm.orders[SITE]
    now, none = start, jnp.zeros(2)
    came, paid = jnp.zeros(2), jnp.zeros(2)
    for quarter in range(200):
        placed = short if quarter == 0 else replace(short, orders=none, value=none)
        placed = replace(
            placed, arrivals=grid.arrivals(median, now), paid=now.owed * grid.fulfilled(median)
        )
        came, paid = came + placed.arrivals, paid + placed.paid
        now = advance(median, now, placed)
    np.testing.assert_allclose(came, start.backlog + short.orders, rtol=1e-4)
    np.testing.assert_allclose(paid, start.owed + short.value, rtol=1e-4)


@pytest.mark.parametrize("lead", ["own_generation_lead", "turbine_lead"])
def test_an_order_takes_its_lead_time_in_the_mean(median: Assumptions, lead: str) -> None:
    for years in (1.0, 3.0, 6.0):
        given: dict[str, Any] = {lead: jnp.asarray(years)}
        a = replace(median, **given)
        share = float(grid.fulfilled(a)[SITE if lead.startswith("own") else GRID])
        assert YEARS / share == pytest.approx(years, rel=0.01)


def test_a_longer_line_makes_turbines_dearer(median: Assumptions, start: Grid) -> None:
    short, long = (
        float(grid.turbine_price(median, x * median.initial_turbine_backlog * jnp.ones(2)))
        for x in (0.0, 1.0)
    )
    assert short == pytest.approx(float(median.turbine_cost))
    assert long / short == pytest.approx(3.0 ** float(median.turbine_premium))


def test_generation_at_the_site_answers_to_what_a_kilowatt_is_worth(
    median: Assumptions, sites: Power
) -> None:
    """An elasticity: a tenfold worth brings ln 10 more, once it exceeds the cost."""
    cost = float(median.own_generation_cost)
    rent = (1.0 + float(median.power_overhead)) * KILOHOURS
    price = float(jnp.exp(sites.log_electricity))

    def ordered(worth: float) -> float:
        return float(grid.own_orders(median, sites, jnp.asarray(rent * (worth - price))))

    gap = (ordered(100.0 * cost) - ordered(10.0 * cost)) / float(sites.energised)
    assert gap == pytest.approx(float(median.behind_the_meter) * np.log(10.0), rel=0.01)
    assert ordered(price) < 0.02 * ordered(100.0 * cost)


def test_high_prices_bring_plants_that_bring_prices_down(
    median: Assumptions, start: Grid, sites: Power
) -> None:
    a = replace(median, grid_growth=NONE)
    load = replace(sites, log_load=jnp.log(80.0), foreseen=NONE)
    early, _ = run(a, start, load, 4)
    late, then = run(a, start, load, 120)
    assert settled(a, early, load).capacity > 0.9 * a.capacity_price_limit
    assert late.log_firm > early.log_firm
    assert then.capacity < 0.5 * a.capacity_price_limit
    slow = replace(a, turbine_lead=3.0 * a.turbine_lead)
    assert run(slow, start, load, 30)[0].log_firm < run(a, start, load, 30)[0].log_firm


def test_prices_answer_to_every_watt(median: Assumptions, start: Grid, sites: Power) -> None:
    """Derivatives, against differences: a gigawatt more makes both prices dearer."""

    def prices(log_load: Array) -> Array:
        found = grid.settle(median, start, replace(sites, log_load=log_load), NONE)
        return jnp.log(jnp.stack([found.wholesale, found.capacity]))

    at = jnp.log(jnp.asarray(25.0))
    slope = np.asarray(jax.jacfwd(prices)(at))
    step = 1e-5
    difference = (np.asarray(prices(at + step)) - np.asarray(prices(at - step))) / (2.0 * step)
    assert (slope > 0.0).all()
    np.testing.assert_allclose(slope, difference, rtol=1e-6)
