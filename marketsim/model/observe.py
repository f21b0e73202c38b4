"""What can be observed of a quarter."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from . import fleet, industry, layers, memory, revenue
from .assumptions import Assumptions
from .state import Quarter, Setting, State
from .steps import Order, Supply, Trade
from .units import GPU


def observe(
    a: Assumptions,
    setting: Setting,
    before: State,
    after: State,
    traded: Trade,
    ordered: Order,
    supplied: Supply,
    removal: fleet.Removal,
    accounts: fleet.Accounts,
    spent: Array,
) -> Quarter:
    """Return a quarter that led from the state ``before`` to ``after``.

    ``spent`` by layer as it accrued, USD bn, [layer].
    """
    scarce, prices, sales = supplied.deliveries, supplied.prices, supplied.memory
    tokens, wants = jnp.exp(traded.demand.log_tokens), traded.demand
    pue = 1.0 + a.power_overhead
    return Quarter(
        lines=revenue.line_revenue(a, setting.lines, before.industry, after.spending),
        spending=spent,
        recognised=after.spending,
        capital_spending=supplied.paid,
        operating_spending=layers.operating(spent),
        owner_capex=a.owner_share * supplied.paid + jnp.exp(before.investment.log_other),
        compute=fleet.total(after.fleet.compute),
        running=traded.running,
        delivered=supplied.delivered,
        retired=removal.compute,
        rent=jnp.exp(traded.log_rent),
        q=jnp.exp(ordered.log_q),
        chip_price=jnp.exp(before.technology.log_price[GPU])
        * prices.chips
        * prices.memory.chips[GPU]
        * prices.markup,
        merchant_margin=layers.merchant_margin(a, prices),
        architecture_share=ordered.mix,
        token_share=jnp.exp(ordered.choice.log_share),
        restricted_premium=industry.restricted_premium(a),
        tokens=tokens,
        answers=tokens * jnp.exp(-wants.log_answer),
        token_price=1e3 * jnp.exp(wants.log_price),
        inference_share=jnp.exp(traded.log_inference).sum(axis=0) / traded.running,
        load=pue * fleet.total(after.fleet.power),
        energised=before.power.energised,
        electricity_price=prices.electricity,
        power_rent=supplied.rent,
        chip_scarcity=scarce.chip_scarcity,
        power_scarcity=scarce.power_scarcity,
        memory_revenue=memory.dram_revenue(a, sales) + memory.hbm_revenue(sales),
        memory_price=jnp.exp(sales.log_price),
        memory_bits=sales.sold - (a.hbm_trade_ratio - 1.0) * sales.hbm,
        hbm_revenue=memory.hbm_revenue(sales),
        book_value=fleet.total(after.fleet.book),
        depreciation=accounts.depreciation,
        written_off=removal.book,
        write_down=accounts.write_down,
        impairment=accounts.unrecognised,
    )
