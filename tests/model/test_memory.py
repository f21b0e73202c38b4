"""Mechanism 9, memory: fixed supply, slow building, and what comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from marketsim.model import LAYERS, YEARS, Assumptions, memory, unpack, values
from marketsim.model.memory import Bits, Memory, Sales
from marketsim.model.tree import leaf
from marketsim.model.units import GPU, LOW_LATENCY

if TYPE_CHECKING:
    from tests.model.conftest import World

HBM, SERVER = 0.02, 0.03
"""EB in a quarter, as about 2022."""
LONG = 64
"""Quarters of a run of the market alone: sixteen years."""

clear, advance = jax.jit(memory.clear_memory), jax.jit(memory.advance_memory)


def calm(a: Assumptions, hbm: float = HBM) -> Memory:
    """A market at rest: what is made is wanted at its cost, and stocks are as they should be."""
    rest = 8.0 - SERVER - float(a.hbm_trade_ratio) * hbm
    none = jnp.asarray(0.0)
    price = jnp.log(3.0) + none
    return Memory(
        log_rest=jnp.log(rest) + none,
        cycle=none,
        log_capacity=jnp.log(8.0) + none,
        queue=jnp.full(memory.STAGES, 0.2),
        stock=8.0 * a.memory_stock,
        log_price=price,
        log_hbm_price=price + jnp.log(a.hbm_trade_ratio * a.hbm_premium),
        log_cost=price,
        log_change=none,
    )


def sell(
    a: Assumptions, now: Memory, hbm: float = HBM, server: float = SERVER, news: float = 0.0
) -> Sales:
    sales: Sales = clear(a, now, *(jnp.asarray(x) for x in (hbm, server, news)))
    return sales


def market(a: Assumptions, now: Memory, news: Array, hbm: Array) -> Sales:
    """Run the market alone, at ``news`` of others' demand in logs and AI's ``hbm``, [quarter, ...].

    Returns its sales, [quarter, ...].
    """

    def one(now: Memory, given: tuple[Array, Array]) -> tuple[Memory, Sales]:
        news, hbm = given
        sales = memory.clear_memory(a, now, hbm, a.server_memory * hbm, news)
        return memory.advance_memory(a, now, sales), sales

    sales: Sales = jax.lax.scan(one, now, (news, hbm))[1]
    return sales


run = jax.jit(market)


# A quarter


def test_a_market_at_rest_stays(median: Assumptions) -> None:
    now = calm(median)
    sales = sell(median, now)
    assert sales.log_price == pytest.approx(float(now.log_price), abs=1e-8)
    assert sales.made == pytest.approx(8.0)
    assert sales.sold == pytest.approx(8.0, rel=1e-3)  # a smooth minimum lies a little below
    assert sales.log_hbm_price == pytest.approx(float(now.log_hbm_price))


@pytest.mark.parametrize("gap", [-0.02, 0.01])
def test_price_closes_its_part_of_a_small_gap(median: Assumptions, gap: float) -> None:
    """By the gap over the elasticities of demand and supply together."""
    a, now = median, calm(median, hbm=0.0)
    wanted = replace(now, log_rest=now.log_rest + gap)
    move = float(sell(a, wanted, hbm=0.0, server=0.0).log_price - now.log_price)
    at_rest = float(sell(a, now, hbm=0.0, server=0.0).log_price - now.log_price)
    slope = float(a.memory_elasticity + a.memory_utilisation)
    assert move - at_rest == pytest.approx(float(a.memory_repricing) * gap / slope, rel=0.02)


def test_no_gap_moves_contracts_further_than_they_ever_went(median: Assumptions) -> None:
    for gap in (-30.0, 30.0):
        wanted = replace(calm(median), log_rest=jnp.asarray(gap))
        move = float(sell(median, wanted).log_price - jnp.log(3.0))
        assert move == pytest.approx(np.sign(gap) * memory.FASTEST)


def test_a_bit_of_hbm_takes_the_wafers_of_three(median: Assumptions) -> None:
    """A tenth of an EB of it drives prices as much as its trade ratio of other bits does."""
    a, now = median, calm(median)
    ratio = float(a.hbm_trade_ratio)
    fast = float(sell(a, now, hbm=HBM + 0.001).log_price)
    other = replace(now, log_rest=jnp.log(jnp.exp(now.log_rest) + 0.001 * ratio))
    assert fast == pytest.approx(float(sell(a, other).log_price), rel=1e-4)
    assert fast > float(now.log_price)


def test_when_stocks_run_out_all_buyers_get_the_same_part(median: Assumptions) -> None:
    """They never take more than is made and stands."""
    now = replace(calm(median), stock=jnp.asarray(0.1), log_rest=jnp.log(12.0))
    sales = sell(median, now)
    assert sales.sold <= sales.made + now.stock
    wanted = (12.0 + SERVER) * np.exp(
        -float(median.memory_elasticity) * float(sales.log_price - now.log_price)
    ) + float(median.hbm_trade_ratio) * HBM
    assert float(sales.hbm) / HBM == pytest.approx(float(sales.sold) / wanted, rel=1e-6)
    assert sales.hbm < 0.9 * HBM


def test_makers_cut_when_prices_fall_below_cost(median: Assumptions) -> None:
    low = replace(calm(median), log_price=jnp.log(1.5))
    assert 0.9 * 8.0 < float(sell(median, low).made) < 8.0


def test_plant_stands_idle_below_its_cash_cost_and_not_above(median: Assumptions) -> None:
    """Far below it by an elasticity; at cost all runs; in between smoothly and ever less."""
    cash = float(jnp.log(median.memory_cash_cost))
    margins = jnp.asarray([cash - 2.0, cash - 1.0, cash, 0.0, 1.0])
    idle = np.asarray(memory.idle(median, margins))
    assert idle[0] - idle[1] == pytest.approx(float(median.memory_idling), rel=1e-6)
    assert idle[3] == pytest.approx(0.0, abs=1e-6)
    assert (np.diff(idle) < 0.0).all()
    slope = jax.grad(lambda x: memory.idle(median, x))
    assert float(slope(jnp.asarray(cash))) == pytest.approx(-0.5 * float(median.memory_idling))
    now = calm(median)
    low = replace(now, log_price=now.log_cost + 1.5 * jnp.log(median.memory_cash_cost))
    none = replace(median, memory_idling=jnp.asarray(0.0))
    assert sell(median, low).made < 0.9 * sell(none, low).made


def test_buyers_stock_up_when_prices_rise(median: Assumptions) -> None:
    rising = replace(calm(median), log_change=jnp.asarray(0.2))
    assert sell(median, rising).log_price > sell(median, calm(median)).log_price


def test_what_others_want_above_their_trend_fades(median: Assumptions) -> None:
    first = sell(median, calm(median), news=0.05)
    assert first.cycle == pytest.approx(0.05)
    assert first.log_price > sell(median, calm(median)).log_price
    later = sell(median, replace(calm(median), cycle=first.cycle))
    assert later.cycle == pytest.approx(0.05 * float(median.memory_persistence))


def test_hbm_follows_slowly_and_all_the_way(median: Assumptions) -> None:
    """By a fifth of its contracts in a quarter."""
    a, now = median, replace(calm(median), log_price=jnp.log(6.0))
    start, end = (
        float(x + jnp.log(a.hbm_trade_ratio * a.hbm_premium))
        for x in jnp.log(jnp.array([3.0, 6.0]))
    )
    first = sell(a, now)
    there = float(first.log_price) - np.log(6.0) + end
    assert first.log_hbm_price == pytest.approx(start + float(a.hbm_repricing) * (there - start))


# Building


def test_what_is_started_comes_after_the_lead_time_in_the_mean(median: Assumptions) -> None:
    """A pulse passes the stages: a quarter of each is its share that leaves."""
    share = float(memory.leaving(median))
    quarters = memory.STAGES / share
    assert quarters * YEARS == pytest.approx(float(median.memory_lead_time), rel=0.02)
    queue, came = np.array([1.0, 0.0, 0.0]), []
    for _ in range(200):
        flow = share * queue
        came.append(flow[-1])
        queue = queue - flow + np.array([0.0, *flow[:-1]])
    assert np.sum(came) == pytest.approx(1.0)
    assert np.arange(1, 201) @ came == pytest.approx(quarters)


def test_makers_build_for_normal_growth_at_cost_and_for_more_above_it(median: Assumptions) -> None:
    """With plant that was started at that rate, capacity grows at it."""
    a = replace(median, memory_demand_growth=median.memory_supply_growth)
    now = memory.initial_memory(
        replace(a, initial_memory_margin=leaf(0.0), initial_memory_pipeline=leaf(1.0)),
        leaf(0.0),
        leaf(0.0),
    )
    grown = []
    for price in (now.log_cost, now.log_cost + 0.5):
        state = now
        for _ in range(24):
            at = sell(a, state, 0.0, 0.0)
            fixed = price - now.log_cost + state.log_cost
            state = advance(a, state, replace(at, log_price=fixed))
        grown.append(float(state.log_capacity - now.log_capacity) / 6.0)
    assert grown[0] == pytest.approx(float(a.memory_supply_growth), rel=0.05)
    assert grown[1] > 1.2 * grown[0]


def test_a_rise_of_demand_is_overbuilt(median: Assumptions) -> None:
    """The cobweb: contracts double within four quarters, then fall by half and below their trend.

    Demand is 12 % higher for two years; prices are against a world where it is not.
    """
    news = np.zeros((LONG, 2))
    news[[4, 12], 1] = 0.12, -0.12
    lasting, start = replace(median, memory_persistence=leaf(1.0)), calm(median)
    both = jax.tree.map(lambda x: jnp.stack([x, x], axis=-1), start)
    sales = run(lasting, both, jnp.asarray(news), jnp.full((LONG, 2), HBM))
    rise = np.asarray(sales.log_price[:, 1] - sales.log_price[:, 0])
    assert rise[3] == 0.0
    peak = int(rise.argmax())
    assert peak <= 9
    assert rise[7] > 0.8 * np.log(2.0)
    trough = peak + int(rise[peak : peak + 16].argmin())
    assert rise[trough] < -0.2
    assert rise[trough] - rise[peak] < -np.log(2.0)
    assert abs(rise[-1]) < 0.15


# What it means for the others


def test_chips_hold_what_their_memory_says(median: Assumptions) -> None:
    """GB per kW times kW, times what is lost on the way; SRAM is not bought."""
    a = median
    found = memory.bits_per_chip(a, jnp.log(jnp.array([60.0, 90.0, 1.2])), jnp.log(jnp.ones(3)))
    np.testing.assert_allclose(found.hbm, a.hbm_content * np.array([0.060, 0.090, 0.0]))
    np.testing.assert_allclose(found.server, a.server_memory * found.hbm)


def test_memory_at_its_cost_leaves_prices_alone(median: Assumptions) -> None:
    one = memory.premia(median, calm(median), Bits(*jnp.full((2, 3), 0.1)), jnp.full(3, 3.0))
    np.testing.assert_allclose(one.chips, 1.0)
    np.testing.assert_allclose(one.servers, 1.0)


def test_chips_cost_more_by_their_memory_and_never_less_than_nothing(median: Assumptions) -> None:
    """A chip of 30 kUSD with 0.1 TB at twice the normal price: about its cost once more."""
    a, now, chip = median, calm(median), Bits(*jnp.array([[0.1, 0.1, 0.0], [0.2, 0.2, 0.0]]))
    price = jnp.log(30.0 * jnp.ones(3))
    dear = replace(now, log_hbm_price=now.log_hbm_price + jnp.log(2.0))
    found = memory.premia(a, dear, chip, price)
    bill = 0.1 * float(jnp.exp(now.log_hbm_price))
    assert found.chips[GPU] == pytest.approx(1.0 + bill / (30.0 + bill))
    assert found.hbm[GPU] == pytest.approx(2.0 * bill / 30.0)
    assert found.chips[LOW_LATENCY] == found.servers[LOW_LATENCY] == 1.0
    assert found.servers[GPU] == 1.0  # whose DRAM is no dearer
    cheap = memory.premia(a, replace(now, log_hbm_price=leaf(-50.0)), chip, jnp.full(3, -9.0))
    assert (cheap.chips >= 0.0).all()


# The start


def test_it_starts_at_the_revenue_and_the_momentum_given(median: Assumptions) -> None:
    for momentum in (-0.15, 0.0, 0.1):
        a = replace(median, initial_memory_momentum=leaf(momentum))
        now = memory.initial_memory(a, leaf(HBM), leaf(SERVER))
        sales = sell(a, now)
        earned = memory.dram_revenue(a, sales) + memory.hbm_revenue(sales)
        assert sales.log_price - now.log_price == pytest.approx(momentum, abs=0.06)
        assert earned == pytest.approx(float(a.initial_memory_revenue), rel=0.2)
        assert now.log_price - now.log_cost == pytest.approx(float(a.initial_memory_margin))


def test_all_memory_is_a_layer_of_spending(world: World, median: Assumptions) -> None:
    """DRAM, flash that follows it, and high-bandwidth memory: most of it bought for other uses."""
    _, q = world.ahead(median, world.begin(median))
    spent = q.spending[:, LAYERS.index("memory")]
    flash = median.flash_ratio * (q.memory_revenue - q.hbm_revenue)
    np.testing.assert_allclose(spent, q.memory_revenue + flash, rtol=1e-9)
    assert q.hbm_revenue[0] < 0.05 * q.memory_revenue[0]
    assert q.hbm_revenue[15] > 5.0 * q.hbm_revenue[0]


def test_dram_is_shared_by_what_is_wanted_of_it(median: Assumptions) -> None:
    """Servers for AI pay the price that others pay, and get the part that they want."""
    now = calm(median)
    sales = sell(median, now)
    part = SERVER / (float(jnp.exp(now.log_rest)) + SERVER)
    assert memory.server_dram_revenue(sales) == pytest.approx(
        part * float(memory.dram_revenue(median, sales))
    )
    assert memory.server_dram_revenue(sell(median, now, server=0.0)) == 0.0
    most = sell(median, now, server=1e6)
    assert memory.server_dram_revenue(most) == pytest.approx(
        float(memory.dram_revenue(median, most)), rel=1e-4
    )


def test_dram_of_ai_servers_is_a_part_of_the_industrys(world: World, median: Assumptions) -> None:
    _, q = world.ahead(median, world.begin(median))
    assert (q.server_dram_revenue > 0.0).all()
    assert (q.server_dram_revenue < q.memory_revenue - q.hbm_revenue).all()
    per_bit = (q.server_dram_revenue / q.memory_price) / (median.server_memory * q.hbm_revenue)
    hbm_price = jnp.exp(world.begin(median).memory.log_hbm_price)
    assert 0.8 < per_bit[0] * hbm_price < 1.25  # bits as many as `server_memory` has it


# The cycle


@pytest.fixture(scope="module")
def cycles(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Prices and revenue, ln [quarter, world], at draws of the priors, of assumptions and of news.

    AI takes twice as much memory every five years.
    """
    chance = np.random.default_rng(0)
    z = chance.standard_normal((len(world.listed), 500))
    a = unpack(values(world.coordinates, jnp.asarray(z)))
    news = a.memory_volatility * chance.standard_normal((LONG, 500))
    hbm = HBM * np.exp(0.14 * YEARS * np.arange(LONG))[:, None] + 0.0 * news
    first = memory.initial_memory(a, hbm[0], a.server_memory * hbm[0])
    sales = run(a, first, news, hbm)
    earned = jax.vmap(lambda s: memory.dram_revenue(a, s) + memory.hbm_revenue(s))(sales)
    return np.asarray(sales.log_price)[16:], np.log(np.asarray(earned))[16:]


