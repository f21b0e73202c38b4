"""One world: the mechanisms in order, a quarter at a time.

Every level is carried in the state and moved by a rate in the assumptions, so that a world can
change its assumptions at any quarter without a jump: history runs on calibrated assumptions, the
future on a scenario's.

Written for one world, whose axes come first: a scalar is a 0-d array. Every axis after them is of
worlds, so that assumptions [..., world] and shocks [quarter, world] run many at once, in loops over
worlds that are long and two to four times as fast as those of `jax.vmap`, which works too. The
setting is one for all.
"""

from __future__ import annotations

from typing import Final

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from . import (
    architecture,
    demand,
    fleet,
    grid,
    industry,
    investment,
    layers,
    market,
    memory,
    power,
    roofline,
)
from .architecture import mean
from .assumptions import Assumptions
from .costs import Costs, capital_cost, new_chip_costs
from .efficiency import advance_efficiency, initial_efficiency
from .observe import observe
from .smooth import relax
from .state import Quarter, Setting, Shocks, State
from .steps import flows, order, powered, supply, trade
from .units import BATCH, KILOHOURS, TOKENS_PER_SECOND, along

QUOTED: Final = 0.5
"""Share of a change in chip scarcity that the next quarter's quotes hold: buyers who ordered by the
last quarter's price alone would chase it up and down."""


def start(a: Assumptions, setting: Setting) -> State:
    """Return the state at the start of the window: nothing is scarce, rents return `initial_q`."""
    technology = initial_efficiency(a)
    none, one = 0.0 * a.initial_q, 1.0 + 0.0 * a.initial_q
    kw = jnp.exp(technology.log_power)
    blank = power.initial_power(a, one, one)
    calm = 1.0 + 0.0 * technology.log_price
    premia = memory.Premia(calm, calm, hbm=0.0 * calm, hbm_at_cost=0.0 * calm)
    costs = new_chip_costs(a, technology.log_price, technology.log_power, blank, calm, none, premia)
    speed = along(np.log(TOKENS_PER_SECOND), one)
    work = roofline.compute_per_token(a, technology, setting.served, speed)
    log_cost = architecture.log_unit_cost(work, capital_cost(a, costs), costs.bare, costs.power)
    choice = architecture.initial_choice(a, log_cost)
    shares = jnp.exp(choice.log_share[:, BATCH])
    stock = fleet.initial_fleet(a, shares, technology.log_price, technology.log_power)
    log_rent, running = _first_rent(a, stock, shares, costs)
    wants, log_compute = demand.initial_demand(a, setting.start_year, log_rent, running)
    added = a.initial_spending / mean(shares, costs.site)
    chips = added * shares * costs.chip
    markets = grid.initial_grid(a)
    taken = memory.bits_per_chip(a, technology.log_memory, technology.log_power)
    hbm, server = (added * mean(shares, each) for each in (taken.hbm, taken.server))
    makers = memory.initial_memory(a, hbm, server)
    sales = memory.clear_memory(a, makers, hbm, server, none)
    bought = layers.Flows(
        chips=chips,
        load=fleet.total(stock.power),
        let=fleet.total(stock.power),
        added=added * mean(shares, kw),
        rent=running * jnp.exp(log_rent) * KILOHOURS,
        worth=running * jnp.exp(log_rent) * KILOHOURS,
        turbines=(markets.owed * grid.fulfilled(a)).sum(axis=0),
        generation=none,
        memory=memory.memory_revenue(a, sales),
        independent=one,
    )
    quiet = layers.Prices(one, premia, calm, one, one, a.initial_electricity_price)
    pue = 1.0 + a.power_overhead
    return State(
        technology=technology,
        demand=wants,
        log_compute_scale=log_compute - jnp.log(mean(shares[:, None], work.total())),
        fleet=stock,
        power=power.initial_power(a, fleet.total(stock.power) * pue, bought.added * pue),
        grid=markets,
        investment=investment.initial_investment(a, chips.sum(axis=0)),
        choice=choice,
        industry=industry.initial_industry(a, choice),
        memory=makers,
        log_rent=log_rent,
        log_contract=log_rent,
        chip_scarcity=none,
        spending=layers.layer_spending(a, quiet, bought),
    )


def _first_rent(
    a: Assumptions, stock: fleet.Fleet, shares: Array, costs: Costs
) -> tuple[Array, Array]:
    """Return ln rent at which new compute has the initial q, and what then runs, million H100e."""
    net = a.initial_q * mean(shares, costs.site) * investment.user_cost_rate(a)
    log_rent = jnp.log((net + mean(shares, costs.running)) / KILOHOURS)
    installed = market.stock(a, stock, a.initial_electricity_price)
    return log_rent, market.supplied(installed, log_rent)


def step(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> tuple[State, Quarter]:
    """Return the state a quarter on, and the quarter.

    Demand meets the running fleet; the rent that clears them drives orders; what can be made and
    powered is delivered; spending reaches companies.
    """
    traded = trade(a, setting, state, shocks)
    rent, cost = jnp.exp(traded.log_rent), traded.running_cost
    kept, removal = fleet.retire(a, state.fleet, rent, cost)
    value = fleet.economic_value(kept, rent, cost, investment.discount(a))
    stock, accounts = fleet.keep_books(a, kept, value)
    ordered = order(a, state, traded, stock, shocks)
    supplied = supply(a, state, stock, ordered, shocks)
    kept_terms = (1.0 - industry.turnover(a, state.industry)) * (1.0 - fleet.newest(state.fleet))
    log_contract = relax(state.log_contract, traded.log_rent, 1.0 - kept_terms)
    contracted = traded.running * jnp.exp(log_contract) * KILOHOURS
    settled = grid.settle(a, state.grid, state.power, supplied.rent)
    markets = grid.advance_grid(a, state.grid, settled)
    bought = flows(a, state, stock, ordered, supplied, settled, contracted, traded.demand)
    spent = layers.layer_spending(a, supplied.prices, bought)
    scarce = supplied.deliveries
    funds = investment.raise_funds(a, ordered.plan, supplied.paid, layers.earned(a, state.spending))
    placed = investment.settle(a, ordered.plan.state, funds)
    after = State(
        technology=advance_efficiency(a, state.technology, supplied.delivered),
        demand=traded.demand,
        log_compute_scale=state.log_compute_scale,
        fleet=supplied.fleet,
        power=power.advance_power(a, state.power, powered(a, stock, supplied, settled, markets)),
        grid=markets,
        investment=investment.expand(a, placed, supplied.wanted),
        choice=ordered.choice,
        industry=industry.advance_industry(
            a,
            state.industry,
            ordered.choice,
            ordered.plan.borrowers,
            supplied.delivered / fleet.total(supplied.fleet.compute),
        ),
        memory=memory.advance_memory(a, state.memory, supplied.memory),
        log_rent=traded.log_rent,
        log_contract=log_contract,
        chip_scarcity=relax(state.chip_scarcity, scarce.chip_scarcity, QUOTED),
        spending=layers.recognise(state.spending, spent),
    )
    quarter = observe(
        a,
        setting,
        state,
        after,
        traded,
        ordered,
        supplied,
        settled,
        removal,
        accounts,
        spent,
        funds,
        bought,
    )
    return after, quarter


def run(a: Assumptions, setting: Setting, state: State, shocks: Shocks) -> tuple[State, Quarter]:
    """Run as many quarters as ``shocks`` [quarter] has; return the last state and the quarters."""

    def one(now: State, news: Shocks) -> tuple[State, Quarter]:
        return step(a, setting, now, news)

    return lax.scan(one, state, shocks)
