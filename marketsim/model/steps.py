"""The three parts of a quarter: compute is traded, chips are ordered, orders are supplied."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from . import (
    architecture,
    demand,
    fleet,
    grid,
    investment,
    layers,
    market,
    memory,
    power,
    roofline,
)
from .assumptions import Assumptions
from .costs import Costs, capital_cost, new_chip_costs, site_cost
from .smooth import positive_part
from .state import Setting, Shocks, State
from .tree import pytree
from .units import YEARS


@pytree
class Trade:
    """The market of a quarter: demand settled at the rent that clears it.

    ``work`` and ``log_inference`` (ln million H100e [class]) are those of the quarter's technology;
    ``growth`` of the compute wanted in the end, were rents to fall as expected.
    """

    demand: demand.Demand
    work: roofline.Work
    log_rent: Array
    running_cost: Array
    log_inference: Array
    log_training: Array
    running: Array
    growth: Array


@pytree
class Order:
    """What is ordered: the architecture mix, its costs (scalars, kUSD and kW), and the plan.

    ``log_left`` is ln share of what buyers want that export controls leave.
    """

    choice: architecture.Choice
    mix: Array
    costs: Costs
    site: Array
    kw: Array
    log_q: Array
    log_left: Array
    plan: investment.Plan


@pytree
class Supply:
    """What is delivered, million H100e; chips at prices before factors, wanted and paid, USD bn.

    ``rent`` is the scarcity rent of power, kUSD per kW; ``memory`` what its makers sold.
    """

    deliveries: investment.Deliveries
    delivered: Array
    chips: Array
    wanted: Array
    paid: Array
    wanted_power: Array
    rent: Array
    memory: memory.Sales
    prices: layers.Prices
    fleet: fleet.Fleet


def trade(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> Trade:
    """Clear the market for compute: shifted demand meets the installed fleet."""
    news = a.demand_volatility * shocks.demand
    shifted = demand.shift_demand(a, state.demand, news, state.investment.appetite)
    technology = state.technology
    work = roofline.compute_per_token(a, technology, setting.served, shifted.log_speed)
    mixed = architecture.mean(jnp.exp(state.choice.log_share), work.total())
    log_compute = state.log_compute_scale + technology.log_flop_per_token + jnp.log(mixed)
    wanted = demand.schedule(a, shifted, log_compute)
    electricity = jnp.exp(state.power.log_electricity + state.power.log_factor)
    stock = market.stock(a, state.fleet, electricity)
    log_rent = market.clear(wanted, stock, state.log_rent)
    settled = demand.settle_demand(a, shifted, log_compute, log_rent)
    fallen = state.log_rent - a.expected_rent_decline * YEARS
    expected = demand.outlook(a, shifted, log_compute, fallen)
    return Trade(
        demand=settled,
        work=work,
        log_rent=log_rent,
        running_cost=stock.cost,
        log_inference=settled.log_tokens + log_compute,
        log_training=wanted.log_training - log_rent,
        running=market.wanted(wanted, log_rent),
        growth=expected - shifted.log_outlook,
    )


def order(a: Assumptions, state: State, traded: Trade, stock: fleet.Fleet, news: Shocks) -> Order:
    """Decide how much is ordered, and of what, at the rent and the prices as quoted."""
    costs = quoted_costs(a, state)
    log_cost = architecture.log_unit_cost(
        traded.work, capital_cost(a, costs), costs.bare, costs.power
    )
    choice = architecture.advance_choice(a, state.choice, log_cost)
    weights = demand.class_weights(traded.log_inference, traded.log_training)
    wanted = architecture.mixture(choice, traded.work, weights)
    mix, left = architecture.bar(wanted, a.restricted_region * a.export_control)
    site, running, kw = (architecture.mean(mix, x) for x in (costs.site, costs.running, costs.kw))
    log_rent = investment.expected_rent(a, traded.log_rent, state.log_contract)
    log_q = investment.log_q(a, log_rent, running, site)
    appetite = a.appetite_volatility * news.appetite
    replaced = fleet.total(stock.compute) * site
    dear = jnp.log(site) - jnp.log(architecture.mean(mix, costs.ordinary))
    plan = investment.plan(a, state.investment, log_q, dear, traded.growth, replaced, appetite)
    return Order(choice, mix, costs, site, kw, log_q, jnp.log(left), plan)


def quoted_costs(a: Assumptions, state: State) -> Costs:
    """Return what new chips cost at the prices the last quarter left."""
    technology = state.technology
    premia = memory.premia(a, state.memory, bits(a, state), technology.log_price)
    return new_chip_costs(
        a,
        technology.log_price,
        technology.log_power,
        state.power,
        layers.markups(a, technology.log_price, state.industry.log_markup),
        state.chip_scarcity,
        premia,
    )


def bits(a: Assumptions, state: State) -> memory.Bits:
    """Return the memory of new chips."""
    return memory.bits_per_chip(a, state.technology.log_memory, state.technology.log_power)


def supply(
    a: Assumptions, state: State, stock: fleet.Fleet, ordered: Order, news: Shocks
) -> Supply:
    """Deliver what can be made and powered of the order, and add it to the fleet."""
    pue = 1.0 + a.power_overhead
    price, energised = jnp.exp(state.technology.log_price), state.power.energised
    free = positive_part(1.0 - pue * fleet.total(stock.power) / energised, 0.01) * energised
    mean_price = architecture.mean(ordered.mix, price)
    deliveries = investment.deliver(
        ordered.plan.state,
        jnp.log(ordered.site) - ordered.log_left,
        jnp.log(mean_price),
        jnp.log(free / (pue * ordered.kw)),
    )
    surplus = ordered.site * investment.surplus(a, ordered.log_q)
    rent = power.scarcity_rent(
        deliveries.log_delivered, deliveries.log_powered, surplus, ordered.kw
    )
    delivered = jnp.exp(deliveries.log_delivered) * ordered.mix
    taken = bits(a, state)
    hbm, server = ((delivered * each).sum(axis=0) for each in (taken.hbm, taken.server))
    sales = memory.clear_memory(a, state.memory, hbm, server, a.memory_volatility * news.memory)
    prices = paid_prices(a, state, deliveries.chip_scarcity, rent, sales)
    chip = price * prices.chips * prices.memory.chips * prices.markup
    paid = delivered * site_cost(a, chip, ordered.costs.kw, prices.equipment, prices.memory.servers)
    wanted = jnp.exp(deliveries.log_wanted)
    return Supply(
        deliveries=deliveries,
        delivered=jnp.exp(deliveries.log_delivered),
        chips=delivered * price,
        wanted=wanted * mean_price,
        paid=paid.sum(axis=0),
        wanted_power=pue * ordered.kw * wanted,
        rent=rent,
        memory=sales,
        prices=prices,
        fleet=fleet.add_vintage(stock, delivered, delivered * ordered.costs.kw, paid),
    )


def paid_prices(
    a: Assumptions, state: State, chip_scarcity: Array, rent: Array, sales: memory.Sales
) -> layers.Prices:
    """Return the quarter's prices: scarcity of chips and ``rent`` of power as they turned out."""
    settled = memory.priced(state.memory, sales)
    return layers.Prices(
        chips=layers.scarce_price(a, chip_scarcity),
        memory=memory.premia(a, settled, bits(a, state), state.technology.log_price),
        markup=layers.markups(a, state.technology.log_price, state.industry.log_markup),
        power=jnp.exp(power.contracted(a, state.power, rent)),
        equipment=power.equipment_factor(a, state.power),
        electricity=jnp.exp(state.power.log_electricity),
    )


