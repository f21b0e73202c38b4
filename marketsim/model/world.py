"""One world: the mechanisms in order, a quarter at a time.

Every level is carried in the state and moved by a rate in the assumptions, so that a world can
change its assumptions at any quarter without a jump: history runs on calibrated assumptions, the
future on a scenario's. Written for one world; batches come from `jax.vmap`.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array, lax
from jax.nn import logsumexp

from . import architecture, demand, fleet, investment, layers, market, power, revenue, roofline
from .assumptions import Assumptions
from .efficiency import Efficiency, advance_efficiency, initial_efficiency
from .smooth import positive_part, relax
from .tree import pytree
from .units import KILOHOURS, LAYERS, YEARS


@pytree
class Setting:
    """What is given rather than assumed.

    ``start_year`` of the window in years since 2025; ``cash_flow`` of the largest owners then, USD
    bn per quarter; ``lines`` of revenue.
    """

    start_year: Array
    cash_flow: Array
    lines: revenue.Lines


@pytree
class Shocks:
    """News of one quarter, or [quarter], in standard deviations."""

    appetite: Array
    demand: Array


@pytree
class State:
    """Everything a quarter hands to the next."""

    years: Array
    technology: Efficiency
    demand: demand.Demand
    log_compute_scale: Array
    fleet: fleet.Fleet
    power: power.Power
    investment: investment.Investment
    choice: architecture.Choice
    log_rent: Array
    log_contract: Array
    chip_scarcity: Array
    power_scarcity: Array
    spending: Array


@pytree
class Quarter:
    """What can be observed of a quarter; stacked [quarter, ...] by a run.

    ``lines`` USD bn [line]; ``spending`` recognised USD bn [layer]; ``rent`` USD per H100e-hour;
    ``compute`` installed, ``running`` and ``delivered``, million H100e; ``load`` and ``energised``
    GW at the site; ``capital_spending`` on AI and ``owner_capex`` in all, USD bn; ``tokens``
    trillion [class]; ``token_price`` USD per million [class]; ``inference_share`` of running
    compute; ``architecture_share`` of deliveries [architecture]; ``chip_price`` of merchant
    accelerators, kUSD per H100e; ``q``; scarcities in logs; ``book_value``, ``written_off`` and
    ``impairment`` USD bn.
    """

    lines: Array
    spending: Array
    rent: Array
    compute: Array
    running: Array
    delivered: Array
    retired: Array
    load: Array
    energised: Array
    capital_spending: Array
    owner_capex: Array
    tokens: Array
    token_price: Array
    inference_share: Array
    architecture_share: Array
    chip_price: Array
    q: Array
    chip_scarcity: Array
    power_scarcity: Array
    book_value: Array
    written_off: Array
    impairment: Array


@pytree
class Costs:
    """Costs of new chips by architecture, kUSD per H100e, and kW per H100e; [architecture]."""

    chip: Array
    site: Array
    running: Array
    kw: Array


def start(a: Assumptions, setting: Setting) -> State:
    """Return the state at the start of the window."""
    technology = initial_efficiency(a)
    none = 0.0 * a.initial_q
    costs = new_chip_costs(a, technology, jnp.log(a.electricity_price), none)
    capital, log_multiplier = _capital(a, costs), roofline.compute_per_token(technology)
    log_cost = architecture.log_unit_cost(log_multiplier, capital, costs.running, none)
    choice = architecture.initial_choice(a, log_cost)
    shares = jnp.exp(choice.log_share[:, 0])
    stock = fleet.initial_fleet(a, shares, technology.log_price, technology.log_power)
    site = shares @ costs.site
    net = a.initial_q * site * investment.discount(a)
    log_rent = jnp.log((net + shares @ costs.running) / KILOHOURS)
    run_cost = fleet.log_running_cost(a, stock, a.electricity_price)
    running = jnp.exp(market.log_supply(_flat(fleet.log_compute(stock)), _flat(run_cost), log_rent))
    wants, log_compute = demand.initial_demand(a, setting.start_year, log_rent, running)
    mixed = logsumexp(choice.log_share + log_multiplier, axis=0)
    added = a.initial_spending / site * (shares @ costs.kw)
    pue = 1.0 + a.power_overhead
    spending = jnp.zeros(len(LAYERS)) + none
    state = State(
        years=none,
        technology=technology,
        demand=wants,
        log_compute_scale=log_compute - mixed,
        fleet=stock,
        power=power.initial_power(a, stock.power.sum() * pue, added * pue),
        investment=investment.initial_investment(
            a, setting.cash_flow, a.initial_spending / site * (shares @ costs.chip)
        ),
        choice=choice,
        log_rent=log_rent,
        log_contract=log_rent,
        chip_scarcity=none,
        power_scarcity=none,
        spending=spending,
    )
    return _with_settled_spending(a, setting, state)


def step(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> tuple[State, Quarter]:
    """Return the state a quarter on, and the quarter."""
    # Demand meets the running fleet.
    technology, electricity = state.technology, jnp.exp(state.power.log_electricity)
    log_multiplier = roofline.compute_per_token(technology)
    mixed = logsumexp(state.choice.log_share + log_multiplier, axis=0)
    log_compute = state.log_compute_scale + technology.log_flop_per_token + mixed
    shifted = demand.shift_demand(a, state.demand, a.demand_volatility * shocks.demand)
    wanted = demand.schedule(a, shifted, log_compute)
    log_run_cost = fleet.log_running_cost(
        a, state.fleet, electricity * power.premium(a, state.power_scarcity)
    )
    log_rent = market.clear(wanted, fleet.log_compute(state.fleet), log_run_cost, state.log_rent)
    wants = demand.settle_demand(a, shifted, log_compute, log_rent)
    log_inference = wants.log_tokens + log_compute
    log_training = wanted.log_training - log_rent
    running = jnp.exp(market.log_demand(wanted, log_rent))
    stock, removal = fleet.retire(a, state.fleet, log_rent, log_run_cost)

    # What new chips cost and earn; how much is ordered, and of what.
    costs = new_chip_costs(a, technology, state.power.log_electricity, state.chip_scarcity)
    log_cost = architecture.log_unit_cost(
        log_multiplier, _capital(a, costs), costs.running, state.power_scarcity
    )
    choice = architecture.advance_choice(a, state.choice, log_cost)
    weights = demand.class_weights(log_inference, log_training)
    mix = architecture.mixture(choice, weights)
    site, kw, running_cost = mix @ costs.site, mix @ costs.kw, mix @ costs.running
    log_q = investment.log_q(a, log_rent, running_cost, site)
    news = a.appetite_volatility * shocks.appetite
    plans = investment.plan(a, state.investment, log_q, stock.compute.sum(), site, news)

    # What can be delivered, and the power it needs.
    pue = 1.0 + a.power_overhead
    load = stock.power.sum()
    free = positive_part(1.0 - pue * load / state.power.energised, 0.01) * state.power.energised
    chip_price = jnp.exp(technology.log_price)
    deliveries = investment.deliver(
        plans, jnp.log(site), jnp.log(mix @ chip_price), jnp.log(free / (pue * kw))
    )
    delivered = jnp.exp(deliveries.log_delivered)
    orders = jnp.exp(deliveries.log_wanted) * (mix @ chip_price)
    premium = jnp.exp(a.chip_premium * deliveries.chip_scarcity)
    paid = delivered * mix * _site_cost(a, chip_price * premium, costs.kw)
    grown = fleet.add_vintage(stock, delivered * mix, delivered * mix * costs.kw, paid)
    wanted_power = pue * kw * jnp.exp(deliveries.log_wanted)

    log_contract = relax(state.log_contract, log_rent, a.contract_turnover)
    spending = layers.recognise(
        state.spending,
        layers.layer_spending(
            a,
            deliveries,
            chips=delivered * mix * chip_price,
            orders=orders,
            load=load,
            added_load=delivered * kw,
            electricity=electricity,
            rent=running * jnp.exp(log_contract) * KILOHOURS,
        ),
    )
    value = fleet.economic_value(state.fleet, log_rent, log_run_cost, investment.discount(a))
    capital_spending = paid.sum()
    other = a.initial_other_capex * jnp.exp(a.other_capex_growth * state.years)
    after = State(
        years=state.years + YEARS,
        technology=advance_efficiency(a, technology, delivered),
        demand=wants,
        log_compute_scale=state.log_compute_scale,
        fleet=grown,
        power=power.advance_power(a, state.power, wanted_power, deliveries.power_scarcity),
        investment=investment.expand(a, plans, orders),
        choice=choice,
        log_rent=log_rent,
        log_contract=log_contract,
        chip_scarcity=deliveries.chip_scarcity,
        power_scarcity=deliveries.power_scarcity,
        spending=spending,
    )
    quarter = Quarter(
        lines=revenue.line_revenue(a, setting.lines, spending, state.years),
        spending=spending,
        rent=jnp.exp(log_rent),
        compute=grown.compute.sum(),
        running=running,
        delivered=delivered,
        retired=removal.compute,
        load=pue * load,
        energised=state.power.energised,
        capital_spending=capital_spending,
        owner_capex=a.owner_share * capital_spending + other,
        tokens=jnp.exp(wants.log_tokens),
        token_price=1e3 * jnp.exp(wants.log_price),
        inference_share=jnp.exp(logsumexp(log_inference)) / running,
        architecture_share=mix,
        chip_price=chip_price[0] * premium,
        q=jnp.exp(log_q),
        chip_scarcity=deliveries.chip_scarcity,
        power_scarcity=deliveries.power_scarcity,
        book_value=fleet.book_value(a, grown).sum(),
        written_off=removal.written_off,
        impairment=fleet.impairment(a, state.fleet, value),
    )
    return after, quarter


def run(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> tuple[State, Quarter]:
    """Run as many quarters as ``shocks`` [quarter] has; return the last state and the quarters."""

    def one(now: State, news: Shocks) -> tuple[State, Quarter]:
        return step(a, setting, now, news)

    return lax.scan(one, state, shocks)


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


def _capital(a: Assumptions, costs: Costs) -> Array:
    return costs.site * investment.discount(a)


def _flat(x: Array) -> Array:
    return x.ravel()


def _with_settled_spending(a: Assumptions, setting: Setting, state: State) -> State:
    """Return ``state`` with layer spending as if the first quarter had been the one before too."""
    calm = Shocks(appetite=state.years, demand=state.years)
    _, first = step(a, setting, state, calm)
    recognised = jnp.array(layers.RECOGNITION)
    fields = {name: getattr(state, name) for name in State.__dataclass_fields__}
    return State(**{**fields, "spending": first.spending / recognised})
