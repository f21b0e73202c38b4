"""One world: the mechanisms in order, a quarter at a time.

Every level is carried in the state and moved by a rate in the assumptions, so that a world can
change its assumptions at any quarter without a jump: history runs on calibrated assumptions, the
future on a scenario's. Written for one world; batches come from `jax.vmap`.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
from jax import Array, lax
from jax.nn import logsumexp

from . import architecture, demand, fleet, investment, layers, market, power, revenue, roofline
from .assumptions import Assumptions
from .efficiency import Efficiency, advance_efficiency, initial_efficiency
from .smooth import positive_part, relax
from .state import Costs, Quarter, Setting, Shocks, State
from .tree import pytree
from .units import KILOHOURS, YEARS

QUOTED: Final = 0.5
"""Share of a change in chip scarcity that the next quarter's quotes hold: buyers who ordered by the
last quarter's price alone would chase it up and down."""


def start(a: Assumptions, setting: Setting) -> State:
    """Return the state at the start of the window."""
    technology = initial_efficiency(a)
    none = 0.0 * a.initial_q
    costs = new_chip_costs(a, technology, jnp.log(a.electricity_price), none)
    log_multiplier = roofline.compute_per_token(technology)
    log_cost = architecture.log_unit_cost(log_multiplier, _capital(a, costs), costs.running, none)
    choice = architecture.initial_choice(a, log_cost)
    shares = jnp.exp(choice.log_share[:, 0])
    stock = fleet.initial_fleet(a, shares, technology.log_price, technology.log_power)
    site = shares @ costs.site
    net = a.initial_q * site * investment.discount(a)
    log_rent = jnp.log((net + shares @ costs.running) / KILOHOURS)
    run_cost = fleet.log_running_cost(a, stock, a.electricity_price)
    log_running = market.log_supply(fleet.log_compute(stock).ravel(), run_cost.ravel(), log_rent)
    running = jnp.exp(log_running)
    wants, log_compute = demand.initial_demand(a, setting.start_year, log_rent, running)
    added = a.initial_spending / site
    chips, kw = added * shares * costs.chip, shares @ costs.kw
    spending = layers.layer_spending(
        a,
        investment.Deliveries(jnp.log(added), jnp.log(added), none, none),
        chips=chips,
        orders=chips.sum(),
        load=stock.power.sum(),
        added_load=added * kw,
        electricity=a.electricity_price,
        rent=running * jnp.exp(log_rent) * KILOHOURS,
    )
    pue = 1.0 + a.power_overhead
    return State(
        years=none,
        technology=technology,
        demand=wants,
        log_compute_scale=log_compute - logsumexp(choice.log_share + log_multiplier, axis=0),
        fleet=stock,
        power=power.initial_power(a, stock.power.sum() * pue, added * kw * pue),
        investment=investment.initial_investment(a, setting.cash_flow, chips.sum()),
        choice=choice,
        log_rent=log_rent,
        log_contract=log_rent,
        chip_scarcity=none,
        power_scarcity=none,
        spending=spending,
    )