def powered(
    a: Assumptions,
    stock: fleet.Fleet,
    supplied: Supply,
    settled: grid.Settlement,
    markets: grid.Grid,
) -> power.Loading:
    """Return what the quarter asks of power and brings to it; ``markets`` as it leaves them."""
    pue = 1.0 + a.power_overhead
    return power.Loading(
        load=pue * fleet.total(supplied.fleet.power),
        need=pue * fleet.total(stock.power) + supplied.wanted_power,
        own=settled.arrivals[grid.SITE],
        electricity=grid.grid_electricity(a, markets),
        rent=supplied.rent,
    )


def flows(
    a: Assumptions,
    state: State,
    stock: fleet.Fleet,
    ordered: Order,
    supplied: Supply,
    settled: grid.Settlement,
    rent: Array,
    demanded: demand.Demand,
) -> layers.Flows:
    """Return what is bought in the quarter; ``rent`` of compute at contract prices, USD bn.

    ``demanded`` is demand once the market has cleared.
    """
    return layers.Flows(
        chips=supplied.chips,
        load=fleet.total(stock.power),
        let=jnp.exp(state.power.log_let),
        added=supplied.delivered * ordered.kw,
        rent=rent,
        worth=demand.worth_in_use(a, demanded),
        turbines=settled.paid.sum(axis=0),
        generation=grid.merchant_earnings(a, state.grid, state.power),
        memory=memory.memory_revenue(a, supplied.memory),
        independent=jnp.exp(state.industry.log_independent),
    )