def test_prices_swing_as_they_did(cycles: tuple[np.ndarray, np.ndarray]) -> None:
    """From 2018 to 2025 Micron's prices moved by 13 % a quarter, and by 39 % over four."""
    price, revenue = cycles
    assert 0.09 < np.diff(price, axis=0).std() < 0.17
    assert 0.30 < (price[4:] - price[:-4]).std() < 0.50
    # Of the industry, 2018 to 2025: 0.45.
    assert 0.30 < (revenue[4:] - revenue[:-4]).std() < 0.60


def test_prices_run_on_for_a_year_and_turn_in_the_next(
    cycles: tuple[np.ndarray, np.ndarray],
) -> None:
    """Autocorrelation of a quarter's change: 0.75, 0.38, then -0.2 to -0.4 after five and more."""
    change = np.diff(cycles[0], axis=0)
    x = change - change.mean(axis=0)
    lag = [(x[k:] * x[: len(x) - k]).mean() / (x * x).mean() for k in range(9)]
    assert lag[1] == pytest.approx(0.75, abs=0.15)
    assert lag[2] == pytest.approx(0.38, abs=0.15)
    assert lag[5] < -0.1
    assert lag[8] < 0.0


def test_prices_double_in_a_year_now_and_then(cycles: tuple[np.ndarray, np.ndarray]) -> None:
    """In some per cent of years; they halve, on a falling trend, more often."""
    price = cycles[0]
    over_four = (price[4:] - price[:-4])[:40].reshape(10, 4, -1)
    doubled = (over_four > np.log(2.0)).any(axis=1).mean()
    halved = (over_four < -np.log(2.0)).any(axis=1).mean()
    assert 0.02 < doubled < 0.10
    assert doubled < halved < 0.25