def step(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> tuple[State, Quarter]:
    """Return the state a quarter on, and the quarter.

    Demand meets the running fleet; the rent that clears them drives orders; what can be made and
    powered is delivered; spending reaches companies.
    """
    trade = _trade(a, state, shocks)
    stock, removal = fleet.retire(a, state.fleet, trade.log_rent, trade.log_running_cost)
    order = _order(a, state, trade, stock, shocks)
    supply = _supply(a, state, stock, order)
    log_contract = relax(state.log_contract, trade.log_rent, a.contract_turnover)
    spent = layers.layer_spending(
        a,
        supply.deliveries,
        chips=supply.chips,
        orders=supply.orders,
        load=stock.power.sum(),
        added_load=supply.delivered * order.kw,
        electricity=jnp.exp(state.power.log_electricity),
        rent=trade.running * jnp.exp(log_contract) * KILOHOURS,
    )
    after = State(
        years=state.years + YEARS,
        technology=advance_efficiency(a, state.technology, supply.delivered),
        demand=trade.demand,
        log_compute_scale=state.log_compute_scale,
        fleet=supply.fleet,
        power=power.advance_power(
            a, state.power, supply.wanted_power, supply.deliveries.power_scarcity
        ),
        investment=investment.expand(a, order.investment, supply.orders),
        choice=order.choice,
        log_rent=trade.log_rent,
        log_contract=log_contract,
        chip_scarcity=relax(state.chip_scarcity, supply.deliveries.chip_scarcity, QUOTED),
        power_scarcity=supply.deliveries.power_scarcity,
        spending=layers.recognise(state.spending, spent),
    )
    return after, _observe(a, setting, state, after, trade, order, supply, removal)


def run(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> tuple[State, Quarter]:
    """Run as many quarters as ``shocks`` [quarter] has; return the last state and the quarters."""

    def one(now: State, news: Shocks) -> tuple[State, Quarter]:
        return step(a, setting, now, news)

    return lax.scan(one, state, shocks)


@pytree
class Trade:
    """The market of a quarter: demand settled at the rent that clears it."""

    demand: demand.Demand
    log_rent: Array
    log_running_cost: Array
    log_multiplier: Array
    log_inference: Array
    log_training: Array
    running: Array


@pytree
class Order:
    """What is ordered: the architecture mix, its costs (scalars, kUSD and kW), and the plan."""

    choice: architecture.Choice
    mix: Array
    costs: Costs
    site: Array
    kw: Array
    log_q: Array
    investment: investment.Investment


@pytree
class Supply:
    """What is delivered, million H100e; chips at prices before premia and orders, USD bn."""

    deliveries: investment.Deliveries
    delivered: Array
    chips: Array
    orders: Array
    paid: Array
    wanted_power: Array
    fleet: fleet.Fleet


def _trade(a: Assumptions, state: State, shocks: Shocks) -> Trade:
    log_multiplier = roofline.compute_per_token(state.technology)
    mixed = logsumexp(state.choice.log_share + log_multiplier, axis=0)
    log_compute = state.log_compute_scale + state.technology.log_flop_per_token + mixed
    shifted = demand.shift_demand(a, state.demand, a.demand_volatility * shocks.demand)
    wanted = demand.schedule(a, shifted, log_compute)
    electricity = jnp.exp(state.power.log_electricity) * power.premium(a, state.power_scarcity)
    log_cost = fleet.log_running_cost(a, state.fleet, electricity)
    log_rent = market.clear(wanted, fleet.log_compute(state.fleet), log_cost, state.log_rent)
    settled = demand.settle_demand(a, shifted, log_compute, log_rent)
    return Trade(
        demand=settled,
        log_rent=log_rent,
        log_running_cost=log_cost,
        log_multiplier=log_multiplier,
        log_inference=settled.log_tokens + log_compute,
        log_training=wanted.log_training - log_rent,
        running=jnp.exp(market.log_demand(wanted, log_rent)),
    )


def _order(a: Assumptions, state: State, trade: Trade, stock: fleet.Fleet, news: Shocks) -> Order:
    """What new chips cost and earn; how much is ordered, and of what."""
    costs = new_chip_costs(a, state.technology, state.power.log_electricity, state.chip_scarcity)
    log_cost = architecture.log_unit_cost(
        trade.log_multiplier, _capital(a, costs), costs.running, state.power_scarcity
    )
    choice = architecture.advance_choice(a, state.choice, log_cost)
    weights = demand.class_weights(trade.log_inference, trade.log_training)
    mix = architecture.mixture(choice, weights)
    site = mix @ costs.site
    log_q = investment.log_q(a, trade.log_rent, mix @ costs.running, site)
    appetite = a.appetite_volatility * news.appetite
    plan = investment.plan(a, state.investment, log_q, stock.compute.sum(), site, appetite)
    return Order(choice, mix, costs, site, mix @ costs.kw, log_q, plan)


def _supply(a: Assumptions, state: State, stock: fleet.Fleet, order: Order) -> Supply:
    """What can be made and powered of the order, and the fleet with it."""
    pue = 1.0 + a.power_overhead
    price, energised = jnp.exp(state.technology.log_price), state.power.energised
    free = positive_part(1.0 - pue * stock.power.sum() / energised, 0.01) * energised
    mean_price = order.mix @ price
    deliveries = investment.deliver(
        order.investment,
        jnp.log(order.site),
        jnp.log(mean_price),
        jnp.log(free / (pue * order.kw)),
    )
    delivered = jnp.exp(deliveries.log_delivered) * order.mix
    paid = delivered * _site_cost(a, price * _premium(a, deliveries), order.costs.kw)
    return Supply(
        deliveries=deliveries,
        delivered=jnp.exp(deliveries.log_delivered),
        chips=delivered * price,
        orders=jnp.exp(deliveries.log_wanted) * mean_price,
        paid=paid.sum(),
        wanted_power=pue * order.kw * jnp.exp(deliveries.log_wanted),
        fleet=fleet.add_vintage(stock, delivered, delivered * order.costs.kw, paid),
    )


def _observe(
    a: Assumptions,
    setting: Setting,
    before: State,
    after: State,
    trade: Trade,
    order: Order,
    supply: Supply,
    removal: fleet.Removal,
) -> Quarter:
    scarce = supply.deliveries
    kept_power = before.fleet.power.sum() - removal.power
    other = a.initial_other_capex * jnp.exp(a.other_capex_growth * before.years)
    value = fleet.economic_value(
        before.fleet, trade.log_rent, trade.log_running_cost, investment.discount(a)
    )
    return Quarter(
        lines=revenue.line_revenue(a, setting.lines, after.spending, before.years),
        spending=after.spending,
        rent=jnp.exp(trade.log_rent),
        compute=after.fleet.compute.sum(),
        running=trade.running,
        delivered=supply.delivered,
        retired=removal.compute,
        load=(1.0 + a.power_overhead) * kept_power,
        energised=before.power.energised,
        capital_spending=supply.paid,
        owner_capex=a.owner_share * supply.paid + other,
        tokens=jnp.exp(trade.demand.log_tokens),
        token_price=1e3 * jnp.exp(trade.demand.log_price),
        inference_share=jnp.exp(logsumexp(trade.log_inference)) / trade.running,
        architecture_share=order.mix,
        chip_price=jnp.exp(before.technology.log_price[0]) * _premium(a, scarce),
        q=jnp.exp(order.log_q),
        chip_scarcity=scarce.chip_scarcity,
        power_scarcity=scarce.power_scarcity,
        book_value=fleet.book_value(a, after.fleet).sum(),
        written_off=removal.written_off,
        impairment=fleet.impairment(a, before.fleet, value),
    )


def new_chip_costs(
    a: Assumptions, technology: Efficiency, log_electricity: Array, chip_scarcity: Array
) -> Costs:
    """Return what a new H100e costs to buy, house and run, by architecture."""
    kw = jnp.exp(technology.log_power)
    chip = jnp.exp(technology.log_price + a.chip_premium * chip_scarcity)
    return Costs(
        chip=chip,
        site=_site_cost(a, chip, kw),
        running=fleet.running_cost(a, jnp.exp(log_electricity), kw),
        kw=kw,
    )


def _site_cost(a: Assumptions, chip: Array, kw: Array) -> Array:
    systems = chip * (1.0 + a.networking_content + a.server_content)
    return systems + kw * (a.shell_cost + a.power_equipment_cost)


def _premium(a: Assumptions, deliveries: investment.Deliveries) -> Array:
    return jnp.exp(a.chip_premium * deliveries.chip_scarcity)


def _capital(a: Assumptions, costs: Costs) -> Array:
    return costs.site * investment.discount(a)
