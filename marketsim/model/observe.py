"""What can be observed of a quarter."""

from __future__ import annotations

from functools import partial

import jax.numpy as jnp
from jax import Array

from . import content, demand, fleet, industry, investment, layers, memory, revenue
from .assumptions import Assumptions
from .grid import Settlement
from .smooth import SHARPNESS
from .state import Quarter, Setting, State
from .steps import Order, Supply, Trade
from .units import GPU, KILOHOURS, YEARS


def observe(
    a: Assumptions,
    setting: Setting,
    before: State,
    after: State,
    traded: Trade,
    ordered: Order,
    supplied: Supply,
    settled: Settlement,
    removal: fleet.Removal,
    accounts: fleet.Accounts,
    spent: Array,
    funds: investment.Funds,
    bought: layers.Flows,
) -> Quarter:
    """Return a quarter that led from the state ``before`` to ``after``.

    ``spent`` by layer as it accrued, USD bn, [layer], on what was ``bought``.
    """
    scarce, prices, sales = supplied.deliveries, supplied.prices, supplied.memory
    tokens, wants = jnp.exp(traded.demand.log_tokens), traded.demand
    pue = 1.0 + a.power_overhead
    laboratories, own_use = demand.spending(a, wants)
    inference = jnp.exp(traded.log_inference).sum(axis=0)
    at_price = jnp.exp(wants.log_tokens + wants.log_price).sum(axis=0)
    multiple = at_price / (inference * jnp.exp(traded.log_rent) * KILOHOURS)
    costs = content.Costs(sales, before.memory.log_cost, settled, bought)
    held = content.content(a, prices, costs)
    earned = partial(revenue.line_revenue, a, setting.lines, before.industry)
    return Quarter(
        lines=earned(after.spending),
        volumes=earned(after.spending * held.volumes),
        inputs=revenue.drawn(a, setting.lines, before.industry, after.spending * held.inputs),
        ordinary=earned(after.spending * held.ordinary),
        spending=spent,
        recognised=after.spending,
        capital_spending=supplied.paid,
        operating_spending=layers.operating(spent),
        owner_capex=a.owner_share * supplied.paid + jnp.exp(before.investment.log_other),
        owner_cash_flow=funds.cash_flow,
        borrowed=funds.borrowed,
        borrowers_spending=ordered.plan.borrowers * supplied.paid,
        borrowers_fleet=after.industry.borrowers,
        debt=after.investment.debt,
        leverage=after.investment.leverage,
        premium=a.external_premium + 0.0 * after.investment.leverage,
        hurdle=a.hurdle_rate + 0.0 * after.investment.leverage,
        order_book=ordered.plan.book,
        orders=supplied.paid + ordered.plan.book - investment.booked(a, before.investment),
        expected_growth=ordered.plan.state.expected_growth / YEARS,
        contracted=bought.rent,
        worth=bought.worth,
        use=demand.log_use(wants),
        compute=fleet.total(after.fleet.compute),
        running=traded.running,
        delivered=supplied.delivered,
        retired=removal.compute,
        rent=jnp.exp(traded.log_rent),
        q=jnp.exp(ordered.log_q),
        chip_price=jnp.exp(before.technology.log_price[GPU])
        * prices.chips
        * prices.memory.chips[GPU]
        * prices.markup[GPU],
        merchant_margin=layers.merchant_margin(a, prices),
        architecture_share=ordered.mix,
        token_share=jnp.exp(ordered.choice.log_share),
        restricted_premium=industry.restricted_premium(a),
        tokens=tokens,
        answers=tokens * jnp.exp(-wants.log_answer),
        token_price=1e3 * jnp.exp(wants.log_price),
        laboratory_revenue=laboratories,
        own_use=own_use,
        training=jnp.exp(wants.log_training),
        training_capital=jnp.exp(
            wants.log_capital + a.training_appetite * before.investment.appetite
        ),
        saturation=demand.saturated(a, wants),
        income=jnp.exp(wants.log_income),
        binding=binding(scarce, ordered.plan),
        token_multiple=multiple,
        quality=-a.quality_uptake * before.technology.log_flop_per_token,
        inference_share=inference / traded.running,
        load=pue * fleet.total(after.fleet.power),
        energised=before.power.energised,
        own_generation=before.power.own,
        electricity_price=jnp.exp(before.grid.log_tariff),
        wholesale_price=settled.wholesale,
        capacity_price=settled.capacity,
        turbine_backlog=a.initial_turbine_backlog + before.grid.backlog.sum(axis=0),
        power_rent=supplied.rent,
        chip_scarcity=scarce.chip_scarcity,
        power_scarcity=scarce.power_scarcity,
        memory_revenue=memory.dram_revenue(a, sales) + memory.hbm_revenue(sales),
        memory_price=jnp.exp(sales.log_price),
        memory_bits=sales.sold - (a.hbm_trade_ratio - 1.0) * sales.hbm,
        hbm_revenue=memory.hbm_revenue(sales),
        server_dram_revenue=memory.server_dram_revenue(sales),
        book_value=fleet.total(after.fleet.book),
        depreciation=accounts.depreciation,
        written_off=removal.book,
        write_down=accounts.write_down,
        impairment=accounts.unrecognised,
    )


def binding(scarce: investment.Deliveries, plan: investment.Plan) -> Array:
    """Return how far each limit binds, shares that add to one, in the order of `units.LIMITS`.

    Deliveries are a smooth minimum of what is due, what can be made and what can be powered: by the
    envelope theorem the derivative of their log by the log of a limit is its share. The share of
    what is due is money's and memory's as far as funds and dear memory hold orders back, and
    demand's for the rest.
    """
    logs = jnp.stack([scarce.log_wanted, scarce.log_makeable, scarce.log_powered])
    due, made, powered = jnp.exp(SHARPNESS * (scarce.log_delivered - logs))
    held = jnp.stack([1.0 - plan.by_money - plan.by_memory, plan.by_money, plan.by_memory])
    return jnp.stack([*(due * held), made, powered])
