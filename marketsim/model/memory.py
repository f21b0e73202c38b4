"""Mechanism 9, memory: bits take years to build, so that prices and makers' margins swing.

Bits are exabytes per quarter and prices USD per GB, so that bits times price is USD bn; TB per
H100e times million H100e is bits again. High-bandwidth memory counts as the bits of other DRAM that
its wafers would have made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .assumptions import Assumptions
from .smooth import bounded, log_minimum, relax, smooth_minimum
from .tree import pytree
from .units import ARCHITECTURES, LOW_LATENCY, YEARS, along

STAGES: Final = 3
"""Stages of the pipeline: times to build are Erlang, with the mean of `memory_lead_time`."""

FASTEST: Final = 0.6
"""Largest change of ln contract prices in a quarter: the greatest on record is near a half, at the
end of 2025."""

BOOM: Final = 1.2
"""Largest response of ln starts to price: what makers can finance and clean rooms can hold."""

EDGE: Final = 0.05
"""Of ln price over cash cost: plants differ in theirs."""

TERABYTES: Final = 1e-3
"""In a GB."""


@pytree
class Memory:
    """State of the memory market, bits in EB.

    ``log_rest`` what others than AI want in a quarter at the price of the trend, and ``cycle``, by
    how much they want more or less for a time, in logs; ``log_capacity``
    made in a quarter at cost, and ``queue`` [stage] that is being built; ``stock`` with makers and
    buyers; logs of the contract price, of that of high-bandwidth memory, and of the cost with a
    normal return, USD per GB; ``log_change`` of the contract price in the last quarter.
    """

    log_rest: Array
    cycle: Array
    log_capacity: Array
    queue: Array
    stock: Array
    log_price: Array
    log_hbm_price: Array
    log_cost: Array
    log_change: Array


@pytree
class Bits:
    """What new H100e take, TB each [architecture]: ``hbm``, and server DRAM with it."""

    hbm: Array
    server: Array


@pytree
class Sales:
    """The market of a quarter.

    Bits ``made`` and ``sold``, high-bandwidth memory as what its wafers would have made; ``hbm``
    sold, its own bits; DRAM sold for AI ``server``s; logs of both prices; the ``cycle`` of what
    others wanted.
    """

    made: Array
    sold: Array
    hbm: Array
    server: Array
    log_price: Array
    log_hbm_price: Array
    cycle: Array


@pytree
class Premia:
    """Factors on prices by memory [architecture]: of ``chips``, and of what ``servers`` add.

    ``hbm`` is what it is paid over the price of the chip in the trend, ``hbm_at_cost`` what it
    would be at its own cost.
    """

    chips: Array
    servers: Array
    hbm: Array
    hbm_at_cost: Array


def bits_per_chip(a: Assumptions, log_memory: Array, log_power: Array) -> Bits:
    """Return the memory that a new H100e takes; low-latency designs hold SRAM, and buy none.

    Parameters
    ----------
    log_memory, log_power
        ln GB per kW and kW per H100e, [architecture].
    """
    buys = 1.0 - along(np.eye(len(ARCHITECTURES))[LOW_LATENCY], a.hbm_content)
    hbm = a.hbm_content * TERABYTES * buys * jnp.exp(log_memory + log_power)
    return Bits(hbm=hbm, server=a.server_memory * hbm)


def initial_memory(a: Assumptions, hbm: Array, server: Array) -> Memory:
    """Return the market at the start, where AI takes ``hbm`` and ``server`` DRAM, EB.

    Bits follow from revenue and price. Stocks are short or long by what makes contract prices begin
    at their momentum, and as much is under construction as normal growth needs, times a factor.
    """
    log_price = jnp.log(a.initial_memory_price)
    log_hbm = log_price + jnp.log(a.hbm_trade_ratio * a.hbm_premium)
    revenue, to_hbm = a.initial_memory_revenue, hbm * jnp.exp(log_hbm)
    # Where AI would be all of it others still want something.
    other = revenue / a.initial_memory_price * revenue / (revenue + to_hbm)
    rest = other * other / (other + server) * jnp.exp(a.memory_elasticity * a.initial_memory_margin)
    made = other + a.hbm_trade_ratio * hbm
    gap = a.initial_memory_momentum * (a.memory_utilisation + a.memory_elasticity)
    short = gap / (a.memory_repricing * a.restocking * a.memory_stock)
    capacity = made * jnp.exp(-a.memory_utilisation * a.initial_memory_margin)
    stage = a.memory_lead_time / STAGES
    ahead = along(np.arange(STAGES)[::-1] + 0.5, stage) * stage
    growing = a.memory_supply_growth * stage * jnp.exp(a.memory_supply_growth * ahead)
    return Memory(
        log_rest=jnp.log(rest),
        cycle=0.0 * rest,
        log_capacity=jnp.log(capacity),
        queue=a.initial_memory_pipeline * capacity * growing,
        stock=a.memory_stock * made * jnp.exp(-bounded(short, 2.0)),
        log_price=log_price,
        log_hbm_price=log_hbm,
        log_cost=log_price - a.initial_memory_margin,
        log_change=1.0 * a.initial_memory_momentum,
    )


def clear_memory(a: Assumptions, now: Memory, hbm: Array, server: Array, news: Array) -> Sales:
    """Return the sales of a quarter.

    Parameters
    ----------
    hbm, server
        High-bandwidth memory and server DRAM that AI wants, EB.
    news
        Innovation to what others want, in logs.

    Notes
    -----
    Plant is given, and makers hardly vary what it makes until prices miss its cash cost. Contracts
    close a part of the gap to the
    price at which buyers would take what is made and stocks would come back to normal; until then
    stocks take the difference, and where even they run out all buyers get the same part. Chips are
    not held up: what limits them stands in the capacity to make them.

    Others and servers answer to the price, and buy ahead of a rise; accelerators need the memory
    that they are built for.
    """
    cycle = a.memory_persistence * now.cycle + news
    margin = now.log_price - now.log_cost
    answer = a.memory_stocking * now.log_change - a.memory_elasticity * margin
    plain = jnp.exp(now.log_rest + cycle) + server
    elastic = plain * jnp.exp(answer)
    wafers = a.hbm_trade_ratio * hbm
    made = jnp.exp(now.log_capacity + a.memory_utilisation * margin - idle(a, margin))
    offered = made + a.restocking * (now.stock - a.memory_stock * made)
    wanted = elastic + wafers
    slope = a.memory_utilisation + a.memory_elasticity * elastic / wanted
    gap = (jnp.log(wanted) - jnp.log(offered)) / slope
    move = bounded(a.memory_repricing * gap, FASTEST)
    made = made * jnp.exp(a.memory_utilisation * move)
    elastic = elastic * jnp.exp(-a.memory_elasticity * move)
    wanted = elastic + wafers
    sold = jnp.exp(log_minimum(jnp.log(wanted), jnp.log(made + now.stock)))
    log_price = now.log_price + move
    elsewhere = log_price + jnp.log(a.hbm_trade_ratio * a.hbm_premium)
    return Sales(
        made=made,
        sold=sold,
        hbm=hbm * sold / wanted,
        server=server / plain * elastic * sold / wanted,
        log_price=log_price,
        log_hbm_price=relax(now.log_hbm_price, elsewhere, a.hbm_repricing),
        cycle=cycle,
    )


def idle(a: Assumptions, margin: Array) -> Array:
    """Return by how much bits made fall, in logs, for plant whose cash cost ``margin`` misses.

    ``margin`` is ln price over cost.
    """
    below = jnp.log(a.memory_cash_cost) - margin
    return a.memory_idling * EDGE * jax.nn.softplus(below / EDGE)


def advance_memory(a: Assumptions, now: Memory, sales: Sales) -> Memory:
    """Return the market a quarter on.

    Makers start what growth will need when it is ready, and more the more price exceeds cost; none
    knows what the others start, so that what was scarce is overbuilt (the cobweb).
    """
    capacity, flow = jnp.exp(now.log_capacity), now.queue * leaving(a)
    margin = sales.log_price - now.log_cost
    eager = bounded(a.memory_investment * margin, BOOM)
    plan = a.memory_supply_growth * a.memory_lead_time + eager
    starts = capacity * a.memory_supply_growth * YEARS * jnp.exp(plan)
    inflow = jnp.concatenate([starts[None], flow[:-1]])
    return Memory(
        log_rest=now.log_rest + a.memory_demand_growth * YEARS,
        cycle=sales.cycle,
        log_capacity=jnp.log(capacity + flow[-1]),
        queue=now.queue - flow + inflow,
        stock=now.stock + sales.made - sales.sold,
        log_price=sales.log_price,
        log_hbm_price=sales.log_hbm_price,
        log_cost=now.log_cost - a.memory_cost_decline * YEARS,
        log_change=sales.log_price - now.log_price,
    )


def leaving(a: Assumptions) -> Array:
    """Return the share of each stage of construction that is done in a quarter."""
    return smooth_minimum(STAGES * YEARS / a.memory_lead_time, 1.0, 0.01)


def dram_revenue(a: Assumptions, sales: Sales) -> Array:
    """Return revenue from DRAM without high-bandwidth memory, USD bn."""
    return (sales.sold - a.hbm_trade_ratio * sales.hbm) * jnp.exp(sales.log_price)


def hbm_revenue(sales: Sales) -> Array:
    """Return revenue from high-bandwidth memory, USD bn."""
    return sales.hbm * jnp.exp(sales.log_hbm_price)


def server_dram_revenue(sales: Sales) -> Array:
    """Return revenue from the DRAM of AI servers, USD bn."""
    return sales.server * jnp.exp(sales.log_price)


def memory_revenue(a: Assumptions, sales: Sales) -> Array:
    """Return revenue of all makers, USD bn; flash follows DRAM, of the same makers and buyers."""
    return (1.0 + a.flash_ratio) * dram_revenue(a, sales) + hbm_revenue(sales)


def revenue_at_cost(a: Assumptions, sales: Sales, log_cost: Array) -> Array:
    """Return what all makers would earn at the cost with a normal return, USD bn."""
    log_hbm = log_cost + jnp.log(a.hbm_trade_ratio * a.hbm_premium)
    return memory_revenue(a, replace(sales, log_price=log_cost, log_hbm_price=log_hbm))


def priced(now: Memory, sales: Sales) -> Memory:
    """Return the market at the prices of the quarter's sales."""
    return replace(now, log_price=sales.log_price, log_hbm_price=sales.log_hbm_price)


def premia(a: Assumptions, now: Memory, chip: Bits, log_price: Array) -> Premia:
    """Return factors by which memory moves the prices of chips and of servers.

    Parameters
    ----------
    now
        At the prices that are paid.
    chip
        Memory of new chips.
    log_price
        ln kUSD per H100e of chips in the trend, which holds memory at its cost, [architecture].

    Notes
    -----
    A part of the price moves with memory, what is left does not: sellers pass on what memory costs
    more, and no margin on it.
    """
    price, cost = jnp.exp(log_price), jnp.exp(now.log_cost)
    normal = a.hbm_trade_ratio * a.hbm_premium * cost
    dear, dear_dram = jnp.exp(now.log_hbm_price) / normal, jnp.exp(now.log_price) / cost
    hbm, dram = chip.hbm * normal, (1.0 + a.flash_ratio) * chip.server * cost
    return Premia(
        chips=1.0 + hbm / (price + hbm) * (dear - 1.0),
        servers=1.0 + dram / (a.server_content * price + dram) * (dear_dram - 1.0),
        hbm=hbm * dear / price,
        hbm_at_cost=hbm / price,
    )
